"""Terms in plain language: what a document pays, as sentences to the partner, and one sale worked out by the engine.

The sentences are made from the same typed terms that `settle` reads, so text and money cannot drift apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from goodword.domain.conditions_text import conditions_text, listed
from goodword.domain.currency import decimals
from goodword.domain.money_words import money_text
from goodword.domain.settlement import (
    Agreement,
    Customer,
    Explanation,
    FactSet,
    Line,
    Partner,
    Program,
    Rule,
    Sale,
    Terms,
    Touch,
    explain,
    instant,
    settle,
)
from goodword.domain.settlement.arithmetic import percent_text
from goodword.domain.settlement.program import Base, Bonus, Lasts, Override, Tiers

YOU = "you"
_EXAMPLE_AT = instant(datetime(2026, 3, 2, 10, tzinfo=UTC))
_EXAMPLE_UNITS, _EXAMPLE_TAX_UNITS = 120, 20
_PERIODS = {"month": "calendar month", "quarter": "calendar quarter", "year": "calendar year", "lifetime": "lifetime"}
_MODES = {
    "marginal": "each rate is for its own slice of the total only",
    "before": "the total before a sale decides the rate for all of it",
    "after": "the total with the sale decides the rate for all of it",
    "whole": "the final total decides one rate for everything counted in it, what came earlier included",
}


def terms_sentences(program: Program, terms: Terms) -> list[str]:
    """What these terms pay, rule by rule, and what else a partner should know."""
    sentences = [rule_sentence(program, rule) for rule in terms.rules]
    if not terms.rules:
        sentences.append("These terms pay nothing yet: they have no rule.")
    sentences += choice_sentences(terms)
    sentences += [override_sentence(program, override) for override in terms.overrides]
    sentences += [bonus_sentence(program, bonus) for bonus in terms.bonuses]
    sentences += refund_sentences(terms)
    sentences += end_sentences(terms)
    sentences.append(
        f"A commission is ready for a payout {count_words(program.hold_days, 'day')} after {_hold(terms)}."
    )
    return sentences


def rule_sentence(program: Program, rule: Rule) -> str:
    """One rule as a sentence: when it applies, what it pays, for how long, and its limits."""
    parts = [f"{rule_subject(program, rule)}: {pay_words(program, rule)}"]
    if (lasts := lasts_words(rule.lasts)) and rule.pay.kind != "schedule":
        parts.append(lasts)
    elif lasts:
        parts.append(f"in all {lasts}")
    parts += _limits(program, rule)
    text = ", ".join(parts) + "."
    if rule.pay.tiers is not None:
        text += tier_sentences(rule.pay.tiers)
    if rule.hold_days is not None:
        text += f" It is ready for a payout after {count_words(rule.hold_days, 'day')}."
    return text


def program_sentences(program: Program) -> list[str]:
    """How the program decides whose a sale is, and what bounds all partners together."""
    rules = program.attribution
    half_life = count_words(rules.half_life_days, "day")
    whose = {
        "last": "the partner who referred the customer last",
        "first": "the partner who referred the customer first",
        "linear": "all partners who referred the customer, in equal parts per referral",
        "position": "the first and the last partner with 40% each; those between share 20%",
        "decay": f"all partners who referred the customer; a referral's weight halves every {half_life}",
    }[rules.model]
    sentences = [f"The credit for a sale goes to {whose}."]
    sentences.append(f"A click on your link counts for {count_words(rules.window_of('link'), 'day')}.")
    if rules.locks:
        how_long = "for good" if rules.lock_months is None else f"for {count_words(rules.lock_months, 'month')}"
        sentences.append(
            f"Once a customer's sale is credited, later sales of that customer are credited the same way, {how_long}."
        )
    if program.blocks_self_referral:
        sentences.append(
            "You cannot refer yourself: a customer with your e-mail address or your own domain earns you nothing."
        )
    if rules.existing_customers == "exclude":
        sentences.append("People who were customers before the program knew of them earn nobody a commission.")
    if program.guardrail_ppm is not None:
        sentences.append(
            f"All partners together get at most {percent_text(program.guardrail_ppm)} of a sale; "
            "above that, each part is lowered in proportion."
        )
    return sentences + _budget(program)


def _budget(program: Program) -> list[str]:
    budget = program.budget
    if budget is None:
        return []
    period = "in all" if budget.per == "lifetime" else f"in each {_PERIODS[budget.per]}"
    most = f"The program pays at most {money_words(program, budget.amount)} {period}"
    if budget.pro_rata:
        return [
            (
                f"{most}; when more is earned, every commission of that time is lowered in proportion, "
                "also one that was ready for a payout."
            )
        ]
    return [f"{most}; who earns first is paid first."]


def rule_subject(program: Program, rule: Rule) -> str:
    """When a rule applies, as the beginning of its sentence."""
    what = {"sale": "For a sale", "assist": "For a sale that you helped with and another partner is credited for"}
    subject = what.get(rule.on, f"For each “{rule.on}”")
    conditions = conditions_text(rule, partial(money_words, program))
    return f"{subject}{', ' if rule.on == 'assist' and conditions else ' ' if conditions else ''}{conditions}"


def pay_words(program: Program, rule: Rule) -> str:
    """What a rule pays, as a phrase."""
    pay = rule.pay
    extra = " on top of the other rules" if rule.adds else ""
    of = f"of {base_words(rule.base, rule.on)}"
    if pay.kind == "flat":
        return f"{money_words(program, pay.flat)}{' for each unit' if pay.each_unit else ''}{extra}"
    if pay.kind == "schedule":
        steps, first = [], True
        for step in pay.schedule:
            when = (
                "from then on"
                if step.months is None
                else f"for {'the first ' if first else ''}{count_words(step.months, 'month')}"
            )
            steps.append(f"{percent_text(step.ppm)} {of if first else ''} {when}".replace("  ", " "))
            first = False
        if pay.schedule[-1].months is not None:
            steps.append("nothing after that")
        return ", then ".join(steps) + " (counted from the customer's first commission)" + extra
    if pay.tiers is None:
        return f"{percent_text(pay.ppm)} {of}{extra}"
    return f"{_steps(program, pay.tiers)} {of}{extra}"


def _steps(program: Program, tiers: Tiers) -> str:
    def total(start: int) -> str:
        return money_words(program, start) if tiers.measure == "volume" else str(start)

    rates = [
        f"{paid} from {total(step.start)} on"
        for step in tiers.steps[1:]
        for paid in [percent_text(step.ppm) if step.flat is None else money_words(program, step.flat)]
    ]
    first = tiers.steps[0]
    rates.insert(0, percent_text(first.ppm) if first.flat is None else money_words(program, first.flat))
    return ", ".join(rates)


def tier_sentences(tiers: Tiers) -> str:
    """What decides the step, and how."""
    what = {
        "volume": "what your referred customers spent",
        "count": "the number of your commissions",
        "customers": "the number of your customers",
    }
    measure = what[tiers.measure]
    if tiers.per == "conversion":
        counted = "The size of each deal on its own decides"
    elif tiers.per == "trailing_12m":
        counted = f"{measure.capitalize()} under this rule in the 12 calendar months before decides"
    else:
        since = "over all time" if tiers.per == "lifetime" else f"in the {_PERIODS[tiers.per]}"
        counted = f"{measure.capitalize()} under this rule {since} decides"
    refunds = "a refund lowers the total" if tiers.reduce else "a refunded sale still counts in the total"
    return f" {counted}: {_MODES[tiers.mode]}; {refunds}."


def base_words(base: Base, on: str) -> str:
    """What a percent is of."""
    if on not in {"sale", "assist"}:
        return "its value"
    names = {"tax": "tax", "shipping": "shipping", "fees": "payment fees", "cost": "what it cost us"}
    without = [words for name, words in names.items() if name in base.less]
    paid = "the price before any discount" if "discount" in base.plus else "what the customer paid"
    return f"{paid} without {listed(without, 'and')}" if without else f"all of {paid}"


def lasts_words(lasts: Lasts) -> str:
    """For how long something pays; empty: for ever."""
    found = []
    if lasts.payments is not None:
        found.append(
            "once per customer" if lasts.payments == 1 else f"for the customer's first {lasts.payments} payments"
        )
    if lasts.months is not None:
        found.append(f"for {count_words(lasts.months, 'month')} from the customer's first commission")
    return " and only ".join(found)


def _limits(program: Program, rule: Rule) -> list[str]:
    found = []
    if rule.floor is not None:
        found.append(f"at least {money_words(program, rule.floor)}")
    caps = rule.caps
    if caps is not None and caps.sale is not None:
        found.append(f"at most {money_words(program, caps.sale)} per sale")
    if caps is not None and caps.customer is not None:
        found.append(f"at most {money_words(program, caps.customer)} per customer in all")
    if caps is not None and caps.period is not None:
        period = "in all" if caps.per == "lifetime" else f"per {_PERIODS[caps.per]}"
        found.append(f"at most {money_words(program, caps.period)} {period}")
    return found


def choice_sentences(terms: Terms) -> list[str]:
    """Which of several rules counts; nothing where there is one."""
    if len([rule for rule in terms.rules if not rule.adds]) < 2:
        return []
    return {
        "first": ["When several of these fit, the one listed first counts."],
        "best": ["When several of these fit, the one that pays you most counts."],
        "sum": ["When several of these fit, all of them count."],
    }[terms.choose]


def override_sentence(program: Program, override: Override) -> str:
    """What a recruiter gets."""
    who = (
        "a partner whom you recruited" if override.level == 1 else f"a partner {override.level} recruitments below you"
    )
    lasts = f", {text}" if (text := lasts_words(override.lasts).replace("customer", "recruit")) else ""
    if override.flat is not None:
        return f"When {who} earns a commission, you get {money_words(program, override.flat)}{lasts}."
    of = "the same basis" if override.of_sale else "that commission"
    return f"When {who} earns a commission, you get {percent_text(override.ppm)} of {of}{lasts}."


def bonus_sentence(program: Program, bonus: Bonus) -> str:
    """What reaching something pays."""
    what = {"sale": "sales", "assist": "assisted sales"}.get(bonus.on, f"“{bonus.on}” events")
    goals = {
        "count": f"the number of your {what} reaches {bonus.reaches}",
        "customers": f"your {what} come from {bonus.reaches} different customers",
        "volume": f"your {what} come to {money_words(program, bonus.reaches)}",
    }
    when = "" if bonus.per == "lifetime" else f" within a {_PERIODS[bonus.per]}"
    undone = "fully refunded ones do not count" if bonus.reverse else "refunded ones still count"
    return f"When {goals[bonus.measure]}{when}, you get {money_words(program, bonus.flat)}, once; {undone}."


def refund_sentences(terms: Terms) -> list[str]:
    """What refunds and early ends take back."""
    when = (
        "whenever that is"
        if terms.clawback_days is None
        else f"within {count_words(terms.clawback_days, 'day')} of the sale"
    )
    found = [f"When a customer gets money back {when}, the commission goes back in proportion."]
    if terms.graded_months:
        found.append(
            f"When the customer's contract ends early, you keep one part in {terms.graded_months} of the commission "
            "for each whole month it ran."
        )
    return found


def end_sentences(terms: Terms) -> list[str]:
    """What is paid after the agreement has ended."""
    if not terms.tail:
        return ["After this agreement has ended, later sales pay you nothing."]
    steps = [
        f"{percent_text(step.ppm)} of the commission for {count_words(step.months, 'month')}" for step in terms.tail
    ]
    return [
        (
            f"After this agreement has ended, customers you brought before still pay you {', then '.join(steps)}; "
            "nothing when it was ended for cause."
        )
    ]


def _hold(terms: Terms) -> str:
    return "the sale" if all(rule.on in {"sale", "assist"} for rule in terms.rules) else "the sale or event"


def count_words(number: int, unit: str) -> str:
    """A number with its unit."""
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def money_words(program: Program, minor: int) -> str:
    """An amount as every page writes it."""
    return money_text(minor, program.currency)


@dataclass(frozen=True, slots=True)
class WorkedExample:
    """One sale settled under terms: what happened in a sentence, the rows that explain it, and the line."""

    story: str
    sale: Sale
    rows: Sequence[Explanation]
    line: Line
    payable_on: date


def worked_example(program: Program, terms: Terms, rule: Rule | None = None) -> WorkedExample | None:
    """A sample sale under the first rule for sales (or the given one); None when no such sale pays a commission."""
    rules = [rule] if rule is not None else [one for one in terms.rules if one.on == "sale"]
    for one in rules:
        sale, customer, partner = _sample(program, one)
        line = _settled(program, terms, one, (sale, customer, partner))
        if line is not None:
            amount, tax = money_words(program, sale.amount), money_words(program, sale.tax)
            story = f"A customer you referred buys for {amount}, of which {tax} is tax."
            return WorkedExample(story, sale, explain(line), line, line.matures_on)
    return None


def _settled(program: Program, terms: Terms, rule: Rule, sample: tuple[Sale, Customer, Partner]) -> Line | None:
    """The line that a rule gives for a sample sale, by the engine itself, without the program's other bounds."""
    sale, customer, partner = sample
    alone = replace(
        program,
        budget=None,
        guardrail_ppm=None,
        blocks_self_referral=False,
        attribution=replace(program.attribution, model="last", existing_customers="count", window_days=1, windows={}),
        terms={terms.name: terms},
    )
    facts = FactSet(
        partners=[partner],
        agreements=[Agreement("example", partner.id, terms.name, _EXAMPLE_AT)],
        customers=[customer],
        touches=[Touch("example", sale.at, partner.id, "link", customer.id)],
        sales=[sale],
    )
    return next((line for line in settle(alone, facts).lines if line.rule == rule.key), None)


def _sample(program: Program, rule: Rule) -> tuple[Sale, Customer, Partner]:
    """A sale, its customer and a partner that fit the plain conditions of a rule."""
    unit = 10 ** decimals(program.currency)
    wanted = {c.field: c.operand for c in rule.conditions if c.operator in {"eq", "gte", "lte"}}
    wanted |= {c.field: c.operand[0] for c in rule.conditions if c.operator == "in" and c.operand}
    least = max((c.operand for c in rule.conditions if c.field == "amount" and c.operator in {"gt", "gte"}), default=0)
    properties = {
        name.removeprefix("properties."): value for name, value in wanted.items() if name.startswith("properties.")
    }
    sale = Sale(
        id="example",
        at=_EXAMPLE_AT,
        customer="customer",
        currency=program.currency,
        amount=max(_EXAMPLE_UNITS * unit, least + unit if least else 0),
        tax=_EXAMPLE_TAX_UNITS * unit,
        product=wanted.get("product"),
        kind=wanted.get("kind"),
        code="EXAMPLE" if wanted.get("code") else None,
        properties=properties,
    )
    customer = Customer("customer", country=wanted.get("country"), existing=wanted.get("customer") == "existing")
    return sale, customer, Partner(YOU, group=wanted.get("group"), country=wanted.get("partner_country"))
