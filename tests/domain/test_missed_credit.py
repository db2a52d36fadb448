"""What of an uncredited sale points to a partner, and how strongly: codes, words, domains and registrations."""

from datetime import date

import pytest

from goodword.domain.missed_credit import (
    LIKELY,
    MENTIONS_MAX,
    STRONG,
    WEAK,
    Doubted,
    Evidence,
    Promise,
    Promises,
    Sign,
    by_code,
    by_words,
    one_slip,
    own_domain,
    signs_of,
    strength_of,
    too_common,
    weakened,
)
from goodword.domain.missed_credit_words import evidence_words

SIGNS = signs_of(
    [
        Sign("alder", "code", "alder-10"),
        Sign("birch", "code", "riverside"),
        Sign("cedar", "code", "oldcode", date(2026, 3, 1)),
        Sign("dogwood", "link", "dogwood-blog"),
        Sign("elm", "code", "elm"),
    ]
)
SALE_DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("code", "partner", "kind", "strength"),
    [
        ("a1der10", "alder", "code_alike", STRONG),
        ("ALDER1O", "alder", "code_alike", STRONG),
        ("riversde", "birch", "code_slip", LIKELY),
        ("rivreside", "birch", "code_slip", LIKELY),
        ("riversides", "birch", "code_slip", LIKELY),
        ("oldcode", "cedar", "code_revoked", STRONG),
        ("dogwoodblog", "dogwood", "code_is_link", LIKELY),
    ],
)
def test_a_code_that_was_meant_for_a_partner_is_seen(code, partner, kind, strength):
    assert [(who, one.kind, one.strength) for who, one in by_code(code, SIGNS)] == [(partner, kind, strength)]


@pytest.mark.parametrize("code", ["alder-10", "alder-20", "alder-1", "summer", "riverbed", "elk", "rivesdie"])
def test_a_code_of_somebody_or_of_nobody_points_nowhere(code):
    """alder-10 counts by rule; another digit is another code; two slips and short codes are chance."""
    assert list(by_code(code, SIGNS)) == []


@pytest.mark.parametrize(
    ("one", "other", "is_slip"),
    [
        ("maple", "mapel", True),
        ("maple", "maples", True),
        ("maple", "aple", True),
        ("maple", "mable", True),
        ("maple", "maple", False),
        ("maple", "mpael", False),
        ("maple5", "maple6", False),
        ("maple", "maple1", False),
    ],
)
def test_a_slip_is_one_letter_wrong_missing_added_or_swapped(one, other, is_slip):
    assert one_slip(one, other) is is_slip
    assert one_slip(other, one) is is_slip


@pytest.mark.parametrize(
    ("where", "text", "strength"),
    [
        ("property coupon", "Riverside", LIKELY),
        ("property utm_source", "from riverside, in spring", LIKELY),
        ("property note", "alder10", LIKELY),
        ("property plan", "riverside", WEAK),
        ("product", "Riverside package", WEAK),
        ("customer's name", "Riverside Ltd", WEAK),
    ],
)
def test_a_partners_code_as_a_word_is_a_hint_and_says_where_it_stands(where, text, strength):
    ((_, found),) = by_words([(where, text)], SIGNS)
    assert (found.kind, found.strength, found.about["where"]) == ("mention", strength, where)


@pytest.mark.parametrize("text", ["riversides", "the elm tree", "", "river side"])
def test_parts_of_words_and_short_words_are_no_hint(text):
    assert list(by_words([("property coupon", text)], SIGNS)) == []


@pytest.mark.parametrize(
    ("email", "domain", "expected"),
    [
        ("ann@acme.example", "", "acme.example"),
        ("ann@gmail.com", "", ""),
        ("ann@T-Online.de", "", ""),
        ("ann@gmail.com", "WWW.Acme.example", "acme.example"),
        ("", "", ""),
        ("ann", "", ""),
    ],
)
def test_a_domain_that_anybody_can_have_is_nobodys_own(email, domain, expected):
    assert own_domain(email, domain) == expected


def kinds(sale: Doubted, *promised: tuple[str, date]):
    promises = Promises(Promise("alder", customer, on) for customer, on in promised)
    return [(one.kind, one.strength) for _, one in promises.evidence(sale, SALE_DAY)]


@pytest.mark.parametrize(
    ("sale", "named", "expected"),
    [
        (Doubted("C-17"), "c-17 ", ("registered_id", STRONG)),
        (Doubted("c-17", "ann@acme.example"), "Ann@Acme.example", ("registered_email", STRONG)),
        (Doubted("ann0@acme.example"), "anno@acme.example", ("registered_alike", LIKELY)),
        (Doubted("c-17", "ann@acme.example"), "acme.example", ("registered_domain", LIKELY)),
        (Doubted("c-17", "ann@acme.example"), "bob@acme.example", ("registered_domain", LIKELY)),
    ],
)
def test_a_registration_in_another_writing_names_the_customer(sale, named, expected):
    assert kinds(sale, (named, date(2026, 10, 1))) == [expected]


def test_a_registration_after_the_sale_or_of_somebody_else_says_nothing():
    sale = Doubted("c-17", "ann@gmail.com")
    assert kinds(sale, ("C-17", date(2026, 11, 2)), ("c-18", date(2026, 10, 1)), ("bob@gmail.com", SALE_DAY)) == []


def test_two_likely_things_of_different_kinds_are_strong_together():
    code, mention = Evidence("code_slip", LIKELY, {}), Evidence("mention", LIKELY, {})
    assert strength_of([code, mention]) == STRONG
    assert strength_of([code, code]) == LIKELY
    assert strength_of([Evidence("click", WEAK, {})]) == WEAK


def test_what_stands_in_many_sales_is_a_word_of_the_trade():
    word, slip = Evidence("mention", WEAK, {}), Evidence("code_slip", LIKELY, {})
    assert too_common(word, MENTIONS_MAX + 1)
    assert not too_common(word, MENTIONS_MAX)
    assert not too_common(word._replace(strength=LIKELY), 10_000)
    assert weakened(slip, MENTIONS_MAX + 1).strength == WEAK


def test_words_hide_whose_address_it_was():
    named = Evidence("registered_alike", LIKELY, {"named": "anno@acme.example", "on": "2026-10-01"})
    assert evidence_words(named, "Alder Advice") == (
        "Alder Advice named a•••@acme.example on 1 October 2026; that looks the same as this customer."
    )
