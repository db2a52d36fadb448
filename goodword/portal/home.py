"""The first page of a partner: what I have earned, what comes when, what was taken back and why."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest
from goodword.accounts.models import Program
from goodword.payouts.selectors import current_method, payouts_to
from goodword.portal import selectors
from goodword.portal.share import address_of
from goodword.portal.standing import Standing, Taken, coming_of, owed_back_by, standing_of, taken_back_from
from goodword.portal.words import taken_back_sentence

_WIDTH = 1000


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
        "moving": [each for each in payouts if each.state in ("approved", "exported")],
        "last_paid": next((each for each in payouts if each.state == "paid"), None),
        "next": next_payout(standing, program),
        "method_missing": current_method(partner.pk) is None,
        "address": address_of(link, program.slug) if link else "",
        "section": "home",
    }
    return render(request, "portal/home.html", context)


def band_of(standing: Standing) -> list[Segment]:
    """The money as one band, paid first and what can still be taken back last. Every part that is there is seen."""
    money = standing.figures
    parts = [
        ("paid", money.paid),
        ("moving", money.in_payout),
        ("ready", money.payable),
        ("held", money.held + money.withheld),
        ("risk", money.pending),
    ]
    whole = sum(max(amount, 0) for _, amount in parts)
    band, start = [], 0
    for kind, amount in parts:
        if amount > 0:
            width = max(amount * _WIDTH // whole, 6)
            band.append(Segment(kind, start, width))
            start += width
    return [Segment(part.kind, part.start * _WIDTH // start, part.width * _WIDTH // start) for part in band]


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
    zone = ZoneInfo(program.timezone)
    sentence = taken_back_sentence(
        taken.amount,
        program.currency,
        order_at=taken.order_at,
        refunded=taken.refunded,
        owed=taken.owed,
        zone=zone,
        today=now.astimezone(zone).date(),
    )
    return {"line": taken.line, "at": taken.at, "sentence": sentence, "reason": taken.refund_reason}
