"""Conversions settled per second of processor time in plain Python, and the ratio to a naive evaluator.

Run: python bench/settle_engine.py [conversions]. Both run in this process, one after the other, on the same facts. The
naive one (a scan over all touches per sale, `Fraction` money, no index) must give the same amounts.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from goodword.domain.money import rounded
from goodword.domain.settlement import (
    Agreement,
    Customer,
    FactSet,
    Partner,
    Sale,
    Touch,
    instant,
    line_to_json,
    read_program,
    settle,
)
from goodword.domain.settlement.calendar import DAY

PARTNERS = 60
CUSTOMERS_PER_SALE = 3
TERMS = {
    "percent": {"rules": [{"key": "all", "pay": {"percent": "15%"}}], "clawback": {"days": 60}},
    "new": {
        "rules": [
            {"key": "new", "when": {"customer": "new"}, "pay": {"percent": "20%"}},
            {"key": "later", "when": {"customer": "existing", "amount": {"gte": "10.00"}}, "pay": {"percent": "5%"}},
        ]
    },
    "year": {
        "rules": [
            {"key": "year", "pay": {"percent": "12.5%"}, "lasts": {"months": 12}, "cap": {"customer": "100.00"}},
        ]
    },
}
PROGRAM = {
    "program": "bench",
    "currency": "USD",
    "timezone": "America/New_York",
    "attribution": {"window_days": 365},
    "terms": TERMS,
}


def world(count: int) -> FactSet:
    """Sales over 18 months, 2 to 5 touches per customer, 60 partners with three kinds of terms."""
    rng = random.Random(7)
    start = instant(datetime(2025, 1, 1, tzinfo=UTC))
    names = list(TERMS)
    partners = [Partner(f"p{i}") for i in range(PARTNERS)]
    agreements = [Agreement(f"a{i}", f"p{i}", names[i % 3], start - 400 * DAY) for i in range(PARTNERS)]
    customers = [Customer(f"c{i}", f"c{i}@example.com") for i in range(count // CUSTOMERS_PER_SALE)]
    touches = []
    for customer in customers:
        first = start + rng.randrange(100 * DAY)
        for _ in range(rng.randint(2, 5)):
            at = first + rng.randrange(40 * DAY)
            partner = f"p{rng.randrange(PARTNERS)}"
            touches.append(Touch(f"t{len(touches)}", at, partner, "link", customer.id))
    sales = [
        Sale(
            f"s{i}",
            start + (100 + rng.randrange(440)) * DAY + rng.randrange(DAY),
            rng.choice(customers).id,
            "USD",
            amount := rng.randrange(500, 20_000),
            tax=amount // 11,
        )
        for i in range(count)
    ]
    return FactSet(partners=partners, agreements=agreements, customers=customers, touches=touches, sales=sales)


def timed(label: str, count: int, work: Callable[[], Any]) -> tuple[float, Any]:
    """Run once and tell the rate per second of processor time."""
    began = time.process_time()
    result = work()
    seconds = time.process_time() - began
    print(f"{label:<42} {count / seconds:>12,.0f} conversions/s")
    return count / seconds, result


def naive(facts: FactSet) -> int:
    """The total by the percent terms alone, as one would first write it; compared on those terms only."""
    total = 0
    for sale in sorted(facts.sales, key=lambda sale: (sale.at, sale.id)):
        fresh = [t for t in facts.touches if t.customer == sale.customer and t.at <= sale.at < t.at + 365 * DAY]
        if fresh:
            last = max(fresh, key=lambda touch: (touch.at, touch.id))
            agreement = next(a for a in facts.agreements if a.partner == last.partner)
            if agreement.starts <= sale.at:
                total += rounded(Fraction(sale.amount - sale.tax) * Fraction(15, 100), "half_up")
    return total


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    facts = world(count)
    program = read_program(PROGRAM)
    settle(program, world(500))
    _, settlement = timed("settle", count, lambda: settle(program, facts))
    timed("settle, with steps", count, lambda: [line.steps for line in settle(program, facts).lines])
    timed(
        "settle, with steps, as JSON text",
        count,
        lambda: [json.dumps(line_to_json(x)) for x in settle(program, facts).lines],
    )
    print(f"{len(settlement.lines)} lines, {len(settlement.outcomes)} outcomes")
    small = world(1_000)
    simple = read_program(
        PROGRAM
        | {
            "attribution": {"lock": None, "window_days": 365},
            "terms": {name: {"rules": TERMS["percent"]["rules"]} for name in TERMS},
        }
    )
    quick, lines = timed("settle, 1,000 sales, one rule", 1_000, lambda: settle(simple, small).lines)
    slow, total = timed("naive, the same", 1_000, lambda: naive(small))
    assert total == sum(line.amount for line in lines), "the naive evaluator and the engine disagree"
    print(f"ratio to naive: {quick / slow:.1f}")


if __name__ == "__main__":
    main()
