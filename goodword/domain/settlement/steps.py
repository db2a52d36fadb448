"""The arithmetic of a line in order, written so that a stranger with a calculator can redo it.

Each step says what is done, `from` what, what it `is`. A `from` that opens with a digit, a bracket, `min(` or `max(`
is a sum to be computed: `+ - * /`, percents, and words that only name a figure; after a comma it may say how the result
is rounded. Any other `from` is a statement. Written only when a line's steps are asked for.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from goodword.domain.currency import decimals
from goodword.domain.money import to_decimal
from goodword.domain.settlement.arithmetic import Ratio, exact_text, percent_text, slices
from goodword.domain.settlement.attribution import LOCK
from goodword.domain.settlement.basis import extras
from goodword.domain.settlement.component import Component, Decided
from goodword.domain.settlement.drafts import BONUS, OVERRIDE, Draft
from goodword.domain.settlement.index import Index
from goodword.domain.settlement.program import WHOLE_PPM, Bonus, Override, Tiers
from goodword.domain.settlement.records import Sale
from goodword.domain.settlement.result import Step

ROUNDED = {"half_up": ", rounded half up", "half_even": ", rounded half even", "down": ", rounded down"}
_HOW = {"last": "last touch", "first": "first touch"}


def write_steps(draft: Draft, index: Index) -> list[Step]:
    """The steps of a line, from whose it is to the amount."""
    writer = Writer(index)
    if draft.kind == OVERRIDE:
        writer.override(draft)
    elif draft.kind == BONUS:
        writer.bonus(draft)
    else:
        writer.commission(draft.decided, draft.source)
    for stage in draft.stages:
        writer.stage(stage, draft)
    final = writer.money(draft.amount)
    writer.say("amount", final, final)
    return writer.steps


class Writer:
    """Writes steps in the currency and rounding of a program."""

    def __init__(self, index: Index) -> None:
        self.steps: list[Step] = []
        self._index = index
        self._currency = index.program.currency
        self._places = decimals(self._currency)
        self._rounded = ROUNDED[index.program.rounding]

    def say(self, do: str, source: str, result: str) -> None:
        """Add one step."""
        self.steps.append({"do": do, "from": source, "is": result})

    def money(self, minor: int) -> str:
        """An amount in the program's currency."""
        return to_decimal(minor, self._currency)

    def exact(self, ratio: Ratio) -> str:
        """An exact figure in the program's currency."""
        return exact_text(ratio.numerator, ratio.denominator, self._places)

    def commission(self, decided: Decided, component: Component) -> None:
        """Shares, agreement, rule, basis, rate, tail and rounding of a component."""
        self._share(decided, component)
        self._agreement(component)
        self.say("basis", *self._basis(decided, component))
        self._split(component)
        self._rate(component)
        tail = component.party.standing.tail_ppm
        if tail != WHOLE_PPM:
            source = f"{_bracketed(self.exact(component.untailed))} * {percent_text(tail)}"
            self.say("tail", source, self.exact(component.exact))
        self._round(component)

    def override(self, draft: Draft) -> None:
        """What a recruiter's line is a part of, and its rate."""
        override: Override = draft.source[0]
        components: list[Component] = draft.source[1]
        self.say("override", f"level {draft.level} above who sold", draft.terms)
        if override.flat is not None:
            above = sum(component.amount > 0 for component in components)
            self.say(
                "rate", f"{self.money(override.flat)} * {above} paid by this rule", self.money(override.flat * above)
            )
            return
        figures = [component.basis if override.of_sale else component.amount for component in components]
        parts = " + ".join(self.money(figure) for figure in figures)
        self.say("basis", f"{parts} {'sold' if override.of_sale else 'commission'}", self.money(draft.basis))
        exact = Ratio(draft.basis * override.ppm, WHOLE_PPM)
        self.say("rate", f"{percent_text(override.ppm)} * {self.money(draft.basis)}", self.exact(exact))
        before = draft.stages[0][1] if draft.stages else draft.amount
        self._round_alone(exact, before)

    def bonus(self, draft: Draft) -> None:
        """The total that a bonus was for."""
        bonus: Bonus = draft.source[0]
        before, after = draft.source[1]
        self.say("total", f"total before: {self._total(bonus.measure, before)}", self._total(bonus.measure, after))
        reached = f"reaches {self._total(bonus.measure, bonus.reaches)} in this {bonus.per}"
        self.say("bonus", reached, self.money(bonus.flat))

    def stage(self, stage: tuple[Any, ...], draft: Draft) -> None:
        """What raised or lowered the amount."""
        name, before, *figures = stage
        money = self.money
        if name == "floor":
            part, source = figures[0], self._part(draft.source.rule.floor, draft.share_ppm)
            self.say(
                "floor",
                f"max({money(before)}, {source}){self._inexact(draft.source.rule.floor, draft.share_ppm)}",
                money(part),
            )
        elif name == "capped_sale":
            cap, left = figures[0], max(figures[0] - figures[1], 0)
            inexact = self._inexact(cap, draft.share_ppm)
            self.say("cap per sale", f"min({money(before)}, {self._part(cap, draft.share_ppm)}){inexact}", money(left))
        elif name == "guardrail":
            after, most, total, basis = figures
            ppm = self._index.program.guardrail_ppm or 0
            down = "" if basis * ppm % WHOLE_PPM == 0 else ", rounded down"
            self.say("limit on all", f"{percent_text(ppm)} * {money(basis)}{down}", money(most))
            self._pro_rata("guardrail", before, most, total, after)
        elif name == "budget_pro_rata":
            self._pro_rata("budget", before, *figures)
        else:
            limit, used = figures
            label = {"capped_customer": "cap per customer", "capped_period": "cap per period"}.get(name, name)
            left = f"{money(limit)} - {money(used)}"
            room = left if used <= limit else f"max({left}, {money(0)})"
            self.say(label, f"min({money(before)}, {room})", money(min(before, max(limit - used, 0))))

    def _pro_rata(self, name: str, before: int, most: int, total: int, after: int) -> None:
        up, rest = after - before * most // total, before * most % total
        source = f"{self.money(before)} * {self.money(most)} / {self.money(total)}"
        self.say(name, source + _remainder(up, rest), self.money(after))

    def _part(self, limit: int, share_ppm: int) -> str:
        return self.money(limit) if share_ppm == WHOLE_PPM else f"{self.money(limit)} * {percent_text(share_ppm)}"

    def _inexact(self, limit: int, share_ppm: int) -> str:
        return self._rounded if limit * share_ppm % WHOLE_PPM else ""

    def _share(self, decided: Decided, component: Component) -> None:
        attributed, party = decided.attributed, component.party
        share = percent_text(party.share_ppm)
        if party.on == "assist":
            source = "assisted, beside the credit"
        elif attributed.how == "credit":
            source = f"decided by credit {attributed.because}"
        elif attributed.how == LOCK:
            source = f"kept from conversion {attributed.because}"
        elif attributed.weights:
            weight, total = attributed.weights[party.order], attributed.weights[-1]
            whole, rest = divmod(WHOLE_PPM * weight, total)
            source = f"100% * {weight} / {total} {attributed.how}{_remainder(party.share_ppm - whole, rest)}"
        else:
            source = _HOW[attributed.how]
        self.say("share", source, share)

    def _agreement(self, component: Component) -> None:
        standing = component.party.standing
        agreement, terms = standing.in_force.agreement, standing.terms
        how = f"agreement {agreement.id}" + (" has ended: its tail" if standing.in_tail else "")
        self.say("agreement", how, terms.name)
        self.say("rule", f"terms {terms.name}", component.rule.key)

    def _basis(self, decided: Decided, component: Component) -> tuple[str, str]:
        """The sum of the whole basis, and its result."""
        source = self._figure(decided, component)
        kept, fx = component.kept, decided.fx
        factors = self._kept(decided, component)
        if fx != (1, 1):
            conversion = decided.conversion
            currency = conversion.currency or self._currency
            places = decimals(currency) - self._places
            shift = (10**places, 1) if places >= 0 else (1, 10**-places)
            rate = exact_text(fx.numerator * shift[0], fx.denominator * shift[1], 0)
            factors += f" * {_bracketed(rate)} {self._currency} per {currency}"
        if component.figure.numerator < 0:
            source = f"max({source}, 0)"
        elif factors and (" - " in source or " + " in source):
            source = f"({source})"
        numerator = component.figure.numerator * kept.ratio.numerator * fx.numerator
        denominator = component.figure.denominator * kept.ratio.denominator * fx.denominator
        inexact = self._rounded if numerator > 0 and numerator % denominator else ""
        return source + factors + inexact, self.money(component.whole)

    def _figure(self, decided: Decided, component: Component) -> str:
        sale, base = decided.conversion, component.rule.base
        if not isinstance(sale, Sale):
            return to_decimal(sale.value or 0, sale.currency or self._currency)
        money = partial(to_decimal, currency=sale.currency)
        if sale.lines and len(component.lines) < len(sale.lines):
            return _figure_of_lines(sale, component, money)
        source = money(sale.amount)
        for name in ("tax", "shipping", "fees", "cost"):
            if name in base.less and getattr(sale, name):
                source += f" - {money(getattr(sale, name))} {name}"
        if "discount" in base.plus and sale.discount:
            source += f" + {money(sale.discount)} discount"
        return source

    def _kept(self, decided: Decided, component: Component) -> str:
        kept, sale, source = component.kept, decided.conversion, ""
        if kept.returned and isinstance(sale, Sale):
            left = to_decimal(sale.amount - kept.returned, sale.currency)
            source += f" * {left} / {to_decimal(sale.amount, sale.currency)} kept"
        if kept.of:
            source += f" * {kept.months} / {kept.of} months"
        return source

    def _split(self, component: Component) -> None:
        share = component.party.share_ppm
        if component.party.on == "assist" or share == WHOLE_PPM:
            return
        whole, rest = divmod(component.whole * share, WHOLE_PPM)
        source = f"{self.money(component.whole)} * {percent_text(share)}{_remainder(component.basis - whole, rest)}"
        self.say("split", source, self.money(component.basis))

    def _rate(self, component: Component) -> None:
        pay, basis = component.rule.pay, self.money(component.basis)
        result = self.exact(component.untailed)
        if pay.kind == "schedule":
            self.say("schedule", f"whole months since the first: {component.months}", component.rate)
        if pay.tiers is None:
            flat = pay.flat if pay.kind == "flat" else None
            self.say("rate", self._flat(component, flat) if flat is not None else f"{component.rate} * {basis}", result)
            return
        tiers = pay.tiers
        if tiers.mode == "marginal" and tiers.measure == "volume" and component.after > component.before:
            self._sliced(component, tiers)
            return
        which = {"after": "after", "whole": "of the period"}.get(tiers.mode, "before")
        self.say("tier", f"total {which}: {self._total(tiers.measure, component.before)}", component.rate)
        is_flat = not component.rate.endswith("%")
        source = self._flat(component, None) if is_flat else f"{component.rate} * {basis}"
        self.say("rate", source, result)

    def _sliced(self, component: Component, tiers: Tiers) -> None:
        before, after = component.before, component.after
        self.say("tier", f"total before: {self.money(before)}", component.rate)
        cut = slices(tiers.steps, before, after)
        source = " + ".join(f"{percent_text(part.ppm)} * {self.money(int(part.size))}" for part in cut)
        if component.basis != after - before:
            source = f"({source}) * {self.money(component.basis)} / {self.money(after - before)}"
        self.say("rate", source, self.exact(component.untailed))

    def _flat(self, component: Component, flat: int | None) -> str:
        source = component.rate if flat is None else self.money(flat)
        if component.party.share_ppm != WHOLE_PPM:
            source += f" * {percent_text(component.party.share_ppm)} share"
        if component.quantity != 1:
            source += f" * {component.quantity} units"
        kept = component.kept
        if kept.returned or kept.of:
            source += f" * {kept.ratio.numerator} / {kept.ratio.denominator} kept"
        return source

    def _round(self, component: Component) -> None:
        first = component.stages[0][1] if component.stages else component.amount
        if component.together is None:
            self._round_alone(component.exact, first)
            return
        total = component.together
        self._round_alone(total, component.rounded, " together")
        mine, all_ = _bracketed(self.exact(component.exact)), _bracketed(self.exact(total))
        numerator = component.rounded * component.exact.numerator * total.denominator
        denominator = component.exact.denominator * total.numerator
        if denominator == 0:
            self.say("part", self.money(0), self.money(0))
            return
        whole, rest = divmod(numerator, denominator)
        source = f"{self.money(component.rounded)} * {mine} / {all_}{_remainder(first - whole, rest)}"
        self.say("part", source, self.money(first))

    def _round_alone(self, exact: Ratio, amount: int, word: str = "") -> None:
        inexact = self._rounded if exact.numerator % exact.denominator else ""
        self.say("round", f"{self.exact(exact)}{word}{inexact}", self.money(amount))

    def _total(self, measure: str, total: int) -> str:
        return self.money(total) if measure == "volume" else str(total)


def _figure_of_lines(sale: Sale, component: Component, money: Callable[[int], str]) -> str:
    """The picked lines, with their part of what belongs to the whole sale."""
    source = " + ".join(money(sale.lines[i].amount) for i in component.lines)
    extra = extras(sale, component.rule.base)
    net = sale.amount - sale.tax - sale.shipping
    if extra == 0:
        return source
    if net:
        whole = money(net + extra) if net + extra >= 0 else f"(0 - {money(-net - extra)})"
        return f"({source}) * {whole} / {money(net)}"
    sign = "+" if extra > 0 else "-"
    return f"{source} {sign} {money(abs(extra))} * {len(component.lines)} / {len(sale.lines)}"


def _remainder(up: int, rest: int) -> str:
    """How a part of a largest-remainder split came out."""
    if not rest:
        return ""
    return f", largest remainder {'up' if up else 'down'}"


def _bracketed(text: str) -> str:
    return f"({text})" if "/" in text else text
