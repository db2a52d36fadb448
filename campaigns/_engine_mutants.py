# ruff: noqa: E501
"""The faults that `engine_mutations.py` puts into the engine, one at a time. Only the list lives here.

`file` is a name inside `goodword/domain/settlement/`; `old` must stand there exactly once; `new` takes its place.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One fault, in words and in text."""

    what: str
    file: str
    old: str
    new: str


# The fewest that say anything about the oracle; fewer make the campaign fail.
MUTANTS_MIN = 40
MUTANTS = [
    # attribution
    Mutant("an agreement starts a moment late", "rules/attribution.py", ".starts <= at <", ".starts < at <"),
    Mutant("an agreement holds at its end", "rules/attribution.py", "<= at < t.agreements(w, row).ends", "<= at <= t.agreements(w, row).ends"),
    Mutant("the cause of an end is forgotten", "rules/attribution.py", "if ended.cause:", "if False:"),
    Mutant("a tail serves who was credited after the end", "rules/attribution.py", "t.ties(w, first).at < ended.ends", "True"),
    Mutant("a tail lasts a month longer", "rules/attribution.py", "if months < t.tails(w, row).months:", "if months <= t.tails(w, row).months:"),
    Mutant("a lock lasts a day longer", "rules/attribution.py", "day < add_months(history.lock_day, program.lock_months)", "day <= add_months(history.lock_day, program.lock_months)"),
    Mutant("no lock is ever set", "rules/attribution.py", "if program.locks and (not lock_runs", "if False and (not lock_runs"),
    Mutant("a lock moves on with every conversion", "rules/attribution.py", "if program.locks and (not lock_runs(program, history, conversion.day)):", "if program.locks:"),
    Mutant("a partner may refer itself", "rules/attribution.py", "if program.blocks_self and refers_itself", "if False and refers_itself"),
    Mutant("a window includes its end", "rules/attribution.py", "(at >= touch.expires and touch.conversion != number)", "(at > touch.expires and touch.conversion != number)"),
    Mutant("existing customers are credited", "rules/attribution.py", "customer.existing and (program.existing != COUNT_THEM)", "False and (program.existing != COUNT_THEM)"),
    Mutant("priority is turned round", "rules/attribution.py", "top = min(top,", "top = max(top,"),
    Mutant("first and last are the same", "rules/attribution.py", "(found == NONE or program.model == LAST)", "(found == NONE or program.model != LAST)"),
    Mutant("position gives the middle too much", "rules/attribution.py", "else 20", "else 30"),
    Mutant("of two decisions the customer's outranks", "rules/attribution.py", "conversion.credit if conversion.credit != NONE else customer.credit", "customer.credit if customer.credit != NONE else conversion.credit"),
    Mutant("terms at credit are not looked at", "rules/attribution.py", "if program.at_credit and share.touched != NEVER:", "if False:"),
    Mutant("who is credited assists as well", "rules/attribution.py", "        if t.stamps(w, who).value == 4 * number + 3:\n            continue", "        if False:\n            continue"),
    Mutant("nth begins at 0", "rules/attribution.py", "who * w.ons_n + party.on).value + 1", "who * w.ons_n + party.on).value"),
    # components and their basis
    Mutant("best takes the least", "rules/components.py", "products_order(numerator, under, over, denominator) > 0", "products_order(numerator, under, over, denominator) < 0"),
    Mutant("of equals best takes the last", "rules/components.py", "products_order(numerator, under, over, denominator) > 0", "products_order(numerator, under, over, denominator) >= 0"),
    Mutant("the uncredited rest is forgotten", "rules/components.py", "    if rest:\n", "    if False:\n"),
    Mutant("a rule that is over goes on", "rules/components.py", "            if ppm == OVER:", "            if False:"),
    Mutant("units are not counted", "rules/components.py", "    if one.each_unit:", "    if False:"),
    Mutant("a refund at the very end comes too late", "rules/basis.py", "<= conversion.at + terms.clawback", "< conversion.at + terms.clawback"),
    Mutant("graded months are not bounded", "rules/basis.py", "return min(whole_months(conversion.day, conversion.cancel_day), terms.graded)", "return whole_months(conversion.day, conversion.cancel_day)"),
    Mutant("a refund does not lower the basis", "rules/basis.py", "    if returned:\n", "    if False:\n"),
    Mutant("fees are added", "rules/basis.py", "extra -= conversion.fees", "extra += conversion.fees"),
    Mutant("a discount is taken off twice", "rules/basis.py", "extra = conversion.discount if one.discount", "extra = -conversion.discount if one.discount"),
    # pay
    Mutant("one payment too many", "rules/rates.py", "count >= payments", "count > payments"),
    Mutant("lasts a day longer", "rules/rates.py", "day < add_months(first or day, months)", "day <= add_months(first or day, months)"),
    Mutant("a schedule's step lasts a month longer", "rules/rates.py", "left < step.months", "left <= step.months"),
    Mutant("a tier's from is not inclusive", "rules/rates.py", "t.steps(w, row).start * per > total", "t.steps(w, row).start * per >= total"),
    Mutant("slices leave out where they start", "rules/rates.py", "start = max(low, t.steps(w, row).start * per)", "start = t.steps(w, row).start * per"),
    Mutant("best counts no line in an after tier", "rules/rates.py", "            total += basis", "            total += 0"),
    Mutant("flats are not shared", "rules/rates.py", "whole = flat * line.share_ppm * line.quantity", "whole = flat * WHOLE_PPM * line.quantity"),
    Mutant("thirteen months trail", "rules/tallies.py", "_TRAILING_MONTHS = 12", "_TRAILING_MONTHS = 13"),
    Mutant("eleven months trail", "rules/tallies.py", "_TRAILING_MONTHS = 12", "_TRAILING_MONTHS = 11"),
    Mutant("refunds never reduce a volume", "rules/tallies.py", "return cell.b if one.reduce else cell.a", "return cell.a"),
    Mutant("a refunded sale still counts under reduce", "rules/tallies.py", "    if one.reduce and kept == 0:", "    if False:"),
    Mutant("each deal is not told from the whole", "rules/tallies.py", "return line.whole if one.reduce else line.whole_made", "return line.whole"),
    # rounding and limits
    Mutant("half even rounds like half up", "rules/exact.py", "(mode == HALF_UP or quotient % 2 == 1)", "True"),
    Mutant("half up rounds like half even", "rules/exact.py", "(mode == HALF_UP or quotient % 2 == 1)", "(quotient % 2 == 1)"),
    Mutant("down rounds up", "rules/exact.py", "if rest == 0 or mode == DOWN:", "if rest == 0:"),
    Mutant("ties of the largest remainder go to the last", "rules/exact.py", "t.rests(w, i).value > t.rests(w, best).value", "t.rests(w, i).value >= t.rests(w, best).value"),
    Mutant("a floor is not × share", "rules/limits.py", "floor = part_of(one.floor, line.share_ppm, mode)", "floor = one.floor"),
    Mutant("a floor lifts where nothing was earned", "rules/limits.py", "one.floor != NONE and line.basis > 0", "one.floor != NONE"),
    Mutant("the cap per sale is dropped", "rules/limits.py", "if one.cap_sale != NONE:", "if False:"),
    Mutant("the cap per customer is dropped", "rules/limits.py", "if one.cap_customer != NONE:", "if False:"),
    Mutant("the cap per period is dropped", "rules/limits.py", "if one.cap_period != NONE:", "if False:"),
    Mutant("caps forget what was paid", "rules/limits.py", "room = max(cap - so_far, 0)", "room = cap"),
    Mutant("the guardrail stays without tax", "rules/limits.py", "net = conversion.amount - conversion.tax - conversion.shipping", "net = conversion.amount - conversion.shipping"),
    Mutant("the guardrail is dropped", "rules/limits.py", "if basis == 0 or total <= most:", "if True:"),
    Mutant("rules are rounded each for itself", "rules/limits.py", "        if members == 1:\n            status", "        if True:\n            status"),
    # dates, overrides, bonuses
    Mutant("months are not clamped", "rules/dates.py", "min(of_month, days_in(year, month))", "of_month"),
    Mutant("no leap day", "rules/dates.py", "return 29 if year % 4 == 0", "return 29 if False"),
    Mutant("quarters have four months", "rules/dates.py", "month // 3 if per == QUARTER", "month // 4 if per == QUARTER"),
    Mutant("an override also counts what adds", "rules/recruits.py", "(one.of_sale and t.rules(w, child.rule).adds)", "False"),
    Mutant("a flat override that paid nothing uses up its payments", "rules/recruits.py", "if one.flat == NONE or child.amount > 0:", "if True:"),
    Mutant("an override is of the commission always", "rules/recruits.py", "figure = child.basis if one.of_sale else child.amount", "figure = child.amount"),
    Mutant("a bonus is paid again and again", "rules/bonuses.py", "if cell.b or cell.a < one.reaches:", "if cell.a < one.reaches:"),
    Mutant("a bonus waits for one more", "rules/bonuses.py", "cell.a < one.reaches:", "cell.a <= one.reaches:"),
    Mutant("a bonus counts in a tail", "rules/bonuses.py", "if not line.in_tail:", "if True:"),
    Mutant("what was refunded counts for a bonus", "rules/bonuses.py", "(one.reverse and kept == 0)", "False"),
]  # fmt: skip
