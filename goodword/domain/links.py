"""Rules of links and codes: which keys may be used, which look alike, and where a link may lead.

Pure text work; whether a key is free is the database's to say.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from ipaddress import ip_address
from posixpath import normpath
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from publicsuffixlist import PublicSuffixList

from goodword.domain.errors import DomainError

KEY = re.compile(r"[a-z0-9-]{3,40}", re.ASCII)
_RESERVED_LIST = """
about account accounts admin administrator affiliate agreement api app apply assets auth billing blog
checkout contact css dashboard demo demo-shop docs download favicon goodword health help home icon img
imprint index info js legal link links live login logout mail manifest media new null oauth order owner page
partner partners password pay payment payments payout payouts portal press pricing privacy program programs
qr ready redirect referral register robots root security sign-in sign-out sign-up signin signout signup
sitemap static staff status support system team terms test undefined user users webhook webhooks well-known
www
"""
RESERVED = frozenset(_RESERVED_LIST.split())
"""Words that addresses of ours, or a reader's trust, need for themselves."""

# What a person takes for one another, folded onto one letter. Cyrillic and Greek letters that look Latin first;
# then the Latin look-alikes, after lower-casing.
_FOLD = str.maketrans(
    {
        **dict(zip("авеёкмнорстухіјѕԁԛԝһүѵ", "abeekmhopctyxijsdqwhyv", strict=True)),
        **dict(zip("αβγεηικμνορτυχω", "abyenikuvoptuxw", strict=True)),
        **dict.fromkeys("1i|!ıł", "l"),
        **dict.fromkeys("-_.", ""),
        "0": "o",
        "5": "s",
    }
)
_PAIRS = (("rn", "m"), ("vv", "w"))
_WINDOW_DAYS_DEFAULT = 90


class InvalidCode(DomainError):
    """The key of a link or code has characters or a length that are not allowed."""

    code = "invalid_code"


class ReservedCode(DomainError):
    """The key is a word kept for the program's own use."""

    code = "reserved_code"


class CodeTooSimilar(DomainError):
    """A link or code that looks the same exists already."""

    code = "code_too_similar"


class InvalidUrl(DomainError):
    """The destination is no plain web address."""

    code = "invalid_url"


class DestinationNotAllowed(DomainError):
    """The destination's host is not one of the program's."""

    code = "destination_not_allowed"


class RedirectLoop(DomainError):
    """The destination is a referral link of ours."""

    code = "redirect_loop"


def skeleton(key: str) -> str:
    """A key with everything that looks alike folded into one: unique per program.

    >>> skeleton("PAYPAL") == skeleton("PAYPA1") == skeleton("pаypa1") == skeleton("pay-pal")
    True
    """
    plain = unicodedata.normalize("NFKD", key).casefold()
    folded = "".join(char for char in plain if not unicodedata.combining(char)).translate(_FOLD)
    for pair, one in _PAIRS:
        folded = folded.replace(pair, one)
    return folded


def checked_key(given: str, *, field: str = "key", denied: Collection[str] = ()) -> str:
    """A usable key in lower case; raises InvalidCode or ReservedCode. `denied` are the program's own words."""
    key = given.lower() if given.isascii() else given
    if not KEY.fullmatch(key) or not any(char.isalnum() for char in key):
        raise InvalidCode(
            f"{given[:40]!r} cannot be used",
            field=field,
            value=given[:40],
            remedy="3 to 40 letters a-z, digits and hyphens",
        )
    folded = skeleton(key)
    if folded in _reserved_skeletons() or any(folded == skeleton(word) for word in denied):
        raise ReservedCode(f"{key!r} is a reserved word", field=field, value=key, remedy="choose another word")
    return key


@lru_cache
def _reserved_skeletons() -> frozenset[str]:
    return frozenset(skeleton(word) for word in RESERVED)


def link_path(program: str, key: str) -> str:
    """Where a link is found on a server of ours: the program's short name, then the link's key."""
    return f"/r/{program}/{key}"


def link_window_days(attribution: Mapping[str, Any] | None) -> int:
    """How many days a click counts: the attribution window of links in a program document's `attribution`."""
    said = attribution or {}
    windows = said.get("windows") or {}
    return int(windows.get("link", said.get("window_days", _WINDOW_DAYS_DEFAULT)))


def read_sale_code(value: Any) -> str:
    """The code a sale carried, in lower case. Unknown codes are kept: they are no touch of anybody."""
    if type(value) is not str:
        raise _NotACode("a code as text was expected", remedy='give it like "spring-10"')
    code = value.strip().lower()
    if not 1 <= len(code) <= 40 or not code.isprintable():
        raise InvalidCode(f"{value[:40]!r} is no code", value=value[:40], remedy="1 to 40 printable characters")
    return code


class _NotACode(DomainError):
    code = "wrong_type"


def checked_destination(url: str, *, allowed_hosts: Collection[str], own_hosts: Collection[str]) -> str:
    """A destination that a link may have: http(s), on an allowed host, without user info, not a link of ours.

    An allowed host serves itself and its subdomains, never a public suffix: "example.com" allows
    "shop.example.com"; "co.uk" allows nothing.
    """
    parts = _split(url)
    host = canonical_host(parts.hostname or "")
    leads = normpath(unquote(parts.path))
    if host in {canonical_host(own) for own in own_hosts} and leads.startswith("/r/"):
        raise RedirectLoop(
            "the destination is a referral link itself",
            field="destination",
            value=url[:40],
            remedy="give the page that the visitor shall see",
        )
    if not is_allowed_host(host, allowed_hosts):
        raise DestinationNotAllowed(
            f"{host} is not a host of this program",
            field="destination",
            value=url[:40],
            remedy="allowed: " + (", ".join(sorted(allowed_hosts)) or "none yet; add hosts in the program settings"),
        )
    return parts.geturl()


def is_allowed_host(host: str, allowed_hosts: Collection[str]) -> bool:
    """Whether a program's allowed hosts cover this one: the host itself, or one below it."""
    asked = canonical_host(host)
    return any(_allows(canonical_host(allowed), asked) for allowed in allowed_hosts)


def hosts_above(host: str) -> list[str]:
    """The host and those it is below: what an allowed host that covers it can be.

    >>> hosts_above("a.shop.example")
    ['a.shop.example', 'shop.example', 'example']
    """
    parts = canonical_host(host).split(".")
    return [".".join(parts[start:]) for start in range(len(parts)) if parts[start]]


def _split(url: str) -> SplitResult:
    def refused(why: str) -> InvalidUrl:
        return InvalidUrl(why, field="destination", value=url[:40], remedy="give an address like https://example.com/x")

    if len(url) > 2000:
        raise refused("the address is longer than 2000 characters")
    if not url.isprintable() or not url.isascii() or any(char in url for char in ' \\"<>^`{|}'):
        raise refused("the address holds characters that belong percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise refused("the address cannot be read") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        raise refused("only https and http addresses with a host can be used")
    if "@" in parts.netloc:
        raise refused("a user name in the address hides where it leads")
    return parts


def canonical_host(host: str) -> str:
    """A host as hosts are compared: lower case, IDNA, no trailing dot; "" when it is none.

    >>> canonical_host("Bücher.Example."), canonical_host("a..b")
    ('xn--bcher-kva.example', '')
    """
    try:
        bare = host.strip().removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return bare if all(bare.split(".")) else ""


def _allows(allowed: str, host: str) -> bool:
    if not allowed or not host:
        return False
    if allowed == host:
        return not _is_public_suffix(host) or _is_local(host)
    return host.endswith("." + allowed) and not _is_public_suffix(allowed) and not _is_local(allowed)


def _is_local(host: str) -> bool:
    """A single machine: an address by number, or a name without dots such as localhost."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host
    return True


def _is_public_suffix(host: str) -> bool:
    return _suffixes().privatesuffix(host) is None


@lru_cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=False)
