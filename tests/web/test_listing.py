"""Lists stay quick as tables grow: an index finds a page in its order, and 20 rows cost as many queries as 2.

Generated from the router: a new list of the API or the back office is tried without anybody adding it here.
"""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from goodword.accounts.policy import POLICY
from goodword.accounts.routes import named_routes
from tests import cast
from tests.world import Caller, _place

PAGES = "partners applications agreements conversions customers refunds rates signals lines holds imports payouts audit"
LISTS = sorted(
    {
        (name, route)
        for route, name in named_routes()
        if name in POLICY and (name.startswith("api:list-") or name in {f"backoffice:{page}" for page in PAGES.split()})
    }
)
EACH = pytest.mark.parametrize(("name", "route"), LISTS, ids=[name for name, _ in LISTS])
# Tables that grow with the business. The others hold what people typed: some hundreds of rows.
BIG = {
    "referrals_customer", "referrals_touch", "referrals_conversion", "referrals_refund", "referrals_cancel",
    "referrals_credit", "referrals_rate", "referrals_click", "referrals_link", "referrals_code", "referrals_signal",
    "commissions_line", "commissions_outcome", "ledger_transaction", "ledger_entry", "payouts_payout",
    "partners_partner", "partners_application", "partners_agreement", "accounts_auditentry",
}  # fmt: skip
# Ordered by what is worked out for every partner; there are some thousands of them at most.
WORKED_OUT = {"backoffice:partners"}


class Scene:
    """A program with so many of each kind of object, and who reads all of it."""

    def __init__(self):
        self.program = cast.program(slug="listed")
        cast.member(self.program, "viewer")
        self.places = []
        self.grow(2)
        self.owner = cast.sign_in(cast.member(self.program, "owner"), browser=Caller)
        self.key = cast.with_key(cast.api_key(self.program, "read", "manage")[1], browser=Caller)

    def grow(self, count):
        for number in range(len(self.places), count):
            self.places.append(_place(self.program, "zqlist", f"n{number}"))
            cast.signal(self.program, customer=f"customer-zqlist-n{number}")

    def queries(self, name, route):
        path = "/" + re.sub(
            r"<(?:\w+:)?(\w+)>", lambda part: {"program": "listed"}.get(part[1]) or self.places[0].ids[part[1]], route
        )
        client = self.key if name.startswith("api:") else self.owner
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return [one["sql"] for one in captured if "api_bucket" not in one["sql"]]


@pytest.fixture(scope="module")
def scene(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield Scene()
        transaction.set_rollback(True)


def plan_of(statement):
    """How the database would find the rows of a large table: any index before reading all of it, or sorting it."""
    with connection.cursor() as cursor:
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            cursor.execute(f"SET LOCAL {setting} = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        for setting in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            cursor.execute(f"RESET {setting}")
    return plan


@EACH
def test_a_page_is_found_by_an_index_in_its_order(scene, name, route):
    pages = [
        statement
        for statement in scene.queries(name, route)
        if re.search(r"ORDER BY[\s\S]*LIMIT (?!1\b)\d+\s*$", statement)
    ]
    for statement in pages:
        table = re.search(r'FROM "?(\w+)"?', statement)[1]
        plan = plan_of(statement)
        read = set(re.findall(r"Seq Scan on (\w+)", plan)) & BIG
        assert not read, f"{name} reads all of {read}\n{statement}\n{plan}"
        if table in BIG and name not in WORKED_OUT:
            assert not re.search(r"(?<!Incremental )\bSort\b {2}\(", plan), f"{name} sorts\n{statement}\n{plan}"
    assert pages or name == "api:list-terms-versions", f"{name}: no query of a page was seen"


@pytest.fixture(scope="module")
def counted(scene):
    """How many queries each list takes with 2 rows and with 20."""
    few = {name: len(scene.queries(name, route)) for name, route in LISTS}
    scene.grow(20)
    return {name: (few[name], len(scene.queries(name, route))) for name, route in LISTS}


@EACH
def test_twenty_rows_cost_as_many_queries_as_two(counted, name, route):
    few, many = counted[name]
    assert many <= few, f"{name}: {few} queries for 2 rows, {many} for 20"
