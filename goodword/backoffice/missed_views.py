"""Pages about missed credit: uncredited sales whose facts point to a partner, the evidence, and the decision."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.commissions.missed.deciding import credit_partner, turn_down
from goodword.commissions.missed.reading import evidence_of, is_uncredited, last_look, sentences, suggestions
from goodword.commissions.models import MissedCredit
from goodword.domain.errors import DomainError
from goodword.domain.missed_credit import LIKELY, STRENGTHS, STRONG, WEAK
from goodword.domain.missed_credit_words import evidence_words
from goodword.domain.money import to_decimal
from goodword.insights.csv import csv_response
from goodword.insights.facts import outcome_of
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched
from goodword.insights.missed_effect import missed_effect
from goodword.insights.outcomes import outcome_words
from goodword.insights.refusals import sentence
from goodword.referrals.models import Conversion, Customer

_BATCH: Final = 500
_TONES: Final = {STRONG: "good", LIKELY: "accent", WEAK: ""}
COLUMNS: Final = (
    Column("Sale", sort="when"),
    Column("May be due to"),
    Column("What speaks for it", sort="strength"),
    Column("Amount", numeric=True),
    Column("State"),
)
ORDERS: Final = {
    "strength": ("strength", "conversion_at", "id"),
    "when": ("conversion_at", "id"),
}


def _narrowed(request: StaffRequest) -> tuple[QuerySet[MissedCredit], list[Filter]]:
    strengths = [Choice("", "All"), *(Choice(str(key), word.capitalize()) for key, word in STRENGTHS.items())]
    states = [
        Choice("open", "To decide"),
        Choice("not_theirs", "Not theirs"),
        Choice("credited", "Credited"),
    ]
    known = [Choice("", "New customers"), Choice("all", "Those known before too")]
    strength, state = chosen(request, "strength", strengths), chosen(request, "state", states)
    whose, text = chosen(request, "customers", known), searched(request)
    rows = suggestions(state=state)
    rows = rows.filter(strength=int(strength)) if strength else rows
    rows = rows if whose or state != "open" else rows.filter(known_before=False)
    if text:
        rows = rows.filter(Q(conversion__icontains=text) | Q(customer__iexact=text) | Q(partner__name__icontains=text))
    return rows, [
        Filter("strength", "How strong", strength, strengths),
        Filter("state", "State", state, states),
        Filter("customers", "Customers", whose, known),
    ]


def _found(request: StaffRequest) -> Listing:
    rows, filters = _narrowed(request)
    return listing(request, rows, columns=COLUMNS, orders=ORDERS, default="-strength", filters=filters)


def _shown(rows: list[MissedCredit]) -> list[dict[str, Any]]:
    """The suggestions with their sales and customers: two more queries."""
    sales = Conversion.objects.filter(external_id__in=[row.conversion for row in rows], retracted_at=None)
    customers = Customer.objects.filter(external_id__in=[row.customer for row in rows], retracted_at=None)
    by_sale = {sale.external_id: sale for sale in sales}
    by_customer = {one.external_id: one for one in customers}
    return [
        {
            "one": row,
            "sale": by_sale.get(row.conversion),
            "customer": by_customer.get(row.customer),
            "strength": STRENGTHS[row.strength],
            "tone": _TONES[row.strength],
            "evidence": sentences(row),
        }
        for row in rows
    ]


def missed(request: StaffRequest) -> HttpResponse:
    found = _found(request)
    shown = found.page.__class__(_shown(list(found.page.rows)), found.page.next, found.page.previous)
    context = {"listing": _with_page(found, shown), "look": last_look()}
    return render(request, "backoffice/missed/list.html", context)


def _with_page(found: Listing, page: Any) -> Listing:
    return Listing(found.heads, page, found.filters, found.text, found.total, found.ordered)


def missed_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "conversion", "at", "customer", "currency", "amount", "partner", "strength", "evidence", "state"]
    header += ["decided by", "reason"]

    def rows() -> Iterator[list[Any]]:
        found = _found(request).ordered.iterator(chunk_size=_BATCH)
        while batch := list(islice(found, _BATCH)):
            for each in _shown(batch):
                yield _cells(each)

    return csv_response(f"{request.program.slug}-missed-credit", header, rows())


def _cells(each: dict[str, Any]) -> list[Any]:
    one, sale = each["one"], each["sale"]
    currency = sale.currency if sale else ""
    amount = to_decimal(sale.amount_minor, currency) if sale and currency and sale.amount_minor is not None else ""
    return [
        one.public_id, one.conversion, one.conversion_at, one.customer, currency, amount, one.partner.name,
        each["strength"], " ".join(each["evidence"]), one.get_state_display(), one.decided_label, one.reason,
    ]  # fmt: skip


def missed_one(request: StaffRequest, suggestion: str) -> HttpResponse:
    row = _row(suggestion)
    sale = Conversion.objects.filter(external_id=row.conversion, retracted_at=None).first()
    is_open = row.state == "open" and is_uncredited(row)
    others = suggestions().filter(conversion=row.conversion).exclude(pk=row.pk)
    effect = missed_effect(request.program, row, timezone.now()) if is_open and sale else None
    context = {
        "one": row,
        "sale": sale,
        "customer": Customer.objects.filter(external_id=row.customer, retracted_at=None).first(),
        "is_open": is_open,
        "outcome": outcome_of(sale) if sale else None,
        "strength": STRENGTHS[row.strength],
        "tone": _TONES[row.strength],
        "evidence": [
            (evidence_words(each, row.partner.name), STRENGTHS[each.strength], _TONES[each.strength])
            for each in evidence_of(row)
        ],
        "others": others,
        "effect": effect,
        "pays_nothing": outcome_words(effect.outcome) if effect and effect.outcome else None,
    }
    return render(request, "backoffice/missed/one.html", context)


def _row(suggestion: str) -> MissedCredit:
    found = access.find(MissedCredit, suggestion)
    row = MissedCredit.objects.select_related("partner", "decided_by").filter(pk=found.pk).first()
    if row is None:
        raise Http404
    return row


def missed_credit(request: StaffRequest, suggestion: str) -> HttpResponse:
    row = access.find(MissedCredit, suggestion)
    back = reverse("backoffice:missed", args=[request.program.slug])
    try:
        done = credit_partner(row, source="page", actor=actor_of(request), now=timezone.now())
    except DomainError as refused:
        for problem in refused.problems:
            messages.error(request, sentence(problem))
    else:
        messages.success(request, f"{done.partner.name} is credited for {done.conversion}. It is settled in a moment.")
    return HttpResponseRedirect(back)


def missed_not_theirs(request: StaffRequest, suggestion: str) -> HttpResponse:
    row = _row(suggestion)
    ask = Decision(
        title=f"Is {row.conversion} not theirs?",
        label="Why",
        button="Not theirs",
        done=f"{row.customer} is not suggested to {row.partner.name} again.",
        back=reverse("backoffice:missed", args=[request.program.slug]),
        optional=True,
    )
    return decide(
        request, ask, lambda reason: turn_down(row, reason=reason, actor=actor_of(request), now=timezone.now())
    )
