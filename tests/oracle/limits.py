"""Steps 7 to 10 for one conversion (rounding together, floor, caps, guardrail) and step 12, the budget."""

from collections import defaultdict
from fractions import Fraction

from tests.oracle.basis import kept_of, net_of
from tests.oracle.dates import period
from tests.oracle.numbers import MILLION, checked, percent, round_to, share_out
from tests.oracle.pay import pay_component


def pay_conversion(book, memory, components):
    """Fill in the amounts of one conversion's components; those of earlier conversions are final by now."""
    for one in components:
        one.earned, one.steps_paid = pay_component(book, memory, one)
        one.known.money("rate", *one.slices, value=one.earned)
        tail = one.payee.standing.tail
        one.exact = one.earned if tail is None else one.earned * tail
        one.known.money("tail", one.earned, also=[tail or 1], value=one.exact)
    _round_together(book, components)
    for one in components:
        _apply_floor(book, one)
        _apply_caps(book, memory, one)
    if book.guardrail is not None:
        _apply_guardrail(book, components)


def _round_together(book, components):
    groups = defaultdict(list)
    for one in components:
        groups[one.payee.agreement.terms, one.rule["key"]].append(one)
    for group in groups.values():
        exact = sum(one.exact for one in group)
        if Fraction(exact).denominator == 2:
            book.saw("rounding tie of an amount", book.mode)
        book.saw("rounded together", min(len(group), 3))
        rounded = checked(round_to(exact, book.mode))
        for one, amount in zip(group, share_out(rounded, [one.exact for one in group]), strict=True):
            one.amount = amount
            one.known.money("round", value=exact, gives=rounded)
            one.known.money("part", rounded, *([one.exact, exact] if exact else []), gives=amount)


def _lower(book, one, most, reason, step=None, *from_minor):
    """Cut down to `most`; `from_minor` is what the step about it names beside the amount."""
    if reason.startswith("capped"):
        book.border(reason, one.amount, most)
    if one.amount > most:
        one.known.money(step or reason, one.amount, *from_minor, gives=most)
        one.amount = most
        one.reasons.append(reason)
        book.saw("reason", reason)


def _own_part(book, one, text):
    return round_to(book.minor(text) * Fraction(one.ppm, MILLION), book.mode)


def _apply_floor(book, one):
    if "floor" in one.rule and one.basis > 0:
        least = _own_part(book, one, one.rule["floor"])
        book.border("floor", one.amount, least)
        if one.amount < least:
            one.known.money("floor", one.amount, book.minor(one.rule["floor"]), gives=least)
            one.amount = least
            one.reasons.append("floor")
            book.saw("reason floor")


def _apply_caps(book, memory, one):
    cap = one.rule.get("cap", {})
    before = [
        other
        for other in memory.components
        if (other.partner, other.rule["key"]) == (one.partner, one.rule["key"])
        and other.conversion.place < one.conversion.place
    ]
    if "sale" in cap:
        _lower(book, one, _own_part(book, one, cap["sale"]), "capped_sale", "cap per sale", book.minor(cap["sale"]))
    if "customer" in cap:
        paid = sum(other.amount for other in before if other.conversion.customer == one.conversion.customer)
        most = int(book.minor(cap["customer"]))
        _lower(book, one, max(0, most - paid), "capped_customer", "cap per customer", most, paid)
    if "period" in cap:
        per = cap["period"]["per"]
        now = period(per, one.conversion.day)
        paid = sum(other.amount for other in before if period(per, other.conversion.day) == now)
        book.saw("cap period", per)
        most = int(book.minor(cap["period"]["amount"]))
        _lower(book, one, max(0, most - paid), "capped_period", "cap per period", most, paid)


def guardrail_limit(book, components):
    """(basis, limit) of a conversion by the terms of its first partner with a line; None where there is none."""
    first = components[0]
    rate = book.rate_for(first.conversion)
    exact = net_of(first.conversion) * kept_of(book, first.conversion, first.terms) * rate * book.scale
    basis = round_to(max(Fraction(0), exact), book.mode)
    return (basis, round_to(percent(book.guardrail["percent"]) * basis, "down")) if basis else None


def _apply_guardrail(book, components):
    found = guardrail_limit(book, components)
    if found is None:
        book.saw("guardrail not applied: basis 0")
        return
    amounts = [one.amount for one in components]
    book.border("guardrail", sum(amounts), found[1])
    if sum(amounts) > found[1]:
        book.saw("guardrail over", "one" if len(components) == 1 else "many")
        for one, amount in zip(components, share_out(found[1], amounts), strict=True):
            one.known.money("limit on all", found[0], also=[percent(book.guardrail["percent"])], gives=found[1])
            _lower(book, one, amount, "guardrail", "guardrail", found[1], sum(amounts))


def apply_budget(book, lines):
    """Lower the lines (in output order) to what the budget of their period holds."""
    if book.budget is None:
        return
    periods = defaultdict(list)
    for line in lines:
        periods[period(book.budget["per"], line.conversion.day)].append(line)
    most = int(book.minor(book.budget["amount"]))
    mode = book.budget.get("mode", "first_come")
    for inside in periods.values():
        book.border("budget in all", sum(line.amount for line in inside), most)
        if sum(line.amount for line in inside) > most:
            book.saw("budget", mode, book.budget["per"])
            before = [line.amount for line in inside]
            after = share_out(most, before) if mode == "pro_rata" else _first_come(most, before)
            for place, (line, amount) in enumerate(zip(inside, after, strict=True)):
                taken = sum(before) if mode == "pro_rata" else sum(after[:place])
                if amount < line.amount:
                    book.saw("budget cuts", line.kind)
                _lower(book, line, amount, "budget", "budget", most, taken)


def _first_come(most, amounts):
    taken, parts = 0, []
    for amount in amounts:
        parts.append(min(amount, most - taken))
        taken += parts[-1]
    return parts
