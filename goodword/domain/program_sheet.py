"""What a program decides for all its terms, as a form: whose a sale is, limits on everybody, waiting time, rounding.

As with terms, typed answers are only brought into notation; the engine's reader of programs judges them.
"""

from collections.abc import Mapping
from typing import Any, Final

from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.money import to_decimal
from goodword.domain.settlement import Program, read_program
from goodword.domain.settlement.records import CHANNELS, CODE
from goodword.domain.sheets import Sheet
from goodword.domain.terms_problems import problems_beside
from goodword.domain.terms_sheet import Written
from goodword.domain.typed_text import amount_typed, percent_shown, percent_typed, whole_typed

ON: Final = "on"
SETTINGS: Final = (
    "rounding", "terms_at", "self_referral", "hold_days", "attribution", "guardrail", "budget",
)  # fmt: skip
_LAST: Final = ""
"""The rank of a channel that stands in no class: it counts when no other has a candidate."""


def program_sheet(settings: Mapping[str, Any], currency: str) -> Sheet:
    """The answers that say what a program's settings say."""
    read = _read(settings, currency)
    rules, budget = read.attribution, read.budget
    ranks = {channel: str(i + 1) for i, group in enumerate(_filled(rules.priority)) for channel in group}
    return {
        "model": rules.model,
        "window_days": str(rules.window_days),
        **{f"window_{one}": str(rules.windows[one]) if one in rules.windows else "" for one in CHANNELS},
        **{f"rank_{one}": ranks.get(one, _LAST) for one in CHANNELS},
        "lock": "never" if not rules.locks else "always" if rules.lock_months is None else "months",
        "lock_months": "" if rules.lock_months is None else str(rules.lock_months),
        "half_life_days": str(rules.half_life_days),
        "existing_customers": rules.existing_customers,
        "assist": ON if rules.assist else "",
        "self_referral": "block" if read.blocks_self_referral else "allow",
        "terms_at": read.terms_at,
        "rounding": read.rounding,
        "hold_days": str(read.hold_days),
        "guardrail": percent_shown(settings["guardrail"]["percent"]) if read.guardrail_ppm is not None else "",
        "budget_amount": "" if budget is None else to_decimal(budget.amount, currency),
        "budget_per": budget.per if budget else "month",
        "budget_mode": "pro_rata" if budget and budget.pro_rata else "first_come",
    }


def _filled(priority: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    return [group for group in priority if group]


def settings_of(sheet: Mapping[str, str], currency: str) -> tuple[dict[str, Any], list[Problem]]:
    """The settings that a form says, and what is wrong with them, each beside its field."""
    written = Written()
    settings = _written(sheet, currency, written)
    try:
        _read(settings, currency)
    except InvalidInput as refused:
        return settings, problems_beside(written, refused.problems)
    return settings, written.problems


def _written(sheet: Mapping[str, str], currency: str, written: Written) -> dict[str, Any]:
    def text(name: str, path: str, default: str = "") -> str:
        written.fields[path] = name
        return sheet.get(name, "").strip() or default

    settings: dict[str, Any] = {
        "rounding": text("rounding", "rounding", "half_up"),
        "terms_at": text("terms_at", "terms_at", "conversion"),
        "self_referral": text("self_referral", "self_referral", "block"),
        "hold_days": whole_typed(text("hold_days", "hold_days")),
        "attribution": {
            "model": text("model", "attribution.model", "last"),
            "window_days": whole_typed(text("window_days", "attribution.window_days")),
            "windows": {
                one: whole_typed(days)
                for one in CHANNELS
                if (days := text(f"window_{one}", f"attribution.windows.{one}", "0" if one == CODE else ""))
            },
            "priority": _priority(sheet),
            "lock": _lock(sheet, written),
            "half_life_days": whole_typed(text("half_life_days", "attribution.half_life_days", "7")),
            "existing_customers": text("existing_customers", "attribution.existing_customers", "exclude"),
            "assist": bool(sheet.get("assist")),
        },
        "guardrail": None,
        "budget": None,
    }
    if guardrail := text("guardrail", "guardrail.percent"):
        settings["guardrail"] = {"percent": percent_typed(guardrail)}
    if amount := text("budget_amount", "budget.amount"):
        settings["budget"] = {
            "amount": amount_typed(amount, currency),
            "per": text("budget_per", "budget.per", "month"),
            "mode": text("budget_mode", "budget.mode", "first_come"),
        }
    return settings


def _priority(sheet: Mapping[str, str]) -> list[list[str]]:
    """Channels of one rank stand together; those without a rank come last of themselves."""
    ranks = {one: sheet.get(f"rank_{one}", "").strip() for one in CHANNELS}
    return [[one for one in CHANNELS if ranks[one] == rank] for rank in sorted(set(ranks.values()) - {_LAST})]


def _lock(sheet: Mapping[str, str], written: Written) -> dict[str, Any] | None:
    kind = sheet.get("lock", "").strip() or "always"
    if kind == "never":
        return None
    if kind != "months":
        return {"months": None}
    written.fields["attribution.lock.months"] = "lock_months"
    months = sheet.get("lock_months", "")
    return {"months": whole_typed(months)}


def _read(settings: Mapping[str, Any], currency: str) -> Program:
    """The settings as the engine reads them."""
    known = {name: settings[name] for name in SETTINGS if settings.get(name) is not None}
    return read_program({"program": "p", "currency": currency, "timezone": "UTC", "terms": {}, **known})
