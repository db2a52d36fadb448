"""Pages about what looks wrong: exchange rates that wait for a second person, and signs of fraud."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.domain.exchange import is_stale
from goodword.insights.csv import csv_response
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched
from goodword.referrals.models import Rate, Signal
from goodword.referrals.rates import COUNTED, approve_rate, refuse_rate
from goodword.referrals.warning_signs import customer_keys, signals_found

RATE_COLUMNS = (Column("Exchange rate"), Column("From", sort="at"), Column("Rate", numeric=True), Column("State"))
SIGNAL_COLUMNS = (Column("Sign"), Column("Customer"), Column("Click id as sent"), Column("When", sort="when"))


def _rates(request: StaffRequest) -> Listing:
    states = [Choice("", "All"), Choice("waiting", "Waiting", _waiting()), Choice("refused", "Refused")]
    state, text = chosen(request, "state", states), searched(request).upper()
    rows = Rate.objects.filter(retracted_at=None).select_related("proposed_by", "decided_by")
    rows = rows.filter(approval=state) if state else rows
    rows = rows.filter(from_currency=text) if text else rows
    filters = [Filter("state", "State", state, states)]
    return listing(request, rows, columns=RATE_COLUMNS, orders={"at": ("at", "id")}, default="-at", filters=filters)


def _waiting() -> int:
    return Rate.objects.filter(retracted_at=None, approval="waiting").count()


def rates(request: StaffRequest) -> HttpResponse:
    return render(request, "backoffice/doubt/rates.html", {"listing": _rates(request), "stale": _stale()})


def _stale() -> list[Rate]:
    """The newest rate of each pair that is older than it should be: sales are converted at it nevertheless."""
    newest = (
        Rate.objects.filter(retracted_at=None, approval__in=COUNTED)
        .order_by("from_currency", "to_currency", "-at", "-external_id")
        .distinct("from_currency", "to_currency")
    )
    return [rate for rate in newest if is_stale(rate.at, timezone.now())]


def rates_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "from", "to", "rate", "at", "state", "proposed by", "decided by", "decided"]
    rows = (
        [
            one.external_id, one.from_currency, one.to_currency, one.rate, one.at, one.get_approval_display(),
            one.proposed_by or "", one.decided_by or "", one.decided_at,
        ]
        for one in _rates(request).ordered.iterator(chunk_size=500)
    )  # fmt: skip
    return csv_response(f"{request.program.slug}-exchange-rates", header, rows)


def rate_approve(request: StaffRequest, rate: str) -> HttpResponse:
    done = "The rate {} counts. What it converts is settled again."
    return _decide_rate(
        request, rate, _question(request, "Let this rate count?", "Approve the rate", done), approve_rate
    )


def rate_refuse(request: StaffRequest, rate: str) -> HttpResponse:
    done = "The rate {} will never count. Record the right one under another id."
    return _decide_rate(request, rate, _question(request, "Refuse this rate?", "Refuse the rate", done), refuse_rate)


def _question(request: StaffRequest, title: str, button: str, done: str) -> Decision:
    back = reverse("backoffice:rates", args=[request.program.slug])
    return Decision(title=title, label="Why", button=button, done=done, back=back, optional=True)


def _decide_rate(request: StaffRequest, rate: str, ask: Decision, verb: Callable[..., object]) -> HttpResponse:
    one, now = access.find(Rate, rate), timezone.now()
    return decide(
        request,
        replace(ask, done=ask.done.format(one.rate)),
        lambda reason: verb(one, user=request.user, actor=actor_of(request), now=now, reason=reason),
    )


def _signals(request: StaffRequest) -> Listing:
    kinds = [Choice("", "All"), *(Choice(kind, label) for kind, label in Signal.KINDS)]
    kind = chosen(request, "kind", kinds)
    rows = signals_found(searched(request), kind=kind)
    filters = [Filter("kind", "Kind", kind, kinds)]
    orders = {"when": ("recorded_at", "id")}
    return listing(request, rows, columns=SIGNAL_COLUMNS, orders=orders, default="-when", filters=filters)


def signals(request: StaffRequest) -> HttpResponse:
    found = _signals(request)
    keys = customer_keys(one.customer for one in found.page.rows)
    rows = [(one, keys.get(one.customer, "")) for one in found.page.rows]
    shown = replace(found, page=replace(found.page, rows=rows))
    return render(request, "backoffice/doubt/signals.html", {"listing": shown})


def signals_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "sign", "customer", "fact", "fact id", "click id as sent", "recorded"]

    def rows() -> Iterator[list[Any]]:
        for one in _signals(request).ordered.iterator(chunk_size=500):
            sign = one.get_kind_display()
            yield [one.public_id, sign, one.customer, one.fact_kind, one.fact, one.given, one.recorded_at]

    return csv_response(f"{request.program.slug}-signals", header, rows())
