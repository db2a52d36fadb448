"""What a campaign must have met: every feature the contract names, in the words that the oracle counts them by."""

from itertools import product

from tests.oracle.conditions import NEGATIONS
from tests.oracle.draws import CURRENCIES, SCENES
from tests.oracle.programs import COMPARISONS, PERIODS

OPERATORS = [*COMPARISONS, "in", "not_in", "exists"]
TEXT_FIELDS = ["product", "category", "kind", "country", "partner_country", "group"]
NUMBER_FIELDS = ["amount", "nth", "customer_nth", "customer_months", "partner_days", "at"]
REFUNDS = ["keep", "reduce"]


def _all(*parts):
    """Every combination, as words."""
    lists = [[part] if isinstance(part, str) else part for part in parts]
    return {" ".join(str(word) for word in words) for words in product(*lists)}


def _conditions():
    never_missing = {"nth", "customer_nth", "partner_days", "at"}
    found = set()
    for name in [*TEXT_FIELDS, *NUMBER_FIELDS, "properties"]:
        found |= _all("when", name, OPERATORS, ["true", "false"])
        if name not in never_missing:
            found |= _all("when missing", name) | _all("when missing", name, NEGATIONS)
    found |= _all("when code", ["eq", "ne"], ["true", "false"])
    return found | _all("when customer", ["eq", "ne", "in", "not_in"], ["true", "false"])


def _tiers():
    found = _all("tier", ["volume", "count", "customers"], "trailing_12m before", REFUNDS)
    modes = ["marginal", "before", "after", "whole"]
    found |= _all("tier", ["volume", "count", "customers"], [*PERIODS, "conversion"], modes, REFUNDS)
    found |= _all("tier exactly at a border", modes) | _all("tier slices", [1, 2, 3])
    return found | _all("tier step", ["first", "later"], ["flat", "percent"])


def _attribution():
    models = ["last", "first", "linear", "position", "decay"]
    found = _all("model", models, "touches", [1, 2, 3, 4])
    found |= _all("model", models[2:], "partners", [1, 2, 3])
    found |= _all("priority class", [0, 1, 2, "unnamed"]) | _all("decided by", ["touches", "lock", "credit"])
    found |= _all("credit fact", ["conversion", "customer"], "of", [0, 1, 2, 3])
    found |= _all(["credit", "assist"], ["in force", "in a tail"])
    found |= _all("assist beside", ["touches", "lock", "credit"], "credited")
    found |= {"assist beside touches existing_customer", "assist beside credit credit_denied"}
    return found | {
        "credit inside a lock", "tail over", "every decay weight 0", "share paid to nobody",
        "shared public mail domain", "self-referral by e-mail", "terms of the touch",
        "self-referral by domain in domains", "self-referral by domain in e-mail",
        "self-referral by e-mail in domains", "self-referral by e-mail in e-mail",
        "code of an earlier sale or touch", "no agreement at the touch",
    }  # fmt: skip


def _extras():
    found = _all("override level", [1, 2, 3], ["commission", "sale", "flat"]) | _all("override children", [1, 2])
    found |= _all("override lasts over", ["months", "payments", "months payments"]) | {"override without an agreement"}
    found |= _all("bonus", ["count", "volume", "customers"], PERIODS, ["keep", "reverse"])
    return found | {"bonus kept over a refund", "bonus counter of two measures"}


def _limits():
    reasons = ["floor", "capped_sale", "capped_customer", "capped_period", "guardrail", "budget"]
    found = _all("reason", reasons) | _all("cap period", PERIODS) | _all("guardrail over", ["one", "many"])
    found |= _all("budget", ["first_come", "pro_rata"], PERIODS)
    found |= _all("budget cuts", ["commission", "override", "bonus"])
    return found | {"guardrail not applied: basis 0"}


def _money():
    modes = ["half_up", "half_even", "down"]
    pairs = {f"fx {one} {other}" for one in CURRENCIES for other in CURRENCIES if one != other}
    found = pairs | _all("rounding tie of", ["a basis", "an amount"], modes) | _all("rounded together", [1, 2, 3])
    found |= _all("pay flat", ["once", "each unit"]) | _all("pay schedule step", [0, 1, 2]) | {"pay percent"}
    found |= _all("choose", ["first", "best", "sum"]) | {"choose best tie", "adds"}
    found |= _all("choose best takes", ["flat", "percent", "schedule", "tiers"])
    found |= _all("best lifts itself to a step", ["volume", "count", "customers"])
    found |= _all("kept", ["all", "some", "nothing"]) | _all("graded clawback", ["before the sale", 0, 1, 2])
    found |= {"refund counts", "refund too late to count"}
    found |= {"fx tie of two rates", "lasts payments over", "schedule over"}
    return found | _all("lapsed", ["exactly", "more", "less"]) | {"basis as made 0 but the basis not"}


def _output():
    outcomes = (
        "no_touch outside_window self_referral existing_customer no_agreement ended_for_cause no_rule lasts_over "
        "fx_pending credit_denied"
    )
    found = _all("outcome", outcomes.split()) | _all("notice", ["unmatched", "quarantined"])
    found |= _all("state", ["pending", "payable"]) | {
        "payable in its first instant",
        "a leap day",
        "an amount too large",
    }
    found |= _all("line", ["commission", "override", "bonus"], CURRENCIES)
    found |= _all("zone", sorted({name for name, _ in SCENES})) | _all("a day of", ["more", "less"], "than 24 hours")
    found |= _all("a basis of 10 to the power of", ["12", "13", "14"]) | {"a large sum from abroad"}
    late = ["sale", "event", "refund", "touch", "credit", "rate", "cancel"]
    return found | _all("after as_of", late)


def _borders():
    sides = ["below", "exactly", "above"]
    what = [
        "agreement start", "agreement end", "as_of", "lock end", "registration's end", "window's end", "tail end",
        "clawback end", "lasts end", "floor", "capped_sale", "capped_customer", "capped_period", "guardrail",
        "budget in all", "override lasts end", "bonus reaches", "first credit and the end",
    ]  # fmt: skip
    return _all(what, sides) | _all("trailing months back", [0, 1, 11, 12, 13])


REQUIRED = _conditions() | _tiers() | _attribution() | _extras() | _limits() | _money() | _output() | _borders()


def report(seen, least):
    """(text, what was met too seldom): the rarest features first, then how many there are in all."""
    counts = sorted((seen[name], name) for name in REQUIRED)
    lacking = [f"{count} {name}" for count, name in counts if count < least]
    rarest = [f"{count:>9}  {name}" for count, name in counts[:25]]
    text = [f"coverage: {len(REQUIRED)} features, each at least {counts[0][0]} times; the rarest:", *rarest]
    return "\n".join(text), lacking
