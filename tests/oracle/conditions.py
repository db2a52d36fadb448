"""The `when` of a rule: what each field says about a conversion, and the operators."""

from datetime import date
from fractions import Fraction

from tests.oracle.dates import whole_months

ORDER = {
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
}

# What a missing value could be thought to fulfil.
NEGATIONS = ["ne", "not_in"]


def holds(book, rule, line, situation):
    """Whether all conditions of the rule are true for one line of the conversion."""
    for name, wanted in rule.get("when", {}).items():
        value = situation.value(name, line, rule)
        tests = wanted if isinstance(wanted, dict) else {"eq": wanted}
        for operator, argument in tests.items():
            answer = _test(value, operator, _argument(name, argument))
            book.saw("when", name.split(".")[0], operator, "true" if answer else "false")
            if value is None and operator != "exists":
                book.saw("when missing", name.split(".")[0])
                if operator in NEGATIONS:
                    book.saw("when missing", name.split(".")[0], operator)
            if not answer:
                return False
    return True


class Situation:
    """A conversion as one partner's rules see it."""

    def __init__(self, book, conversion, partner, *, since, nth, rate):
        self.book, self.conversion, self.partner = book, conversion, book.partners.get(partner, {})
        self.since, self.nth, self.rate = since, nth, rate
        own = [one for one in book.conversions if one.customer == conversion.customer]
        self.same = [one for one in own if one.on == conversion.on and one.place <= conversion.place]
        self.sales = [one for one in own if one.is_sale and one.place <= conversion.place]
        self.earlier = [one for one in self.sales if one is not conversion]

    def value(self, name, line, rule):
        """None is a missing value."""
        if name.startswith("properties."):
            return self.conversion.fact.get("properties", {}).get(name.removeprefix("properties."))
        if name == "product":
            return line.product
        if name == "category":
            return line.category
        if name == "customer":
            return self._newness(rule)
        return getattr(self, f"_{name}")()

    def _kind(self):
        return self.conversion.fact.get("kind")

    def _country(self):
        return self.book.customer(self.conversion).get("country")

    def _amount(self):
        fact = self.conversion.fact
        amount = fact.get("amount" if self.conversion.is_sale else "value")
        return None if amount is None else Fraction(amount) * self.rate

    def _code(self):
        return "code" in self.conversion.fact

    def _nth(self):
        return self.nth

    def _customer_nth(self):
        return len(self.same)

    def _customer_months(self):
        return whole_months(self.sales[0].day, self.conversion.day) if self.sales else None

    def _partner_days(self):
        return (self.conversion.day - self.book.day(self.since)).days

    def _partner_country(self):
        return self.partner.get("country")

    def _group(self):
        return self.partner.get("group")

    def _at(self):
        return self.conversion.day

    def _newness(self, rule):
        if not self.earlier:
            flagged = self.book.customer(self.conversion).get("existing")
            return "existing" if flagged else "new"
        lapsed_days = rule.get("lapsed_days")
        if lapsed_days is None:
            return "existing"
        days = (self.conversion.day - self.earlier[-1].day).days
        self.book.saw("lapsed", "exactly" if days == lapsed_days else "more" if days > lapsed_days else "less")
        return "new" if days > lapsed_days else "existing"


def _argument(name, given):
    """What a condition names, in the kind of value its field has."""
    if isinstance(given, list):
        return [_argument(name, one) for one in given]
    if isinstance(given, bool):
        return given
    return {"amount": Fraction, "at": date.fromisoformat}.get(name, lambda same: same)(given)


def _test(value, operator, wanted):
    if operator == "exists":
        return (value is not None) == wanted
    if value is None:
        return False
    if operator == "in":
        return any(_compare(value, "eq", one) for one in wanted)
    if operator == "not_in":
        return all(_compare(value, "ne", one) for one in wanted)
    return _compare(value, operator, wanted)


def _compare(value, operator, wanted):
    """Like with like only; anything else is false, `ne` too. Texts compare by code point."""
    if _sort(value) != _sort(wanted) or (isinstance(value, bool) and operator in ORDER):
        return False
    if operator in ("eq", "ne"):
        return (value == wanted) == (operator == "eq")
    return ORDER[operator](value, wanted)


def _sort(value):
    if isinstance(value, bool | str | date):
        return type(value)
    return "number"
