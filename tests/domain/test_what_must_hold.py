"""Section 8 of the contract, promise by promise: order, twins, batches, splits, caps, budget, refunds, `as_of`.

Each on random small worlds. What else must hold for every set of facts is in `test_settlement_properties.py`.
"""

from collections import Counter, defaultdict
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goodword.domain.settlement import FactReader, line_to_json, read_facts, read_program, settle
from tests.domain.test_settlement_properties import (
    DAYS,
    PARTNERS,
    PROGRAM,
    at,
    bytes_of,
    few,
    pick,
    some_facts,
    text,
    written,
)
from tests.domain.worlds import agreement, percent, refund, sale, touch
from tests.domain.worlds import program as program_of

# Enough in one month for one customer and partner that a limit is reached in nearly every world.
BUSY = [
    *(touch(who, "2026-01-01", customer, id=f"busy-{who}") for who, customer in (("p", "c"), ("q", "d"))),
    *(sale(f"busy{day}", "150.00", f"2026-01-{day}", "cd"[day % 2]) for day in range(10, 16)),
]
CAPS = [{"customer": "3.00"}, {"period": {"amount": "4.00", "per": "month"}}, {"sale": "2.00"}]


def lines_of(document, facts, as_of=None):
    program = read_program(document)
    return settle(program, read_facts(program, facts), at(as_of)).lines


@few
@given(PROGRAM, some_facts(), st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(document, facts, chance):
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert bytes_of(document, shuffled) == bytes_of(document, facts)


def in_other_words(fact):
    """The same fact, its instant in another offset, its keys in another order."""
    moved = {"at": fact["at"].replace("T12:00:00Z", "T14:30:00.000+02:30")} if "at" in fact else {}
    return dict(reversed((fact | moved).items()))


@few
@given(PROGRAM, some_facts(), st.lists(st.integers(0, 10**6), max_size=12))
def test_facts_given_again_change_nothing(document, facts, again):
    twins = [in_other_words(facts[number % len(facts)]) for number in again]
    assert bytes_of(document, facts + twins) == bytes_of(document, facts)


@few
@given(PROGRAM, some_facts(), st.lists(st.integers(0, 4), min_size=60, max_size=60), st.permutations(range(5)))
def test_how_facts_are_parted_into_files_changes_nothing(document, facts, parts, order):
    program = read_program(document)
    reader = FactReader(program.currency, program.timezone, program.terms)
    for part in order:
        for line, (fact, its) in enumerate(zip(facts, parts, strict=False), start=1):
            if its == part:
                reader.add(fact, file=f"part-{part}.jsonl", line=line)
    for line, fact in enumerate(facts[len(parts) :], start=1):
        reader.add(fact, file="rest.jsonl", line=line)
    assert written(settle(program, reader.finish(), None)) == bytes_of(document, facts)


@few
@given(PROGRAM, some_facts(), pick(DAYS), st.lists(pick(["sale", "refund", "touch", "credit", "rate"]), min_size=1))
def test_a_fact_after_as_of_changes_nothing(document, facts, day, kinds):
    later = {
        "sale": sale("later", "77.00", "2027-01-01"),
        "refund": refund("s0", "0.01", "2027-01-01", id="later"),
        "touch": {"fact": "touch", "id": "later", "partner": "q", "customer": "c", "channel": "link"},
        "credit": {"fact": "credit", "id": "later", "conversion": "s0", "shares": [], "reason": "later"},
        "rate": {"fact": "rate", "id": "later", "from": "GBP", "to": document["currency"], "rate": "2"},
    }
    more = [{"at": "2027-01-01T12:00:00Z"} | later[kind] for kind in set(kinds)]
    as_of = f"{day}T12:00:00Z"
    assert bytes_of(document, facts + more, as_of) == bytes_of(document, facts, as_of)


@few
@given(PROGRAM, some_facts())
def test_what_is_fully_refunded_pays_nothing(document, facts):
    """By refunds that count: without a clawback window."""
    for terms in document["terms"].values():
        terms["clawback"] = {}
    sales = {fact["id"]: fact["amount"] for fact in facts if fact["fact"] == "sale" and fact["amount"] != "0.00"}
    facts = [fact for fact in facts if fact["fact"] != "refund"]
    back = [refund(name, amount, "2026-05-01") for name, amount in sales.items()]
    lines = lines_of(document, facts + back)
    assert [line for line in lines if line.conversion in sales and line.kind == "commission" and line.amount] == []


@few
@given(PROGRAM, some_facts(), st.data())
def test_k_partial_refunds_are_one_of_their_sum(document, facts, data):
    whole = next(fact for fact in facts if fact["fact"] == "sale")
    minor = int(whole["amount"].replace(".", ""))
    cuts = data.draw(st.lists(st.integers(0, minor // 4), min_size=2, max_size=5), label="parts")
    others = [fact for fact in facts if fact["fact"] != "refund"]
    parts = [refund(whole["id"], text(cut), "2026-04-28", id=f"part{i}") for i, cut in enumerate(cuts)]
    one = refund(whole["id"], text(sum(cuts)), "2026-04-28", id="one")
    split, joined = (bytes_of(document, [*others, *refunds]) for refunds in (parts, [one]))
    assert split[:-1] == joined[:-1]  # notices name refunds, which are others


def group_of(line):
    return line.conversion, line.terms, line.rule


def credited(lines):
    """The commission lines of partners with credit, by rule of a conversion."""
    groups = defaultdict(list)
    for line in lines:
        if line.kind == "commission" and not line.steps[0]["from"].startswith("assisted"):
            groups[group_of(line)].append(line)
    return groups


@few
@given(PROGRAM, some_facts())
def test_shares_are_at_most_all(document, facts):
    shares = Counter()
    for (conversion, *_), lines in credited(lines_of(document, facts)).items():
        for line in lines:
            shares[conversion, line.partner] = line.share_ppm
    for conversion in {name for name, _ in shares}:
        assert sum(ppm for (name, _), ppm in shares.items() if name == conversion) <= 1_000_000


CHANNELS = ["link", "form", "code", "registration", "manual"]


def all_paid_alike(document, facts):
    """The world with everybody on the same terms, every touch counting and no conditions: splits, and full caps."""
    document |= {"self_referral": "allow"}
    document["attribution"] = {"model": "linear", "window_days": 400, "priority": [CHANNELS]}
    document["attribution"]["existing_customers"] = "count"
    for rule in document["terms"]["std"]["rules"]:
        rule.pop("when", None)
        rule["on"] = "sale"
    return [fact for fact in facts if fact["fact"] != "agreement"] + [agreement(who) for who in PARTNERS]


def step(line, do):
    return next((one["is"] for one in line_to_json(line)["steps"] if one["do"] == do), None)


def minor_of(money):
    return int(money.replace(".", ""))


@few
@given(PROGRAM, some_facts())
def test_a_split_loses_no_unit(document, facts):
    """Where the partners of a rule have all shares, their bases come to the whole; their parts to what was rounded."""
    for lines in credited(lines_of(document, all_paid_alike(document, facts))).values():
        if sum(line.share_ppm for line in lines) == 1_000_000:
            assert sum(line.basis for line in lines) == minor_of(step(lines[0], "basis"))
        parts = [part for line in lines if (part := step(line, "part"))]
        if parts:
            assert sum(map(minor_of, parts)) == minor_of(step(lines[0], "round"))


EARNED = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}


@few
@given(
    pick(["last", "first", "linear", "position", "decay"]),
    pick(list(EARNED)),
    pick(["10%", "12.5%", "33.3333%"]),
    st.lists(pick(PARTNERS), min_size=1, max_size=6),
    st.integers(1, 3_000),
    st.integers(0, 1_000),
)
def test_what_is_earned_together_is_paid_out_to_the_unit(model, mode, rate, touching, sold, back):
    """Against the sum done here, not the steps: all shares, all that was kept, and one rounding of the whole."""
    document = program_of({"rules": [percent(rate)]}, rounding=mode, attribution={"model": model})
    touches = [touch(who, f"2026-01-0{day}") for day, who in enumerate(touching, start=1)]
    facts = [*map(agreement, PARTNERS), *touches, sale("s", text(sold)), refund("s", text(min(back, sold)))]
    lines = lines_of(document, facts)
    kept = max(sold - back, 0)
    earned = (Decimal(kept) * Decimal(rate[:-1]) / 100).quantize(Decimal(1), EARNED[mode])
    assert sum(line.share_ppm for line in lines) == 1_000_000
    assert (sum(line.basis for line in lines), sum(line.amount for line in lines)) == (kept, earned)


@pytest.mark.parametrize("cap", CAPS, ids=lambda cap: next(iter(cap)))
@few
@given(document=PROGRAM, facts=some_facts(), day=pick(["2026-06-01", *DAYS]))
def test_caps_hold_at_every_prefix(cap, document, facts, day):
    """After each line, in output order, its partner has no more by this rule than the cap; or the line pays nothing."""
    facts = all_paid_alike(document, facts + BUSY)
    for terms in document["terms"].values():
        for rule in terms["rules"]:
            rule["cap"] = cap
    sold = {fact["id"]: fact for fact in facts if fact["fact"] in {"sale", "event"}}
    sums = Counter()
    for line in lines_of(document, facts, f"{day}T12:00:00Z"):
        if line.kind != "commission":
            continue
        key = line.partner, line.rule, counted_for(cap, line, sold[line.conversion])
        sums[key] += line.amount
        assert line.amount == 0 or sums[key] <= most_of(cap, line, document)


def counted_for(cap, line, fact):
    """What a cap counts up for: the customer, the month, or this line alone."""
    return {"customer": fact["customer"], "period": fact["at"][:7], "sale": line.line}[next(iter(cap))]


def most_of(cap, line, document):
    ((kind, most),) = cap.items()
    if kind == "sale":  # × share, rounded
        return -(-in_minor(most, document) * line.share_ppm // 1_000_000)
    return in_minor(most["amount"] if kind == "period" else most, document)


def in_minor(amount, document):
    return minor_of(amount) * (10 if document["currency"] == "KWD" else 1)


@few
@given(PROGRAM, some_facts(), pick(["first_come", "pro_rata"]), pick(["2026-06-01", *DAYS]))
def test_a_budget_holds_at_every_prefix(document, facts, mode, day):
    document["budget"] = {"amount": "7.00", "per": "month", "mode": mode}
    facts += BUSY
    months = {fact["id"]: fact["at"][:7] for fact in facts if fact["fact"] in {"sale", "event"}}
    spent = Counter()
    for line in lines_of(document, facts, f"{day}T12:00:00Z"):
        spent[months[line.conversion]] += line.amount
        assert max(spent.values()) <= in_minor("7.00", document)
