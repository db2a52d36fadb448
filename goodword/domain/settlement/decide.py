"""The first pass: conversion by conversion, who is credited, by which agreement and rule, and on what basis.

Money is not yet computed; `pay` does that once every period's totals are known.
"""

from collections.abc import Sequence
from fractions import Fraction
from operator import attrgetter
from typing import Final

from goodword.domain.money import Rounding
from goodword.domain.settlement.arithmetic import ALL, Ratio, checked_amount, share_out
from goodword.domain.settlement.attribution import (
    ENDED_FOR_CAUSE,
    LOCK,
    NO_AGREEMENT,
    attribute,
    remember_code,
    running_lock,
    standing,
)
from goodword.domain.settlement.basis import EVERYTHING, Kept, basis_of, figure, kept_of
from goodword.domain.settlement.calendar import whole_months
from goodword.domain.settlement.component import Component, Decided, Party
from goodword.domain.settlement.conditions import Situation, holds
from goodword.domain.settlement.index import Attributed, History, Index, Lock, Standing
from goodword.domain.settlement.lasting import still_runs
from goodword.domain.settlement.program import WHOLE_PPM, Program, Rule
from goodword.domain.settlement.records import Conversion, Sale, Share
from goodword.domain.settlement.tallies import Tallies
from goodword.domain.settlement.worth import worth

SALE, ASSIST = "sale", "assist"
ONLY_LINE: Final = (0,)
FX_PENDING, LASTS_OVER, NO_RULE = "fx_pending", "lasts_over", "no_rule"


UNSEEN: Final = Situation()
"""Stands for the situation where no rule has a condition to look at it."""
_index = attrgetter("index")


class Fold:
    """What grows while conversions are taken in order."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.program: Program = index.program
        self.nth: dict[tuple[str, str], int] = {}
        self.tallies = Tallies(index.program.terms.values())


def decide(fold: Fold, conversion: Conversion) -> Decided:
    """Decide one conversion and remember what later ones need to know of it."""
    index = fold.index
    is_sale = isinstance(conversion, Sale)
    day = index.zone.day(conversion.at)
    history = index.history(conversion.customer)
    on = SALE if isinstance(conversion, Sale) else conversion.name
    history.nth[on] = history.nth.get(on, 0) + 1
    attributed = attribute(index, conversion, history, day)
    parties, why_not = _parties(fold, conversion, history, attributed, on)
    if attributed.shares and attributed.how != LOCK:
        _remember_shares(index, conversion, history, attributed, day)
    if is_sale and history.first_sale_day is None:
        history.first_sale_day = day
    components: list[Component] = []
    fx: Ratio | None = ALL
    if parties:
        fx = _rate(index, conversion)
        if fx is None:
            why_not = FX_PENDING
        else:
            case = Decided(conversion, day, history, attributed, fx, [], "")
            components, why_not = _components(fold, case, parties)
    if is_sale:
        history.last_sale_day = day
        remember_code(index, conversion, history)
    return Decided(conversion, day, history, attributed, fx or ALL, components, why_not)


def _parties(
    fold: Fold, conversion: Conversion, history: History, attributed: Attributed, on: str
) -> tuple[list[Party], str]:
    """The partners that an agreement or tail pays, credited ones first; or why there are none."""
    index, at = fold.index, conversion.at
    parties, refusals = [], set[str]()
    for order, share in enumerate(attributed.shares):
        found = standing(index, share.partner, at, history)
        if isinstance(found, str):
            refusals.add(found)
            continue
        if index.program.terms_at == "credit":
            found = _at_credit(index, found, share, attributed)
        parties.append(Party(share.partner, order, share.ppm, found, on, _count_nth(fold, share.partner, on)))
    for order, partner in enumerate(attributed.assisting, start=len(attributed.shares)):
        found = standing(index, partner, at, history)
        if not isinstance(found, str):
            parties.append(Party(partner, order, WHOLE_PPM, found, ASSIST, _count_nth(fold, partner, ASSIST)))
    if attributed.shares:
        return parties, ENDED_FOR_CAUSE if ENDED_FOR_CAUSE in refusals else NO_AGREEMENT
    return parties, attributed.reason


def _at_credit(index: Index, found: Standing, share: Share, attributed: Attributed) -> Standing:
    """The same standing by the terms in force at the partner's earliest credited touch, if there were any."""
    touched = attributed.touched.get(share.partner)
    then = index.in_force(share.partner, touched) if touched is not None else None
    return found if then is None else found._replace(in_force=then.in_force, terms=then.terms)


def _count_nth(fold: Fold, partner: str, on: str) -> int:
    nth = fold.nth[partner, on] = fold.nth.get((partner, on), 0) + 1
    return nth


def _remember_shares(index: Index, conversion: Conversion, history: History, attributed: Attributed, day: int) -> None:
    for share in attributed.shares:
        history.first_share.setdefault(share.partner, conversion.at)
    rules = index.program.attribution
    if rules.locks and running_lock(rules, history, day) is None:
        kept = Attributed(attributed.shares, LOCK, conversion.id, (), attributed.touched, (), "")
        history.lock = Lock(day, kept)


def _rate(index: Index, conversion: Conversion) -> Ratio | None:
    if isinstance(conversion, Sale):
        return index.rate(conversion.currency, conversion.at)
    if conversion.value is None or conversion.currency is None:
        return ALL
    return index.rate(conversion.currency, conversion.at)


def _components(fold: Fold, case: Decided, parties: Sequence[Party]) -> tuple[list[Component], str]:
    conversion, history, day = case.conversion, case.history, case.day
    situation: Situation | None = None
    weights = _weights(case.attributed.shares)
    found: list[Component] = []
    over = False
    for party in parties:
        if party.standing.terms.has_conditions:
            situation = situation or _situation(case)
            _see(situation, fold.index, party, history, day)
        picked = _pick(fold, case, situation or UNSEEN, party)
        if not picked:
            continue
        kept = kept_of(fold.index, conversion, party.standing.terms, day)
        for rule, lines in picked:
            runs = still_runs(rule, history, party.partner, day)
            if runs is None:
                over = True
                continue
            component = _component(case, party, rule, lines)
            _put_basis(component, case, kept, weights, fold.program.rounding)
            component.ppm, component.months = runs
            fold.tallies.place(component, case)
            found.append(component)
    for component in found:
        key = (component.partner, component.rule.key)
        started = history.started.get(key)
        history.started[key] = (day, 1) if started is None else (started[0], started[1] + 1)
    return found, LASTS_OVER if over else NO_RULE


def _weights(shares: Sequence[Share]) -> list[int]:
    """The shares in credit order, the uncredited rest last."""
    weights = [share.ppm for share in shares]
    rest = WHOLE_PPM - sum(weights)
    return [*weights, rest] if rest else weights


def _situation(case: Decided) -> Situation:
    """The conversion as conditions see it; what belongs to a partner or a line is filled in later."""
    conversion, history, fx, day = case.conversion, case.history, case.fx, case.day
    seen = Situation()
    seen.at = day
    seen.country = history.country
    seen.properties = conversion.properties
    seen.flagged_existing = history.existing
    seen.last_sale_day = history.last_sale_day
    first = history.first_sale_day
    seen.customer_months = None if first is None else whole_months(first, day) if first != day else 0
    seen.category = None
    if isinstance(conversion, Sale):
        seen.product, seen.kind, seen.code = conversion.product, conversion.kind, conversion.code is not None
        amount: int | None = conversion.amount
    else:
        seen.product, seen.kind, seen.code = None, None, False
        amount = conversion.value
    seen.amount = amount if amount is None or fx is ALL else converted(amount, fx)
    return seen


def converted(amount: int, fx: Ratio) -> Fraction:
    """An amount in the program's currency, exactly."""
    return Fraction(amount * fx.numerator, fx.denominator)


def _see(situation: Situation, index: Index, party: Party, history: History, day: int) -> None:
    partner = index.partners.get(party.partner)
    situation.nth = party.nth
    situation.customer_nth = history.nth[SALE if party.on == ASSIST else party.on]
    situation.partner_days = day - party.standing.in_force.start_day
    situation.partner_country = partner.country if partner else None
    situation.group = partner.group if partner else None


def _pick(fold: Fold, case: Decided, situation: Situation, party: Party) -> list[tuple[Rule, Sequence[int]]]:
    """The rules that lines of the conversion picked, in the order listed, each with its lines."""
    lines = case.conversion.lines if isinstance(case.conversion, Sale) else ()
    if not lines:
        return [(rule, ONLY_LINE) for rule in _fitting(fold, case, situation, party, 0)]
    picked: dict[int, list[int]] = {}
    for i, line in enumerate(lines):
        situation.product, situation.category = line.product, line.category
        for rule in _fitting(fold, case, situation, party, i):
            picked.setdefault(rule.index, []).append(i)
    rules = party.standing.terms.rules
    return [(rules[index], picked[index]) for index in sorted(picked)]


def _fitting(fold: Fold, case: Decided, situation: Situation, party: Party, line: int) -> list[Rule]:
    """The rules that one line picks, in the order listed."""
    terms = party.standing.terms
    fit = []
    for rule in terms.chosen_on.get(party.on, ()):
        if holds(rule.conditions, situation):
            fit.append(rule)
            if terms.choose == "first":
                break
    if len(fit) > 1 and terms.choose == "best":
        worths = [worth(fold.tallies, case, party.partner, rule, line) for rule in fit]
        fit = [fit[worths.index(max(worths))]]
    adding = terms.adding_on.get(party.on)
    if adding:
        fit += [rule for rule in adding if holds(rule.conditions, situation)]
        fit.sort(key=_index)
    return fit


def _component(case: Decided, party: Party, rule: Rule, lines: Sequence[int]) -> Component:
    found = Component()
    found.party = party
    found.partner = party.partner
    found.rule = rule
    found.lines = lines
    found.quantity = 1
    conversion = case.conversion
    if rule.pay.each_unit and isinstance(conversion, Sale) and conversion.lines:
        found.quantity = sum(conversion.lines[i].quantity for i in lines)
    found.figure = figure(conversion, rule.base, lines)
    found.together = None
    found.reasons = found.stages = ()
    return found


def _put_basis(component: Component, case: Decided, kept: Kept, weights: Sequence[int], mode: Rounding) -> None:
    """The basis of the rule, as made and as kept, and the partner's part by the largest remainder over all shares."""
    component.kept = kept
    made = basis_of(component.figure, ALL, case.fx, mode)
    component.whole_made = component.whole = checked_amount(made, case.conversion.id)
    if kept is not EVERYTHING:
        component.whole = basis_of(component.figure, kept.ratio, case.fx, mode)
    if component.party.on == ASSIST or len(weights) == 1:
        component.basis, component.made = component.whole, component.whole_made
        return
    component.basis = share_out(component.whole, weights)[component.party.order]
    component.made = share_out(component.whole_made, weights)[component.party.order]
