"""Figures in the text of an agreement stand out, and nothing of the text becomes markup."""

import pytest

from goodword.insights.templatetags.terms import figures_marked


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("10% of it, for 12 months.", "<mark>10%</mark> of it, for <mark>12 months</mark>."),
        ("At least USD 1,250.00: yes", "At least <mark>USD 1,250.00</mark>: yes"),
        ("For each “lead”: €1,250.00.", "For each “lead”: <mark>€1,250.00</mark>."),
        ("At most CHF\u00a012.00 per sale", "At most <mark>CHF\u00a012.00</mark> per sale"),
        ("the customer's <b>2</b>", "the customer&#x27;s &lt;b&gt;<mark>2</mark>&lt;/b&gt;"),
        ("nothing to mark", "nothing to mark"),
    ],
)
def test_the_figures_of_a_sentence_stand_out(sentence, shown):
    assert figures_marked(sentence) == shown
