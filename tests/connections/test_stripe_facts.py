"""What Stripe's events are worth, without a database: one sale for one payment, money to the cent, in any order."""

from itertools import permutations

import pytest

from goodword.connections.stripe_events import read_intake
from goodword.connections.stripe_facts import payment_facts
from goodword.connections.stripe_money import decimal_text
from goodword.connections.stripe_people import cancel_facts, customer_fact
from goodword.connections.wanted import Seen, Unreadable
from tests.connections import senders
from tests.connections.senders import charge, customer, dispute, invoice, refund, session, stripe_event, subscription


def seen(event, **fields):
    found = read_intake(event)
    return Seen(found.event_id, found.type, found.happened_at, event, **fields)


def facts(*events):
    return payment_facts([seen(one) for one in events])


def paid(**fields):
    return stripe_event("invoice.paid", invoice(**fields))


def completed(**fields):
    return stripe_event("checkout.session.completed", session(**fields))


def sale_of(*events):
    (sale,) = facts(*events).sales
    return sale


def amounts(wanted):
    return {fact["id"]: fact["amount"] for fact in wanted.refunds}


def test_an_invoice_is_a_sale_without_its_tax():
    sale = sale_of(paid())
    assert (sale["id"], sale["customer"], sale["amount"], sale["tax"]) == ("in_1", "cus_1", "120.00", "20.00")
    assert (sale["kind"], sale["subscription"], sale["product"]) == ("new", "sub_1", "prod_pro")


def test_a_session_and_its_invoice_are_one_sale():
    events = [completed(mode="subscription", invoice="in_1", payment_intent=None), paid()]
    assert [fact["id"] for fact in facts(*events).sales] == ["in_1"]


def test_a_session_whose_invoice_is_known_by_its_payment_alone_is_no_second_sale():
    assert [fact["id"] for fact in facts(completed(), paid()).sales] == ["in_1"]


def test_a_session_waits_for_its_invoice_and_goes_on_without_it_after_a_while():
    event = completed(mode="subscription", invoice="in_1", payment_intent=None)
    assert facts(event).waiting == {event["id"]: "invoice"}
    (sale,) = payment_facts([seen(event, patient=False)]).sales
    assert (sale["id"], sale["amount"]) == ("in_1", "120.00")


def test_a_session_without_an_invoice_is_a_sale_of_its_payment():
    sale = sale_of(completed(total_details={"amount_discount": 500, "amount_shipping": 490, "amount_tax": 2000}))
    assert (sale["id"], sale["tax"], sale["shipping"], sale["discount"]) == ("pi_1", "20.00", "4.90", "5.00")


def test_a_session_that_is_paid_later_is_a_sale_then():
    unpaid = completed(payment_status="unpaid")
    later = stripe_event("checkout.session.async_payment_succeeded", session(), days=3)
    assert not facts(unpaid).sales
    assert sale_of(unpaid, later)["at"] == sale_of(later)["at"]


def test_both_events_of_a_paid_invoice_are_one_sale():
    assert len(facts(paid(), stripe_event("invoice.payment_succeeded", invoice())).sales) == 1


def test_nothing_paid_is_no_sale():
    event = paid(total=0, amount_paid=0, tax=0, total_tax_amounts=[])
    assert facts(event).empty == {event["id"]: "nothing_paid"}


def test_a_credit_that_pays_a_part_makes_every_part_smaller():
    sale = sale_of(paid(amount_paid=6000))
    assert (sale["amount"], sale["tax"]) == ("60.00", "10.00")


def test_a_guest_is_known_by_a_hash_of_the_address():
    one, other = (
        sale_of(completed(customer=None, customer_details={"email": x})) for x in ("A@b.example", "a@b.example")
    )
    assert one["customer"] == other["customer"]
    assert "a@b" not in one["customer"]


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1999, "EUR", "19.99"), (5, "USD", "0.05"), (500, "JPY", "500"), (5120, "KWD", "5.120"), (7, "KRW", "7"),
        (700, "ISK", "7"), (700, "UGX", "7"), (7, "MGA", "7.00"), (700, "HUF", "7.00"), (700, "TWD", "7.00"),
    ],
)  # fmt: skip
def test_stripes_whole_numbers_become_amounts(amount, currency, text):
    assert decimal_text(amount, currency) == text


def test_decimals_that_a_currency_does_not_have_are_refused():
    with pytest.raises(Unreadable):
        decimal_text(750, "ISK")


def test_a_yen_sale_and_its_refund_count_in_yen():
    wanted = facts(
        completed(currency="jpy", amount_total=1200, total_details={"amount_tax": 109}),
        stripe_event("charge.refunded", charge(currency="jpy", invoice=None, amount_refunded=300)),
    )
    assert (wanted.sales[0]["amount"], wanted.sales[0]["tax"]) == ("1200", "109")
    assert amounts(wanted) == {"pi_1:refunded:300": "300"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"metadata": {"gw_code": "ALDER10"}}, "alder10"),
        ({"discount": {"id": "di_1", "promotion_code": {"id": "promo_1"}, "coupon": {"id": "c25"}}}, "alder10"),
        ({"discounts": [{"id": "di_1", "promotion_code": "promo_1"}]}, "alder10"),
        ({"discounts": ["di_1"]}, "alder10"),
        ({"discount": {"id": "di_2", "promotion_code": None, "coupon": {"id": "BIRCH"}}}, "birch"),
        ({}, None),
    ],
)
def test_a_promotion_code_becomes_the_code_of_the_sale(fields, code):
    told = stripe_event("promotion_code.created", {"id": "promo_1", "object": "promotion_code", "code": "ALDER10"})
    discount = {"id": "di_1", "object": "discount", "promotion_code": "promo_1"}
    tied = stripe_event("customer.discount.created", discount)
    assert sale_of(told, tied, paid(**fields)).get("code") == code


def test_a_sale_waits_for_the_text_of_its_promotion_code():
    event = paid(discounts=[{"id": "di_1", "promotion_code": "promo_1"}])
    assert facts(event).waiting == {event["id"]: "promotion_code"}
    assert "code" not in payment_facts([seen(event, patient=False)]).sales[0]


def test_lines_are_given_where_they_add_up_to_the_cent():
    lines = [
        {"amount": 4000, "quantity": 2, "pricing": {"price_details": {"product": "prod_a"}}},
        {"amount": 7000, "price": {"product": "prod_b"}, "discount_amounts": [{"amount": 1000}]},
    ]
    assert [line["amount"] for line in sale_of(paid(lines={"data": lines}))["lines"]] == ["40.00", "60.00"]
    assert "lines" not in sale_of(paid(lines={"data": [lines[0] | {"amount": 4001}, lines[1]]}))


def refunded(total, before=None, *, days=5.0, **fields):
    given = charge(amount_refunded=total, refunded=total == 12000, **fields)
    return stripe_event(
        "charge.refunded", given, days=days, before=None if before is None else {"amount_refunded": before}
    )


def test_the_second_refund_is_the_difference():
    wanted = facts(paid(), refunded(3000, 0), refunded(5000, 3000, days=6))
    assert amounts(wanted) == {"pi_1:refunded:3000": "30.00", "pi_1:refunded:5000": "20.00"}


def test_a_refund_told_in_both_ways_is_one_fact_to_the_second():
    both = facts(paid(), refunded(3000, 0), stripe_event("refund.created", refund(), days=5))
    assert both.refunds == facts(paid(), refunded(3000, 0)).refunds
    assert both.refunds == facts(paid(), stripe_event("refund.created", refund(), days=5)).refunds


def test_a_refund_whose_event_was_lost_is_told_by_the_next_total():
    assert amounts(facts(paid(), refunded(5000, 3000, days=6))) == {
        "pi_1:refunded:3000": "30.00", "pi_1:refunded:5000": "20.00",
    }  # fmt: skip


def test_a_refund_that_failed_is_none():
    failed = stripe_event("refund.failed", refund(status="failed"), days=7)
    assert not facts(paid(), refunded(3000, 0), failed).refunds
    assert not facts(paid(), failed, stripe_event("refund.created", refund(), days=5)).refunds


def test_refunds_of_a_charge_that_names_no_invoice_find_it_by_the_payment():
    link = {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1"}
    link["payment"] = {"type": "payment_intent", "payment_intent": "pi_1"}
    new = paid(payment_intent=None, charge=None, parent={"subscription_details": {"subscription": "sub_1"}})
    lone = refunded(3000, 0, invoice=None)
    assert facts(new, lone).waiting == {lone["id"]: "payment"}
    assert amounts(facts(new, lone, stripe_event("invoice_payment.paid", link))) == {"pi_1:refunded:3000": "30.00"}


def test_a_refund_waits_for_its_payment():
    event = refunded(3000, 0)
    assert facts(event).waiting == {event["id"]: "payment"}


@pytest.mark.parametrize(
    ("status", "taken"),
    [
        ("needs_response", True),
        ("under_review", True),
        ("lost", True),
        ("won", False),
        ("warning_needs_response", False),
    ],
)
def test_a_dispute_takes_the_money_unless_it_is_won(status, taken):
    events = [paid(), stripe_event("charge.dispute.created", dispute(status=status), days=6)]
    assert ("dp_1" in amounts(facts(*events))) is taken


def test_a_dispute_that_was_won_stays_won_whatever_comes_late():
    won = stripe_event("charge.dispute.closed", dispute(status="won"), days=30)
    late = stripe_event("charge.dispute.updated", dispute(status="under_review"), days=30)
    assert not facts(paid(), won, late).refunds


LIVES = {
    "a subscription that is refunded twice and disputed": [
        completed(mode="subscription", invoice="in_1", payment_intent=None, client_reference_id="v-1"),
        paid(),
        refunded(3000, 0),
        refunded(5000, 3000, days=6),
        stripe_event("charge.dispute.created", dispute(amount=7000), days=8),
        stripe_event("charge.dispute.closed", dispute(amount=7000, status="won"), days=40),
    ],
    "a refund told in every way": [
        paid(),
        stripe_event("invoice.payment_succeeded", invoice()),
        stripe_event("charge.succeeded", charge()),
        refunded(3000, 0),
        stripe_event("refund.created", refund(), days=5),
        stripe_event("refund.failed", refund(status="failed"), days=9),
    ],
    "a code that is told last": [
        completed(discounts=[{"coupon": "c", "promotion_code": "promo_1"}]),
        stripe_event("promotion_code.created", {"id": "promo_1", "object": "promotion_code", "code": "ALDER10"}),
        stripe_event("refund.created", refund(amount=1000), days=5),
        stripe_event("refund.created", refund(id="re_2", amount=2000, created=senders.seconds(6)), days=6),
        refunded(1000, 0, invoice=None),
        refunded(3000, 1000, days=6, invoice=None),
    ],
    "totals without what was before": [
        paid(),
        refunded(3000),
        refunded(5000, days=6),
        refunded(12000, days=7),
        stripe_event("charge.dispute.created", dispute(status="warning_needs_response"), days=8),
        completed(mode="subscription", invoice="in_1", payment_intent=None),
    ],
}


def arrive(order):
    """What stands after the events came in one by one, recorded as the store does: sales once, refunds as known."""
    sales, refunds = {}, {}
    for number in range(1, len(order) + 1):
        wanted = payment_facts(order[:number])
        for fact in wanted.sales:
            sales.setdefault(fact["id"], fact)
        refunds = {key: fact for key, fact in refunds.items() if fact["sale"] not in wanted.refunded}
        refunds |= {fact["id"]: fact for fact in wanted.refunds}
    return sales, refunds


@pytest.mark.parametrize("life", LIVES)
def test_f15_all_720_orders_of_six_events_give_the_same_facts(life):
    events = [seen(one) for one in LIVES[life]]
    expected = arrive(events)
    assert expected[0]
    orders = list(permutations(events))
    assert len(orders) == 720
    assert all(arrive(list(order)) == expected for order in orders)


@pytest.mark.parametrize("life", LIVES)
def test_f14_events_that_come_twice_change_nothing(life):
    events = [seen(one) for one in LIVES[life]]
    assert arrive([*events, *events, *reversed(events)]) == arrive(events)


def test_a_customer_is_what_was_said_last_by_who_knows_best():
    events = [
        stripe_event("customer.created", customer(name="Old Name")),
        stripe_event("customer.updated", customer(name="New Name", address=None), days=2),
        completed(client_reference_id="v-1", metadata={"gw_click": "v-2"}),
        stripe_event("customer.subscription.created", subscription(metadata={"gw_click": "v-3"})),
    ]
    found = [customer_fact("cus_1", map(seen, order)) for order in permutations(events)]
    assert all(one == found[0] for one in found)
    assert (found[0]["name"], found[0]["country"], found[0]["visitors"]) == ("New Name", "DE", ["v-1", "v-2", "v-3"])


def test_a_subscription_that_ends_early_ends_its_last_sale():
    ended = stripe_event(
        "customer.subscription.deleted", subscription(status="canceled", ended_at=senders.seconds(90)), days=90
    )
    (fact,) = cancel_facts([seen(ended)])
    assert (fact["sale"], fact["at"][:10]) == ("in_1", "2027-01-29")


def test_a_subscription_that_ends_when_it_was_paid_until_is_no_cancel():
    ended = subscription(status="canceled", ended_at=senders.seconds(365))
    assert not cancel_facts([seen(stripe_event("customer.subscription.deleted", ended, days=365))])
