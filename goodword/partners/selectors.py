"""Reads about partners, applications, terms and agreements. Nothing here writes."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery

from goodword.accounts.models import Program
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.partners.models import Agreement, Application, Group, Partner, Terms, TermsVersion


def _in_force(at: datetime) -> Q:
    return Q(starts_at__lte=at) & (Q(ends_at=None) | Q(ends_at__gt=at))


def agreement_in_force(partner: Partner, at: datetime) -> Agreement | None:
    """The one agreement that a partner stands under at a moment."""
    return (
        Agreement.objects.filter(_in_force(at), partner=partner)
        .select_related("terms_version__terms", "partner")
        .first()
    )


def agreements_of(partner: Partner) -> QuerySet[Agreement]:
    """All agreements of a partner, the latest first; those that never came into force are left out."""
    return (
        Agreement.objects.filter(partner=partner)
        .exclude(ends_at=F("starts_at"))
        .select_related("terms_version__terms")
        .order_by("-starts_at")
    )


def default_version(program: Program) -> TermsVersion | None:
    """What a newly approved partner gets: the latest version of the default terms."""
    return (
        TermsVersion.objects.filter(program=program, terms__is_default=True)
        .select_related("terms")
        .order_by("-number")
        .first()
    )


def latest_version(terms: Terms) -> TermsVersion | None:
    """The newest published version of these terms."""
    return terms.versions.select_related("terms").order_by("-number").first()


def terms_overview(at: datetime) -> list[Terms]:
    """All terms with `newest` (their latest version or None) and `partner_count` (partners on them now)."""
    newest = Prefetch("versions", queryset=TermsVersion.objects.order_by("-number"))
    counts = dict(
        Agreement.objects.filter(_in_force(at))
        .values_list("terms_version__terms_id")
        .annotate(n=Count("partner_id", distinct=True))
    )
    found = list(Terms.objects.prefetch_related(newest).order_by("-is_default", "name"))
    for terms in found:
        versions = list(terms.versions.all())
        terms.newest = versions[0] if versions else None  # type: ignore[attr-defined]
        terms.partner_count = counts.get(terms.pk, 0)  # type: ignore[attr-defined]
    return found


def versions_with_use(terms: Terms, at: datetime) -> list[TermsVersion]:
    """The versions, newest first, each with `partner_count`: partners on it at that moment."""
    counts = dict(
        Agreement.objects.filter(_in_force(at), terms_version__terms=terms)
        .values_list("terms_version_id")
        .annotate(n=Count("partner_id", distinct=True))
    )
    found = list(terms.versions.select_related("published_by", "terms").order_by("-number"))
    for version in found:
        version.partner_count = counts.get(version.pk, 0)  # type: ignore[attr-defined]
    return found


def partners_found(text: str = "", *, status: str = "", group: str = "", terms: str = "", at: datetime) -> Any:
    """Partners by words and filters, each with the name and number of the terms it is on at a moment."""
    rows = Partner.objects.select_related("group")
    if text := text.strip():
        rows = rows.filter(
            Q(name__icontains=text)
            | Q(contact_name__icontains=text)
            | Q(email__icontains=text)
            | Q(external_id__iexact=text)
        )
    if status:
        rows = rows.filter(status=status)
    if group:
        rows = rows.filter(group__key=group)
    agreement = Agreement.objects.filter(_in_force(at), partner=OuterRef("pk"))
    if terms:
        rows = rows.filter(Exists(agreement.filter(terms_version__terms__key=terms)))
    return rows.annotate(
        terms_name=Subquery(agreement.values("terms_version__terms__name")[:1]),
        terms_number=Subquery(agreement.values("terms_version__number")[:1]),
    )


def status_counts() -> dict[str, int]:
    """How many partners are in each status."""
    return dict(Partner.objects.values_list("status").annotate(n=Count("id")))


def applications_found(text: str = "", *, status: str = "") -> QuerySet[Application]:
    """Applications by words and status."""
    rows = Application.objects.select_related("decided_by", "partner")
    if text := text.strip():
        rows = rows.filter(Q(name__icontains=text) | Q(contact_name__icontains=text) | Q(email__icontains=text))
    return rows.filter(status=status) if status else rows


def application_counts() -> dict[str, int]:
    """How many applications are in each status."""
    return dict(Application.objects.values_list("status").annotate(n=Count("id")))


def groups_with_counts() -> QuerySet[Any]:
    """Groups by name, with `partner_count`."""
    return Group.objects.annotate(partner_count=Count("partners")).order_by("name")


def partners_by_id(keys: Iterable[Any]) -> dict[Any, Partner]:
    """Partners by key, in one query."""
    return Partner.objects.in_bulk(list(keys))


def names_of(public_ids: Iterable[str]) -> dict[str, str]:
    """The names of partners by their public ids; ids that are none of ours are left out."""
    keys = []
    for text in public_ids:
        with suppress(MalformedId):
            keys.append(parse_public_id("partner", text))
    return {partner.public_id: partner.name for partner in Partner.objects.filter(pk__in=keys)}
