"""Links, codes and clicks: made, found, revoked, counted."""

from datetime import UTC, datetime, timedelta

import pytest

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry
from goodword.accounts.scope import active_program
from goodword.domain.errors import InvalidInput
from goodword.domain.links import CodeTooSimilar
from goodword.referrals.models import Link, UnsettledFact
from goodword.referrals.qr import qr_png, qr_svg
from goodword.referrals.selectors import link_by_key
from goodword.referrals.services import create_code, create_link, record_facts, revoke_code
from goodword.referrals.sharing import PartnerNotActive
from tests import cast

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAGE = "https://shop.example/"


@pytest.fixture
def alder(db):
    partner = cast.partner(cast.program())
    with active_program(partner.program):
        yield partner


def link(of, **fields):
    return create_link(of.program, of, **({"destination": PAGE, "actor": SYSTEM} | fields))


def sale(name, **fields):
    given = {"id": name, "customer": "c-1", "currency": "EUR", "amount": "1.00", "at": "2026-05-01T00:00:00Z"}
    return given | fields


def test_a_link_gets_a_key_of_its_own_when_none_is_wished(alder):
    first, second = link(alder), link(alder)
    assert first.key != second.key
    assert link_by_key(first.key.upper()) == first


def test_everything_wrong_with_a_link_is_said_at_once(alder):
    with pytest.raises(InvalidInput) as refused:
        link(alder, key="no!", destination="https://evil.example", label="x" * 101)
    assert [problem.field for problem in refused.value.problems] == ["key", "destination", "label"]
    assert not Link.objects.exists()


def test_a_link_that_looks_like_another_is_refused_and_nothing_is_written(alder):
    link(alder, key="paypal")
    before = AuditEntry.objects.count()
    with pytest.raises(CodeTooSimilar):
        link(alder, key="paypa1")
    assert (Link.objects.count(), AuditEntry.objects.count()) == (1, before)


def test_a_paused_partner_gets_no_new_links(alder):
    type(alder).objects.update(status="paused")
    with pytest.raises(PartnerNotActive):
        link(alder)


def test_a_code_asks_for_the_settlement_of_sales_that_carried_it(alder):
    record_facts(alder.program, "sale", [sale("s-1", code="SPRING-9")], source="api", actor=SYSTEM, now=NOW)
    UnsettledFact.objects.all().delete()
    create_code(alder.program, alder, key="Spring-9", actor=SYSTEM)
    assert list(UnsettledFact.objects.values_list("customer", "cause")) == [("c-1", "code")]


def test_a_revoked_code_is_refused_on_later_sales_and_stays_on_earlier_ones(alder):
    code = create_code(alder.program, alder, key="spring-9", actor=SYSTEM)
    revoke_code(code, actor=SYSTEM, now=NOW - timedelta(days=10))
    record_facts(alder.program, "sale", [sale("s-1", code="spring-9")], source="api", actor=SYSTEM, now=NOW)
    later = sale("s-2", code="spring-9", at="2026-05-30T00:00:00Z")
    with pytest.raises(InvalidInput) as refused:
        record_facts(alder.program, "sale", [later], source="api", actor=SYSTEM, now=NOW)
    assert refused.value.problems[0].code == "revoked_code"


def test_qr_pictures_are_the_same_bytes_for_the_same_address():
    assert qr_svg(PAGE) == qr_svg(PAGE)
    assert qr_svg(PAGE).startswith("<svg")
    assert qr_png(PAGE) == qr_png(PAGE) != qr_png(PAGE + "x")
