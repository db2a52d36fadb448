"""The short tables of the back office are sorted as the address asks, heads and files alike."""

import re

import pytest

from goodword.accounts.scope import active_program
from tests import cast
from tests.web import showcase

pytestmark = pytest.mark.django_db
ROW = re.compile(r'<th scope="row">(?:<a[^>]*>)?\s*([^<]+?)\s*<')


@pytest.fixture
def acme():
    return cast.acme()


@pytest.fixture
def olga(acme):
    return cast.sign_in(acme.olga)


@pytest.fixture
def desk(acme):
    with active_program(acme.program):
        for name in ("Zebra till", "apple shop", "Mango stall"):
            cast.api_key(acme.program, "read", name=name, created_by=acme.olga)
            cast.letter(acme.program, f"{name.split()[0].lower()}@x.example", subject=f"About {name}")
    return acme


def _rows(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return ROW.findall(answer.content.decode())


@pytest.mark.parametrize(
    ("path", "upwards"),
    [
        ("/p/acme/settings/keys?sort={}name", ["apple shop", "Mango stall", "Zebra till"]),
        ("/p/acme/settings/outbox?sort={}to", ["About apple shop", "About Mango stall", "About Zebra till"]),
        ("/p/acme/settings/team?sort={}name", ["Bob Brown", "Olga Owner", "Sam Sharp", "Vic View"]),
    ],
)
def test_a_click_on_a_head_sorts_and_a_second_one_turns_it(desk, olga, path, upwards):
    shown = [row for row in _rows(olga, path.format("")) if row in upwards]
    turned = [row for row in _rows(olga, path.format("-")) if row in upwards]
    assert (shown, turned) == (upwards, upwards[::-1])


def test_the_file_of_keys_has_the_order_of_the_page(desk, olga):
    text = b"".join(olga.get("/p/acme/settings/keys.csv?sort=-name").streaming_content).decode()
    assert text.index("Zebra till") < text.index("Mango stall") < text.index("apple shop")


def test_an_order_that_does_not_exist_is_the_usual_one(desk, olga):
    assert _rows(olga, "/p/acme/settings/team?sort=password") == _rows(olga, "/p/acme/settings/team")


def test_payout_runs_are_sorted_by_what_they_pay():
    world = showcase.busy("runs")
    olga = cast.sign_in(world.olga)
    runs = [
        [row for row in _rows(olga, f"/p/runs/payouts?sort={sort}") if row.startswith("Run")]
        for sort in ("amount", "-amount", "run", "nonsense")
    ]
    assert runs == [["Run 2", "Run 1"], ["Run 1", "Run 2"], ["Run 1", "Run 2"], ["Run 2", "Run 1"]]


def test_payout_runs_past_the_first_page_are_reached_page_by_page(acme, olga):
    with active_program(acme.program):
        for number in range(1, 54):
            cast.payout_run(acme.program, number=number, prepared_by=acme.sam, state="cancelled")
    first = olga.get("/p/acme/payouts").content.decode()
    then = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert _rows(olga, "/p/acme/payouts") == [f"Run {number}" for number in range(53, 3, -1)]
    assert _rows(olga, f"/p/acme/payouts{then}") == ["Run 3", "Run 2", "Run 1"]


@pytest.mark.parametrize("sort", ["run", "state", "prepared", "payouts", "paid", "returned", "amount"])
def test_every_order_of_payout_runs_pages_through_all_of_them(acme, olga, sort):
    with active_program(acme.program):
        for number in range(1, 54):
            cast.payout_run(acme.program, number=number, prepared_by=acme.sam, state="cancelled")
    seen, path = [], f"/p/acme/payouts?sort={sort}"
    while path:
        page = olga.get(path).content.decode()
        seen += ROW.findall(page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = "/p/acme/payouts" + found[1].replace("&amp;", "&") if found else ""
    assert sorted(seen) == sorted(f"Run {number}" for number in range(1, 54))
