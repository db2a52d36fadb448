"""Search over partners, customers, sales, lines, links and codes. Reads only; each sort gives its first few."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Model
from django.utils import timezone

from goodword.commissions.models import Line
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.insights.facts import customers_found, sales_found
from goodword.insights.templatetags.show import masked
from goodword.insights.wording import money_text
from goodword.partners.models import Agreement, Application, Partner
from goodword.partners.selectors import partners_found
from goodword.payouts.models import Payout, PayoutRun
from goodword.referrals.models import Code, Conversion, Customer, Link

_EACH = 6
_PLACES: dict[str, tuple[str, str, type[Model]]] = {
    "prt_": ("partner", "partner", Partner),
    "app_": ("application", "application", Application),
    "agr_": ("agreement", "agreement", Agreement),
    "cus_": ("customer", "customer", Customer),
    "cnv_": ("conversion", "conversion", Conversion),
    "run_": ("payout_run", "payout-run", PayoutRun),
    "pay_": ("payout", "payout", Payout),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """One find: what it is, something that tells it from others, where it opens."""

    title: str
    detail: str
    place: str
    key: str


@dataclass(frozen=True, slots=True)
class Hits:
    """The finds of one sort, and where all of them are."""

    label: str
    icon: str
    hits: Sequence[Hit]
    more: str = ""


def jump(text: str) -> tuple[str, str] | None:
    """Where a public id leads at once, when it is one of this program's."""
    known = _PLACES.get(text[:4])
    if known is None:
        return None
    kind, place, model = known
    try:
        exists = model._default_manager.filter(pk=parse_public_id(kind, text)).exists()  # noqa: SLF001
    except MalformedId:
        return None
    return (place, text) if exists else None


def results(text: str, role: str) -> list[Hits]:
    """What fits the words, sort by sort; sorts without a find are left out."""
    if len(text) < 2:
        return []
    groups = [
        Hits("Partners", "partners", _partners(text, role), "partners"),
        Hits("Customers", "person", _customers(text, role), "customers"),
        Hits("Conversions", "referrals", _sales(text), "conversions"),
        Hits("Commission lines", "commissions", _lines(text), "lines"),
        Hits("Links and codes", "link", _shared(text)),
    ]
    return [group for group in groups if group.hits]


def _partners(text: str, role: str) -> list[Hit]:
    rows = partners_found(text, at=timezone.now()).order_by("name")[:_EACH]
    return [Hit(one.name, one.contact_name or masked(one.email, role), "partner", one.public_id) for one in rows]


def _customers(text: str, role: str) -> list[Hit]:
    rows = customers_found(text).order_by("external_id")[:_EACH]
    return [Hit(one.name or one.external_id, masked(one.email, role), "customer", one.public_id) for one in rows]


def _sales(text: str) -> list[Hit]:
    rows = sales_found(text).order_by("-at")[:_EACH]
    return [
        Hit(
            one.external_id,
            f"{money_text(one.amount_minor, one.currency)} by customer {one.customer}"
            if one.amount_minor is not None and one.currency
            else f"{one.name} of customer {one.customer}",
            "conversion",
            one.public_id,
        )
        for one in rows
    ]


def _lines(text: str) -> list[Hit]:
    rows = Line.objects.filter(line=text).select_related("partner")[:_EACH]
    return [
        Hit(one.line, f"{money_text(one.amount_minor, one.currency)} for {one.partner.name}", "line", one.line)
        for one in rows
    ]


def _shared(text: str) -> list[Hit]:
    links = Link.objects.filter(key__icontains=text).select_related("partner").order_by("key")[:_EACH]
    codes = Code.objects.filter(key__icontains=text).select_related("partner").order_by("key")[:_EACH]
    return [
        *(Hit(one.key, f"Code of {one.partner.name}", "partner", one.partner.public_id) for one in codes),
        *(Hit(one.key, f"Link of {one.partner.name}", "partner", one.partner.public_id) for one in links),
    ]
