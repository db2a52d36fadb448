"""From the audit trail to the mail server: exactly one letter each, sent until it is taken."""

import re
import socket
from datetime import timedelta
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from goodword.accounts.actors import SYSTEM
from goodword.accounts.models import AuditEntry
from goodword.accounts.services import record_audit
from goodword.accounts.team import invite_member
from goodword.mail.letters import KINDS
from goodword.mail.models import Mail, OutboxCursor
from goodword.mail.services import ATTEMPTS_MAX, NOT_KEPT, deliver_due, read_trails
from tests import cast

pytestmark = pytest.mark.django_db


class Postbox:
    """A mail server of our own on loopback. `refuse` is what it answers to a recipient."""

    def __init__(self):
        self.letters, self.refuse = [], ""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.letters.append(message_from_bytes(envelope.content))
        return "250 OK"


@pytest.fixture
def postbox(settings):
    box = Postbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = False, ""
    yield box
    server.stop()


@pytest.fixture
def acme():
    return cast.acme()


def _say(acme, action, **more):
    with transaction.atomic():
        return record_audit(action=action, actor=SYSTEM, program=acme.program, **more)


def test_a_paused_partner_gets_one_letter_however_often_the_trail_is_read(acme):
    _say(acme, "partner.paused", obj=acme.alder, reason="we wait for an answer")
    assert (read_trails(), read_trails()) == (1, 0)
    letter = Mail.objects.get()
    assert (letter.to, letter.subject) == (acme.alice.email, "Your partnership with Acme Partners is paused")
    assert "we wait for an answer" in letter.text
    assert f"/portal/{acme.program.slug}/" in letter.html


def test_the_cursor_and_its_letters_are_one_change(acme, monkeypatch):
    _say(acme, "partner.paused", obj=acme.alder)
    monkeypatch.setattr("goodword.mail.services.Mail.objects.bulk_create", _break)
    with pytest.raises(ConnectionError):
        read_trails()
    monkeypatch.undo()
    assert not OutboxCursor.objects.filter(sequence__gt=0).exists()
    assert read_trails() == 1


def _break(*_):
    raise ConnectionError


@pytest.mark.parametrize("action", sorted(KINDS))
def test_every_known_action_is_a_letter_without_gaps(acme, action):
    payout = cast.payout(acme.alder)
    money = {"amount_minor": 2000, "currency": "EUR", "reference": "GW-1", "lines": 2}
    after = money | {
        "email": "new@firm.example", "partner": acme.alder.public_id, "account": "DE•• 1234", "role": "viewer",
        "starts_at": "2026-11-01T00:00:00Z", "usable_from": "2026-11-25T00:00:00Z", "terms": "standard@1",
        "scopes": ["read"], "line": "l-1", "partners_moved": 3,
    }  # fmt: skip
    member = acme.vic.memberships.get()
    obj = payout if action in ("payout.paid", "payout.returned") else member if action[:4] == "team" else acme.alder
    _say(acme, action, obj=obj, label="Alder", before={"role": "owner", "account": "DE•• 9"}, after=after, reason="why")
    assert read_trails() >= 1
    for letter in Mail.objects.all():
        assert letter.subject
        assert "\n" not in letter.subject
        assert not re.search(r"\{\{|\{%|None|  \.|\(\)", letter.subject + letter.text), letter.text
        assert "Acme Partners" in letter.subject + letter.text


def test_what_people_typed_is_text_and_never_markup_or_a_template(acme):
    nasty = "<script>alert(1)</script> {{ 7|add:7 }}\nBcc: all@example.com"
    _say(acme, "application.submitted", label=nasty[:200], after={"email": "ann@new.example"})
    read_trails()
    letter = Mail.objects.get(kind="application_submitted", to=acme.olga.email)
    assert "\n" not in letter.subject
    assert "{{ 7|add:7 }}" in letter.text
    assert "<script>" not in letter.html


def test_the_team_hears_of_it_but_not_who_did_it(acme):
    with transaction.atomic():
        record_audit(action="key.created", label="ERP", actor=cast.actor(acme.olga), program=acme.program,
                     after={"scopes": ["read"]})  # fmt: skip
    second = cast.member(acme.program, "owner")
    read_trails()
    assert [letter.to for letter in Mail.objects.all()] == [second.email]


def test_without_a_server_letters_wait_in_the_outbox(acme, settings):
    settings.EMAIL_HOST = ""
    _say(acme, "partner.paused", obj=acme.alder)
    assert deliver_due(timezone.now()) == 0
    assert Mail.objects.get().attempts == 0


def test_a_letter_is_sent_once_in_both_forms(acme, postbox):
    _say(acme, "partner.paused", obj=acme.alder)
    assert (deliver_due(timezone.now()), deliver_due(timezone.now())) == (1, 0)
    (sent,) = postbox.letters
    assert sent["To"] == acme.alice.email
    assert sent["Auto-Submitted"] == "auto-generated"
    assert sent["Message-ID"].startswith("<goodword.")
    assert {part.get_content_type() for part in sent.walk()} >= {"text/plain", "text/html"}
    assert Mail.objects.get().sent_at is not None


def test_a_letter_with_a_link_that_signs_in_is_not_kept_after_sending(acme, postbox):
    invite_member(acme.program, email="new@acme.example", name="Nia", role="viewer", actor=SYSTEM)
    deliver_due(timezone.now())
    (sent,) = postbox.letters
    assert "/account/invitation/" in sent.get_payload()[0].get_payload(decode=True).decode()
    letter = Mail.objects.get()
    assert (letter.text, letter.html) == (NOT_KEPT, "")
    assert not AuditEntry.objects.filter(after__icontains="invitation").exists()


def test_a_busy_server_is_asked_again_later_and_later(acme, postbox):
    now = timezone.now()
    _say(acme, "partner.paused", obj=acme.alder)
    postbox.refuse = "451 try later"
    assert deliver_due(now) == 0
    letter = Mail.objects.get()
    assert (letter.attempts, letter.next_attempt_at) == (1, now + timedelta(minutes=1))
    deliver_due(now + timedelta(seconds=30))
    assert Mail.objects.get().attempts == 1
    deliver_due(now + timedelta(minutes=1))
    assert Mail.objects.get().next_attempt_at == now + timedelta(minutes=3)
    postbox.refuse = ""
    assert deliver_due(now + timedelta(minutes=4)) == 1


def test_an_address_that_does_not_exist_is_given_up_at_once(acme, postbox):
    _say(acme, "partner.paused", obj=acme.alder)
    postbox.refuse = "550 no such user"
    deliver_due(timezone.now())
    letter = Mail.objects.get()
    assert letter.given_up
    assert "550" in letter.last_error


def test_a_server_that_is_away_costs_no_letter(acme, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    now = timezone.now()
    _say(acme, "partner.paused", obj=acme.alder)
    for attempt in range(ATTEMPTS_MAX):
        assert deliver_due(now + timedelta(days=attempt)) == 0
    letter = Mail.objects.get()
    assert (letter.attempts, letter.given_up, letter.sent_at) == (ATTEMPTS_MAX, True, None)


def test_nothing_leaves_for_the_invented_people_of_a_demo(acme, postbox):
    type(acme.program).objects.update(is_demo=True)
    _say(acme, "partner.paused", obj=acme.alder)
    assert deliver_due(timezone.now()) == 0
    assert postbox.letters == []
    assert Mail.objects.count() == 1


def test_sign_in_letters_go_out_at_once_and_are_not_kept(postbox, settings):
    settings.EMAIL_BACKEND = "goodword.mail.backend.OutboxBackend"
    send_mail("Your code", "ABC-123", None, ["ann@new.example"])
    (sent,) = postbox.letters
    assert "ABC-123" in sent.as_string()
    assert Mail.objects.get(program=None).text == NOT_KEPT


def test_sign_in_letters_can_be_read_in_the_outbox_when_there_is_no_server(settings):
    settings.EMAIL_HOST, settings.EMAIL_BACKEND = "", "goodword.mail.backend.OutboxBackend"
    send_mail("Your code", "ABC-123", None, ["ann@new.example"])
    assert Mail.objects.get(program=None).text == "ABC-123"
