"""A program document read into its typed form, with every problem listed at once. What is not given has the defaults
of the contract's sample.
"""

from collections.abc import Mapping
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from goodword.domain.errors import InvalidInput
from goodword.domain.settlement.fields import Fields, Problems
from goodword.domain.settlement.program import Attribution, Budget, Period, Program, Terms
from goodword.domain.settlement.read_terms import read_terms
from goodword.domain.settlement.records import CHANNELS, CODE, FORM, LINK, REGISTRATION

PERIODS = ("month", "quarter", "year", "lifetime")
ROUNDINGS = ("half_up", "half_even", "down")
MODELS = ("last", "first", "linear", "position", "decay")
EXISTING = ("exclude", "count", "assist")
_TOP = (
    "program",
    "currency",
    "timezone",
    "rounding",
    "terms_at",
    "self_referral",
    "hold_days",
    "attribution",
    "guardrail",
    "budget",
    "terms",
)
_ATTRIBUTION = (
    "model",
    "window_days",
    "windows",
    "priority",
    "lock",
    "half_life_days",
    "existing_customers",
    "assist",
)


def read_program(document: object) -> Program:
    """The program of a parsed JSON document. Raises InvalidInput with every problem in it (at most 100)."""
    problems = Problems()
    program = parse_program(document, problems)
    if problems.found or program is None:
        raise InvalidInput(problems.found)
    return program


def parse_program(document: object, problems: Problems) -> Program | None:
    """As `read_program`, noting what is wrong in `problems`; what it returns is only good when there is nothing."""
    if not isinstance(document, Mapping):
        problems.add("expected_object", "the program must be one object", value=document, remedy="write it in braces")
        return None
    given = Fields(document, problems)
    given.only(_TOP)
    currency = given.currency("currency") or "USD"
    return Program(
        name=given.needed("program"),
        currency=currency,
        timezone=_timezone(given),
        rounding=cast("Literal['half_up', 'half_even', 'down']", given.choice("rounding", ROUNDINGS, "half_up")),
        terms_at=cast(
            "Literal['conversion', 'credit']", given.choice("terms_at", ("conversion", "credit"), "conversion")
        ),
        blocks_self_referral=given.choice("self_referral", ("block", "allow"), "block") == "block",
        hold_days=given.count("hold_days", 30),
        attribution=_attribution(given),
        guardrail_ppm=_guardrail(given),
        budget=_budget(given, currency),
        terms=_terms(given, currency),
        document=cast("Mapping[str, Any]", document),
    )


def _timezone(given: Fields) -> str:
    name = given.needed("timezone")
    try:
        return ZoneInfo(name).key if name else "UTC"
    except (KeyError, OSError, ValueError):  # not found is a KeyError
        given.refuse("unknown_timezone", "timezone", "is no time zone", 'give an IANA name such as "America/New_York"')
        return "UTC"


def _attribution(given: Fields) -> Attribution:
    inside = _object_or_default(given, "attribution")
    inside.only(_ATTRIBUTION)
    locks, lock_months = _lock(inside)
    return Attribution(
        model=cast("Literal['last', 'first']", inside.choice("model", MODELS, "last")),
        window_days=inside.count("window_days", 90),
        windows=_windows(inside),
        priority=_priority(inside),
        locks=locks,
        lock_months=lock_months,
        half_life_days=inside.count("half_life_days", 7, low=1),
        existing_customers=cast(
            "Literal['exclude', 'count', 'assist']", inside.choice("existing_customers", EXISTING, "exclude")
        ),
        assist=inside.flag("assist"),
    )


def _object_or_default(given: Fields, name: str) -> Fields:
    if name in given.values:
        given.required(name)
    return given.child(name) or Fields({}, given.problems, given.at(name))


def _windows(inside: Fields) -> dict[str, int]:
    windows = _object_or_default(inside, "windows")
    windows.only(CHANNELS)
    return {CODE: 0} | {channel: windows.count(channel, 0) for channel in CHANNELS if channel in windows.values}


def _priority(inside: Fields) -> tuple[tuple[str, ...], ...]:
    if "priority" not in inside.values:
        return ((REGISTRATION,), (CODE,), (LINK, FORM))
    inside.required("priority")
    classes, seen = [], set[str]()
    for i, names in enumerate(inside.items("priority")):
        name = f"priority[{i}]"
        group = Fields({name: names}, inside.problems, inside.path)
        channels = []
        for j in range(len(group.items(name))):
            item = f"{name}[{j}]"
            channel = Fields({item: names[j]}, inside.problems, inside.path).choice(item, CHANNELS, "")
            if channel in seen:
                inside.problems.add(
                    "duplicate_channel", "stands twice", field=inside.at(item), value=channel, remedy="name it once"
                )
            seen |= {channel} - {""}
            channels.append(channel)
        classes.append(tuple(channels))
    return tuple(classes)


def _lock(inside: Fields) -> tuple[bool, int | None]:
    if "lock" not in inside.values:
        return True, None
    lock = inside.child("lock")
    if lock is None:
        return False, None
    lock.only(("months",))
    return True, lock.integer("months")


def _guardrail(given: Fields) -> int | None:
    guardrail = given.child("guardrail")
    if guardrail is None:
        return None
    guardrail.only(("percent",))
    return guardrail.percent("percent")


def _budget(given: Fields, currency: str) -> Budget | None:
    budget = given.child("budget")
    if budget is None:
        return None
    budget.only(("amount", "per", "mode"))
    return Budget(
        amount=budget.money("amount", currency, required=True) or 0,
        per=cast("Period", budget.choice("per", PERIODS, "month")),
        pro_rata=budget.choice("mode", ("first_come", "pro_rata"), "first_come") == "pro_rata",
    )


def _terms(given: Fields, currency: str) -> dict[str, Terms]:
    given.required("terms")
    terms = given.child("terms")
    if terms is None:
        return {}
    found = {}
    for name in terms.values:
        if name == "":
            terms.problems.add("required", "terms need a name", field="terms", value=name, remedy="give a name")
        elif terms.required(name) and (document := terms.child(name)):
            found[name] = read_terms(name, document, currency)
    return found
