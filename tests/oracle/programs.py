"""Random programs that use every feature of the contract."""

from datetime import timedelta

from tests.oracle.conditions import NEGATIONS
from tests.oracle.numbers import money_text, places_of

CHANNELS = ["link", "code", "form", "registration", "manual"]
PERIODS = ["month", "quarter", "year", "lifetime"]
COMPARISONS = ["eq", "ne", "gt", "gte", "lt", "lte"]
KEYS = ["r0", "r1", "R2", "é3"]  # in another order by code point than as listed
FIELDS = [
    "product", "category", "kind", "country", "amount", "code", "customer", "nth", "customer_nth", "customer_months",
    "partner_days", "partner_country", "group", "at", "properties.seats", "properties.plan", "properties.mixed",
]  # fmt: skip
LACKING = ["amount", "customer_months", "product", "country", "group"]  # what an event may well not have
WORDS = {"country": ["US", "DE"], "partner_country": ["US", "DE"], "group": ["gold", "silver"]}
PRIORITIES = [
    [["code"], ["link"]],
    [["link", "form", "code", "registration"]],
    [["registration"]],
    [["form"], ["link", "manual"], ["code"]],
    [],
]


def program(draw):
    found = {"program": "acme", "currency": draw.currency, "timezone": draw.zone_name}
    found["attribution"] = attribution(draw)
    count = 1 + draw.below(3) if draw.theme != "moves" else 2
    found["terms"] = {name: terms(draw, found["attribution"]) for name in ("t1", "t2", "t3")[:count]}
    if draw.maybe(0.05):
        del found["attribution"]
    for name, values in (
        ("rounding", ["half_up", "half_even", "half_even", "down"]),
        ("terms_at", ["conversion", "credit", "credit"]),
        ("self_referral", ["block", "allow"]),
        ("hold_days", [0, 1, 14, 30]),
    ):
        if draw.maybe():
            found[name] = draw.one(values)
    if draw.maybe(0.3):
        found["guardrail"] = {"percent": draw.one(["0%", "5%", "10%", "25%", "33.3333%", "12.5%", "100%"])}
    if draw.maybe(0.3):
        found["budget"] = {"amount": draw.small(60), "per": draw.one(PERIODS)}
        if draw.maybe(0.9):
            found["budget"]["mode"] = draw.one(["first_come", "pro_rata"])
    return found


def attribution(draw):
    found = {"model": draw.one(["last", "first", "linear", "linear", "position", "position", "decay", "decay"])}
    if draw.theme == "leaves":  # who was credited and has left assists others' sales
        return {"model": draw.one(["last", "first"]), "assist": True} | ({"lock": None} if draw.maybe(0.8) else {})
    if draw.maybe(0.4):
        found["window_days"] = draw.one([400, 900] if draw.calm else [1, 7, 30, 90, 400])
    if draw.maybe(0.2 if draw.calm else 0.5):
        found["windows"] = {channel: draw.one([0, 1, 7, 30, 400]) for channel in draw.some(CHANNELS, 3)}
    if draw.maybe(0.7):
        found["priority"] = draw.one(PRIORITIES[1:2] if draw.calm else PRIORITIES)
    if draw.maybe(0.65):
        found["lock"] = draw.one([None, None, None, {}, {"months": None}, {"months": 0}, {"months": 1}, {"months": 3}])
    if draw.maybe(0.4):
        found["half_life_days"] = draw.one([1, 7, 30])
    if draw.maybe(0.6):
        found["existing_customers"] = draw.one(["exclude", "count", "assist"])
    if draw.maybe(0.6):
        found["assist"] = draw.maybe(0.7)
    return found


def terms(draw, attribution):
    on = ["sale"] * 7 + ["lead"] * 2
    if attribution.get("assist") or attribution.get("existing_customers") == "assist":
        on += ["assist"] * 2
    rules = [rule(draw, key, draw.one(on)) for key in KEYS[: 1 + draw.below(4)]]
    found = {"rules": draw.some(rules)}
    if draw.maybe(0.6):
        found["choose"] = draw.one(["first", "best", "best", "sum"])
    if draw.maybe():
        found["clawback"] = {"days": draw.one([None, 0, 1, 7, 30])} if draw.maybe(0.9) else {}
        if draw.maybe(0.4):
            found["clawback"]["graded_months"] = draw.one([12, 2, 3])
    if draw.maybe() or draw.theme == "leaves":
        found["tail"] = tail(draw)
    if draw.maybe(0.9 if draw.theme == "recruits" else 0.45):
        levels = draw.some([1, 2, 3]) if draw.maybe(0.6) else [1]
        found["overrides"] = [override(draw, level) for level in levels]
    if draw.maybe(0.5):
        found["bonuses"] = [bonus(draw, key) for key in draw.some(["b1", "r0"])]
    if draw.theme == "moves":
        found["bonuses"] = [bonus(draw, "b1") | {"on": "sale", "per": draw.one(["year", "lifetime", "lifetime"])}]
    if draw.theme == "questions":
        questions(draw, found)
    elif draw.maybe(0.12):
        contest(draw, found)
    return found


def tail(draw):
    steps = [{"months": draw.one([1, 1, 2, 6]), "percent": draw.one(["100%", "50%", "33.3333%"])} for _ in "12"]
    found = steps[: 1 + draw.below(2)]
    draw.names("months", sum(step["months"] for step in found))
    return found


def questions(draw, found):
    """Each rule asks one thing, and all that hold are paid: no answer hides another."""
    found["choose"] = "sum"
    for rule in found["rules"]:
        lacking = rule["on"] == "lead" and draw.maybe()
        name = draw.one(LACKING if lacking else FIELDS)
        operator = draw.one(NEGATIONS if lacking else operators_of(name))
        rule["when"] = {name: {operator: argument(draw, name, operator)}}


def contest(draw, found):
    """Rules that all fit every sale, tiers among them that a sale may lift itself in: the best must be found out."""
    for rule in found["rules"]:
        rule["on"] = "sale"
        rule.pop("when", None)
        rule.pop("adds", None)
    weighed = tiers(draw, "after") if draw.maybe() else tiers(draw)
    found["rules"][0]["pay"] = {"tiers": weighed}
    found["choose"] = "best"


def override(draw, level):
    found = {"level": level}
    if draw.maybe(0.3):
        found["flat"] = draw.small()
    else:
        found["percent"] = draw.one(["5%", "12.5%", "50%", "100%", "33.3333%"])
        if draw.maybe(0.75):
            found["of"] = draw.one(["commission", "sale", "sale"])
    if draw.theme == "recruits" and draw.maybe():
        found["lasts"] = {"months": draw.names("months", draw.one([1, 1, 2, 12]))}
    elif draw.maybe(0.35):
        found["lasts"] = lasts(draw)
    return found


def bonus(draw, key):
    measure = draw.one(["count", "volume", "customers"])
    reaches = draw.money(least=1) if measure == "volume" else str(1 + draw.below(3))
    on = draw.one(["sale", "sale", "sale", "sale", "lead", "assist"])
    # One counter serves all terms: it is met where they speak of the same period.
    per = "lifetime" if draw.maybe(0.3) else draw.one(PERIODS)
    found = {"key": key, "on": on, "measure": measure, "reaches": reaches, "per": per}
    return found | {"flat": draw.small(), "if_undone": draw.one(["reverse", "keep"])}


def lasts(draw):
    kinds = [{}, {"payments": 1}, {"payments": 2}, {"months": 1}, {"months": 12}, {"months": 2, "payments": 3}]
    found = draw.one(kinds)
    if "months" in found:
        draw.names("months", found["months"])
    return found


def rule(draw, key, on):
    found = {"key": key, "on": on, "pay": pay(draw)}
    if draw.maybe(0.35 if draw.calm else 0.6):
        found["when"] = dict(condition(draw) for _ in range(1 + draw.below(2)))
        if "customer" in found["when"] and draw.maybe(0.6):
            found["lapsed_days"] = draw.one([0, 1, 5, 7, 30])
    if on == "lead" and draw.maybe(0.4):
        name, operator = draw.one(LACKING), draw.one(NEGATIONS)
        found["when"] = {name: {operator: argument(draw, name, operator)}}
    if draw.maybe(0.3):
        less = draw.some(["tax", "shipping", "fees", "cost"]) if draw.maybe(0.8) else []
        found["base"] = {"less": less} | ({"plus": ["discount"]} if draw.maybe() else {})
    elif draw.maybe(0.1):
        found["base"] = {"plus": draw.one([["discount"], []])}
    if draw.maybe(0.25):
        found["lasts"] = lasts(draw)
    for name, share, value in (
        ("adds", 0.25, lambda: draw.maybe(0.9)),
        ("hold_days", 0.2, lambda: draw.one([0, 1, 3, 60])),
        ("floor", 0.2, draw.small),
        ("cap", 0.3, lambda: cap(draw)),
    ):
        if draw.maybe(share):
            found[name] = value()
    return found


def cap(draw):
    kinds = {
        "sale": draw.small(),
        "customer": draw.small(40),
        "period": {"amount": draw.small(40), "per": draw.one(PERIODS)},
    }
    return {kind: kinds[kind] for kind in draw.some(["sale", "customer", "period"])} if draw.maybe(0.95) else {}


def pay(draw):
    kind = draw.below(10)
    if kind < 2:
        return {"flat": draw.small(50)} | ({"each": "unit"} if draw.maybe(0.4) else {})
    if kind < 4:
        steps = [{"months": draw.one([1, 1, 2, 12]), "percent": draw.percent()} for _ in range(1 + draw.below(2))]
        return {"schedule": steps + ([{"percent": draw.percent()}] if draw.maybe() else [])}
    if kind < 9:
        return {"tiers": tiers(draw)}
    return {"percent": draw.one([draw.percent(), "1000%", "150%"])}


def tiers(draw, mode=None):
    measure = draw.one(["volume", "volume", "count", "customers"])
    per = draw.one(PERIODS if mode else [*PERIODS, "conversion", "trailing_12m"])
    modes = ["before"] if per == "trailing_12m" else ["marginal", "before", "after", "whole"]
    modes += ["marginal"] if measure == "volume" and per != "trailing_12m" else []
    mode = mode or draw.one(modes)
    places = places_of(draw.currency)
    bound, steps = 0, []
    for _ in range(1 + draw.below(3)):
        start = money_text(bound, places) if measure == "volume" and draw.maybe(0.8 if bound else 0) else str(bound)
        if measure == "volume" and bound:
            start = money_text(bound, places)
        may_flat = not (mode == "marginal" and measure == "volume")
        pays = {"flat": draw.small(50)} if may_flat and draw.maybe(0.35) else {"percent": draw.percent()}
        steps.append({"from": start} | pays)
        bound += tier_width(draw, measure, places)
    found = {"measure": measure, "per": per, "mode": mode, "steps": steps}
    return found | ({"refunds": draw.one(["keep", "reduce", "reduce"])} if draw.maybe(0.8) else {})


def tier_width(draw, measure, places):
    if measure != "volume":
        return 1 + draw.below(2)
    if draw.large and draw.maybe():
        return 1 + draw.below(draw.large // 3)
    return draw.one([50, 100, 200]) * 10**places if draw.maybe(0.7) else 1 + draw.below(30)


# conditions


def condition(draw):
    name = draw.one(FIELDS)
    tests = {operator: argument(draw, name, operator) for operator in draw.some(operators_of(name), 2)}
    if "eq" in tests and draw.maybe():
        return name, tests["eq"]
    return name, tests


def operators_of(name):
    if name in ("code", "customer"):
        return ["eq", "ne"] if name == "code" else ["eq", "ne", "in", "not_in"]
    return [*COMPARISONS, "in", "not_in", "exists"]


def argument(draw, name, operator):
    if operator == "exists":
        return draw.maybe()
    if operator in ("in", "not_in"):
        return [value(draw, name) for _ in range(draw.one([1, 1, 2, 3]))]
    return value(draw, name)


def value(draw, name):
    if name == "code":
        return draw.maybe()
    if name == "customer":
        return draw.one(["new", "existing"])
    if name == "amount" and draw.maybe(0.8):
        places = places_of(draw.currency)
        return money_text(draw.names("sums", 50 * (1 + draw.below(4)) * 10**places), places)
    if name == "amount":
        return draw.money()
    if name == "at":
        return (draw.day() + timedelta(days=draw.one([0, 0, 0, 1, -1]))).isoformat()
    if name in ("nth", "customer_nth", "customer_months"):
        return draw.below(4)
    if name == "partner_days":
        return draw.names("days", draw.one([0, 1, 30, 30, 30, 31, 31, 31, 32, 60, 61]))
    if name == "properties.seats":
        return draw.number()
    if name == "properties.mixed":
        return draw.one([draw.number(), "a", "B", "～", "😀", True, False])
    return draw.one(WORDS.get(name, ["a", "b"]))
