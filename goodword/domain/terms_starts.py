"""Terms to begin with: a few that many programs have, as documents a manager then makes their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from goodword.domain.currency import decimals
from goodword.domain.money import to_decimal


@dataclass(frozen=True, slots=True)
class Start:
    """A set of terms to begin with: its key, its name, whom it suits, and its document with amounts in units."""

    key: str
    name: str
    suits: str
    document: Mapping[str, Any]


def _terms(*rules: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"rules": list(rules), "choose": "first", **more, "clawback": {"days": 60}}


def _tiers(*steps: tuple[int, str]) -> dict[str, Any]:
    return {
        "measure": "volume",
        "per": "month",
        "mode": "marginal",
        "steps": [{"from": start, "percent": percent} for start, percent in steps],
    }


STARTS: Final = (
    Start(
        "first-year",
        "A percent for the first year",
        "Subscriptions and shops: every payment of a new customer's first 12 months.",
        _terms({"key": "first-year", "on": "sale", "pay": {"percent": "20%"}, "lasts": {"months": 12}}),
    ),
    Start(
        "every-sale",
        "A percent of every sale",
        "The simplest promise: the same percent, for as long as the customer buys.",
        _terms({"key": "every-sale", "on": "sale", "pay": {"percent": "10%"}}),
    ),
    Start(
        "new-customer",
        "A fixed amount for each new customer",
        "Where a customer's first purchase is what counts.",
        _terms(
            {
                "key": "new-customer",
                "on": "sale",
                "when": {"customer": "new"},
                "pay": {"flat": 50},
                "lasts": {"payments": 1},
            }
        ),
    ),
    Start(
        "monthly-tiers",
        "More for those who bring more",
        "The rate rises with what a partner's customers spend in a month.",
        _terms({"key": "monthly", "on": "sale", "pay": {"tiers": _tiers((0, "5%"), (10_000, "8%"), (50_000, "10%"))}}),
    ),
    Start(
        "falling",
        "A percent that falls over the years",
        "Much in the first year, less in the second, a little for good.",
        _terms(
            {
                "key": "by-year",
                "on": "sale",
                "pay": {
                    "schedule": [
                        {"months": 12, "percent": "30%"},
                        {"months": 12, "percent": "20%"},
                        {"percent": "10%"},
                    ]
                },
            }
        ),
    ),
    Start(
        "leads",
        "A fixed amount for a lead, a percent for the sale",
        "Where partners send people whom your own team then convinces.",
        _terms(
            {"key": "lead", "on": "lead", "pay": {"flat": 10}, "lasts": {"payments": 1}},
            {"key": "sale", "on": "sale", "pay": {"percent": "10%"}, "lasts": {"payments": 1}},
        ),
    ),
    Start(
        "recruiters",
        "A share for partners who recruit partners",
        "A percent of every sale, and a part of what recruited partners earn.",
        _terms(
            {"key": "every-sale", "on": "sale", "pay": {"percent": "10%"}},
            overrides=[{"level": 1, "percent": "10%", "of": "commission", "lasts": {"months": 12}}],
        ),
    ),
)


def start_document(key: str, currency: str) -> dict[str, Any] | None:
    """The document of a start, its amounts in this currency; None for a key that there is not."""
    found = next((one for one in STARTS if one.key == key), None)
    return None if found is None else _in_currency(found.document, currency)


def _in_currency(value: Any, currency: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _part(key, part, currency) for key, part in value.items()}
    return [_in_currency(part, currency) for part in value] if isinstance(value, list) else value


def _part(key: str, part: Any, currency: str) -> Any:
    if key in {"flat", "from"}:
        return to_decimal(part * 10 ** decimals(currency), currency)
    return _in_currency(part, currency)
