"""What of an address and a browser may be kept with a click."""

import pytest

from goodword.domain.click_privacy import agent_family, keyed_hash, network_of

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
EDGE = f"{CHROME} Edg/126.0.0.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1"
SAMSUNG = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unix:", ""),
        ("203.0.113.777", ""),
    ],
)
def test_only_the_network_of_an_address_is_kept(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        (CHROME, "Chrome on Windows"),
        (EDGE, "Edge on Windows"),
        (SAFARI, "Safari on iOS"),
        (SAMSUNG, "Samsung Internet on Android"),
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (PlayStation 5)", "other"),
        ("", ""),
    ],
)
def test_a_browser_is_kept_as_its_family(user_agent, family):
    assert agent_family(user_agent) == family


def test_hashes_of_one_month_are_equal_and_of_two_are_not():
    may, june = b"m" * 16, b"j" * 16
    assert keyed_hash(may, "203.0.113.77") == keyed_hash(may, "203.0.113.77") != keyed_hash(june, "203.0.113.77")
    assert keyed_hash(may, "") is None
