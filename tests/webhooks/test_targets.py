"""Where a webhook may go: B36 to B39 and B42 to B44 at saving. What stands behind a name: `test_guard.py`."""

from ipaddress import ip_address

import pytest

from goodword.domain.webhook_targets import (
    Surroundings,
    TargetRefused,
    header_problems,
    is_special,
    own_hosts,
    read_loopback,
    read_target,
)

HERE = Surroundings(own_hosts(["Partners.Acme.com", ".goodword.acme.com"]))


def code_of(url, around=HERE):
    try:
        read_target(url, around)
    except TargetRefused as refused:
        return refused.code
    return "fine"


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example.com",
        "ftp://a.com/x",
        "file:///etc/passwd",
        "gopher://a.com",
        "javascript:alert(1)",
        "ws://a.com",
    ],
)
def test_b36_only_https_is_taken(url):
    assert code_of(url) == "https_required"


PRIVATE = (
    "127.0.0.1 127.255.255.254 [::1] 0.0.0.0 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 "
    "169.254.169.254 [fc00::1] [fdff::1] [fe80::1] [fe80::1%25eth0] localhost x.localhost. printer.local redis"
)
SPECIAL = (
    "100.64.0.1 100.127.255.255 [64:ff9b::808:808] [64:ff9b:1::1] [2002:7f00:1::] [2002:808:808::1] [2001::1] "
    "[::ffff:127.0.0.1] [::ffff:8.8.8.8] [::127.0.0.1] 224.0.0.1 255.255.255.255 240.0.0.1 198.18.0.1 192.0.2.1 "
    "[ff02::1] [2001:db8::1] [100::1] [5f00::1]"
)
IN_DISGUISE = (
    "2130706433 0177.0.0.1 0x7f.1 127.1 0x7f000001 017700000001 0xA9FEA9FE 10.1 0 １２７.0.0.1 127。0。0。1 127.0.0.1."
)


@pytest.mark.parametrize("host", PRIVATE.split())
def test_b37_private_addresses_are_refused(host):
    assert code_of(f"https://{host}/hooks") == "private_address"


@pytest.mark.parametrize("host", SPECIAL.split())
def test_b38_special_ranges_are_refused(host):
    assert code_of(f"https://{host}/hooks") == "private_address"


@pytest.mark.parametrize("host", IN_DISGUISE.split())
def test_b39_numbers_in_any_notation_are_read_before_they_are_judged(host):
    assert code_of(f"https://{host}/hooks") == "private_address"


@pytest.mark.parametrize("host", ["9.9.9.9", "[2606:4700:4700::1111]", "hooks.example.org", "münchen.example.org"])
def test_public_hosts_are_fine(host):
    assert code_of(f"https://{host}/hooks?x=1") == "fine"


def test_b38_the_edges_of_the_ranges_are_exact():
    inside = ["100.64.0.0", "100.127.255.255", "172.16.0.0", "172.31.255.255", "2002::", "2001:1ff::", "::ffff:1.1.1.1"]
    outside = ["100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "2003::", "2001:200::", "1.1.1.1"]
    assert [is_special(ip_address(each)) for each in inside] == [True] * len(inside)
    assert [is_special(ip_address(each)) for each in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://user:pass@a.example.com", "invalid_url"),
        ("https://@a.example.com", "invalid_url"),
        ("https://a.example.com/#top", "invalid_url"),
        ("https://a.example.com/#", "invalid_url"),
        ("https://a.example.com/a b", "invalid_url"),
        ("https://a.example.com/\r\nx: y", "invalid_url"),
        ("https://a.example.com\\@127.0.0.1/", "invalid_url"),
        ("https://a..example.com/", "invalid_url"),
        ("https:a.example.com", "invalid_url"),
        ("https://256.1.1.1/", "invalid_url"),
        ("https://a.example.com:0/", "invalid_url"),
        ("https://a.example.com:99999/", "invalid_url"),
        *((f"https://a.example.com:{port}/", "port_not_allowed") for port in (22, 25, 80, 3306, 5432, 6379, 9200)),
        ("https://a.example.com:443/", "fine"),
        ("https://a.example.com:8443/", "fine"),
    ],
)
def test_b42_only_plain_addresses_and_web_ports(url, code):
    assert code_of(url) == code


@pytest.mark.parametrize("host", ["partners.acme.com", "PARTNERS.acme.com.", "x.goodword.acme.com"])
def test_b43_our_own_host_is_no_target(host):
    assert code_of(f"https://{host}/hooks") == "self_target"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X-Token", "a\r\nHost: evil", "invalid_header"),
        ("X-Token", "a\nb", "invalid_header"),
        ("X-Token\r\nX", "a", "invalid_header"),
        ("X Token", "a", "invalid_header"),
        ("X-Token", "", "invalid_header"),
        ("X-Token", " a", "invalid_header"),
        ("X-Token", "x" * 501, "invalid_header"),
        ("Host", "evil", "reserved_header"),
        ("transfer-encoding", "chunked", "reserved_header"),
        ("Webhook-Signature", "v1,x", "reserved_header"),
    ],
)
def test_b44_headers_cannot_smuggle(name, value, code):
    assert [problem.code for problem in header_problems({name: value})] == [code]


def test_b44_plain_headers_are_fine_and_many_are_not():
    assert header_problems({"Authorization": "Bearer abc", "X-Env": "prod (eu)"}) == []
    assert header_problems({f"X-{n}": "a" for n in range(11)})[0].code == "too_many_items"


def test_loopback_is_let_through_by_host_and_port_alone():
    around = Surroundings(frozenset(), read_loopback("127.0.0.1:9000, localhost:9001,[::1]:9002"))
    found = [code_of(f"http://{one}/", around) for one in ("127.0.0.1:9000", "localhost:9001", "[::1]:9002")]
    assert found == ["fine"] * 3
    assert code_of("https://127.0.0.1:9001/", around) == "private_address"
    assert code_of("http://127.0.0.1/", around) == "https_required"


@pytest.mark.parametrize("text", ["10.0.0.1:80", "127.0.0.1", "example.com:443", "127.0.0.1:x", "127.0.0.1:0"])
def test_only_loopback_can_be_let_through(text):
    with pytest.raises(ValueError, match="loopback"):
        read_loopback(text)
