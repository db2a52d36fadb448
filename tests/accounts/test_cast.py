"""The stage stands: every factory of the cast writes a row that the database takes."""

import pytest

from goodword.accounts.scope import active_program
from goodword.partners.models import Partner
from tests import cast

pytestmark = pytest.mark.django_db


def test_every_factory_writes_its_row():
    acme = cast.acme()
    here, alder = acme.program, acme.alder
    for of_program in (cast.group, cast.application, cast.customer, cast.sale, cast.credit, cast.rate, cast.imported,
                       cast.outcome, cast.settlement_run, cast.payout_run):  # fmt: skip
        assert of_program(here).program == here
    for of_partner in (cast.link, cast.code, cast.touch, cast.line, cast.hold, cast.payout):
        assert of_partner(alder).partner == alder
    cast.click(cast.link(alder))
    cast.refund(cast.sale(here))
    cast.payout_line(Partner.unscoped.get(pk=alder.pk).payouts(manager="unscoped").get())
    cast.letter(here, "alice@alder.example")


def test_eve_is_nobody_at_acme():
    acme, other = cast.acme(), cast.eve()
    assert other.program.organization != acme.program.organization
    with active_program(acme.program):
        assert list(Partner.objects.all()) == [acme.alder]
