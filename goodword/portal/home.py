"""The first page of a partner: what I have earned, what comes when, what was taken back and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest
from goodword.accounts.models import Program
from goodword.payouts.selectors import current_method, payouts_to
from goodword.portal import selectors
from goodword.portal.share import address_of
from goodword.portal.standing import Standing, Taken, coming_of, owed_back_by, sentence_of, standing_of, taken_back_from

_WIDTH, _WIDTH_MIN = 1000, 6


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the money band: its kind, and where it lies on a band of 1,000 units."""

    kind: str
    start: int
    width: int


def home(request: PartnerRequest) -> HttpResponse:
    """Answer first: earned, at risk, next."""
    now = timezone.now()
    partner, program = request.partner, request.program
    standing = standing_of(partner, now)
    owed = owed_back_by(partner)
    payouts = list(payouts_to(partner.pk)[:20])
    coming = coming_of(partner, now)
    link = next((row.link for row in selectors.links_with_clicks(partner) if row.link.revoked_at is None), None)
    context = {
        "standing": standing,
        "band": band_of(standing),
        "coming": coming,
        "last_coming": coming[-1].last if coming else None,
        "owed": [told(each, program, now) for each in owed],
        "taken_back": [told(each, program, now) for each in taken_back_from(partner) if not each.owed],
        "moving": [each for each in payouts if each.state in ("prepared", "approved", "exported")],
        "last_paid": next((each for each in payouts if each.state == "paid"), None),
        "next": next_payout(standing, program),
        "method_missing": current_method(partner.pk) is None,
        "address": address_of(link, program.slug) if link else "",
        "section": "home",
    }
    return render(request, "portal/home.html", context)


@dataclass(frozen=True, slots=True)
class Band:
    """The money from left to right as it goes through time, newest last, with what is at risk at the right end."""

    parts: Sequence[Segment]
    at_risk: Segment | None


def band_of(standing: Standing) -> Band | None:
    """The money as one band: paid first, what waits last. Every part that is there can be seen."""
    money = standing.figures
    parts = [
        ("paid", money.paid),
        ("moving", money.in_payout),
        ("ready", money.payable),
        ("held", money.held + money.withheld),
        ("waiting", money.pending),
    ]
    whole = sum(max(amount, 0) for _, amount in parts)
    widths = [(kind, max(amount * _WIDTH // whole, _WIDTH_MIN)) for kind, amount in parts if amount > 0]
    if not widths:
        return None
    all_of_it, start, segments = sum(width for _, width in widths), 0, []
    for kind, width in widths:
        segments.append(Segment(kind, start * _WIDTH // all_of_it, width * _WIDTH // all_of_it))
        start += width
    risk = min(standing.at_risk, whole) * _WIDTH // whole
    return Band(segments, Segment("at-risk", _WIDTH - risk, risk) if risk else None)


@dataclass(frozen=True, slots=True)
class NextPayout:
    """What the next payout brings: `kind` is ready, short (below the minimum), owed or nothing."""

    kind: str
    amount: int = 0
    missing: int = 0
    minimum: int = 0


def next_payout(standing: Standing, program: Program) -> NextPayout:
    """What to say about the next payout."""
    minimum, money = program.minimum_payout_minor, standing.figures
    if money.debt:
        return NextPayout("owed", money.debt, minimum=minimum)
    if not money.payable:
        return NextPayout("nothing", minimum=minimum)
    if money.payable < minimum:
        return NextPayout("short", money.payable, minimum - money.payable, minimum)
    return NextPayout("ready", money.payable, minimum=minimum)


def told(taken: Taken, program: Program, now: datetime) -> dict[str, object]:
    """A correction with its sentence, and the line it can be opened at."""
    sentence = sentence_of(taken, program, now)
    return {"line": taken.line, "at": taken.at, "sentence": sentence, "reason": taken.refund_reason}
