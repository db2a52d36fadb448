"""What a rule would pay on one line alone, exactly and as made: how `choose: best` compares rules."""

from fractions import Fraction

from goodword.domain.settlement.arithmetic import slices, step_at
from goodword.domain.settlement.basis import figure
from goodword.domain.settlement.component import Decided
from goodword.domain.settlement.lasting import still_runs
from goodword.domain.settlement.program import WHOLE_PPM, Rule
from goodword.domain.settlement.records import Sale
from goodword.domain.settlement.tallies import Tallies


def worth(tallies: Tallies, case: Decided, partner: str, rule: Rule, line: int) -> Fraction:
    """The exact money at full share, before tail, rounding, floor and caps; a rule that is over counts 0."""
    runs = still_runs(rule, case.history, partner, case.day)
    if runs is None:
        return Fraction(0)
    conversion, fx, pay = case.conversion, case.fx, rule.pay
    if pay.kind == "flat":
        lines = conversion.lines if isinstance(conversion, Sale) else ()
        return Fraction(pay.flat * (lines[line].quantity if pay.each_unit and lines else 1))
    exact = figure(conversion, rule.base, (line,))
    basis = max(Fraction(exact.numerator * fx.numerator, exact.denominator * fx.denominator), Fraction(0))
    if pay.tiers is None:
        return basis * runs[0] / WHOLE_PPM
    return _tiers_worth(tallies, case, partner, rule, basis)


def _tiers_worth(tallies: Tallies, case: Decided, partner: str, rule: Rule, basis: Fraction) -> Fraction:
    tiers = rule.pay.tiers
    assert tiers is not None
    before = tallies.before(partner, rule.key, tiers, case.day)
    if tiers.mode == "marginal" and tiers.measure == "volume":
        cut = slices(tiers.steps, before, before + basis)
        return sum((Fraction(part.size) * part.ppm for part in cut), Fraction(0)) / WHOLE_PPM
    total: int | Fraction = before
    if tiers.mode == "after":
        grows: int | Fraction = basis if tiers.measure == "volume" else 1
        if tiers.measure == "customers":
            grows = int(tallies.is_new_customer(case, partner, rule.key, tiers))
        total = before + grows
    step = step_at(tiers.steps, total)
    return Fraction(step.flat) if step.flat is not None else basis * step.ppm / WHOLE_PPM
