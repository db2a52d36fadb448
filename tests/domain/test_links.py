"""Keys that may be used, keys that look alike, and destinations that a link may have."""

import pytest

from goodword.domain.errors import DomainError
from goodword.domain.links import canonical_host, checked_destination, checked_key, skeleton

HOSTS = ["example.com", "shop.example.org", "127.0.0.1", "localhost"]


def destination(url, hosts=HOSTS):
    return checked_destination(url, allowed_hosts=hosts, own_hosts=["refer.example.com", "127.0.0.1"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("paypal", "PAYPA1"),
        ("paypal", "p\u0430ypal"),
        ("moon", "m00n"),
        ("corn-2", "com2"),
        ("sail", "5a1l"),
        ("é-vvy", "e-wy"),
    ],
)
def test_keys_that_look_alike_have_one_skeleton(one, other):
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(("one", "other"), [("alder", "elder"), ("save10", "save20"), ("abc", "abd")])
def test_keys_that_differ_to_the_eye_differ(one, other):
    assert skeleton(one) != skeleton(other)


def test_a_key_is_taken_in_lower_case():
    assert checked_key("Alder-10") == "alder-10"


@pytest.mark.parametrize("key", ["api", "Admin", "L0GIN", "sign-up"])
def test_reserved_words_are_refused_however_they_are_written(key):
    with pytest.raises(DomainError) as refused:
        checked_key(key)
    assert refused.value.code == "reserved_code"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a?b=1#c",
        "https://www.example.com",
        "http://EXAMPLE.com.:8080/",
        "https://shop.example.org/",
        "http://127.0.0.1:8000/demo-shop/x",
        "http://localhost/x",
    ],
)
def test_a_destination_on_a_host_of_the_program_is_kept_as_it_is(url):
    assert destination(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/",
        "https://badexample.com/",
        "https://other.example.org",
        "http://x.127.0.0.1/",
        "http://a.localhost/",
    ],
)
def test_a_destination_elsewhere_is_refused(url):
    with pytest.raises(DomainError) as refused:
        destination(url)
    assert refused.value.code == "destination_not_allowed"


@pytest.mark.parametrize(
    "url", ["https://refer.example.com/r/a/b", "http://127.0.0.1/x/..//r/a/b", "http://127.0.0.1/%72/a"]
)
def test_a_destination_that_is_a_referral_link_is_refused(url):
    with pytest.raises(DomainError) as refused:
        destination(url)
    assert refused.value.code == "redirect_loop"


def test_a_public_suffix_allows_nobody():
    for hosts, url in (
        (["co.uk"], "https://x.co.uk/"),
        (["com"], "https://example.com/"),
        (["github.io"], "https://a.github.io"),
    ):
        with pytest.raises(DomainError):
            destination(url, hosts)


def test_international_hosts_are_compared_in_one_writing():
    assert canonical_host("BÜCHER.example") == canonical_host("xn--bcher-kva.example.")
    assert destination("https://xn--bcher-kva.example/", ["bücher.example"])
