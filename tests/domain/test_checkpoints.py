"""Going on from a checkpoint gives what settling everything anew gives: lines, outcomes and steps, byte for byte."""

from dataclasses import dataclass

import pytest

from goodword.domain.settlement import (
    Checkpoint,
    ReachesBack,
    Unfit,
    instant,
    line_to_json,
    read_facts,
    read_program,
    settle,
    settle_on,
    settle_saving,
)
from goodword.domain.settlement.fields import parse_instant
from tests.domain.worlds import agreement, partner, percent, program, referred, sale, terms
from tests.oracle.worlds import world

CUTS = 3


@dataclass
class Stretch:
    """The facts known at the end of a stretch of time, and the conversions that it brought."""

    until: int
    facts: list
    new: set


def at_of(fact):
    return instant(parse_instant(fact["at"])) if "at" in fact else None


def sold(facts):
    """When each conversion was, and whose."""
    return {f["id"]: (at_of(f), f["customer"]) for f in facts if f["fact"] in ("sale", "event")}


def reaches_back(fact, conversions, since):
    """Whether a fact that comes after `since` can change a line of a conversion at or before it."""
    if fact["fact"] not in ("refund", "cancel", "credit", "touch"):
        return False
    if at_of(fact) is None or at_of(fact) <= since:
        return False
    if fact["fact"] == "touch":
        return False
    of = fact.get("sale") or fact.get("conversion")
    aims = [conversions[of][0]] if of in conversions else []
    aims += [at for at, customer in conversions.values() if customer == fact.get("customer")]
    return any(at <= since for at in aims)


def stretches(facts):
    """The facts in as many stretches of time, none of which changes anything before it."""
    conversions = sold(facts)
    ats = sorted({at for at, _ in conversions.values()})
    cuts = [ats[len(ats) * n // CUTS - 1] for n in range(1, CUTS + 1) if len(ats) * n // CUTS]
    for cut in cuts[:-1]:
        facts = [fact for fact in facts if not reaches_back(fact, conversions, cut)]
    since = None
    for cut in cuts:
        known = [fact for fact in facts if at_of(fact) is None or at_of(fact) <= cut]
        yield Stretch(
            cut, known, {c for c, (at, _) in conversions.items() if at <= cut and (since is None or at > since)}
        )
        since = cut


def narrowed(stretch, checkpoint):
    """Only what going on needs: new conversions, sales with codes, what set locks; touches and customers of those."""
    locks = {record["lock"][0] for record in checkpoint.customers.values() if record["lock"]}
    kept = [
        fact
        for fact in stretch.facts
        if fact["fact"] not in ("sale", "event") or fact["id"] in stretch.new | locks or fact.get("code")
    ]
    sales = {fact["id"] for fact in kept if fact["fact"] == "sale"}
    return [fact for fact in kept if fact["fact"] not in ("refund", "cancel") or fact["sale"] in sales]


def updated(known, new):
    budget = dict([*known.budget, *new.budget])
    return Checkpoint(
        new.counting,
        known.customers | new.customers,
        known.partners | new.partners,
        [list(each) for each in budget.items()],
        max(known.last, new.last),
    )


def told(settlement, new):
    lines = [line_to_json(line) for line in settlement.lines if line.conversion in new]
    return lines, [tuple(each) for each in settlement.outcomes if each.conversion in new]


def went_on(document, facts):
    """(lines compared, stretches gone on): each stretch from the checkpoint before, against all facts anew."""
    read = read_program(document)
    parts = list(stretches(facts))
    known, lines = None, 0
    for number, part in enumerate(parts):
        whole = read_facts(read, part.facts)
        if known is None:
            _, known = settle_saving(read, whole, part.until)
            if known is None:
                return None
            continue
        expected = told(settle(read, whole, part.until), part.new)
        try:
            settlement, after = settle_on(read, read_facts(read, narrowed(part, known)), part.until, known)
        except ReachesBack:
            known = settle_saving(read, whole, part.until)[1]
            continue
        assert told(settlement, part.new) == expected, f"stretch {number}"
        assert {line.conversion for line in settlement.lines} <= part.new
        known, lines = updated(known, after), lines + len(expected[0])
        assert known == settle_saving(read, whole, part.until)[1]._replace(budget=known.budget)
    return lines


@pytest.mark.parametrize("block", range(4))
def test_going_on_from_checkpoints_is_settling_everything_anew(block):
    lines, gone_on = 0, 0
    for seed in range(1_700 + block * 40, 1_700 + block * 40 + 40):
        document, facts, _ = world(seed)
        try:
            found = went_on(document, facts) if sold(facts) else None
        except AssertionError as wrong:
            raise AssertionError(f"seed {seed}") from wrong
        if found is not None:
            gone_on, lines = gone_on + 1, lines + found
    assert gone_on > 15
    assert lines > 15, "worlds without lines compare nothing"


def gone_on(document, before, after, until="2026-03-01T00:00:00Z"):
    """The lines of `after`, settled on from a checkpoint of `before`."""
    read, as_of = read_program(document), instant(parse_instant(until))
    _, known = settle_saving(read, read_facts(read, before), as_of)
    return settle_on(read, read_facts(read, before + after), as_of, known)[0].lines


def test_a_cap_knows_what_was_paid_before_the_checkpoint():
    document = program(terms(percent("10%", cap={"customer": "12.00"})))
    [line] = gone_on(document, [*referred(), sale("s1", "100.00", "2026-01-10")], [sale("s2", "100.00", "2026-02-10")])
    assert (line.conversion, line.amount, line.reasons) == ("s2", 200, ("capped_customer",))


def test_a_checkpoint_of_other_rules_is_refused():
    one, other = program(terms(percent("10%"))), program(terms(percent("10%", cap={"customer": "12.00"})))
    read = read_program(one)
    _, known = settle_saving(read, read_facts(read, referred()), 0)
    read = read_program(other)
    with pytest.raises(Unfit):
        settle_on(read, read_facts(read, referred()), 0, known)


def test_there_is_no_checkpoint_where_a_budget_is_shared_out():
    read = read_program(program(terms(percent("10%")), budget={"amount": "100.00", "per": "month", "mode": "pro_rata"}))
    assert settle_saving(read, read_facts(read, [partner("p"), agreement("p")]), 0)[1] is None


def test_a_later_sale_that_pays_earlier_ones_anew_reaches_back():
    tiers = {"measure": "volume", "per": "month", "mode": "whole", "steps": [{"from": "0", "percent": "5%"}]}
    document = program(terms({"key": "all", "pay": {"tiers": tiers}}))
    with pytest.raises(ReachesBack):
        gone_on(document, [*referred(), sale("s1", "100.00", "2026-01-10")], [sale("s2", "100.00", "2026-02-10")])
