"""The fields of the terms editor, part by part. They show what was typed; what is right is for the engine to decide.

Each part is a small form whose fields are named by its place: `rules-0-percent`. Nothing is cleaned here.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.utils import ErrorDict

from goodword.accounts.form_words import PlainForm
from goodword.domain.settlement.conditions import FIELDS
from goodword.domain.terms_sheet import ON

PERIODS = [("month", "each calendar month"), ("quarter", "each quarter"), ("year", "each calendar year"),
           ("lifetime", "all time")]  # fmt: skip
ON_WORDS = [("sale", "A sale"), ("assist", "A sale another partner got, that they helped with"),
            ("event", "Something else, e.g. a lead")]  # fmt: skip
PAY_WORDS = [
    ("percent", "A percent of the sale"),
    ("flat", "A fixed amount"),
    ("schedule", "A percent that changes with the months"),
    ("tiers", "Steps: more for those who bring more"),
]
MEASURES = [("volume", "what their customers spend"), ("count", "the number of their sales"),
            ("customers", "the number of their customers")]  # fmt: skip
TIER_PERIODS = [*PERIODS, ("conversion", "each sale by itself"), ("trailing_12m", "the 12 months before")]
MODES = [
    ("marginal", "Each rate for its own slice only"),
    ("before", "The total before a sale decides for all of it"),
    ("after", "The total with the sale decides for all of it"),
    ("whole", "The final total decides for the whole period, back to its start"),
]
CONDITIONS = {
    "product": "Product",
    "category": "Category",
    "kind": "Kind of sale",
    "country": "Customer's country",
    "amount": "Amount of the sale",
    "code": "A code was used",
    "customer": "New or returning customer",
    "nth": "Which sale of the partner",
    "customer_nth": "Which purchase of the customer",
    "customer_months": "Months since the customer's first purchase",
    "partner_days": "Days since the agreement began",
    "partner_country": "Partner's country",
    "group": "Partner's group",
    "at": "Date of the sale",
    "property": "A property your system sends",
}
assert set(CONDITIONS) == {*FIELDS, "property"}
_IS = [("eq", "is"), ("ne", "is not")]
_LIST = [("in", "is one of"), ("not_in", "is none of")]
_SIZE = [("gte", "is at least"), ("gt", "is more than"), ("lte", "is at most"), ("lt", "is less than")]
_KNOWN = [("known", "is known"), ("unknown", "is not known")]
_DATES = [("gte", "is on or after"), ("lt", "is before"), ("lte", "is on or before"), ("gt", "is after"), ("eq", "is")]
_ALL = [*_IS, *_LIST, *_SIZE, *_KNOWN, ("in_none", "is one of nothing (never)"), ("not_in_none", "is anything")]
_OPERATORS = {
    "text": [*_IS, *_LIST, *_KNOWN],
    "money": [*_SIZE, *_IS],
    "number": [*_IS, *_SIZE, *_LIST],
    "flag": [("eq", "is")],
    "age": [("eq", "is")],
    "date": _DATES,
    "property": [*_IS, *_LIST, *_SIZE, *_KNOWN],
}
_EXAMPLES = {
    "product": "e.g. Vinyl; several: Vinyl, Tape",
    "category": "e.g. records",
    "kind": "e.g. renewal",
    "country": "e.g. DE; several: DE, AT",
    "partner_country": "e.g. DE; several: DE, AT",
    "group": "The group's key, e.g. gold",
    "amount": "e.g. 100.00",
    "nth": "e.g. 1 for their first",
    "customer_nth": "e.g. 1 for the first",
    "customer_months": "e.g. 12",
    "partner_days": "e.g. 90",
    "at": "In the program's zone",
    "property": "e.g. pro, 10 or yes",
}


class Part(PlainForm):
    """One part of the editor. It is always bound to what was typed and holds only the errors it is given."""

    use_required_attribute = False

    def __init__(self, data: Mapping[str, str], prefix: str | None = None, *, currency: str = "") -> None:
        super().__init__(data, prefix=prefix)
        self.currency = currency

    def full_clean(self) -> None:
        self._errors = ErrorDict(renderer=self.renderer)
        self.cleaned_data = {}


def text(label: str, help_text: str = "", *, needed: bool = False, unit: str = "", **attrs: Any) -> forms.CharField:
    """A short text. Every answer is a text, numbers too: people write `1,500` and `12.5 %`."""
    field = forms.CharField(
        label=label,
        help_text=help_text,
        required=needed,
        widget=forms.TextInput(attrs={"autocomplete": "off", **attrs}),
    )
    if unit:
        field.unit = unit  # type: ignore[attr-defined]
    return field


def number(label: str, help_text: str = "", *, needed: bool = False, unit: str = "") -> forms.CharField:
    return text(label, help_text, needed=needed, unit=unit, inputmode="decimal")


def percent(label: str = "Percent", help_text: str = "") -> forms.CharField:
    return number(label, help_text, needed=True, unit="%")


def choice(label: str, choices: list[tuple[str, str]], help_text: str = "", *, radio: bool = False) -> forms.CharField:
    widget: Any = forms.RadioSelect(choices=choices) if radio else forms.Select(choices=choices)
    return forms.CharField(label=label, widget=widget, help_text=help_text)


def tick(label: str, help_text: str = "") -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, widget=forms.CheckboxInput(attrs={"value": ON}))


class _InCurrency(Part):
    """A part with amounts: the program's currency stands in these fields."""

    money: tuple[str, ...] = ()

    def __init__(self, data: Mapping[str, str], prefix: str | None = None, *, currency: str = "") -> None:
        super().__init__(data, prefix, currency=currency)
        for name in self.money:
            self.fields[name].unit = currency  # type: ignore[attr-defined]


class RuleForm(_InCurrency):
    """A rule without its rows."""

    money = ("flat", "floor", "cap_sale", "cap_customer", "cap_period")
    on = choice("What is paid for", ON_WORDS)
    event = text("Name of the event", "As your system sends it, e.g. lead", needed=True)
    pay = choice("What they get", PAY_WORDS, radio=True)
    percent = percent()
    flat = number("Amount", needed=True)
    unit_each = tick("For each unit sold")
    measure = choice("The step depends on", MEASURES)
    per = choice("Counted over", TIER_PERIODS)
    mode = choice("How the total picks the step", MODES)
    refunds = choice("A refunded sale", [("keep", "still counts in the total"), ("reduce", "lowers the total")])
    lapsed_days = number("New again after", "A customer who has not bought for longer counts as new", unit="days")
    less_tax = tick("Tax")
    less_shipping = tick("Shipping")
    less_fees = tick("Payment fees")
    less_cost = tick("What it cost you")
    plus_discount = tick("Pay on the price before discount")
    payments = number("Number of payments", "Per customer; empty: no limit", unit="payments")
    months = number("Time", "From the customer's first commission; empty: no limit", unit="months")
    floor = number("At least", "For each sale that pays anything")
    cap_sale = number("At most per sale")
    cap_customer = number("At most per customer, in all")
    cap_period = number("At most in a period")
    cap_per = choice("Period", PERIODS)
    adds = tick("Pays on top of the other rules", "Otherwise one rule is chosen for each product of a sale")
    hold_days = number("Own waiting time", "Until a payout is possible; empty: the program's", unit="days")
    key = text("Short name", "Totals, limits and “first payment” go on under this name in later versions", needed=True)


class ConditionForm(Part):
    """One condition of a rule. What is compared was chosen before, so it offers only what fits."""

    field = forms.CharField(widget=forms.HiddenInput)
    property = text("Property", "Its name as your system sends it", needed=True)
    op = choice("Comparison", [])
    value = text("Value", needed=True)

    def __init__(self, data: Mapping[str, str], prefix: str | None = None, *, currency: str = "") -> None:
        super().__init__(data, prefix, currency=currency)
        self.about, op = data.get(f"{prefix}-field", ""), data.get(f"{prefix}-op", "")
        kind = FIELDS.get(self.about, "property")
        self.title = CONDITIONS.get(self.about, self.about)
        offered = list(_OPERATORS[kind])
        if op and op not in dict(offered):
            offered += [(name, words) for name, words in _ALL if name == op]
        self.fields["op"].widget.choices = offered
        self.fields["op"].label = self.title
        self.fields["value"].help_text = _EXAMPLES.get(self.about, "")
        self._fit(kind, op, currency)
        if self.about != "property":
            del self.fields["property"]
        else:
            self.fields["op"].label = "Comparison"
        if len(offered) == 1:
            self.fields["op"].widget = forms.HiddenInput()
            self.fields["value"].label = self.title
        if op in {"known", "unknown", "in_none", "not_in_none"}:
            self.fields["value"].help_text = "Nothing is needed here"

    def _fit(self, kind: str, op: str, currency: str) -> None:
        value = self.fields["value"]
        listed = op in {"in", "not_in"}
        if kind == "flag":
            value.widget = forms.Select(choices=[("yes", "Yes"), ("no", "No")])
        elif kind == "age" and not listed:
            value.widget = forms.Select(choices=[("new", "New: nothing bought before"), ("existing", "Returning")])
        elif kind == "date" and not listed:
            value.widget = forms.DateInput(attrs={"type": "date"})
        elif kind in {"money", "number"}:
            value.widget.attrs["inputmode"] = "decimal"
        if kind == "money":
            value.unit = currency  # type: ignore[attr-defined]


class StretchForm(Part):
    """A stretch of months at one rate; of a schedule, or of what is paid after the end."""

    months = number("Months", unit="months")
    percent = percent()


class StepForm(Part):
    """A step: from which total on, and what it pays. It ends where the next one begins."""

    value = number("Pays", needed=True)
    unit = choice("As", [])

    def __init__(self, data: Mapping[str, str], prefix: str | None = None, *, currency: str = "") -> None:
        super().__init__(data, prefix, currency=currency)
        self.fields["unit"].widget.choices = [("percent", "%"), ("flat", currency)]
        start = number("From", needed=True)
        if (prefix or "").endswith("-0"):  # steps begin at 0, so there is no gap below the first
            start.disabled, start.initial = True, "0"
        self.fields = {"from": start, **self.fields}


class OverrideForm(_InCurrency):
    """What a recruiter earns."""

    money = ("flat",)
    level = choice("For partners", [("1", "they recruited themselves"), ("2", "recruited by their recruits"),
                                    ("3", "three recruitments below them")])  # fmt: skip
    kind = choice("They get", [("percent", "a percent"), ("flat", "a fixed amount")])
    percent = percent()
    of = choice("Of", [("commission", "the recruit's commission"), ("sale", "the sale it is reckoned from")])
    flat = number("Amount", "For each commission of the recruit above 0", needed=True)
    payments = number("Number of times", "Per recruit; empty: no limit", unit="times")
    months = number("Time", "From the recruit's first; empty: no limit", unit="months")

    def __init__(self, data: Mapping[str, str], prefix: str | None = None, *, currency: str = "") -> None:
        super().__init__(data, prefix, currency=currency)
        level, widget = data.get(f"{prefix}-level", ""), self.fields["level"].widget
        if level and level not in dict(widget.choices):
            widget.choices = [*widget.choices, (level, f"{level} recruitments below them")]


class BonusForm(_InCurrency):
    """A fixed amount for reaching something."""

    money = ("flat",)
    on = choice("Counted are", [("sale", "Sales"), ("assist", "Assisted sales"), ("event", "Events of one name")])
    event = text("Name of the event", "As your system sends it, e.g. lead", needed=True)
    measure = choice("The goal is", [("count", "a number of them"), ("customers", "a number of customers"),
                                     ("volume", "an amount of money")])  # fmt: skip
    reaches = number("To reach", "e.g. 10", needed=True)
    per = choice("Within", PERIODS)
    flat = number("Bonus", needed=True)
    if_undone = choice("Fully refunded ones", [("reverse", "do not count"), ("keep", "still count")])
    key = text("Short name", "The same in later versions", needed=True)


class WholeForm(Part):
    """What is said once for all rules."""

    choose = choice(
        "When several rules fit",
        [
            ("first", "The one listed first counts"),
            ("best", "The one that pays most counts"),
            ("sum", "All of them count"),
        ],
    )
    clawback_days = number("A refund counts for", "From the sale on; empty: whenever it is", unit="days")
    graded_months = number(
        "Earned in full after",
        "When a contract ends earlier, commission is kept month by month; empty: kept whole",
        unit="months",
    )


class SampleForm(_InCurrency):
    """A sample sale of the worked example."""

    money = ("amount",)
    amount = number("Amount")
    product = text("Product")
    customer = choice("Customer", [("new", "New"), ("existing", "Returning")])
    on = choice("What happens", [])

    def __init__(
        self, data: Mapping[str, str], prefix: str | None = None, *, currency: str = "", events: tuple[str, ...] = ()
    ) -> None:
        super().__init__(data, prefix, currency=currency)
        chosen = data.get(f"{prefix}-on", "")
        names = dict.fromkeys([*events, *([chosen] if chosen not in {"", "sale"} else [])])
        self.fields["on"].widget.choices = [("sale", "A sale"), *((name, name) for name in names)]
        if not names:
            del self.fields["on"]


class DocumentForm(Part):
    """The document itself, for those who prefer it."""

    document = forms.CharField(
        label="Terms document",
        widget=forms.Textarea(attrs={"class": "code", "spellcheck": "false", "rows": 22}),
        help_text="JSON, as docs/commission-rules.md describes it; it is checked in the same way as the form",
    )


class PublishForm(Part):
    """Why there is a new version, and for whom it counts from when."""

    note = forms.CharField(
        max_length=300, label="What changes and why", help_text="Partners read this, e.g. 25% instead of 20% for all"
    )
    begins = forms.CharField(
        label="For partners on an older version",
        widget=forms.RadioSelect(
            choices=[("new", "They stay on it; only new agreements use this version"), ("day", "They move on this day")]
        ),
    )
    effective_on = forms.DateField(
        required=False,
        label="Day",
        help_text="Begins at 00:00 in the program's zone; earlier sales keep the terms they were made under",
        widget=forms.DateInput(attrs={"type": "date"}),
    )
