"""WooCommerce, Shopify and the generic webhook: their public payloads as facts."""

import pytest

from goodword.accounts.actors import SYSTEM
from goodword.accounts.scope import active_program
from goodword.connections.services import replay
from goodword.referrals.models import Conversion, Customer, Refund
from tests import cast
from tests.connections import senders
from tests.connections.senders import now, outcomes, post, send, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return cast.program()


# WooCommerce: an order as its REST API (v3) shows it.


def order(**fields):
    given = {
        "id": 727, "number": "727", "status": "processing", "currency": "EUR", "total": "129.90", "total_tax": "19.90",
        "shipping_total": "10.00", "shipping_tax": "1.90", "discount_total": "5.00", "discount_tax": "0.95",
        "customer_id": 26, "date_created_gmt": "2026-10-05T09:58:00", "date_modified_gmt": "2026-10-05T10:00:30",
        "date_paid_gmt": "2026-10-05T10:00:00", "prices_include_tax": False, "payment_method": "bacs",
        "billing": {"first_name": "Ann", "last_name": "Buyer", "email": "ann@buyer.example", "country": "AT"},
        "coupon_lines": [{"id": 1, "code": "ALDER10", "discount": "5.00"}], "refunds": [],
        "line_items": [
            {"id": 1, "name": "Record", "sku": "REC-1", "product_id": 93, "quantity": 2, "total": "60.00"},
            {"id": 2, "name": "Sleeve", "sku": "", "product_id": 22, "quantity": 1, "total": "40.00"},
        ],
        "meta_data": [{"id": 5, "key": "_wc_order_attribution_session_entry", "value": "https://s.example/?gw_click=v-9"}],
    }  # fmt: skip
    return given | fields


def woo_name(to, number=727):
    return f"woo-{to.public_id[-8:]}-order-{number}"


def test_a_paid_order_of_woocommerce_is_a_sale(program):
    to = senders.connection(program, "woocommerce")
    send(to, order())
    sale = Conversion.unscoped.get()
    parts = (sale.amount_minor, sale.tax_minor, sale.shipping_minor, sale.discount_minor)
    assert (sale.external_id, parts, sale.code) == (woo_name(to), (12990, 1990, 1000, 500), "alder10")
    assert [(line["product"], line["amount"]) for line in sale.lines] == [("REC-1", "60.00"), ("Sleeve", "40.00")]
    buyer = Customer.unscoped.get(external_id=sale.customer)
    assert (buyer.email, buyer.country, buyer.visitors) == ("ann@buyer.example", "AT", ["v-9"])


def test_an_order_that_is_not_paid_is_no_sale_until_it_is(program):
    to = senders.connection(program, "woocommerce")
    send(to, order(status="on-hold", date_paid_gmt=None))
    assert (stored(to).outcome, stored(to).reason) == ("ignored", "not_paid_yet")
    send(to, order(), name="second")
    assert Conversion.unscoped.count() == 1


def test_an_order_updated_many_times_is_one_sale_and_each_refund_one(program):
    to = senders.connection(program, "woocommerce")
    refunds = [{"id": 801, "reason": "broken", "total": "-20.00"}, {"id": 802, "reason": "", "total": "-10.00"}]
    states = [
        order(), order(status="completed", date_modified_gmt="2026-10-06T10:00:00"),
        order(refunds=refunds[:1], date_modified_gmt="2026-10-07T10:00:00"),
        order(refunds=refunds, date_modified_gmt="2026-10-08T10:00:00"),
    ]  # fmt: skip
    for state in (states[3], states[0], states[2], states[1], states[3]):
        send(to, state)
    assert Conversion.unscoped.count() == 1
    live = Refund.unscoped.filter(retracted_at=None).order_by("external_id")
    assert [(row.amount_minor, row.at.day) for row in live] == [(2000, 7), (1000, 8)]


def test_two_shops_with_the_same_order_number_are_two_sales(program):
    for name in ("one", "other"):
        send(senders.connection(program, "woocommerce", name=name), order())
    assert Conversion.unscoped.count() == 2


def test_the_unsigned_ping_of_woocommerce_is_answered_and_stored_nowhere(program):
    to = senders.connection(program, "woocommerce")
    assert post(to, b"webhook_id=12", {}, content_type="application/x-www-form-urlencoded").status_code == 200
    assert post(to, b"webhook_id=12&x=1", {}).status_code == 401
    assert not outcomes(to)


# Shopify: what its webhooks hold.


def shopify_order(**fields):
    given = {
        "id": 820982911946154508, "name": "#1001", "currency": "EUR", "total_price": "119.00", "total_tax": "19.00",
        "taxes_included": True, "total_discounts": "11.90", "processed_at": "2026-10-05T12:00:00+02:00", "test": False,
        "total_shipping_price_set": {"shop_money": {"amount": "11.90", "currency_code": "EUR"}},
        "shipping_lines": [{"price": "11.90", "tax_lines": [{"price": "1.90"}]}], "email": "ann@buyer.example",
        "customer": {"id": 115310627314723954, "first_name": "Ann", "last_name": "Buyer"},
        "billing_address": {"country_code": "AT"},
        "discount_codes": [{"code": "Alder10", "amount": "11.90", "type": "percentage"}], "note_attributes": [],
        "landing_site": "/collections/all?gw_click=v-7", "line_items": [
            {"title": "Record", "sku": "REC-1", "price": "119.00", "quantity": 1,
             "discount_allocations": [{"amount": "11.90"}], "tax_lines": [{"price": "17.10"}]},
        ],
    }  # fmt: skip
    return given | fields


def shopify_refund(**fields):
    given = {
        "id": 890088186047892319, "order_id": 820982911946154508, "created_at": "2026-10-09T10:00:00Z",
        "processed_at": "2026-10-09T10:00:00Z", "note": "too late", "transactions": [
            {"id": 1, "kind": "refund", "status": "success", "amount": "30.00", "currency": "EUR"},
            {"id": 2, "kind": "refund", "status": "failure", "amount": "30.00", "currency": "EUR"},
        ],
    }  # fmt: skip
    return given | fields


def test_a_paid_order_of_shopify_is_a_sale_without_tax_and_shipping(program):
    send(senders.connection(program, "shopify"), shopify_order())
    sale = Conversion.unscoped.get()
    assert sale.external_id == "shopify-820982911946154508"
    assert (sale.amount_minor, sale.tax_minor, sale.shipping_minor, sale.code) == (11900, 1900, 1000, "alder10")
    assert Customer.unscoped.get().visitors == ["v-7"]


def test_a_refund_of_shopify_may_come_before_its_order(program):
    to = senders.connection(program, "shopify")
    send(to, shopify_refund(), topic="refunds/create")
    send(to, shopify_order())
    refund = Refund.unscoped.get()
    assert (refund.sale, refund.amount_minor) == (Conversion.unscoped.get().external_id, 3000)


def test_b35_a_test_order_of_shopify_is_put_aside(program):
    to = senders.connection(program, "shopify")
    send(to, shopify_order(), test=True)
    assert (stored(to).reason, Conversion.unscoped.count()) == ("mode_mismatch", 0)


@pytest.mark.parametrize("kind", ["woocommerce", "shopify"])
def test_b24_a_shop_with_the_wrong_secret_is_refused(program, kind):
    to = senders.connection(program, kind)
    body = senders.encoded(order() if kind == "woocommerce" else shopify_order())
    headers = senders.HEADERS[kind](body)
    assert post(to, body + b" ", headers).status_code == 401
    assert post(to, body, {name: value for name, value in headers.items() if "H" not in value[-2:]} | {
        "X-WC-Webhook-Signature": "x", "X-Shopify-Hmac-Sha256": "x",
    }).status_code == 401  # fmt: skip
    assert not outcomes(to)


@pytest.mark.parametrize(
    ("kind", "content", "topic"),
    [
        ("woocommerce", order(total="12,90"), "order.updated"), ("woocommerce", {"id": 5}, "order.updated"),
        ("shopify", shopify_order(total_price=None), "orders/paid"), ("shopify", {"id": 1}, "refunds/create"),
    ],
)  # fmt: skip
def test_b34_an_order_that_cannot_be_read_is_kept_for_a_person(program, kind, content, topic):
    to = senders.connection(program, kind)
    send(to, content, topic=topic)
    assert stored(to).outcome == "quarantined"


@pytest.mark.parametrize(("kind", "topic"), [("woocommerce", "product.updated"), ("shopify", "carts/update")])
def test_b33_topics_that_say_nothing_of_money_are_kept_and_not_read(program, kind, topic):
    to = senders.connection(program, kind)
    send(to, {"id": 1}, topic=topic)
    assert (stored(to).outcome, stored(to).reason) == ("ignored", "unknown_type")


# The generic webhook.


def said(kind, **data):
    return {"type": kind, "timestamp": "2026-10-05T10:00:00Z", "data": data}


SALE = {"id": "s-1", "customer": "c-1", "currency": "EUR", "amount": "120.00", "at": "2026-10-05T10:00:00Z"}


def test_our_own_shapes_are_recorded_as_they_are(program):
    to = senders.connection(program, "standard")
    send(to, said("customer.recorded", id="c-1", name="Ann", visitors=["v-1"]))
    send(to, said("lead.recorded", id="l-1", customer="c-1", at="2026-10-04T10:00:00Z"))
    send(to, said("sale.recorded", **SALE))
    send(to, said("refund.recorded", id="r-1", sale="s-1", amount="20.00", at="2026-10-06T10:00:00Z"))
    assert sorted(Conversion.unscoped.values_list("external_id", "name")) == [("l-1", "lead"), ("s-1", "sale")]
    assert (Refund.unscoped.get().amount_minor, Customer.unscoped.get().visitors) == (2000, ["v-1"])


def test_f15_a_refund_without_a_currency_waits_for_its_sale(program):
    to = senders.connection(program, "standard")
    send(to, said("refund.recorded", id="r-1", sale="s-1", amount="20.00", at="2026-10-06T10:00:00Z"))
    assert stored(to).outcome == "waiting"
    send(to, said("sale.recorded", **SALE))
    assert Refund.unscoped.get().amount_minor == 2000


def test_the_latest_word_on_a_customer_stands_whatever_comes_late(program):
    to = senders.connection(program, "standard")
    send(to, said("customer.recorded", id="c-1", name="New") | {"timestamp": "2026-10-06T10:00:00Z"})
    send(to, said("customer.recorded", id="c-1", name="Old"))
    assert Customer.unscoped.get().name == "New"


def test_a_known_id_with_other_content_waits_for_a_person(program):
    to = senders.connection(program, "standard")
    send(to, said("sale.recorded", **SALE))
    send(to, said("sale.recorded", **SALE | {"amount": "130.00"}), name="msg_other")
    assert (stored(to, "msg_other").reason, Conversion.unscoped.get().amount_minor) == ("idempotency_mismatch", 12000)


def test_a_wrong_field_is_named(program):
    to = senders.connection(program, "standard")
    send(to, said("sale.recorded", **SALE | {"amonut": "1"}))
    assert (stored(to).outcome, stored(to).reason) == ("quarantined", "unknown_field")
    assert "amonut" in stored(to).detail
    with active_program(program):
        assert replay(stored(to), actor=SYSTEM, now=now()).outcome == "quarantined"
