"""Which settlements a change asks for: rows that the settlement worker takes. Written with the change itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from goodword.accounts.models import Program
from goodword.domain.fact_rules import FactRow
from goodword.referrals.models import Conversion, Customer, UnsettledFact

_LOOK_FORWARD = frozenset({"sale", "event", "touch"})
"""Facts that change nothing that was sold before them."""
WHOLE_PROGRAM_FROM = 1_000
"""Above so many facts at once the whole program is settled."""


def mark_customers(program: Program, customers: Iterable[str], cause: str, since: datetime | None = None) -> None:
    """Ask for the settlement of what these customers bought; with `since`: from that moment on."""
    UnsettledFact.objects.bulk_create(
        [
            UnsettledFact(program=program, customer=customer, cause=cause, since=since)
            for customer in sorted(set(customers))
        ]
    )


def mark_program(program: Program, cause: str) -> None:
    """Ask for the settlement of everything in the program."""
    UnsettledFact.objects.create(program=program, cause=cause)


def mark_facts(program: Program, kind: str, rows: Sequence[FactRow]) -> None:
    """Ask for the settlement that newly recorded facts of a kind call for."""
    if not rows:
        return
    if kind == "rate" or len(rows) > WHOLE_PROGRAM_FROM:
        mark_program(program, kind)
    else:
        since = min(row.columns["at"] for row in rows) if kind in _LOOK_FORWARD else None
        mark_customers(program, customers_of(program, kind, rows), kind, since)


def customers_of(program: Program, kind: str, rows: Sequence[FactRow]) -> set[str]:
    """The customers whose settlement these facts can change; a reference to something unknown changes nothing yet."""
    if kind == "customer":
        return {row.external_id for row in rows}
    customers = _said(rows, "customer") if "customer" in rows[0].columns else set()
    if kind == "touch":
        return customers | customers_of_visitors(program, _said(rows, "visitor"))
    if kind in {"refund", "cancel"}:
        return _buyers(program, _said(rows, "sale"))
    if kind == "credit":
        return customers | _buyers(program, _said(rows, "conversion"))
    return customers


def _said(rows: Sequence[FactRow], name: str) -> set[Any]:
    return {row.columns[name] for row in rows if row.columns[name]}


def customers_of_visitors(program: Program, visitors: Iterable[str]) -> set[str]:
    """The customers that browsers with these ids turned out to be."""
    known = Customer.unscoped.filter(program=program, retracted_at=None, visitors__overlap=list(visitors))
    return set(known.values_list("external_id", flat=True)) if visitors else set()


def _buyers(program: Program, conversions: Iterable[str]) -> set[str]:
    known = Conversion.unscoped.filter(program=program, retracted_at=None, external_id__in=list(conversions))
    return set(known.values_list("customer", flat=True))
