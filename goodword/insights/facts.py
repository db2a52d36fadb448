"""Sales, customers and refunds with what came of them, for tables and pages. Reads only; a page costs a few queries."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from goodword.commissions.models import Line, Outcome
from goodword.insights.outcomes import OutcomeWords, outcome_words
from goodword.partners.models import Partner
from goodword.referrals.models import Conversion, Credit, Customer, Refund, Touch
from goodword.referrals.warning_signs import worded


@dataclass(frozen=True, slots=True)
class Credited:
    """A partner with what it gets of one sale."""

    partner: Partner
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class SaleRow:
    """A sale or event in a table: who gets what of it, or why nobody; what of it was given back."""

    sale: Conversion
    customer: Customer | None
    credited: Sequence[Credited]
    outcome: OutcomeWords | None
    refunded_minor: int


def sales_found(text: str = "", *, result: str = "") -> QuerySet[Conversion]:
    """Sales and events by words, and by what came of them: `credited`, `nobody`, `refunded` or an outcome."""
    rows = Conversion.objects.filter(retracted_at=None)
    if text:
        rows = rows.filter(
            Q(external_id__icontains=text)
            | Q(customer__iexact=text)
            | Q(product__icontains=text)
            | Q(code__iexact=text)
        )
    of_sale = {"conversion": OuterRef("external_id")}
    if result == "credited":
        return rows.filter(Exists(Line.objects.filter(**of_sale)))
    if result == "nobody":
        return rows.filter(Exists(Outcome.objects.filter(**of_sale)))
    if result == "refunded":
        return rows.filter(Exists(Refund.objects.filter(sale=OuterRef("external_id"), retracted_at=None)))
    return rows


def with_credit(sales: Sequence[Conversion]) -> list[SaleRow]:
    """The sales with their credit, outcome, customer and refunds: five queries however many there are."""
    ids = [sale.external_id for sale in sales]
    credited: dict[str, list[Credited]] = defaultdict(list)
    for line in Line.objects.filter(conversion__in=ids).select_related("partner").order_by("position"):
        credited[line.conversion].append(Credited(line.partner, line.amount_minor, line.currency))
    outcomes = worded(
        dict(Outcome.objects.filter(conversion__in=ids).values_list("conversion", "outcome")),
        {sale.external_id: sale.customer for sale in sales},
    )
    names = {sale.customer for sale in sales}
    known = {one.external_id: one for one in Customer.objects.filter(external_id__in=names, retracted_at=None)}
    back = Refund.objects.filter(sale__in=ids, retracted_at=None).values_list("sale").annotate(Sum("amount_minor"))
    refunded = dict(back)
    return [
        SaleRow(
            sale=sale,
            customer=known.get(sale.customer),
            credited=_summed(credited[sale.external_id]),
            outcome=outcome_words(outcomes[sale.external_id]) if sale.external_id in outcomes else None,
            refunded_minor=refunded.get(sale.external_id, 0),
        )
        for sale in sales
    ]


def _summed(lines: Sequence[Credited]) -> list[Credited]:
    """One entry for each partner, in credit order."""
    sums: dict[Any, Credited] = {}
    for line in lines:
        before = sums.get(line.partner.pk)
        minor = line.amount_minor + (before.amount_minor if before else 0)
        sums[line.partner.pk] = Credited(line.partner, minor, line.currency)
    return list(sums.values())


def outcome_of(sale: Conversion) -> OutcomeWords | None:
    """Why a sale has no line, if it has none."""
    found = Outcome.objects.filter(conversion=sale.external_id).values_list("outcome", flat=True).first()
    return outcome_words(worded({"": found}, {"": sale.customer})[""]) if found else None


def touches_of(customer: str, visitors: Sequence[str]) -> list[Touch]:
    """The touches of a customer and of its visitors, in order; the first hundred."""
    rows = Touch.objects.filter(retracted_at=None).filter(Q(customer=customer) | Q(visitor__in=list(visitors)))
    return list(rows.select_related("partner").order_by("at", "external_id")[:100])


def credits_of(sale: Conversion) -> list[Credit]:
    """People's decisions about who is credited for a sale or its customer, in order."""
    rows = Credit.objects.filter(retracted_at=None).filter(Q(conversion=sale.external_id) | Q(customer=sale.customer))
    return list(rows.select_related("decided_by").order_by("at", "external_id"))


def customers_found(text: str = "", *, kind: str = "") -> QuerySet[Customer]:
    """Customers by words, with `sale_count` and `sold_minor` (in whatever currency each was sold)."""
    rows = Customer.objects.filter(retracted_at=None)
    if text:
        rows = rows.filter(
            Q(external_id__icontains=text) | Q(name__icontains=text) | Q(email__icontains=text) | Q(domain__iexact=text)
        )
    if kind == "referred":
        rows = rows.filter(Exists(Line.objects.filter(customer=OuterRef("external_id"))))
    if kind == "existing":
        rows = rows.filter(existing=True)
    return rows


def with_sales(customers: Sequence[Customer]) -> list[dict[str, Any]]:
    """The customers with their number of sales, the sum per currency, and the partners credited: two more queries."""
    ids = [one.external_id for one in customers]
    sums: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    sales = Conversion.objects.filter(customer__in=ids, retracted_at=None, name="sale")
    for customer, currency, count, total in sales.values_list("customer", "currency").annotate(
        n=Count("id"), total=Coalesce(Sum("amount_minor"), 0, output_field=BigIntegerField())
    ):
        sums[customer].append((currency, count, total))
    partners: dict[str, dict[Any, str]] = defaultdict(dict)
    for customer, key, name in (
        Line.objects.filter(customer__in=ids)
        .order_by()
        .values_list("customer", "partner_id", "partner__name")
        .distinct()
    ):
        partners[customer][key] = name
    return [
        {
            "customer": one,
            "sums": sums[one.external_id],
            "sales": sum(count for _, count, _ in sums[one.external_id]),
            "partners": [(Partner(pk=key).public_id, name) for key, name in partners[one.external_id].items()],
        }
        for one in customers
    ]


def refunds_found(*, state: str = "", text: str = "") -> QuerySet[Refund]:
    """Refunds, `unmatched` ones (their sale is unknown) or all, each with `sale_known`."""
    sale = Conversion.objects.filter(external_id=OuterRef("sale"), retracted_at=None)
    rows = Refund.objects.filter(retracted_at=None).annotate(sale_known=Exists(sale))
    if text:
        rows = rows.filter(Q(external_id__icontains=text) | Q(sale__icontains=text) | Q(reason__icontains=text))
    if state == "unmatched":
        rows = rows.filter(sale_known=False)
    return rows


def sale_keys(ids: Sequence[str]) -> dict[str, str]:
    """The public ids of sales by their ids outside, for links."""
    rows = Conversion.objects.filter(external_id__in=ids, retracted_at=None).only("id", "external_id")
    return {row.external_id: row.public_id for row in rows}
