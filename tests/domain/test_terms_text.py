"""Terms in plain words, and the worked example beside them."""

import pytest

from goodword.domain.settlement import read_program
from goodword.domain.terms_text import program_sentences, rule_sentence, terms_sentences, worked_example
from tests.domain.worlds import flat, percent, program, terms


def said(rule):
    read = read_program(program(terms(rule)))
    return rule_sentence(read, read.terms["std"].rules[0])


SENTENCES = [
    (percent("20%"), "For a sale: 20% of what the customer paid without tax and shipping."),
    (flat("5.00", on="lead"), "For each “lead”: $5.00."),
    (
        percent("3%", on="assist"),
        (
            "For a sale that you helped with and another partner is credited for: "
            "3% of what the customer paid without tax and shipping."
        ),
    ),
    (
        percent("10%", when={"amount": {"gte": "1000.00"}, "code": False}),
        (
            "For a sale when the amount is at least $1,000.00 and no code was used: "
            "10% of what the customer paid without tax and shipping."
        ),
    ),
    (
        percent("10%", lasts={"months": 12}, cap={"sale": "50.00"}, floor="1.00", base={"less": []}),
        (
            "For a sale: 10% of all of what the customer paid, for 12 months from the customer's first commission, "
            "at least $1.00, at most $50.00 per sale."
        ),
    ),
    (
        percent("10%", when={"at": {"lt": "2026-04-01"}, "product": {"in": ["Pro", "Max"]}}),
        (
            "For a sale when its date is before 1 April 2026 and the product is “Pro” or “Max”: "
            "10% of what the customer paid without tax and shipping."
        ),
    ),
]


@pytest.mark.parametrize(("rule", "sentence"), SENTENCES)
def test_a_rule_is_one_sentence(rule, sentence):
    assert said(rule) == sentence


def test_a_schedule_says_what_comes_after():
    steps = [{"months": 12, "percent": "30%"}, {"months": 12, "percent": "20%"}]
    text = said({"key": "all", "pay": {"schedule": steps}})
    assert "30% of what the customer paid without tax and shipping for the first 12 months" in text
    assert "then 20% for 12 months, then nothing after that" in text


def test_terms_say_what_refunds_and_the_end_do():
    tail = [{"months": 6, "percent": "50%"}]
    read = read_program(program(terms(percent("10%"), clawback={"days": 60}, tail=tail)))
    text = " ".join(terms_sentences(read, read.terms["std"]))
    assert "gets money back within 60 days of the sale, the commission goes back in proportion." in text
    assert "still pay you 50% of the commission for 6 months; nothing when it was ended for cause." in text
    assert "ready for a payout 30 days after the sale." in text


def test_a_shared_budget_warns_of_lowering_what_was_ready():
    read = read_program(program(terms(percent("10%")), budget={"amount": "5000.00", "mode": "pro_rata"}))
    assert "also one that was ready for a payout" in " ".join(program_sentences(read))


def test_the_worked_example_is_the_engine_s():
    read = read_program(program(terms(percent("15%"))))
    example = worked_example(read, read.terms["std"])
    assert example.story == "A customer you referred buys for $120.00, of which $20.00 is tax."
    assert [row.arithmetic for row in example.rows if row.label == "Commission"] == ["15% of 100.00 = 15.00"]
    assert example.line.amount == 1500


def test_the_worked_example_meets_the_rule_s_conditions():
    wanted = {"amount": {"gte": "1000.00"}, "product": "Pro", "country": "US", "group": "gold", "code": True}
    read = read_program(program(terms(percent("15%", when=wanted))))
    assert worked_example(read, read.terms["std"]).sale.product == "Pro"


def test_terms_that_pay_no_sale_have_no_example():
    read = read_program(program(terms(flat("5.00", on="lead"))))
    assert worked_example(read, read.terms["std"]) is None
