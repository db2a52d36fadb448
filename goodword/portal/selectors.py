"""What partner pages read that no other package reads the same way. Always of one partner; nothing is written."""

from dataclasses import astuple, dataclass

from django.db.models import Count

from goodword.accounts.models import Program
from goodword.insights.clicks import Sums, people_by_link
from goodword.partners.models import Partner
from goodword.referrals.models import Code, Conversion, Link


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link and how many people came through it."""

    link: Link
    clicks: int
    by_qr: int


@dataclass(frozen=True, slots=True)
class CodeRow:
    """A code and how many sales carried it."""

    code: Code
    uses: int


def links_with_clicks(partner: Partner) -> list[LinkRow]:
    """A partner's links, those in use first and the newest before the oldest."""
    links = Link.objects.filter(partner=partner).order_by("-created_at")
    sums = people_by_link(partner)
    ordered = sorted(links, key=lambda link: link.revoked_at is not None)
    return [LinkRow(link, *astuple(sums.get(link.pk, Sums()))[:2]) for link in ordered]


def codes_with_uses(partner: Partner) -> list[CodeRow]:
    """A partner's codes with the number of sales that carried each."""
    codes = list(Code.objects.filter(partner=partner).order_by("revoked_at", "-created_at"))
    carried = Conversion.objects.filter(code__in=[code.key for code in codes], retracted_at=None)
    uses = dict(carried.values_list("code").annotate(Count("pk")).order_by())
    return [CodeRow(code, uses.get(code.key, 0)) for code in codes]


def usual_destination(program: Program, partner: Partner) -> str:
    """Where the partner's latest link leads; without one, the program's own site."""
    latest = Link.objects.filter(partner=partner, revoked_at=None).order_by("-created_at").first()
    return latest.destination if latest else program.site_url
