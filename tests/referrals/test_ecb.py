"""Reference rates become rate facts, once."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from goodword.accounts.actors import SYSTEM
from goodword.accounts.scope import active_program
from goodword.referrals.ecb import NoReferenceRate, import_reference_rates
from goodword.referrals.models import Rate
from tests import cast

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 2, 28, 12, tzinfo=UTC)
MONDAY = date(2026, 2, 23)


@pytest.fixture
def acme():
    program = cast.program(currency="EUR")
    with active_program(program):
        yield program


def load(program, *currencies, since=MONDAY):
    return import_reference_rates(program, currencies, since=since, actor=SYSTEM, now=NOW)


def test_a_week_has_five_bank_days_and_a_rate_counts_from_four_in_frankfurt(acme):
    assert load(acme, "USD").new == 5
    first = Rate.objects.order_by("at").first()
    assert (first.external_id, first.at) == ("ecb-USD-EUR-2026-02-23", datetime(2026, 2, 23, 15, tzinfo=UTC))


def test_loading_again_records_only_new_days(acme):
    load(acme, "USD", since=date(2026, 2, 25))
    again = load(acme, "USD")
    assert (again.new, again.duplicates) == (2, 3)


def test_a_rate_between_two_other_currencies_is_their_quotient(acme):
    load(acme, "USD", "GBP")
    acme.currency = "USD"
    acme.save()
    load(acme, "GBP")
    rate = {(r.from_currency, r.to_currency): Decimal(r.rate) for r in Rate.objects.filter(at__date=MONDAY)}
    assert abs(rate["GBP", "USD"] - rate["GBP", "EUR"] / rate["USD", "EUR"]) < Decimal("1e-8")


def test_a_currency_without_reference_rate_is_refused_by_name(acme):
    with pytest.raises(NoReferenceRate, match="KWD"):
        load(acme, "KWD")
    assert not Rate.objects.exists()
