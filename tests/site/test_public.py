"""The public pages: this server, its programs, the script and the demo shop."""

import gzip

import pytest
from django.test import Client

from goodword.referrals.models import Conversion, Customer, UnsettledFact
from goodword.site.script import script_address, the_script
from tests import cast

SCRIPT_BYTES_MAX = 3_000


def page(path, **headers):
    answer = Client(headers=headers).get(path)
    return answer, answer.content.decode()


@pytest.mark.django_db
def test_the_front_page_lists_live_programs_and_leaves_out_paused_ones():
    cast.program(slug="open-one", name="Open One")
    cast.program(slug="closed-one", name="Closed One", recruiting="invite")
    cast.program(slug="paused-one", name="Paused One", status="paused")
    _, text = page("/")
    assert "Open to applications" in text.partition("Open One")[2].partition("Closed One")[0]
    assert "By invitation" in text.partition("Closed One")[2]
    assert "Paused One" not in text


@pytest.mark.django_db
def test_a_program_without_published_terms_says_so():
    cast.program(slug="fresh", name="Fresh")
    assert "not published yet" in page("/programs/fresh/")[1]


@pytest.mark.django_db
def test_a_program_page_shows_the_terms_an_example_and_the_disclosure():
    acme = cast.acme()
    acme.program.disclosure = "Acme pays me for this."
    acme.program.save()
    _, text = page("/programs/acme/")
    for words in ("90 days", "30 days", "€50.00", "60 days", "20% of 100.00", "€20.00", "Acme pays me for this."):
        assert words in text


@pytest.mark.django_db
def test_names_and_words_of_a_program_are_shown_as_text():
    cast.program(
        slug="sly", name="<b>Sly</b>", tagline="<script>alert(1)</script>", description="<img src=x onerror=y>"
    )
    _, text = page("/programs/sly/")
    assert "<b>Sly" not in text
    assert "<script>alert" not in text
    assert "<img" not in text


def test_the_script_is_under_three_kilobytes_when_compressed():
    assert len(the_script().compressed) < SCRIPT_BYTES_MAX
    assert gzip.decompress(the_script().compressed) == the_script().text


def test_the_script_calls_in_one_place_and_brings_nothing_in():
    text = the_script().text.decode()
    assert text.count("fetch(") == 1  # and that only with a key: tests/site/test_pages_that_tell.py
    assert not any(word in text for word in ("XMLHttpRequest", "sendBeacon", "import ", "eval(", "innerHTML"))


@pytest.mark.django_db
def test_the_script_is_kept_for_a_year_under_its_version_and_for_an_hour_without(settings):
    named = Client().get(script_address().removeprefix(settings.BASE_URL))
    unnamed, stale = Client().get("/goodword.js"), Client().get("/goodword.js?v=000000000000")
    assert named["Cache-Control"] == "public, max-age=31536000, immutable"
    assert unnamed["Cache-Control"] == stale["Cache-Control"] == "public, max-age=3600"
    assert named["Content-Type"].startswith("text/javascript")
    assert Client().get("/goodword.js", headers={"if-none-match": unnamed["ETag"]}).status_code == 304


@pytest.mark.django_db
def test_a_browser_that_unpacks_gets_the_script_compressed():
    answer = Client().get("/goodword.js", headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.content) == the_script().text


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "checkout", "thanks/shop-1"])
def test_the_demo_shop_is_unknown_to_a_real_program(path):
    acme = cast.acme()
    acme.program.data_note = "demo data"  # words do not open it
    acme.program.save()
    cast.sale(acme.program, external_id="shop-1", source="demo")
    assert Client().get(f"/demo-shop/acme/{path}").status_code == 404


@pytest.mark.django_db
def test_nobody_can_write_a_sale_into_a_real_program_by_the_demo_shop():
    cast.acme()
    assert Client().post("/demo-shop/acme/checkout", {"article": "album"}).status_code == 404
    assert not Conversion.unscoped.exists()


@pytest.fixture
def demo():
    acme = cast.acme()
    acme.program.is_demo = True
    acme.program.save()
    return acme


@pytest.mark.django_db
def test_an_order_in_the_demo_shop_is_a_sale_of_the_browser_that_clicked(demo):
    click = cast.click(cast.link(demo.alder), visitor="browser-7")
    answer = Client().post("/demo-shop/acme/checkout", {"article": "box", "gw_click": click.public_id})
    sale = Conversion.unscoped.get()
    assert answer["Location"] == f"/demo-shop/acme/thanks/{sale.external_id}"
    assert (sale.amount_minor, sale.currency, sale.source) == (6_000, "EUR", "demo")
    assert Customer.unscoped.get().visitors == ["browser-7"]
    assert UnsettledFact.objects.filter(program=demo.program).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("forged", ["", "tch_00000000000000000000000000", "<script>", "x" * 60])
def test_b56_a_click_id_that_is_not_ours_credits_nobody(demo, forged):
    assert Client().post("/demo-shop/acme/checkout", {"article": "box", "gw_click": forged}).status_code == 302
    assert Conversion.unscoped.count() == 1
    assert "<script>" not in str(Customer.unscoped.get().visitors)


@pytest.mark.django_db
def test_b56_a_click_of_another_program_credits_nobody(demo):
    foreign = cast.click(cast.link(cast.eve().partner), visitor="browser-of-eve")
    Client().post("/demo-shop/acme/checkout", {"article": "box", "gw_click": foreign.public_id})
    assert "browser-of-eve" not in Customer.unscoped.get().visitors


@pytest.mark.django_db
def test_the_price_is_the_shops_and_not_the_buyers(demo):
    answer = Client().post("/demo-shop/acme/checkout", {"article": "yacht", "amount": "999999"})
    assert answer.status_code == 422
    assert not Conversion.unscoped.exists()


@pytest.mark.django_db
def test_the_thanks_page_shows_sales_of_the_shop_only(demo):
    cast.sale(demo.program, external_id="shop-other", source="import")
    cast.sale(demo.program, external_id="s-real", source="demo")
    assert Client().get("/demo-shop/acme/thanks/shop-other").status_code == 404
    assert Client().get("/demo-shop/acme/thanks/s-real").status_code == 404
