"""Tables of the back office: what they find, how they sort and page, what they download, and what they cost."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from goodword.accounts.scope import active_program
from goodword.insights.csv import cell
from goodword.insights.paging import keyset_page
from goodword.partners.models import Partner
from tests import cast
from tests.cast import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme():
    return cast.acme()


@pytest.fixture
def bob(acme):
    return cast.sign_in(acme.bob)


def text_of(response) -> str:
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode()


def rows_of(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text_of(response).lstrip("\ufeff"))))


def fill(acme, number: int) -> None:
    """Some of everything that a list shows, with the firms, customers and lines that its rows name."""
    for index in range(number):
        firm = cast.partner(acme.program, name=f"Firm {index}", group=cast.group(acme.program))
        cast.agreement(firm, terms_version=cast.terms_version(acme.program))
        customer = cast.customer(acme.program, name=f"Client {index}")
        sale = cast.sale(acme.program, customer=customer.external_id, at=NOW - timedelta(days=index))
        cast.line(firm, conversion=sale.external_id, customer=sale.customer, conversion_at=sale.at)
        cast.refund(sale)
        cast.hold(firm, placed_by=acme.bob)
        cast.application(acme.program)


LISTS = [
    "partners",
    "applications",
    "groups",
    "terms",
    "agreements",
    "conversions",
    "customers",
    "refunds",
    "lines",
    "holds",
]


@pytest.mark.parametrize("page", LISTS)
def test_a_list_costs_the_same_number_of_queries_however_long_it_is(acme, bob, page):
    counts = []
    for more in (2, 6):
        fill(acme, more)
        with CaptureQueriesContext(connection) as queries:
            assert bob.get(f"/p/acme/{page}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] < 25


@pytest.mark.parametrize("page", LISTS)
def test_every_list_downloads_what_it_shows(acme, bob, page):
    fill(acme, 3)
    found = rows_of(bob.get(f"/p/acme/{page}.csv"))
    assert len(found) >= 3
    assert all(None not in row for row in found)


def test_search_filters_and_sort_narrow_the_table_and_its_download_alike(acme, bob):
    for name, status in (("Birch", "active"), ("Beech", "paused"), ("Bay", "active")):
        cast.partner(acme.program, name=name, status=status)
    asked = "?q=b&status=active&sort=name"
    names = [row["name"] for row in rows_of(bob.get(f"/p/acme/partners.csv{asked}"))]
    page = text_of(bob.get(f"/p/acme/partners{asked}"))
    assert names == ["Bay", "Birch"]
    assert page.index("Bay") < page.index("Birch")
    assert "Beech" not in page


def test_nonsense_in_the_address_shows_the_plain_list(acme, bob):
    for query in ("?sort=password", "?status=no", "?after=!!", "?after=WzFd", "?before=bnVsbA", "?q=%00"):
        assert bob.get(f"/p/acme/partners{query}").status_code == 200
    for query in ("?after=x~y", "?after=2026-01-01~z", "?partner=prt_x", "?state=no"):
        assert bob.get(f"/p/acme/lines{query}").status_code == 200


def test_pages_follow_one_another_without_a_gap_and_lead_back(acme):
    made = [cast.partner(acme.program, name=f"{index:02}", joined_at=NOW) for index in range(7)]
    order = ("joined_at", "name", "id")
    with active_program(acme.program):
        rows = Partner.objects.filter(pk__in=[one.pk for one in made])
        first = keyset_page(rows, order=order, size=3)
        second = keyset_page(rows, order=order, after=first.next, size=3)
        third = keyset_page(rows, order=order, after=second.next, size=3)
        back = keyset_page(rows, order=order, before=third.previous, size=3)
    assert [one.name for page in (first, second, third) for one in page.rows] == [one.name for one in made]
    assert [one.name for one in back.rows] == [one.name for one in second.rows]
    assert (first.previous, third.next) == ("", "")


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_is_never_a_formula(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.00", "+3", "12.5%", "plain", "€5"])
def test_numbers_and_words_stay_as_they_are(text):
    assert cell(text) == text


def test_a_viewer_sees_where_an_address_leads_but_not_whose_it_is(acme):
    vic = cast.sign_in(acme.vic)
    for page in ("partners", f"partners/{acme.alder.public_id}", "search?q=alder"):
        shown = text_of(vic.get(f"/p/acme/{page}"))
        assert "alice@alder.example" not in shown
        assert "@alder.example" in shown


def test_terms_that_say_nothing_yet_are_listed(acme, bob):
    with active_program(acme.program):
        cast.terms(acme.program, key="agencies", name="Agencies")
    page = text_of(bob.get("/p/acme/terms"))
    assert "Agencies" in page
    assert "none yet" in page
