"""Signs of fraud beside the facts: click ids that are none of ours, or that too many customers carry.

A sign changes no fact and no settlement. It says why a sale has no partner, to the team alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from goodword.accounts.models import Program
from goodword.domain.fact_rules import FactRow
from goodword.domain.ids import MalformedId, parse_public_id
from goodword.referrals.models import Click, Conversion, Customer, Signal

BAD_CLICK = "bad_click"


def note_bad_clicks(program: Program, kind: str, rows: Sequence[FactRow], now: datetime) -> None:
    """Keep a sign for each click id in these customers or touches that led to no browser."""
    carried = [(row, given) for row in rows for given in _left_over(kind, row)]
    if not carried:
        return
    keys = {given: parse_public_id("touch", given) for _, given in carried}
    real = set(Click.unscoped.filter(program=program, pk__in=set(keys.values())).values_list("pk", flat=True))
    Signal.unscoped.bulk_create(
        [
            Signal(
                program=program,
                kind="reused_click" if keys[given] in real else "bad_click",
                customer=row.external_id if kind == "customer" else row.columns["customer"],
                fact_kind=kind,
                fact=row.external_id,
                given=given[:64],
                recorded_at=now,
            )
            for row, given in carried
        ],
        ignore_conflicts=True,
    )


def _left_over(kind: str, row: FactRow) -> list[str]:
    """Click ids of ours are replaced by the browser's id when a fact is read; what still looks like one is none."""
    if kind == "customer":
        names: Iterable[str] = row.columns["visitors"]
    elif kind == "touch":
        names = [row.columns["visitor"]]
    else:
        return []
    return [name for name in names if _is_click_id(name)]


def _is_click_id(name: str) -> bool:
    try:
        parse_public_id("touch", name)
    except MalformedId:
        return False
    return True


def suspected(customers: Iterable[str]) -> set[str]:
    """Those of these customers of the active program that came with a click id which led nowhere."""
    return set(Signal.objects.filter(customer__in=list(customers)).values_list("customer", flat=True))


def worded(outcomes: dict[str, str], customers: dict[str, str]) -> dict[str, str]:
    """The outcomes by conversion, with `bad_click` where there is no touch because the click was none of ours."""
    untouched = {customers[name] for name, outcome in outcomes.items() if outcome == "no_touch" and name in customers}
    bad = suspected(untouched) if untouched else set()
    return {
        name: BAD_CLICK if outcome == "no_touch" and customers.get(name) in bad else outcome
        for name, outcome in outcomes.items()
    }


def of_bad_click(conversion: str) -> Q:
    """The condition that the conversion in this column is one of a customer with such a sign."""
    customers = Conversion.objects.filter(external_id=OuterRef(conversion), retracted_at=None)
    return Q(Exists(customers.filter(Exists(Signal.objects.filter(customer=OuterRef("customer"))))))


def signals_found(text: str = "", *, kind: str = "") -> QuerySet[Any]:
    """Signs by words and kind, with `customer_key`: our key of the customer, where there is one."""
    rows = Signal.objects.all()
    if text:
        rows = rows.filter(Q(customer__iexact=text) | Q(given__iexact=text) | Q(fact__iexact=text))
    return rows.filter(kind=kind) if kind else rows


def customer_keys(names: Iterable[str]) -> dict[str, str]:
    """The public ids of customers by their ids outside, for links."""
    rows = Customer.objects.filter(external_id__in=set(names), retracted_at=None).only("id", "external_id")
    return {row.external_id: row.public_id for row in rows}
