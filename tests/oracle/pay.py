"""What a rule pays: flats, percents, schedules and tiers, and whether it is over."""

from fractions import Fraction

from tests.oracle.basis import base_of
from tests.oracle.dates import add_months, months_back, period, whole_months
from tests.oracle.numbers import MILLION, percent, percent_text


def is_over(book, memory, rule, partner, conversion):
    """Whether `lasts` or the schedule has run out for this customer, partner and rule."""
    earlier = _components(memory, partner, rule, conversion.customer)
    lasts = rule.get("lasts", {})
    if "payments" in lasts and len(earlier) >= lasts["payments"]:
        book.saw("lasts payments over")
        return True
    if "months" in lasts and earlier:
        end = add_months(earlier[0].conversion.day, lasts["months"])
        book.border("lasts end", conversion.day, end)
        if conversion.day >= end:
            return True
    if "schedule" in rule["pay"] and scheduled(memory, rule, partner, conversion) is None:
        book.saw("schedule over")
        return True
    return False


def _components(memory, partner, rule, customer=None):
    return [
        one
        for one in memory.components
        if (one.partner, one.rule["key"]) == (partner, rule["key"]) and customer in (None, one.conversion.customer)
    ]


def scheduled(memory, rule, partner, conversion):
    """The percent text of the schedule's step; None past the last."""
    earlier = _components(memory, partner, rule, conversion.customer)
    months = whole_months(earlier[0].conversion.day, conversion.day) if earlier else 0
    bound = 0
    for step in rule["pay"]["schedule"]:
        bound += step.get("months", 10**6)
        if months < bound:
            return step["percent"]
    return None


def worth(book, memory, rule, line, partner, conversion, rate):
    """Exact money of a rule for one line alone, as `choose: best` compares it."""
    if is_over(book, memory, rule, partner, conversion):
        return Fraction(0)
    basis = max(Fraction(0), base_of(rule, line)) * rate * book.scale
    pay = rule["pay"]
    if "flat" in pay:
        return book.minor(pay["flat"]) * (line.quantity if "each" in pay else 1)
    if "schedule" in pay:
        return basis * percent(scheduled(memory, rule, partner, conversion))
    if "percent" in pay:
        return basis * percent(pay["percent"])
    return _tier_worth(book, memory, rule, basis, partner, conversion)


def _tier_worth(book, memory, rule, basis, partner, conversion):
    tiers = rule["pay"]["tiers"]
    before = total_before(book, memory, rule, partner, conversion)
    if tiers["mode"] == "marginal" and tiers["measure"] == "volume":
        return sum(size * percent(step["percent"]) for step, size in slices(book, tiers, before, basis))
    at = before
    if tiers["mode"] == "after":
        known = {one.conversion.customer for one in counted(memory, rule, partner, conversion)}
        new = 0 if conversion.customer in known else 1
        at += {"volume": basis, "count": 1, "customers": new}[tiers["measure"]]
    step = step_at(book, tiers, at)
    if step is not step_at(book, tiers, before):
        book.saw("best lifts itself to a step", tiers["measure"])
    return book.minor(step["flat"]) if "flat" in step else basis * percent(step["percent"])


# totals


def counted(memory, rule, partner, conversion, *, whole_period=False):
    """Components of this partner and rule key in the tier's period: those before the conversion, or all."""
    tiers = rule["pay"]["tiers"]
    found = []
    for one in _components(memory, partner, rule):
        before = one.conversion.place < conversion.place
        if tiers["per"] == "trailing_12m":
            inside = before and 1 <= months_back(one.conversion.day, conversion.day) <= 12
        elif tiers["per"] == "conversion":
            inside = False
        else:
            same = period(tiers["per"], one.conversion.day) == period(tiers["per"], conversion.day)
            inside = same and (before or whole_period)
        if inside and (tiers.get("refunds", "keep") == "keep" or one.kept > 0):
            found.append(one)
    return found


def measured(tiers, components):
    if tiers["measure"] == "volume":
        return sum(moved(tiers, one) for one in components)
    if tiers["measure"] == "count":
        return len(components)
    return len({one.conversion.customer for one in components})


def moved(tiers, component):
    return component.made if tiers.get("refunds", "keep") == "keep" else component.basis


def total_before(book, memory, rule, partner, conversion):
    if rule["pay"]["tiers"]["per"] == "trailing_12m":
        for one in _components(memory, partner, rule):
            if one.conversion.place < conversion.place:
                book.saw("trailing months back", min(months_back(one.conversion.day, conversion.day), 13))
    return measured(rule["pay"]["tiers"], counted(memory, rule, partner, conversion))


# tiers


def bounds(book, tiers):
    """[(from, step)], in minor units or as a count."""
    volume = tiers["measure"] == "volume"
    return [(book.minor(step["from"]) if volume else int(step["from"]), step) for step in tiers["steps"]]


def step_at(book, tiers, total):
    fit = [step for start, step in bounds(book, tiers) if start <= total]
    if any(start == total != 0 for start, _ in bounds(book, tiers)):
        book.saw("tier exactly at a border", tiers["mode"])
    return fit[-1]


def slices(book, tiers, start, size):
    """[(step, how much of start..start+size lies in it)], without empty ones."""
    found, edges = [], bounds(book, tiers)
    for place, (low, step) in enumerate(edges):
        high = edges[place + 1][0] if place + 1 < len(edges) else start + size
        inside = min(high, start + size) - max(low, start)
        if inside > 0:
            found.append((step, Fraction(inside)))
    return found


def pay_component(book, memory, component):
    """(exact money before the tail percent, the steps that pay it)."""
    pay, basis = component.rule["pay"], component.basis
    if "flat" in pay:
        units = sum(line.quantity for line in component.lines) if "each" in pay else 1
        book.saw("pay flat", "each unit" if "each" in pay else "once")
        return _flat(book, component, pay["flat"]) * units, [{"flat": pay["flat"]}]
    if "tiers" in pay:
        return _pay_tiers(book, memory, component)
    if "schedule" in pay:
        text, months = scheduled_of(memory, component)
        component.known.plain("schedule", months, gives=percent_text(text))
        book.saw("pay schedule step", [step["percent"] for step in pay["schedule"]].index(text))
    else:
        text = pay["percent"]
        book.saw("pay percent")
    return basis * percent(text), [{"percent": text}]


def scheduled_of(memory, component):
    """(percent text, whole months since the first) as they were when the component came."""
    memory, rule, conversion = _Until(memory, component), component.rule, component.conversion
    earlier = _components(memory, component.partner, rule, conversion.customer)
    months = whole_months(earlier[0].conversion.day, conversion.day) if earlier else 0
    return scheduled(memory, rule, component.partner, conversion), months


class _Until:
    """The memory as it was when a component came."""

    def __init__(self, memory, component):
        self.components = memory.components[: memory.components.index(component)]


def _flat(book, component, text):
    return book.minor(text) * Fraction(component.ppm, MILLION) * component.kept


def _pay_tiers(book, memory, component):
    tiers = component.rule["pay"]["tiers"]
    keep = tiers.get("refunds", "keep")
    book.saw("tier", tiers["measure"], tiers["per"], tiers["mode"], keep)
    if tiers["mode"] == "marginal" and tiers["measure"] == "volume":
        return _pay_slices(book, memory, component, tiers, keep)
    total = _position(book, memory, component, tiers, keep)
    _know_total(component, tiers, total)
    step = step_at(book, tiers, total)
    book.saw("tier step", "first" if step is tiers["steps"][0] else "later", "flat" if "flat" in step else "percent")
    if "flat" in step:
        return _flat(book, component, step["flat"]), [step]
    return component.basis * percent(step["percent"]), [step]


def _know_total(component, tiers, total):
    if tiers["measure"] == "volume":
        component.known.money("tier", total)
    else:
        component.known.plain("tier", total)


def _pay_slices(book, memory, component, tiers, keep):
    before = total_before(book, memory, component.rule, component.partner, component.conversion)
    _know_total(component, tiers, before)
    size = moved(tiers, component)
    if tiers["per"] == "conversion":
        size = component.whole_made if keep == "keep" else component.whole
    found = slices(book, tiers, before, size)
    if not found:
        step = step_at(book, tiers, before)
        if component.basis:
            book.saw("basis as made 0 but the basis not")
        return component.basis * percent(step["percent"]), [step]
    book.saw("tier slices", min(len(found), 3))
    component.slices = [part for _, part in found]
    paid = sum(part * percent(step["percent"]) for step, part in found)
    return paid * component.basis / size, [step for step, _ in found]


def _position(book, memory, component, tiers, keep):
    """The total that picks the step."""
    rule, partner, conversion = component.rule, component.partner, component.conversion
    before = counted(memory, rule, partner, conversion)
    if tiers["mode"] in ("before", "marginal"):
        return total_before(book, memory, rule, partner, conversion)
    if tiers["per"] == "conversion":
        whole = component.whole_made if keep == "keep" else component.whole
        return whole if tiers["measure"] == "volume" else int(keep == "keep" or component.kept > 0)
    if keep == "keep" and component.made == 0 and component.basis != 0:
        book.saw("basis as made 0 but the basis not")
        return measured(tiers, before)
    if tiers["mode"] == "whole":
        return measured(tiers, counted(memory, rule, partner, conversion, whole_period=True))
    mine = [component] if keep == "keep" or component.kept > 0 else []
    return measured(tiers, before + mine)
