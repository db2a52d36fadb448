"""Pay (section 5): the exact money of a component before tail, rounding and limits, and the rate as it is told."""

from goodword.domain.money import to_decimal
from goodword.domain.settlement.arithmetic import Ratio, percent_text, slices, step_at
from goodword.domain.settlement.component import Component
from goodword.domain.settlement.program import WHOLE_PPM, Tiers, TierStep
from goodword.domain.settlement.tallies import Tallies


def rate(component: Component, tallies: Tallies, currency: str, day: int) -> None:
    """Set a component's exact money and the text of its rate."""
    pay = component.rule.pay
    if pay.kind == "flat":
        component.exact = flat_money(component, pay.flat)
        component.rate = to_decimal(pay.flat, currency)
    elif pay.tiers is not None:
        _rate_by_tiers(component, pay.tiers, tallies, currency, day)
    else:
        component.exact = Ratio(component.basis * component.ppm, WHOLE_PPM)
        component.rate = percent_text(component.ppm)


def flat_money(component: Component, flat: int) -> Ratio:
    """A flat × share × what was kept × units."""
    kept = component.kept.ratio
    return Ratio(flat * component.party.share_ppm * kept.numerator * component.quantity, WHOLE_PPM * kept.denominator)


def _rate_by_tiers(component: Component, tiers: Tiers, tallies: Tallies, currency: str, day: int) -> None:
    if tiers.mode == "marginal" and tiers.measure == "volume":
        _rate_by_slices(component, tiers)
        return
    component.before = deciding_total(component, tiers, tallies, day)
    step = step_at(tiers.steps, component.before)
    if step.flat is not None:
        component.exact, component.rate = flat_money(component, step.flat), to_decimal(step.flat, currency)
    else:
        component.exact, component.rate = Ratio(component.basis * step.ppm, WHOLE_PPM), percent_text(step.ppm)


def deciding_total(component: Component, tiers: Tiers, tallies: Tallies, day: int) -> int:
    """The total that picks the step of tiers that are not cut into slices."""
    if tiers.mode == "after":
        return component.after
    return tallies.final(component, tiers, day) if tiers.mode == "whole" else component.before


def _rate_by_slices(component: Component, tiers: Tiers) -> None:
    size = component.after - component.before
    if size == 0:
        step: TierStep = step_at(tiers.steps, component.before)
        component.exact, component.rate = Ratio(component.basis * step.ppm, WHOLE_PPM), percent_text(step.ppm)
        return
    cut = slices(tiers.steps, component.before, component.after)
    money = sum(int(part.size) * part.ppm for part in cut)
    component.exact = Ratio(money * component.basis, WHOLE_PPM * size)
    component.rate = ", ".join(percent_text(part.ppm) for part in cut)
