"""A few sample sales settled under terms by the engine itself: the worked example beside the terms editor."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from goodword.domain.settlement import (
    Agreement,
    Customer,
    Event,
    Explanation,
    FactSet,
    Instant,
    Partner,
    Program,
    Sale,
    Terms,
    Touch,
    explain,
    settle,
)
from goodword.domain.settlement.result import Line

_DAY = 86_400_000_000
_EARLIER = 35 * _DAY
"""A returning customer bought the same so long before: more than a month."""
_PARTNER = "you"


@dataclass(frozen=True, slots=True)
class Sample:
    """A sale (or event) to try: its amount without tax, what was bought, by whom."""

    amount: int
    product: str | None = None
    returning: bool = False
    on: str = "sale"


@dataclass(frozen=True, slots=True)
class Worked:
    """What one sample earns: the amount, and the receipt of each line."""

    amount: int
    receipts: Sequence[Sequence[Explanation]]


def worked_samples(program: Program, terms: Terms, samples: Sequence[Sample], now: Instant) -> list[Worked]:
    """What each sample earns a partner who brought all these customers, in this order, an hour apart.

    Everything of the terms applies, and the limit on all partners together; the program's budget does not, because
    what is left of it depends on others.
    """
    alone = replace(
        program,
        budget=None,
        blocks_self_referral=False,
        terms_at="conversion",
        attribution=replace(program.attribution, model="last", existing_customers="count", window_days=400, windows={}),
        terms={terms.name: terms},
    )
    lines = settle(alone, _facts(program, terms, samples, now)).lines
    return [_worked([line for line in lines if line.conversion == f"sample-{i}"]) for i in range(len(samples))]


def _worked(lines: Sequence[Line]) -> Worked:
    return Worked(sum(line.amount for line in lines), [explain(line) for line in lines])


def _facts(program: Program, terms: Terms, samples: Sequence[Sample], now: Instant) -> FactSet:
    fits = fitting(terms)
    begin = now - 2 * _EARLIER
    customers, touches, sales, events = [], [], [], []
    for i, sample in enumerate(samples):
        customer, at = f"customer-{i}", now + i * (_DAY // 24)
        customers.append(Customer(customer, country=fits.get("country")))
        touches.append(Touch(f"touch-{i}", begin, _PARTNER, "link", customer))
        if sample.returning:
            sales.append(_sale(f"earlier-{i}", at - _EARLIER, sample, program.currency, fits))
        if sample.on == "sale":
            sales.append(_sale(f"sample-{i}", at, sample, program.currency, fits))
        else:
            events.append(Event(f"sample-{i}", at, sample.on, customer, sample.amount, program.currency))
    return FactSet(
        partners=[Partner(_PARTNER, group=fits.get("group"), country=fits.get("partner_country"))],
        agreements=[Agreement("sample", _PARTNER, terms.name, begin)],
        customers=customers,
        touches=touches,
        sales=sales,
        events=events,
    )


def _sale(key: str, at: Instant, sample: Sample, currency: str, fits: dict[str, Any]) -> Sale:
    return Sale(
        id=key,
        at=at,
        customer=f"customer-{key.partition('-')[2]}",
        currency=currency,
        amount=sample.amount,
        product=sample.product,
        kind=fits.get("kind"),
        code="SAMPLE" if fits.get("code") else None,
        properties={
            name.removeprefix("properties."): value for name, value in fits.items() if name.startswith("properties.")
        },
    )


def fitting(terms: Terms) -> dict[str, Any]:
    """What the samples take from the rules' own conditions, the first that names it: group, countries, code, kind."""
    wanted: dict[str, Any] = {}
    for rule in terms.rules:
        for one in rule.conditions:
            if one.field in {"group", "country", "partner_country", "code", "kind"} or one.field.startswith("prop"):
                value = one.operand[0] if one.operator == "in" and one.operand else one.operand
                if one.operator in {"eq", "in", "gte", "lte"}:
                    wanted.setdefault(one.field, value)
    return wanted
