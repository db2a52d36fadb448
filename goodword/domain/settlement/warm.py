"""Compiles the rules ahead of their first use: `python -m goodword.domain.settlement.warm`. Takes half a minute once,
and nothing when they are compiled already.
"""

from goodword.domain.settlement.read_facts import read_facts
from goodword.domain.settlement.read_program import read_program
from goodword.domain.settlement.result import line_to_json
from goodword.domain.settlement.settle import settle

_PROGRAM = {
    "program": "warm",
    "currency": "USD",
    "timezone": "UTC",
    "terms": {"t": {"rules": [{"key": "all", "pay": {"percent": "10%"}}]}},
}
_FACTS = [
    {"fact": "partner", "id": "p"},
    {"fact": "agreement", "id": "a", "partner": "p", "terms": "t", "starts": "2026-01-01"},
    {"fact": "touch", "id": "t", "at": "2026-01-02T00:00:00Z", "partner": "p", "customer": "c", "channel": "link"},
    {"fact": "sale", "id": "s", "at": "2026-01-03T00:00:00Z", "customer": "c", "currency": "USD", "amount": "1.00"},
]


def warm_up() -> None:
    """Settle one small sale: every rule is compiled for it, whether or not it applies."""
    program = read_program(_PROGRAM)
    for line in settle(program, read_facts(program, _FACTS)).lines:
        line_to_json(line)
        _ = line.steps_json


if __name__ == "__main__":
    warm_up()
