"""One request through the guard: B37 to B41 at connect time, F32 and F44, with a real server and a real socket."""

import datetime as dt
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from goodword.domain.webhook_targets import Surroundings, read_loopback
from goodword.webhooks import guard
from goodword.webhooks.guard import Network, send
from tests.webhooks.receiver import receiving, silent_port

NOWHERE = Surroundings(frozenset())
QUICK = 0.5


def let_through(*names):
    return Surroundings(frozenset(), read_loopback(",".join(names)))


def posted(url, around=NOWHERE, **network):
    return send(url, b"{}", {"Content-Type": "application/json"}, around=around, network=Network(**network))


def never(*_given):
    raise AssertionError("nothing may be opened")


@pytest.mark.parametrize(
    "address",
    "127.0.0.1 10.0.0.1 169.254.169.254 ::1 fc00::1 100.64.0.1 64:ff9b::a00:1 2002:a00:1:: ::ffff:10.0.0.1".split(),
)
def test_b37_b38_a_name_that_leads_to_a_private_address_is_refused_before_connecting(address):
    outcome = posted("https://hooks.example.com/", look_up=lambda *_: [address], connect=never)
    assert (outcome.failure, outcome.status) == ("address", None)
    assert "private_address" in outcome.detail


def test_b39_a_number_in_disguise_is_refused_at_connect_time_too():
    assert posted("https://0x7f.1/", look_up=never, connect=never).failure == "address"


def test_b40_one_private_address_among_public_ones_spoils_all():
    outcome = posted("https://hooks.example.com/", look_up=lambda *_: ["9.9.9.9", "10.0.0.1"], connect=never)
    assert outcome.failure == "address"


def test_b40_a_name_that_changes_its_mind_is_judged_by_the_look_up_that_connects():
    """Public when it was saved, private when it is used."""
    answers = iter([["9.9.9.9"], ["127.0.0.1"]])
    opened = []

    def connect(address, port, timeout):
        opened.append(address)
        raise OSError("unreachable here")

    network = {"look_up": lambda *_: next(answers), "connect": connect}
    assert posted("https://hooks.example.com/", **network).failure == "connection"
    assert posted("https://hooks.example.com/", **network).failure == "address"
    assert opened == ["9.9.9.9"]


def test_b40_the_socket_that_was_really_opened_is_checked_before_a_byte_leaves():
    """Whatever stands between us and the network: a socket that leads to the loopback is closed unused."""
    with receiving() as receiver:

        def astray(address, port, timeout):
            return socket.create_connection(("127.0.0.1", receiver.port), timeout)

        outcome = posted("https://hooks.example.com/", look_up=lambda *_: ["9.9.9.9"], connect=astray)
        assert outcome.failure == "address"
        assert receiver.requests == []


def test_the_environment_cannot_put_a_proxy_in_between(monkeypatch):
    with receiving() as receiver, receiving() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.name}")
        assert posted(receiver.url, let_through(receiver.name)).status == 204
        assert (len(receiver.requests), proxy.connections) == (1, 0)


def test_a_receiver_that_was_let_through_must_still_stand_on_the_loopback():
    outcome = posted("http://localhost:9000/", let_through("localhost:9000"), look_up=lambda *_: ["10.0.0.1"])
    assert outcome.failure == "address"


def to(place):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", place)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def test_b41_a_redirect_is_a_failure_and_not_followed():
    with receiving() as elsewhere, receiving(to(elsewhere.url)) as receiver:
        outcome = posted(receiver.url, let_through(receiver.name, elsewhere.name))
        assert (outcome.failure, outcome.status) == ("redirect", 302)
        assert elsewhere.connections == 0


def hold(handler):
    """Says nothing until the other side hangs up."""
    handler.connection.settimeout(30)
    handler.connection.recv(1)


def drip(handler):
    """A header that never ends, a byte at a time."""
    gone = threading.Event()
    try:
        for _ in range(1000):
            handler.wfile.write(b"H")
            gone.wait(0.02)
    except OSError:
        return


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        return


def slow_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"first words")
    handler.wfile.flush()
    drip(handler)


def many_headers(handler):
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 50_000)
    except OSError:
        return


@pytest.mark.parametrize("answer", [hold, drip])
def test_f32_a_slow_answer_is_cut_off_in_time(answer):
    with receiving(answer) as receiver:
        outcome = posted(receiver.url, let_through(receiver.name), seconds_max=QUICK)
    assert outcome.failure == "timeout"
    assert 400 <= outcome.milliseconds < 5000


def test_f32_an_endless_body_is_capped_and_kept_in_short():
    with receiving(endless) as receiver:
        outcome = posted(receiver.url, let_through(receiver.name), seconds_max=5)
    assert (outcome.failure, outcome.status, len(outcome.answer)) == ("", 200, guard.ANSWER_KEPT_MAX)


def test_f32_a_body_that_drips_does_not_undo_the_status():
    with receiving(slow_body) as receiver:
        outcome = posted(receiver.url, let_through(receiver.name), seconds_max=QUICK)
    assert (outcome.failure, outcome.status) == ("", 200)
    assert outcome.answer.startswith("first words")


def test_f32_a_flood_of_headers_is_no_answer():
    with receiving(many_headers) as receiver:
        assert posted(receiver.url, let_through(receiver.name), seconds_max=5).failure == "answer"


def test_f44_a_black_hole_is_left_in_time():
    with silent_port() as port:
        outcome = posted(f"http://127.0.0.1:{port}/", let_through(f"127.0.0.1:{port}"), seconds_max=QUICK)
    assert (outcome.failure, outcome.status) == ("timeout", None)


def test_f44_a_look_up_that_hangs_is_left_in_time():
    waits = threading.Event()
    outcome = posted("https://hooks.example.com/", look_up=lambda *_: [str(waits.wait(30))], seconds_max=QUICK)
    waits.set()
    assert outcome.failure == "timeout"
    assert outcome.milliseconds < 5000


def test_an_unknown_name_and_a_closed_port_are_told_apart():
    def unknown(*_given):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert posted("https://hooks.example.com/", look_up=unknown).failure == "unknown_host"
    with silent_port() as port:
        url, around = f"http://127.0.0.1:{port}/", let_through(f"127.0.0.1:{port}")
    assert posted(url, around).failure == "connection"


# Certificates


def certificate(tmp_path, *names):
    """A server's context and a client's that trusts it, for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(called).issuer_name(called).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path / "cert.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, lambda: ssl.create_default_context(cafile=str(path))


def test_the_certificate_must_be_of_the_host_that_was_asked_for(tmp_path):
    server, trusting = certificate(tmp_path, "localhost")
    with receiving(tls=server) as receiver:
        right, wrong = f"localhost:{receiver.port}", receiver.name
        here = {"look_up": lambda *_: ["127.0.0.1"], "certificates": trusting}
        assert posted(f"https://{right}/", let_through(right), **here).status == 204
        assert posted(f"https://{wrong}/", let_through(wrong), **here).failure == "tls"
        assert len(receiver.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path):
    server, _ = certificate(tmp_path, "localhost")
    with receiving(tls=server) as receiver:
        name = f"localhost:{receiver.port}"
        outcome = posted(f"https://{name}/", let_through(name), look_up=lambda *_: ["127.0.0.1"])
    assert outcome.failure == "tls"
    assert receiver.requests == []
