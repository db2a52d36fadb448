"""Short words for facts and programs, as JSON objects, so that a case reads as a tale. A bare date is noon UTC."""

from collections.abc import Sequence
from typing import Any

from goodword.domain.money import to_decimal
from goodword.domain.settlement import Settlement, instant, read_facts, read_program, settle
from goodword.domain.settlement.fields import parse_instant

Json = dict[str, Any]


def at(text: str) -> str:
    return text if "T" in text else f"{text}T12:00:00Z"


def partner(id_: str, **more: Any) -> Json:
    return {"fact": "partner", "id": id_, **more}


def agreement(who: str, terms: str = "std", starts: str = "2020-01-01", **more: Any) -> Json:
    id_ = more.pop("id", f"a-{who}-{terms}-{starts}")
    return {"fact": "agreement", "id": id_, "partner": who, "terms": terms, "starts": starts, **more}


def touch(who: str, when: str = "2026-01-01", customer: str = "c", **more: Any) -> Json:
    id_ = more.pop("id", f"t-{who}-{customer}-{when}-{more.get('channel', '')}")
    return {"fact": "touch", "id": id_, "at": at(when), "partner": who, "customer": customer, "channel": "link", **more}


def sale(id_: str, amount: str, when: str = "2026-01-10", customer: str = "c", **more: Any) -> Json:
    base = {"fact": "sale", "id": id_, "at": at(when), "customer": customer, "currency": "USD", "amount": amount}
    return {**base, **more}


def event(id_: str, name: str, when: str = "2026-01-10", customer: str = "c", **more: Any) -> Json:
    return {"fact": "event", "id": id_, "at": at(when), "name": name, "customer": customer, **more}


def refund(of: str, amount: str, when: str = "2026-01-20", **more: Any) -> Json:
    id_ = more.pop("id", f"r-{of}-{when}")
    return {"fact": "refund", "id": id_, "at": at(when), "sale": of, "amount": amount, **more}


def credit(shares: Json, when: str = "2026-01-15", **about: Any) -> Json:
    given = [{"partner": who, "percent": percent} for who, percent in shares.items()]
    id_ = about.pop("id", f"credit-{when}")
    return {"fact": "credit", "id": id_, "at": at(when), "shares": given, "reason": "a person decided", **about}


def rate(from_: str, value: str, when: str = "2026-01-01", to: str = "USD") -> Json:
    return {"fact": "rate", "id": f"{from_}-{when}", "at": at(when), "from": from_, "to": to, "rate": value}


def rule(key: str = "all", **more: Any) -> Json:
    return {"key": key, **more}


def percent(value: str, key: str = "all", **more: Any) -> Json:
    return {"key": key, "pay": {"percent": value}, **more}


def flat(value: str, key: str = "all", **more: Any) -> Json:
    return {"key": key, "pay": {"flat": value}, **more}


def terms(*rules: Json, **more: Any) -> Json:
    return {"rules": list(rules), **more}


def program(std: Json | None = None, **more: Any) -> Json:
    """A program of New York in dollars; `std` are the terms that `agreement` names."""
    every = {"std": std or {}} | more.pop("terms", {})
    return {"program": "acme", "currency": "USD", "timezone": "America/New_York", "terms": every, **more}


def referred(who: str = "p", customer: str = "c") -> list[Json]:
    """A partner with an agreement whose link the customer followed on 1 January 2026."""
    return [partner(who), agreement(who), touch(who, customer=customer)]


def settled(document: Json, *facts: Json | Sequence[Json], as_of: str | None = None) -> Settlement:
    flat_facts = [one for given in facts for one in (given if isinstance(given, list) else [given])]
    read = read_program(document)
    moment = parse_instant(at(as_of)) if as_of else None
    return settle(read, read_facts(read, flat_facts), instant(moment) if moment else None)


def amounts(settlement: Settlement) -> list[str]:
    """The amount of every line, in output order."""
    return [to_decimal(line.amount, line.currency) for line in settlement.lines]


def total(settlement: Settlement) -> str:
    lines = settlement.lines
    return to_decimal(sum(line.amount for line in lines), lines[0].currency if lines else "USD")


def told(settlement: Settlement) -> list[str]:
    """Every line as "conversion partner rule amount reasons"."""
    return [
        " ".join([x.conversion, x.partner, x.rule, to_decimal(x.amount, x.currency), *x.reasons])
        for x in settlement.lines
    ]


def outcomes(settlement: Settlement) -> dict[str, str]:
    return dict(settlement.outcomes)


def tiers(steps, mode="marginal", per="month", measure="volume", **more):
    return {"key": "all", "pay": {"tiers": {"measure": measure, "per": per, "mode": mode, "steps": steps, **more}}}


def line(product, amount, **more):
    return {"product": product, "amount": amount, **more}


def monthly(amount, count, year=2026, **more):
    months = [(year + i // 12, i % 12 + 1) for i in range(count)]
    return [sale(f"m{i + 1:02}", amount, f"{y}-{m:02}-10", **more) for i, (y, m) in enumerate(months)]
