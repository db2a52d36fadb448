"""What a webhook must be to be taken (reliability.md B23 to B35), for the generic scheme and for Stripe's."""

import gzip
import hmac
import json
import time
from datetime import timedelta

import pytest

from goodword.accounts.actors import SYSTEM
from goodword.accounts.scope import active_program
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.services import switch
from goodword.referrals.models import Conversion
from tests import cast
from tests.connections import senders
from tests.connections.senders import SECRETS, encoded, now, post, send, standard_headers, stored, stripe_headers

pytestmark = pytest.mark.django_db
BOTH = ("standard", "stripe")


@pytest.fixture
def program():
    return cast.program()


@pytest.fixture(params=BOTH)
def to(request, program):
    return senders.connection(program, request.param)


def content_for(to, number=1):
    if to.kind == "stripe":
        return senders.stripe_event("invoice.paid", senders.invoice(id=f"in_{number}"))
    sale = {"id": f"s-{number}", "customer": "c-1", "currency": "EUR", "amount": "120.00", "at": "2026-11-01T10:00:00Z"}
    return {"type": "sale.recorded", "timestamp": "2026-11-01T10:00:00Z", "data": sale}


def signed(to, content=None, **signing):
    body = encoded(content or content_for(to))
    return body, senders.HEADERS[to.kind](body, **signing)


def code_of(answer):
    return answer.status_code, json.loads(answer.content).get("code", "")


def nothing_stored(to):
    return not ReceivedEvent.unscoped.filter(connection=to).exists() and not Conversion.unscoped.exists()


def test_a_signed_event_is_stored_and_recorded(to):
    send(to, content_for(to))
    assert (stored(to).outcome, Conversion.unscoped.count()) == ("recorded", 1)


def test_b23_a_missing_header_is_refused(to):
    body, headers = signed(to)
    for name in headers:
        answer = post(to, body, {key: value for key, value in headers.items() if key != name})
        assert code_of(answer) == (401, "missing_signature")
    assert nothing_stored(to)


def test_b24_a_wrong_secret_or_one_changed_bit_is_refused(to):
    body, headers = signed(to)
    other = SECRETS[to.kind][:-6] + "AAAAA="
    assert code_of(post(to, *signed(to, secret=other))) == (401, "bad_signature")
    for place in (0, len(body) // 2, len(body) - 1):
        bent = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert code_of(post(to, bent, headers)) == (401, "bad_signature")
    assert nothing_stored(to)


def test_b24_signatures_are_compared_in_constant_time(to, monkeypatch):
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append(1) or real(one, other))
    post(to, *signed(to))
    assert compared


@pytest.mark.parametrize("minutes", [-6, 6])
def test_b25_a_time_more_than_five_minutes_away_is_refused(to, minutes):
    answer = post(to, *signed(to, at=now() + timedelta(minutes=minutes)))
    assert code_of(answer) == (401, "stale_timestamp")
    assert nothing_stored(to)


@pytest.mark.parametrize("minutes", [-4, 4])
def test_b25_a_time_within_five_minutes_is_taken(to, minutes):
    assert post(to, *signed(to, at=now() + timedelta(minutes=minutes))).status_code == 200


def test_b26_a_body_written_anew_does_not_fit_its_signature(to):
    body, headers = signed(to)
    assert code_of(post(to, body.replace(b'": ', b'":  ', 1), headers)) == (401, "bad_signature")


def test_b27_a_replay_has_no_effect_and_says_so(to):
    body, headers = signed(to)
    assert [post(to, body, headers).headers.get("Idempotent-Replayed") for _ in range(3)] == [None, "true", "true"]
    assert (stored(to).repeats, Conversion.unscoped.count()) == (2, 1)


@pytest.mark.parametrize("to", ["standard"], indirect=True)
def test_b27_the_same_id_with_other_content_is_never_merged(to):
    send(to, content_for(to, 1), name="msg_x")
    answer = post(to, *signed(to, content_for(to, 2), name="msg_x"))
    assert code_of(answer) == (409, "idempotency_mismatch")
    assert list(Conversion.unscoped.values_list("external_id", flat=True)) == ["s-1"]


@pytest.mark.parametrize("to", ["standard"], indirect=True)
def test_b28_a_message_id_with_a_point_is_refused(to):
    answer = post(to, *signed(to, name="msg.1"))
    assert code_of(answer) == (401, "invalid_message_id")


def many(to, headers, before, after=0):
    """The good signature behind and before so many bad ones of the version that counts, and unknown ones first."""
    if to.kind == "standard":
        good = headers["webhook-signature"]
        bad = ["v1," + "QUJD" * 10] * before
        listed = ["v9,xyz", "v1a,QUJD"] * 5 + bad + [good] + ["v1," + "QUJD" * 10] * after
        return headers | {"webhook-signature": " ".join(listed)}
    stamp, good, _ = headers["Stripe-Signature"].split(",")
    listed = [stamp, *["v9=xyz"] * 10, *["v1=" + "0" * 64] * before, good, *["v1=" + "0" * 64] * after]
    return headers | {"Stripe-Signature": ",".join(listed)}


def test_b29_of_many_signatures_ten_are_checked_and_one_is_enough(to):
    body, headers = signed(to)
    assert code_of(post(to, body, many(to, headers, 10, 80))) == (401, "bad_signature")
    assert post(to, body, many(to, headers, 9, 80)).status_code == 200


@pytest.mark.parametrize("to", ["standard"], indirect=True)
def test_b30_an_asymmetric_signature_is_not_taken_for_ours(to):
    body, headers = signed(to)
    swapped = headers["webhook-signature"].replace("v1,", "v1a,")
    assert code_of(post(to, body, headers | {"webhook-signature": swapped})) == (401, "unexpected_algorithm")


@pytest.mark.parametrize("to", ["stripe"], indirect=True)
def test_b30_stripes_test_scheme_alone_is_not_enough(to):
    body, headers = signed(to)
    only_v0 = headers["Stripe-Signature"].replace("v1=", "v0=")
    assert code_of(post(to, body, {"Stripe-Signature": only_v0})) == (401, "unexpected_algorithm")


def test_b31_a_secret_of_one_tenant_opens_no_address_of_another(to):
    other = senders.connection(
        cast.program(), to.kind, secret=SECRETS[to.kind].replace("s" * 32, "t" * 32).replace("a2tr", "a2tq")
    )
    body, headers = signed(to)
    assert code_of(post(other, body, headers)) == (401, "bad_signature")
    assert nothing_stored(other)


def test_b32_a_packed_body_is_read(to):
    body, headers = signed(to)
    assert post(to, gzip.compress(body), headers | {"Content-Encoding": "gzip"}).status_code == 200


def test_b32_a_bomb_is_refused_before_it_is_unpacked(to):
    bomb = gzip.compress(b"\0" * 64 * 1024 * 1024)
    began = time.process_time()
    answer = post(to, bomb, {"Content-Encoding": "gzip"})
    assert code_of(answer) == (413, "body_too_large")
    assert time.process_time() - began < 0.5
    assert nothing_stored(to)


def test_b32_a_large_body_is_refused(to):
    assert code_of(post(to, b"x" * (2 * 1024 * 1024 + 1), {})) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("packing", "body"),
    [("br", b"x"), ("gzip", b"no gzip"), ("gzip", gzip.compress(b"{}", mtime=0)[:-4])],
    ids=["unknown", "none", "cut"],
)
def test_b32_what_cannot_be_unpacked_is_refused(to, packing, body):
    assert post(to, body, {"Content-Encoding": packing}).status_code in (400, 415)


def test_b33_an_unknown_type_is_kept_and_not_read(to):
    send(to, content_for(to) | {"type": "cart.abandoned"})
    assert (stored(to).outcome, stored(to).reason) == ("ignored", "unknown_type")
    assert not Conversion.unscoped.exists()


def test_b34_a_known_type_that_lacks_fields_is_taken_and_put_aside(to):
    content = content_for(to)
    if to.kind == "stripe":
        del content["data"]["object"]["total"]
    else:
        del content["data"]["amount"]
    send(to, content)
    assert stored(to).outcome == "quarantined"
    assert stored(to).reason in ("missing_field", "required")
    assert not Conversion.unscoped.exists()


@pytest.mark.parametrize(
    "body", [b"not json", b"[1]", b'{"id": "evt_x"}', b'{"type": 5}', b'{"a": "\\ud800"}', b"[" * 9999]
)
def test_b34_nonsense_that_is_signed_is_kept_for_a_person(to, body):
    assert post(to, *signed(to, body)).status_code == 200
    assert stored(to).outcome == "quarantined"
    assert bytes(stored(to).body) == body


def test_b35_a_test_event_at_a_live_connection_is_put_aside(to):
    send(to, content_for(to) | ({"livemode": False} if to.kind == "stripe" else {"mode": "test"}))
    assert (stored(to).outcome, stored(to).reason) == ("quarantined", "mode_mismatch")
    assert not Conversion.unscoped.exists()


def test_a_test_connection_shows_what_it_would_record(program):
    to = senders.connection(program, mode="test")
    send(to, senders.stripe_event("invoice.paid", senders.invoice(), livemode=False))
    assert stored(to).outcome == "tested"
    assert "sale in_1" in stored(to).detail
    assert not Conversion.unscoped.exists()


def test_an_unknown_address_and_one_that_is_off_answer_alike(to):
    body, headers = signed(to)
    with active_program(to.program):
        switch(to, on=False, reason="", actor=SYSTEM)
    off = post(to, body, headers)
    unknown = post(Connection(address="nowhere"), body, headers)
    assert (off.status_code, off.content) == (unknown.status_code, unknown.content) == (404, off.content)


def test_a_paused_program_still_takes_what_happened(to):
    to.program.status = "paused"
    to.program.save()
    send(to, content_for(to))
    assert stored(to).outcome == "recorded"


def test_no_signature_is_kept(to):
    body, headers = signed(to)
    post(to, body, headers)
    kept = json.dumps(stored(to).headers) + bytes(stored(to).body).decode()
    assert not any(value in kept for name, value in headers.items() if "signature" in name.lower())


def test_the_page_learns_of_a_wrong_secret(to):
    post(to, b"{}", stripe_headers(b"{}", secret="x") | standard_headers(b"{}", secret="whsec_AAAAAAAA"))
    to.refresh_from_db()
    assert to.refused_reason == "bad_signature"


def test_a_secret_can_be_read_only_for_its_own_row(to):
    from cryptography.exceptions import InvalidTag

    from goodword.connections.models import Secret
    from goodword.connections.vault import secrets_of

    other = senders.connection(to.program, to.kind, name="Other")
    row, foreign = Secret.unscoped.get(connection=to), Secret.unscoped.get(connection=other)
    assert SECRETS[to.kind].encode() not in bytes(row.sealed)
    Secret.unscoped.filter(pk=row.pk).update(sealed=bytes(foreign.sealed))
    with pytest.raises(InvalidTag):
        secrets_of(to, now())
