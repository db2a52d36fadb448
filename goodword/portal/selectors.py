"""What partner pages read that no other package reads the same way. Always of one partner; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from goodword.accounts.models import Program
from goodword.partners.models import Partner
from goodword.referrals.models import Click, Code, Conversion, Link


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


@dataclass(frozen=True, slots=True)
class Visits:
    """The visits of one link, aggregated: partners see no single visitor."""

    people: int
    by_qr: int
    machines: int
    top_sources: Sequence[tuple[str, int]]
    top_sub_ids: Sequence[tuple[str, int]]


def links_with_clicks(partner: Partner) -> list[LinkRow]:
    """A partner's links, those in use first and the newest before the oldest."""
    person = Q(clicks__not_attributable="")
    links = Link.objects.filter(partner=partner).annotate(
        people=Count("clicks", filter=person), qr_people=Count("clicks", filter=person & Q(clicks__via_qr=True))
    )
    ordered = sorted(links.order_by("-created_at"), key=lambda link: link.revoked_at is not None)
    return [LinkRow(link, link.people, link.qr_people) for link in ordered]


def codes_with_uses(partner: Partner) -> list[CodeRow]:
    """A partner's codes with the number of sales that carried each."""
    codes = list(Code.objects.filter(partner=partner).order_by("revoked_at", "-created_at"))
    carried = Conversion.objects.filter(code__in=[code.key for code in codes], retracted_at=None)
    uses = dict(carried.values_list("code").annotate(Count("pk")).order_by())
    return [CodeRow(code, uses.get(code.key, 0)) for code in codes]


def visits_of(link: Link) -> Visits:
    """How many people and machines came through a link, and from where."""
    clicks = Click.objects.filter(link=link)
    people = clicks.filter(not_attributable="")
    return Visits(
        people=people.count(),
        by_qr=people.filter(via_qr=True).count(),
        machines=clicks.exclude(not_attributable="").count(),
        top_sources=_most(people, "referrer_host"),
        top_sub_ids=_most(people, "sub_id"),
    )


def _most(clicks: QuerySet[Click], field: str, limit: int = 5) -> list[tuple[str, int]]:
    named = clicks.exclude(**{field: ""}).values_list(field).annotate(n=Count("pk"))
    return list(named.order_by("-n", field)[:limit])


def usual_destination(program: Program, partner: Partner) -> str:
    """Where the partner's latest link leads; without one, the program's own site."""
    latest = Link.objects.filter(partner=partner, revoked_at=None).order_by("-created_at").first()
    return latest.destination if latest else program.site_url
