"""What changes between two versions of terms, in words that a partner understands.

Two versions that say the same have no change, and two that differ always have one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from goodword.domain.conditions_text import conditions_text, listed
from goodword.domain.settlement import Program, Rule, Terms
from goodword.domain.settlement.arithmetic import percent_text
from goodword.domain.settlement.program import Caps, Tiers, TierStep
from goodword.domain.terms_text import (
    base_words,
    bonus_sentence,
    choice_sentences,
    count_words,
    end_sentences,
    lasts_words,
    money_words,
    override_sentence,
    pay_words,
    refund_sentences,
    rule_sentence,
    tier_sentences,
)

_FOR_EVER = "for as long as the customer buys"
_ORDERED = "The rules are now looked at in this order: {}."


def terms_changes(program: Program, old: Terms, new: Terms) -> list[str]:
    """Every difference that matters to a partner, in the order of the new terms; empty when there is none."""
    return [
        *_rules(program, old, new),
        *_order(program, old, new),
        *_sentences(choice_sentences(old), choice_sentences(new), old.choose != new.choose),
        *_listed(program, old.overrides, new.overrides, lambda one: one.level, override_sentence),
        *_listed(program, old.bonuses, new.bonuses, lambda one: one.key, bonus_sentence),
        *_sentences(refund_sentences(old), refund_sentences(new)),
        *_sentences(end_sentences(old), end_sentences(new)),
    ]


def _rules(program: Program, old: Terms, new: Terms) -> Iterator[str]:
    before = {rule.key: rule for rule in old.rules}
    for rule in new.rules:
        earlier = before.pop(rule.key, None)
        if earlier is None:
            yield f"New: {rule_sentence(program, rule)}"
        else:
            yield from rule_changes(program, earlier, rule)
    for rule in before.values():
        yield f"No longer: {rule_sentence(program, rule)}"


def rule_changes(program: Program, old: Rule, new: Rule) -> list[str]:
    """What is different in a rule that both versions have."""
    if _plain(old) == _plain(new):
        return []
    about = f"Commission on {rule_label(program, new)}"
    found = [
        *_subject(program, old, new),
        *_pay(program, about, old, new),
        *_lasts(about, old, new),
        *_base(about, old, new),
        *_limits(program, about, old, new),
        *_rest(program, about, old, new),
    ]
    return found or [f"Rule “{new.key}” is written differently and pays the same."]


def _plain(rule: Rule) -> Rule:
    """A rule without what does not matter: where it stands, how its conditions are tested."""
    tests: Any = tuple(condition[:3] for condition in rule.conditions)
    return replace(rule, index=0, conditions=tests, caps=None if rule.caps == Caps() else rule.caps)


def rule_label(program: Program, rule: Rule) -> str:
    """What a rule is for, in a few words: "Vinyl", "sales when the customer is new", "each “lead”"."""
    only = rule.conditions[0] if len(rule.conditions) == 1 else None
    if only and rule.on == "sale" and only.field == "product" and only.operator in {"eq", "in"} and only.operand:
        return listed(only.operand if only.operator == "in" else [only.operand], "and")
    what = {"sale": "sales", "assist": "sales that you helped with"}.get(rule.on, f"each “{rule.on}”")
    conditions = conditions_text(rule, partial(money_words, program))
    return f"{what} {conditions}" if conditions else what


def _subject(program: Program, old: Rule, new: Rule) -> Iterator[str]:
    before, after = rule_label(program, old), rule_label(program, new)
    if before != after:
        yield f"Rule “{new.key}” is now for {after}; it was for {before}."


def _pay(program: Program, about: str, old: Rule, new: Rule) -> Iterator[str]:
    before, after = old.pay, new.pay
    if before == after:
        return
    if before.tiers and after.tiers and replace(before.tiers, steps=()) == replace(after.tiers, steps=()):
        yield from _steps(program, about, before.tiers, after.tiers)
    elif before.kind == after.kind == "percent":
        yield f"{about} goes from {percent_text(before.ppm)} to {percent_text(after.ppm)}."
    elif before.kind == after.kind == "flat" and before.each_unit == after.each_unit:
        unit = " for each unit" if after.each_unit else ""
        yield f"{about} goes from {money_words(program, before.flat)} to {money_words(program, after.flat)}{unit}."
    else:
        notes = tier_sentences(after.tiers) if after.tiers else ""
        yield f"{about} is now {pay_words(program, new)}; it was {pay_words(program, old)}.{notes}"


def _steps(program: Program, about: str, old: Tiers, new: Tiers) -> Iterator[str]:
    before, after = ({step.start: step for step in tiers.steps} for tiers in (old, new))
    for start in sorted(before.keys() | after.keys()):
        where = "at first" if start == 0 else f"from {_total(program, new, start)} on"
        was, now = before.get(start), after.get(start)
        if was and now and was != now:
            yield f"{about} {where} goes from {_step(program, was)} to {_step(program, now)}."
        elif now and not was:
            yield f"{about} has a new step: {_step(program, now)} {where}."
        elif was and not now:
            yield f"{about} no longer has the step of {_step(program, was)} {where}."


def _total(program: Program, tiers: Tiers, start: int) -> str:
    return money_words(program, start) if tiers.measure == "volume" else f"{start:,}"


def _step(program: Program, step: TierStep) -> str:
    return percent_text(step.ppm) if step.flat is None else money_words(program, step.flat)


def _lasts(about: str, old: Rule, new: Rule) -> Iterator[str]:
    if old.lasts != new.lasts:
        before, after = (lasts_words(one.lasts) or _FOR_EVER for one in (old, new))
        yield f"{about} is now paid {after}; it was {before}."


def _base(about: str, old: Rule, new: Rule) -> Iterator[str]:
    if old.base != new.base:
        before, after = (base_words(one.base, one.on) for one in (old, new))
        yield f"{about} is now reckoned from {after}; it was from {before}."


def _limits(program: Program, about: str, old: Rule, new: Rule) -> Iterator[str]:
    before, after = old.caps or Caps(), new.caps or Caps()
    for words, was, now in (
        ("the least per sale", old.floor, new.floor),
        ("the most per sale", before.sale, after.sale),
        ("the most per customer in all", before.customer, after.customer),
    ):
        yield from _limit(f"{about}: {words}", _amount(program, was), _amount(program, now))
    yield from _limit(f"{about}: the most", _in_period(program, before), _in_period(program, after))


def _amount(program: Program, minor: int | None) -> str:
    return "" if minor is None else money_words(program, minor)


def _in_period(program: Program, caps: Caps) -> str:
    if caps.period is None:
        return ""
    return f"{money_words(program, caps.period)} {'in all' if caps.per == 'lifetime' else f'per calendar {caps.per}'}"


def _limit(words: str, was: str, now: str) -> Iterator[str]:
    if was == now:
        return
    if not was:
        yield f"{words} is now {now}; there was no such limit."
    elif not now:
        yield f"{words} is no longer limited; it was {was}."
    else:
        yield f"{words} goes from {was} to {now}."


def _rest(program: Program, about: str, old: Rule, new: Rule) -> Iterator[str]:
    if old.adds != new.adds:
        how = "comes on top of the other rules" if new.adds else "no longer comes on top of the other rules"
        yield f"{about} now {how}." if new.adds else f"{about} {how}."
    before, after = (program.hold_days if one.hold_days is None else one.hold_days for one in (old, new))
    if before != after:
        days = count_words(after, "day"), count_words(before, "day")
        yield f"{about} is now ready for a payout after {days[0]}; it was after {days[1]}."


def _order(program: Program, old: Terms, new: Terms) -> Iterator[str]:
    """Where several rules fit, their order may decide."""
    common = {rule.key for rule in old.rules} & {rule.key for rule in new.rules}
    before, after = ([rule for rule in terms.rules if rule.key in common] for terms in (old, new))
    if [rule.key for rule in before] != [rule.key for rule in after]:
        yield _ORDERED.format(", ".join(rule_label(program, rule) for rule in after))


def _sentences(old: Sequence[str], new: Sequence[str], differs: bool = False) -> Iterator[str]:
    """Sentences that stand once in the terms: what is new, and what stood there before."""
    if list(old) == list(new) and not differs:
        return
    now, was = " ".join(one for one in new if one not in old), " ".join(one for one in old if one not in new)
    if now or was:
        yield " ".join(part for part in (f"Now: {now}" if now else "", f"Before: {was}" if was else "") if part)
    elif differs:
        yield "Which rule counts when several fit has changed; with these rules it makes no difference."


def _listed(
    program: Program,
    old: Sequence[Any],
    new: Sequence[Any],
    key: Callable[[Any], Any],
    words: Callable[[Program, Any], str],
) -> Iterator[str]:
    """Overrides or bonuses: what is new, what says something else, what is gone."""
    before = {key(one): one for one in old}
    for one in new:
        earlier = before.pop(key(one), None)
        if earlier is None:
            yield f"New: {words(program, one)}"
        elif earlier != one:
            yield f"Now: {words(program, one)} Before: {words(program, earlier)}"
    for one in before.values():
        yield f"No longer: {words(program, one)}"
