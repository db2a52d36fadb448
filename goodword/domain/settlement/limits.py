"""What bounds the amounts of one conversion (section 6, steps 7 to 10): rounding together, floor, caps, guardrail."""

from goodword.domain.money import Rounding
from goodword.domain.settlement.arithmetic import (
    Ratio,
    add_ratios,
    checked_amount,
    rounded_ratio,
    share_out,
    share_out_ratios,
)
from goodword.domain.settlement.basis import basis_of, kept_of
from goodword.domain.settlement.calendar import period_of
from goodword.domain.settlement.component import Component, Decided
from goodword.domain.settlement.index import Index
from goodword.domain.settlement.program import WHOLE_PPM, Caps, Program, Rule
from goodword.domain.settlement.records import Sale


class Room:
    """What each (partner, rule key) has been paid so far: per customer for life, and per period."""

    def __init__(self, program: Program) -> None:
        self._customer_keys: set[str] = set()
        self._periods: dict[str, set[str]] = {}
        for rule in (rule for terms in program.terms.values() for rule in terms.rules):
            if rule.caps is not None and rule.caps.customer is not None:
                self._customer_keys.add(rule.key)
            if rule.caps is not None and rule.caps.period is not None:
                self._periods.setdefault(rule.key, set()).add(rule.caps.per)
        self.bounds = any(
            rule.floor is not None or rule.caps for terms in program.terms.values() for rule in terms.rules
        )
        """Whether any rule has a floor or a cap."""
        self.watches = bool(self._customer_keys or self._periods)
        self._paid: dict[tuple[str, str, str, int], int] = {}

    def paid_in(self, component: Component, caps: Caps, day: int) -> int:
        """What the component's rule has paid its partner in the cap's period."""
        return self._paid.get((component.partner, component.rule.key, caps.per, period_of(day, caps.per)), 0)

    def use(self, decided: Decided) -> None:
        """Count the final amounts of a conversion."""
        paid = decided.history.paid
        for component in decided.components:
            key = (component.partner, component.rule.key)
            if component.rule.key in self._customer_keys:
                paid[key] = paid.get(key, 0) + component.amount
            for per in self._periods.get(component.rule.key, ()):
                cell = (*key, per, period_of(decided.day, per))  # type: ignore[arg-type]
                self._paid[cell] = self._paid.get(cell, 0) + component.amount


def round_together(decided: Decided, mode: Rounding) -> None:
    """Round the sum over the partners that picked the same rule once, and share it out by the largest remainder."""
    components = decided.components
    if len(components) == 1:
        one = components[0]
        one.amount = one.rounded = rounded_ratio(one.exact.numerator, one.exact.denominator, mode)
        checked_amount(one.amount, decided.conversion.id)
        return
    groups: dict[tuple[str, str], list[Component]] = {}
    for component in components:
        groups.setdefault((component.party.standing.terms.name, component.rule.key), []).append(component)
    for group in groups.values():
        total = add_ratios([component.exact for component in group])
        rounded = checked_amount(rounded_ratio(total.numerator, total.denominator, mode), decided.conversion.id)
        for component, amount in zip(group, share_out_ratios(rounded, [one.exact for one in group]), strict=True):
            component.amount = amount
            component.rounded = rounded
            component.together = total if len(group) > 1 else None


def part_of(amount: int, component: Component, mode: Rounding) -> int:
    """A limit that is × share, rounded."""
    share = component.party.share_ppm
    return amount if share == WHOLE_PPM else rounded_ratio(amount * share, WHOLE_PPM, mode)


def limit(decided: Decided, room: Room, mode: Rounding) -> None:
    """Floor and caps of each component, in order."""
    for component in decided.components:
        rule: Rule = component.rule
        if rule.floor is not None and component.basis > 0:
            _raise(component, part_of(rule.floor, component, mode))
        caps = rule.caps
        if caps is None:
            continue
        if caps.sale is not None:
            _lower(component, "capped_sale", caps.sale, caps.sale - part_of(caps.sale, component, mode))
        if caps.customer is not None:
            paid = decided.history.paid.get((component.partner, rule.key), 0)
            _lower(component, "capped_customer", caps.customer, paid)
        if caps.period is not None:
            _lower(component, "capped_period", caps.period, room.paid_in(component, caps, decided.day))


def _raise(component: Component, floor: int) -> None:
    if component.amount < floor:
        component.stages += (("floor", component.amount, floor),)
        component.amount = floor
        component.reasons += ("floor",)


def _lower(component: Component, reason: str, cap: int, used: int) -> None:
    room = max(cap - used, 0)
    if component.amount > room:
        component.stages += ((reason, component.amount, cap, used),)
        component.amount = room
        component.reasons += (reason,)


def guard(decided: Decided, index: Index, ppm: int) -> None:
    """Keep all components together within a percent of the conversion's basis, scaled pro rata."""
    components = decided.components
    basis = guarded_basis(decided, index)
    most = basis * ppm // WHOLE_PPM
    amounts = [component.amount for component in components]
    total = sum(amounts)
    if basis == 0 or total <= most:
        return
    for component, amount in zip(components, share_out(most, amounts), strict=True):
        if amount != component.amount:
            component.stages += (("guardrail", component.amount, amount, most, total, basis),)
            component.amount = amount
            component.reasons += ("guardrail",)


def guarded_basis(decided: Decided, index: Index) -> int:
    """Amount less tax and shipping × kept of the whole conversion, by the terms of the first component's partner."""
    conversion = decided.conversion
    kept = kept_of(index, conversion, decided.components[0].party.standing.terms, decided.day)
    if isinstance(conversion, Sale):
        net = conversion.amount - conversion.tax - conversion.shipping
    else:
        net = conversion.value or 0
    return basis_of(Ratio(net, 1), kept.ratio, decided.fx, index.program.rounding)
