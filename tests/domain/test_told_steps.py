"""The words of steps, tale by tale: what `told_steps.txt` holds is what books hold, so a changed word changes the steps
of every line that is booked. The file was first written by the settlement in plain Python that came before the compiled
rules. When words are to change: `python -m tests.domain.test_told_steps` writes it anew, and its difference is read.
"""

from pathlib import Path

import pytest

from tests.domain.worlds import (
    agreement,
    at,
    credit,
    event,
    flat,
    line,
    partner,
    percent,
    program,
    rate,
    referred,
    refund,
    sale,
    settled,
    terms,
    tiers,
    touch,
)


def tiered(mode, **more):
    steps = [{"from": "0", "percent": "5%"}, {"from": "100.00", "percent": "8%"}]
    return tiers(steps, mode, **more)


two = [*referred("p"), *referred("q")]
model = lambda m, **k: {"attribution": {"model": m, "lock": None, **k}}
TALES = {
    "a percent of what is left of a sale": (
        program(terms(percent("12.5%"))),
        [*referred(), sale("s", "238.00", tax="38.00", shipping="20.00")],
    ),
    "a share by position, rounded together": (
        program(terms(percent("10%")), **model("position")),
        [*two, partner("r"), agreement("r"), touch("r", "2026-01-02"), sale("s", "100.01")],
    ),
    "a third each, in fractions of a tier": (
        program(terms(tiered("marginal")), **model("linear")),
        [
            *two,
            partner("r"),
            agreement("r"),
            touch("r", "2026-01-02"),
            sale("s", "100.00"),
            sale("t", "333.33", "2026-01-12"),
        ],
    ),
    "a decayed share": (
        program(terms(percent("10%")), **model("decay")),
        [*referred("p"), partner("q"), agreement("q"), touch("q", "2026-01-05"), sale("s", "100.00")],
    ),
    "lines of a sale with costs of the whole": (
        program(terms(percent("10%", "a", when={"product": "a"}, base={"less": ["tax", "shipping", "cost"]}))),
        [
            *referred(),
            sale("s", "60.00", cost="9.99", lines=[line("a", "20.00"), line("b", "30.00"), line("a", "10.00")]),
        ],
    ),
    "lines of a sale that comes to nothing": (
        program(terms(percent("10%", "a", when={"product": "a"}, base={"plus": ["discount"]}))),
        [*referred(), sale("s", "0.00", discount="5.00", lines=[line("a", "0.00"), line("b", "0.00")])],
    ),
    "costs above the sale": (
        program(terms(percent("10%", base={"less": ["cost"]}))),
        [*referred(), sale("s", "10.00", cost="12.00")],
    ),
    "a refund of a foreign sale": (
        program(terms(percent("10%", base={"less": [], "plus": ["discount"]}))),
        [
            *referred(),
            rate("EUR", "1.0837"),
            rate("JPY", "0.0067"),
            sale("s", "90.00", currency="EUR", tax="7.00", discount="3.00"),
            refund("s", "12.34"),
            sale("t", "5000", "2026-01-11", currency="JPY"),
        ],
    ),
    "a graded sale that ended early": (
        program(terms(flat("100.00"), percent("10%", "more", adds=True), clawback={"graded_months": 12})),
        [
            *referred(),
            sale("s", "90.00"),
            refund("s", "10.00"),
            {"fact": "cancel", "id": "x", "sale": "s", "at": at("2026-05-09")},
        ],
    ),
    "flats by the unit and by share": (
        program(terms({"key": "all", "pay": {"flat": "7.77", "each": "unit"}}), **model("linear")),
        [*two, sale("s", "90.00", lines=[line("a", "90.00", quantity=3)])],
    ),
    "a schedule after a lock": (
        program(terms({"key": "all", "pay": {"schedule": [{"months": 1, "percent": "30%"}, {"percent": "20%"}]}})),
        [*referred(), sale("s", "100.00"), sale("t", "100.00", "2026-03-10")],
    ),
    "a person's decision": (
        program(terms(percent("33.3333%"))),
        [*two, credit({"p": "60%", "q": "30%"}, conversion="s", id="because"), sale("s", "100.00")],
    ),
    "an assist beside the credit": (
        program(terms(percent("10%"), percent("2%", "help", on="assist")), attribution={"assist": True}),
        [*two, sale("s", "100.00")],
    ),
    "tiers by the total before": (
        program(terms(tiered("before"))),
        [*referred(), sale("s", "100.00"), sale("t", "50.00", "2026-01-12")],
    ),
    "tiers by the total after": (
        program(terms(tiered("after"))),
        [*referred(), sale("s", "99.00"), sale("t", "50.00", "2026-01-12")],
    ),
    "tiers by the whole period": (
        program(terms(tiered("whole"))),
        [*referred(), sale("s", "60.00"), sale("t", "50.00", "2026-01-12")],
    ),
    "tiers by count that pay a flat": (
        program(terms(tiers([{"from": "0", "flat": "5.00"}, {"from": "2", "flat": "9.00"}], "after", measure="count"))),
        [*referred(), sale("s", "60.00"), sale("t", "50.00", "2026-01-12")],
    ),
    "slices of a refunded sale": (
        program(terms(tiered("marginal"))),
        [*referred(), sale("s", "60.00"), sale("t", "90.00", "2026-01-12"), refund("t", "30.00")],
    ),
    "the tail of an ended agreement": (
        program(terms(percent("10%"), tail=[{"months": 6, "percent": "33.3333%"}]), attribution={"lock": None}),
        [
            partner("p"),
            {**agreement("p"), "ends": "2026-01-15"},
            touch("p"),
            sale("s", "10.00"),
            sale("t", "10.01", "2026-02-01"),
        ],
    ),
    "floor and caps": (
        program(
            terms(
                percent(
                    "10%",
                    floor="5.01",
                    cap={"sale": "30.01", "customer": "60.00", "period": {"amount": "58.00", "per": "month"}},
                )
            ),
            **model("linear"),
        ),
        [
            *two,
            sale("s", "20.00"),
            sale("t", "900.00", "2026-01-11"),
            sale("u", "900.00", "2026-01-12"),
            sale("v", "900.00", "2026-01-13"),
            sale("w", "900.00", "2026-02-13"),
        ],
    ),
    "a cap that was lowered": (
        program(
            terms(percent("10%", cap={"customer": "60.00"})),
            terms={
                "std": terms(percent("10%", cap={"customer": "60.00"})),
                "new": terms(percent("10%", cap={"customer": "50.00"})),
            },
        ),
        [
            partner("p"),
            {**agreement("p"), "ends": "2026-01-15"},
            agreement("p", "new", "2026-01-15"),
            touch("p"),
            sale("s", "600.00"),
            sale("t", "600.00", "2026-01-20"),
        ],
    ),
    "a limit on all": (
        program(
            terms(percent("30%"), percent("12%", "help", on="assist")),
            attribution={"assist": True},
            guardrail={"percent": "25%"},
            rounding="down",
        ),
        [*two, sale("s", "99.99")],
    ),
    "a budget first come": (
        program(terms(percent("10%")), budget={"amount": "15.00"}),
        [*referred(), sale("s", "100.00"), sale("t", "100.00", "2026-01-12"), sale("u", "100.00", "2026-01-13")],
    ),
    "a budget pro rata": (
        program(terms(percent("10%")), budget={"amount": "10.00", "mode": "pro_rata"}),
        [*referred(), sale("s", "100.00"), sale("t", "100.00", "2026-01-12"), sale("u", "100.00", "2026-01-13")],
    ),
    "overrides of sales, commissions and first deals": (
        program(
            terms(
                percent("10%"),
                overrides=[
                    {"level": 1, "percent": "5%", "of": "commission"},
                    {"level": 2, "percent": "1.05%", "of": "sale"},
                    {"level": 3, "flat": "25.00", "lasts": {"payments": 1}},
                ],
            ),
            rounding="half_even",
            **model("linear"),
        ),
        [
            partner("p", parent="r"),
            partner("q", parent="r"),
            partner("r", parent="x"),
            partner("x", parent="y"),
            partner("y"),
            *(agreement(one) for one in "pqrxy"),
            touch("p"),
            touch("q"),
            sale("s", "33.34"),
        ],
    ),
    "bonuses by count and by volume": (
        program(
            terms(
                percent("10%"),
                bonuses=[
                    {"key": "two", "reaches": "2", "flat": "9.00"},
                    {"key": "big", "measure": "volume", "reaches": "150.00", "flat": "3.00", "per": "quarter"},
                ],
            )
        ),
        [*referred(), sale("s", "100.00"), sale("t", "100.00", "2026-01-12")],
    ),
    "an event in whole yen": (
        program(terms({"key": "lead", "on": "lead", "pay": {"percent": "7.5%"}}), currency="JPY"),
        [*referred(), event("e", "lead", value="1001"), event("f", "lead", "2026-01-11")],
    ),
}


def told(name):
    """A line of text for each step of the tale's lines, and one for each rate."""
    return [text for one in settled(*TALES[name]).lines for text in (*map(said, one.steps), f"-- {one.rate}")]


def said(step):
    return f"{step['do']}: {step['from']} = {step['is']}"


FILE = Path(__file__).with_name("told_steps.txt")


def known():
    """The texts of the file, by tale."""
    tales = FILE.read_text(encoding="utf-8").split("# ")[1:]
    return {lines[0]: lines[1:] for lines in map(str.splitlines, tales)}


@pytest.mark.parametrize("name", TALES)
def test_steps_are_told_in_the_words_that_books_hold(name):
    assert told(name) == known()[name]


def test_every_tale_of_the_file_is_told():
    assert known().keys() == TALES.keys()


if __name__ == "__main__":
    FILE.write_text("".join("\n".join((f"# {name}", *told(name), "")) for name in TALES), encoding="utf-8")
