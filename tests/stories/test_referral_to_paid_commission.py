"""A referral becomes a paid commission, and a refund afterwards is told in words and netted: through HTTP, day by day.

The terms are 20% of what the customer pays, 30 days of hold, the minimum payout is EUR 50.00.
"""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.utils import timezone

from goodword.accounts.scope import active_program
from goodword.commissions.services import settle_program
from goodword.commissions.verify import verify
from goodword.ledger.selectors import balances
from goodword.payouts.methods import set_payout_method
from goodword.payouts.models import Payout, PayoutRun
from tests import cast, ingesting
from tests.api.client import Caller

pytestmark = pytest.mark.django_db


class Story:
    """Acme's program with one partner, Ada, who can be paid; `days_later` moves on and settles."""

    def __init__(self):
        self.program = cast.program(currency="EUR", hold_days=30, minimum_payout_minor=5000)
        with active_program(self.program):
            self.ada = cast.partner(self.program, name="Ada Advice")
            cast.agreement(self.ada)
            self.link = cast.link(self.ada, destination="https://shop.example/welcome")
            set_payout_method(
                self.ada,
                kind="iban",
                holder="Ada Advice",
                account="DE89370400440532013000",
                actor=cast.actor(),
                now=timezone.now(),
            )
        self.finance, self.owner = cast.member(self.program, "finance"), cast.member(self.program, "owner")
        self.ada_person = cast.seat(self.ada)
        self.api = Caller(self.program)
        self.clock = time_machine.travel(timezone.now(), tick=True)
        self.clock.start()

    def days_later(self, days):
        later = timezone.now() + timedelta(days=days)
        self.clock.stop()
        self.clock = time_machine.travel(later, tick=True)
        self.clock.start()
        self.settle()

    def settle(self):
        settle_program(self.program, now=timezone.now())

    def at(self):
        return timezone.now().isoformat().replace("+00:00", "Z")

    def click(self):
        answer = ingesting.visit(f"/r/{self.program.slug}/{self.link.key}")
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer["Location"]).query)["gw_click"][0]

    def sale(self, key, amount):
        body = {"id": key, "customer": "c-1", "currency": "EUR", "amount": amount, "at": self.at()}
        answer = self.api.post("/sales", body)
        assert answer.status_code in (200, 201), answer.content
        self.settle()

    def books(self):
        return {kind: minor for kind, minor in balances(self.program, self.ada.pk, "EUR").items() if minor}

    def office(self, user, path, **form):
        return cast.sign_in(user).post(f"/p/{self.program.slug}/payouts{path}", form)

    def pay(self):
        self.office(self.finance, "/prepare", currency="EUR")
        run = PayoutRun.unscoped.filter(program=self.program).latest("number")
        at = f"/runs/{run.public_id}"
        self.office(self.owner, at + "/approve")
        self.office(self.finance, at + "/export")
        payouts = Payout.unscoped.filter(run=run)
        self.office(self.finance, at + "/confirm", payout=[payout.public_id for payout in payouts])
        return PayoutRun.unscoped.get(pk=run.pk), [payout.amount_minor for payout in payouts]

    def portal(self, path=""):
        page = cast.sign_in(self.ada_person).get(f"/portal/{self.program.slug}/{path}")
        assert page.status_code == 200, page.content[:300]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.content.decode()))

    def violated(self):
        return [result.id for result in verify(self.program, now=timezone.now()) if not result.holds]


@pytest.fixture
def story():
    made = Story()
    yield made
    made.clock.stop()


def test_a_referral_becomes_a_paid_commission_and_a_late_refund_is_netted(story):
    click = story.click()
    story.api.post("/customers", {"id": "c-1", "visitors": [click]})
    story.sale("s-1", "400.00")
    assert story.books() == {"pending": 8000}  # 20% of 400.00
    assert "€80.00" in story.portal()

    story.days_later(31)
    assert story.books() == {"payable": 8000}
    run, amounts = story.pay()
    assert (run.state, amounts, story.books()) == ("closed", [8000], {"paid": 8000})

    refund = {"id": "f-1", "sale": "s-1", "amount": "100.00", "currency": "EUR", "at": story.at()}
    assert story.api.post("/refunds", refund).status_code in (200, 201)
    story.settle()
    assert story.books() == {"paid": 8000, "payable": -2000}  # 20% of 300.00 is 60.00; 80.00 was paid
    assert "€20.00" in story.portal()
    assert "next payout" in story.portal()

    story.sale("s-2", "500.00")
    story.days_later(31)
    assert story.books() == {"paid": 8000, "payable": 8000}  # 100.00 of s-2 less 20.00
    _, amounts = story.pay()
    assert (amounts, story.books()) == ([8000], {"paid": 16000})
    assert story.violated() == []


def test_the_partner_can_open_the_arithmetic_of_a_line(story):
    story.api.post("/customers", {"id": "c-1", "visitors": [story.click()]})
    story.sale("s-1", "400.00")
    earnings = cast.sign_in(story.ada_person).get(f"/portal/{story.program.slug}/earnings").content.decode()
    line = re.search(r"/earnings/(lin_[0-9a-f]+)", earnings).group(1)
    page = story.portal(f"earnings/{line}")
    assert "20%" in page
    assert "400.00" in page
    assert "80.00" in page
