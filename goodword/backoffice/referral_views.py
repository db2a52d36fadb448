"""Pages about what partners bring: conversions, customers and refunds, and who got the credit."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.commissions.selectors import LineFilter, lines_of_conversion, lines_page
from goodword.domain.money import to_decimal
from goodword.insights.csv import csv_response
from goodword.insights.facts import (
    SaleRow,
    credits_of,
    customers_found,
    outcome_of,
    refunds_found,
    sale_keys,
    sales_found,
    touches_of,
    with_credit,
    with_sales,
)
from goodword.insights.lines import refunds_of
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched
from goodword.insights.templatetags.show import masked
from goodword.referrals.models import Conversion, Customer

_BATCH = 500
SALE_COLUMNS = (
    Column("Conversion"),
    Column("When", sort="when"),
    Column("Customer"),
    Column("Credit"),
    Column("Amount", numeric=True),
)
CUSTOMER_COLUMNS = (
    Column("Customer", sort="id"),
    Column("Known since", sort="since"),
    Column("Referred by"),
    Column("Sales", numeric=True),
    Column("Bought for", numeric=True),
)
REFUND_COLUMNS = (
    Column("Refund"),
    Column("When", sort="when"),
    Column("Sale"),
    Column("Why"),
    Column("Amount", numeric=True),
)


def _in_batches(rows: QuerySet[Any]) -> Iterator[list[Any]]:
    iterator = rows.iterator(chunk_size=_BATCH)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _with_rows(found: Listing, rows: list[Any]) -> Listing:
    return replace(found, page=replace(found.page, rows=rows))


def _sales(request: StaffRequest) -> Listing:
    results = [
        Choice("", "All"),
        Choice("credited", "Credited"),
        Choice("nobody", "Pays nobody"),
        Choice("refunded", "Refunded"),
    ]
    result = chosen(request, "result", results)
    rows = sales_found(searched(request), result=result)
    filters = [Filter("result", "What came of it", result, results)]
    return listing(request, rows, columns=SALE_COLUMNS, orders={"when": ("at", "id")}, default="-when", filters=filters)


def conversions(request: StaffRequest) -> HttpResponse:
    found = _sales(request)
    context = {"listing": _with_rows(found, list(with_credit(found.page.rows)))}
    return render(request, "backoffice/referrals/conversions.html", context)


def conversions_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "name", "at", "customer", "currency", "amount", "refunded", "credited to", "commission", "result"]

    def rows() -> Iterator[list[Any]]:
        for batch in _in_batches(_sales(request).ordered):
            for row in with_credit(batch):
                yield _sale_cells(row)

    return csv_response(f"{request.program.slug}-conversions", header, rows())


def _sale_cells(row: SaleRow) -> list[Any]:
    sale, currency = row.sale, row.sale.currency
    amount = "" if sale.amount_minor is None or not currency else to_decimal(sale.amount_minor, currency)
    refunded = to_decimal(row.refunded_minor, currency) if row.refunded_minor else ""
    names = "; ".join(one.partner.name for one in row.credited)
    sums = "; ".join(to_decimal(one.amount_minor, one.currency) for one in row.credited)
    result = row.outcome.short if row.outcome else ("credited" if row.credited else "not settled yet")
    return [sale.external_id, sale.name, sale.at, sale.customer, currency, amount, refunded, names, sums, result]


def conversion(request: StaffRequest, conversion: str) -> HttpResponse:
    one = access.find(Conversion, conversion)
    customer = Customer.objects.filter(external_id=one.customer, retracted_at=None).first()
    refunds = refunds_of(one.external_id)
    context = {
        "sale": one,
        "customer": customer,
        "touches": touches_of(one.customer, customer.visitors if customer else []),
        "decisions": credits_of(one),
        "lines": lines_of_conversion(request.program, one.external_id),
        "outcome": outcome_of(one),
        "refunds": refunds,
        "refunded": sum(refund.amount_minor for refund in refunds),
    }
    return render(request, "backoffice/referrals/conversion.html", context)


def _customers(request: StaffRequest) -> Listing:
    kinds = [Choice("", "All"), Choice("referred", "Referred"), Choice("existing", "Known before")]
    kind = chosen(request, "kind", kinds)
    return listing(
        request,
        customers_found(searched(request), kind=kind),
        columns=CUSTOMER_COLUMNS,
        orders={"id": ("external_id", "id"), "since": ("recorded_at", "id")},
        default="-since",
        filters=[Filter("kind", "Kind", kind, kinds)],
    )


def customers(request: StaffRequest) -> HttpResponse:
    found = _customers(request)
    context = {"listing": _with_rows(found, with_sales(found.page.rows))}
    return render(request, "backoffice/referrals/customers.html", context)


def customers_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "name", "e-mail", "country", "known before", "recorded", "referred by", "sales", "bought for"]

    def rows() -> Iterator[list[Any]]:
        for batch in _in_batches(_customers(request).ordered):
            for row in with_sales(batch):
                one = row["customer"]
                names = "; ".join(name for _, name in row["partners"])
                sums = "; ".join(f"{currency} {to_decimal(total, currency)}" for currency, _, total in row["sums"])
                email = masked(one.email, request.role)
                existing = "yes" if one.existing else "no"
                yield [
                    one.external_id,
                    one.name,
                    email,
                    one.country,
                    existing,
                    one.recorded_at,
                    names,
                    row["sales"],
                    sums,
                ]

    return csv_response(f"{request.program.slug}-customers", header, rows())


def customer(request: StaffRequest, customer: str) -> HttpResponse:
    one = access.find(Customer, customer)
    sales = list(sales_found().filter(customer=one.external_id).order_by("-at", "-id")[:_BATCH])
    context = {
        "customer": one,
        "row": with_sales([one])[0],
        "sales": with_credit(sales),
        "touches": touches_of(one.external_id, one.visitors),
        "lines": lines_page(request.program, LineFilter(customer=one.external_id), now=timezone.now(), size=50).rows,
    }
    return render(request, "backoffice/referrals/customer.html", context)


def _refunds(request: StaffRequest) -> Listing:
    states = [Choice("", "All"), Choice("unmatched", "Sale unknown")]
    state = chosen(request, "state", states)
    return listing(
        request,
        refunds_found(state=state, text=searched(request)),
        columns=REFUND_COLUMNS,
        orders={"when": ("at", "id")},
        default="-when",
        filters=[Filter("state", "State", state, states)],
    )


def refunds(request: StaffRequest) -> HttpResponse:
    found = _refunds(request)
    keys = sale_keys([one.sale for one in found.page.rows])
    context = {"listing": _with_rows(found, [(one, keys.get(one.sale, "")) for one in found.page.rows])}
    return render(request, "backoffice/referrals/refunds.html", context)


def refunds_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "sale", "at", "currency", "amount", "reason", "sale known"]
    rows = (
        [
            one.external_id,
            one.sale,
            one.at,
            one.currency,
            to_decimal(one.amount_minor, one.currency),
            one.reason,
            "yes" if one.sale_known else "no",
        ]
        for one in _refunds(request).ordered.iterator(chunk_size=_BATCH)
    )
    return csv_response(f"{request.program.slug}-refunds", header, rows)
