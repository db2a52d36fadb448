"""Random facts that meet each other often: few people, few instants, refunds, credits, codes and late facts."""

from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from tests.oracle.draws import AMOUNT_MAX, LONG_RATES, RATES
from tests.oracle.numbers import money_text, places_of
from tests.oracle.programs import CHANNELS

PARTNERS = ["p1", "p2", "p3", "P4"]
CUSTOMERS = ["c1", "c2", "c3"]
VISITORS = ["v1", "v2"]
# Order by code point differs here from order by UTF-16 unit, by letter case or by number.
IDS = ["s1", "s10", "s2", "S3", "é4", "～5", "😀6", "a7", "Z8", "s09", "_10", "s-11", "ß12", "s1a"]
SHARES = [
    [],
    [("p1", "100%")],
    [("p2", "60%"), ("p1", "40%")],
    [("p3", "33.3333%"), ("p2", "33.3333%")],
    [("p1", "45%"), ("p2", "45%"), ("p3", "10%")],
    [("p2", "0.0001%"), ("nobody", "50%")],
    [("p1", "0%")],
]


def facts(draw, program):
    names = sorted(program["terms"])
    if draw.named["months"] and (draw.theme == "recruits" or draw.maybe(0.2)):
        draw.pool += [draw.months_on(draw.one(draw.pool)) for _ in range(3 if draw.theme == "recruits" else 1)]
    found = people(draw)
    for row in [row for row in found if row["fact"] == "partner"]:
        found += agreements(draw, row["id"], names)
    found += [{"fact": "code", "id": code, "partner": draw.one([*PARTNERS, "nobody"])} for code in ("SAVE", "MORE")]
    found += [customer(draw, one) for one in CUSTOMERS if draw.maybe(0.7)]
    found += [touch(draw, place) for place in range(1 + draw.below(9))]
    ids = draw.some(IDS, 9)
    conversions = [sale(draw, one) if draw.maybe(0.84) else event(draw, one) for one in ids]
    found += conversions
    found += rates(draw, conversions)
    if draw.maybe(0.06):
        return found + paradox(draw, conversions)
    return found + aftermath(draw, conversions)


def people(draw):
    found = [partner(draw, one) for one in PARTNERS[: 4 if draw.theme == "recruits" else 2 + draw.below(3)]]
    if draw.maybe(0.6) or draw.theme == "recruits":
        above, chain = parents(draw, [row["id"] for row in found])
        for row in found:
            if row["id"] in above:
                row["parent"] = above[row["id"]]
            elif row["id"] not in chain and draw.maybe():
                row["parent"] = chain[0]
            elif draw.maybe(0.1):
                row["parent"] = "nobody"
    return found


def parents(draw, keys):
    """(who recruited whom, the chain that others may join at its top): a chain of some or of all, or one above all."""
    if draw.theme != "recruits":
        chain = draw.some(keys)
        return dict(pairwise(chain)), chain
    keys = draw.shuffled(keys)
    return dict(pairwise(keys)) if draw.maybe() else dict.fromkeys(keys[1:], keys[0]), keys


def partner(draw, key):
    found = {"fact": "partner", "id": key}
    if draw.maybe(0.4):
        domain = draw.one(["firm.example", "gmail.com"])
        found["emails"] = draw.some([f"{key}@{domain}", "Ann@shared.example", "bob@GMAIL.com"], 2)
    if draw.maybe(0.3):
        found["domains"] = draw.some(["firm.example", "Shop.example", "hey.com"], 2)
    for name, values in (("country", ["US", "DE"]), ("group", ["gold", "silver"])):
        if draw.maybe(0.7):
            found[name] = draw.one(values)
    return found


def agreements(draw, key, terms):
    """Mostly one that is in force all the time; sometimes renewals, gaps, ends and none."""
    kind = draw.below(20)
    if kind == 0 and draw.theme != "recruits":
        return []
    starts = min(draw.pool) - timedelta(days=draw.near("days", [0, 1, 30, 31, 60]))
    if draw.theme in ("moves", "leaves") and draw.maybe(0.8):
        return change(draw, key, starts, draw.shuffled(terms))
    count = 1 if kind < 10 or (draw.calm and kind < 16) or draw.theme == "recruits" else 2
    found = []
    for place in range(count):
        row = {"fact": "agreement", "id": f"a-{key}-{place}", "partner": key, "terms": draw.one(terms)}
        row["starts"] = draw.edge(starts)
        if count > 1 or kind in (8, 9):
            ends = max(draw.moment(), starts + timedelta(days=2))
            row["ends"] = draw.edge(ends)
            if draw.maybe(0.2):
                row["cause"] = draw.maybe(0.8)
            starts = ends + timedelta(days=draw.one([2, 3, 30]))
            if draw.maybe(0.3):  # a renewal without a gap
                row["ends"] = draw.text(ends)
                starts = ends
        found.append(row)
        if place and "ends" in row and draw.maybe(0.7):
            del row["ends"]
            row.pop("cause", None)
        if starts == found[-1].get("starts") or draw.maybe(0.15):
            break
    return _without_overlap(found, draw)


def change(draw, key, starts, terms):
    """An agreement that ends on the way; a partner that moves gets others at once."""
    row = {"fact": "agreement", "id": f"a-{key}-0", "partner": key, "terms": terms[0], "starts": draw.edge(starts)}
    ends = draw.text(max(draw.moment(), starts + timedelta(days=2)))
    if draw.theme == "leaves":
        return [row | {"ends": ends}]
    return [row | {"ends": ends}, row | {"id": f"a-{key}-1", "terms": terms[-1], "starts": ends}]


def _without_overlap(found, draw):
    """A start written as a date can lie before the instant it came from: then the start is the instant."""
    for before, after in pairwise(found):
        if "ends" in before and "T" in before["ends"] and "T" not in after["starts"]:
            after["starts"] = before["ends"]
    return found


def buyers(draw):
    """Few of them in most worlds, so that what earlier conversions leave behind is met."""
    return CUSTOMERS[: 1 + (draw.below(2) if draw.calm else draw.below(3))]


def customer(draw, key):
    found = {"fact": "customer", "id": key}
    if draw.maybe(0.4):
        found["email"] = draw.one(
            ["ann@shared.example", "Zoe@SHARED.example", "x@Firm.example", "y@gmail.com", "P1@firm.example"]
        )
    if draw.maybe(0.3):
        found["domain"] = draw.one(
            ["shop.example", "Shared.example", "firm.example", "gmail.com", "other.example", "HEY.com"]
        )
    if draw.maybe(0.7):
        found["country"] = draw.one(["US", "DE"])
    if draw.maybe(0.25):
        found["existing"] = draw.maybe(0.9)
    if draw.maybe():
        found["visitors"] = draw.some(VISITORS)
    return found


def touch(draw, place):
    channel = draw.one([*CHANNELS, "link", "link", "form"])
    found = {"fact": "touch", "id": draw.one(["k", "K", "é"]) + str(place), "channel": channel}
    found["partner"] = draw.one([*PARTNERS, "p1", "p1", "p2", "p2", "p3", "nobody"])
    at = draw.early() if draw.maybe(0.8) else draw.moment()
    found["at"] = draw.text(at)
    if draw.maybe(0.8):
        found["customer"] = draw.one(buyers(draw))
    if "customer" not in found or draw.maybe(0.2):
        found["visitor"] = draw.one(VISITORS)
    if draw.maybe(0.6 if channel == "registration" else 0.05):
        found["until"] = draw.text(draw.moment())
    return found


# conversions


def sale(draw, key):
    currency = draw.one([draw.currency] * 5 + [draw.foreign])
    places = places_of(currency)
    amounts = [draw.minor(places) for _ in range(1 if draw.maybe(0.4) else 1 + draw.below(3))]
    if draw.maybe(0.03):
        amounts = [0] * len(amounts)
    if draw.large and draw.maybe(0.05):
        amounts = [AMOUNT_MAX - draw.below(2)]
    found = {"fact": "sale", "id": key, "at": draw.at(), "customer": draw.one(buyers(draw)), "currency": currency}
    extra = {name: draw.minor(places) // 5 for name in ("tax", "shipping") if draw.maybe(0.3)}
    extra = extra if sum(amounts) < AMOUNT_MAX - 1 else {}
    total = sum(amounts) + sum(extra.values())
    if draw.maybe(0.5):
        found["lines"] = [line(draw, amount, places) for amount in amounts]
    elif draw.maybe(0.05):
        total = draw.below(3)  # less than its tax and shipping, or nothing at all
    elif draw.named["sums"] and currency == draw.currency and draw.maybe(0.5):
        total = draw.one(draw.named["sums"])
    found["amount"] = money_text(total, places)
    found |= {name: money_text(minor, places) for name, minor in extra.items()}
    found |= {
        name: money_text(draw.minor(places) // 3, places) for name in ("discount", "fees", "cost") if draw.maybe(0.2)
    }
    if draw.maybe(0.4):
        found["product"] = draw.one(["a", "b"])
    if draw.maybe(0.35):
        found["code"] = draw.one(["SAVE", "MORE", "UNKNOWN"])
    if draw.maybe(0.4):
        found["kind"] = draw.one(["a", "b"])
    return found | properties(draw)


def line(draw, minor, places):
    found = {"product": draw.one(["a", "b"]), "amount": money_text(minor, places)}
    if draw.maybe(0.7):
        found["category"] = draw.one(["a", "b"])
    if draw.maybe(0.4):
        found["quantity"] = draw.one([1, 2, 3, 4, 99_999 if draw.large else 4])
    return found


def properties(draw):
    if draw.maybe(0.4):
        return {}
    found = {"seats": draw.number(), "plan": draw.one(["a", "b"])}
    found["mixed"] = draw.one([draw.number(), "a", "b", "～", "😀", True, False, None])
    return {"properties": {name: found[name] for name in draw.some(list(found))}}


def event(draw, key):
    found = {"fact": "event", "id": key, "name": draw.one(["lead", "lead", "lead", "signup"]), "at": draw.at()}
    found["customer"] = draw.one(CUSTOMERS)
    if draw.maybe(0.6):
        currency = draw.one([draw.currency, draw.currency, draw.foreign])
        found["value"] = draw.money(currency)
        if currency != draw.currency or draw.maybe():
            found["currency"] = currency
    return found | properties(draw)


def rates(draw, conversions):
    foreign = {row.get("currency", draw.currency) for row in conversions} - {draw.currency}
    found = []
    for currency in sorted(foreign):
        for place in range(1 + draw.below(3)):
            at = draw.early() if place == 0 else draw.moment()
            row = {"fact": "rate", "id": f"q{currency}{place}", "from": currency, "to": draw.currency}
            found.append(row | {"at": draw.text(at), "rate": draw.one(LONG_RATES if draw.maybe(0.3) else RATES)})
    if foreign and draw.maybe(0.2):
        found.append(
            {"fact": "rate", "id": "other", "from": draw.currency, "to": draw.foreign, "rate": "3", "at": draw.at()}
        )
    return found if draw.maybe(0.9) else found[1:]


# what comes after


def aftermath(draw, conversions):
    sales = [row for row in conversions if row["fact"] == "sale"]
    found = [refund(draw, place, draw.one(sales)) for place in range(draw.below(5))] if sales else []
    if draw.maybe(0.08):
        found.append({"fact": "refund", "id": "lost", "sale": "nowhere", "amount": "1", "at": draw.at()})
    if draw.maybe(0.3):
        for place in range(1 + draw.below(2)):
            key = draw.one(conversions)["id"] if draw.maybe(0.9) else "nowhere"
            found.append({"fact": "cancel", "id": f"x{place}", "sale": key, "at": draw.at()})
    for place in range(draw.one([0, 0, 0, 0, 1, 2])):
        found.append(credit(draw, place, conversions))
    return found


def paradox(draw, conversions):
    """Of 6 in shares of 45, 45 and 10 the third gets 0; after a refund of 1 of 6 it gets 1 (largest remainder)."""
    found = [credit(draw, 0, conversions) | {"shares": _shares(("p2", "45%"), ("p3", "45%"), ("p1", "10%"))}]
    for place, row in enumerate(row for row in conversions if row["fact"] == "sale"):
        places = places_of(row["currency"])
        for name in ("tax", "shipping", "discount", "fees", "cost", "lines"):
            row.pop(name, None)
        row["amount"] = money_text(6, places)
        back = {"fact": "refund", "id": f"f{place}", "sale": row["id"], "amount": money_text(1, places)}
        found += [back | {"at": draw.at()}] if draw.maybe(0.7) else []
    return found


def refund(draw, place, sold):
    places = places_of(sold["currency"])
    whole = int(Fraction(sold["amount"]) * 10**places)
    minor = draw.one([whole, whole // 2, whole // 3, 1, whole * 5 // 6])
    minor = min(minor, AMOUNT_MAX)
    found = {"fact": "refund", "id": draw.one(["f", "F"]) + str(place), "sale": sold["id"], "at": draw.at()}
    return found | {"amount": money_text(minor, places)}


def credit(draw, place, conversions):
    found = {"fact": "credit", "id": f"d{place}", "at": draw.at(), "reason": "decided"}
    found["shares"] = _shares(*draw.one(SHARES))
    if draw.maybe(0.6):
        return found | {"conversion": draw.one(conversions)["id"]}
    return found | {"customer": draw.one(CUSTOMERS)}


def _shares(*pairs):
    return [{"partner": partner, "percent": percent} for partner, percent in pairs]
