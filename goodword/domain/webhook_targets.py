"""Where a webhook may go: the rules of its address, of the network address behind it, and of its own headers.

Pure text and number work. Names are looked up, and the socket is checked, by whoever connects (`webhooks/guard.py`).
"""

import re
import socket
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from goodword.domain.errors import DomainError, Problem

PORTS: Final = (443, 8443)
URL_LENGTH_MAX: Final = 2000
HEADERS_MAX: Final = 10
HEADER_LENGTH_MAX: Final = 500
Address = IPv4Address | IPv6Address

_SPECIAL: Final = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # All of IPv6 outside global unicast (2000::/3): loopback, mapped and compatible forms, NAT64, private, local.
        "::/3", "4000::/2", "8000::/1",
        # And inside it: Teredo and its neighbours, 6to4, documentation, the direct delegation of AS112.
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
)  # fmt: skip
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_LOCAL_NAMES: Final = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "home.arpa")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,60}", re.ASCII)
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", re.ASCII)
_OURS: Final = frozenset((
    "host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding", "te", "trailer",
    "upgrade", "expect", "keep-alive", "proxy-authorization", "proxy-connection", "accept-encoding", "user-agent",
    "date",
))  # fmt: skip


class TargetRefused(DomainError):
    """A webhook may not go to this address; `code` says why."""

    def __init__(self, code: str, message: str, remedy: str, *, value: str = "", field: str = "url") -> None:
        self.code = code
        super().__init__(message, field=field, value=value[:80], remedy=remedy)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What this installation is: its own public hosts, and `host:port` of loopback receivers that are let through."""

    own_hosts: frozenset[str]
    loopback: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """An address that passed: what to connect to, and the request's target. `on_loopback`: it was let through by name.

    `host` is canonical: small letters, no dot at the end, numbers as an address is written.
    """

    scheme: str
    host: str
    port: int
    path: str
    on_loopback: bool = False

    @property
    def authority(self) -> str:
        """Host and port as the Host header says them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


def is_special(address: Address) -> bool:
    """Whether a network address is anything but an ordinary public one.

    >>> is_special(ip_address("10.1.2.3")), is_special(ip_address("::ffff:10.1.2.3")), is_special(ip_address("9.9.9.9"))
    (True, True, False)
    """
    return any(address.version == block.version and address in block for block in _SPECIAL) or not address.is_global


def read_target(url: str, around: Surroundings) -> Target:
    """The address of a webhook, taken apart; raises TargetRefused when it may not be used.

    Rebuild nothing from the text later: connect to `host` and `port` of the answer.
    """
    parts = _parts(url)
    host = _canonical_host(parts)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _named(host, port) in around.loopback:
        return Target(parts.scheme, host, port, _path(parts), on_loopback=True)
    if parts.scheme != "https":
        raise TargetRefused("https_required", f"{parts.scheme}: is not encrypted", "give an address with https://")
    _refuse_host(host, around)
    if port not in PORTS:
        ports = " or ".join(map(str, PORTS))
        raise TargetRefused("port_not_allowed", f"port {port} is not for webhooks", f"use port {ports}")
    return Target(parts.scheme, host, port, _path(parts))


def read_loopback(text: str) -> frozenset[str]:
    """The receivers that a developer lets through: `127.0.0.1:9000,localhost:9001`. Raises ValueError for others."""
    found = set()
    for entry in filter(None, (part.strip().lower() for part in text.split(","))):
        host, colon, port = entry.rpartition(":")
        literal = _numeric(host.strip("[]"))
        local = host == "localhost" or (literal is not None and literal.is_loopback)
        if not (colon and local and port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
            raise ValueError(f"{entry!r} is no loopback host with a port, such as 127.0.0.1:9000")
        found.add(_named(str(literal or host), int(port)))
    return frozenset(found)


def _named(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _parts(url: str) -> SplitResult:
    """The address split, when it is a plain one: no blanks, no person in it, no fragment."""
    wrong = TargetRefused(
        "invalid_url", "this is no plain web address", "write it like https://example.com/hooks", value=url
    )
    if not 8 <= len(url) <= URL_LENGTH_MAX or not url.isprintable() or " " in url or "\\" in url:
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https"):
        raise TargetRefused(
            "https_required", f"{parts.scheme[:20] or 'no scheme'}: is not https", "give an address with https://"
        )
    if not parts.hostname or "@" in parts.netloc or "#" in url or port == 0 or not parts.path.isascii():
        raise wrong
    if not (parts.query.isascii() and url.startswith(f"{parts.scheme}://")):
        raise wrong
    return parts


def _path(parts: SplitResult) -> str:
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def _canonical_host(parts: SplitResult) -> str:
    """The host as it will be looked up: numbers in any notation become the address that they mean."""
    given = (parts.hostname or "").rstrip(".")
    try:
        host = given.encode("idna").decode("ascii").lower() if not given.isascii() else given.lower()
    except UnicodeError:
        host = ""
    if (literal := _numeric(host)) is not None:
        return str(literal)
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise TargetRefused(
            "invalid_url", "the host is no host name", "write it like https://example.com/hooks", value=given
        )
    return host


def _numeric(host: str) -> Address | None:
    """The address that a host of digits means, also in decimal, octal, hexadecimal or with parts left out."""
    if ":" in host:
        try:
            return ip_address(host.partition("%")[0])
        except ValueError:
            return None
    if not re.fullmatch(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}", host, re.ASCII):
        return None
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _refuse_host(host: str, around: Surroundings) -> None:
    literal = _numeric(host)
    local = "." not in host or any(host == name or host.endswith(f".{name}") for name in _LOCAL_NAMES)
    if (literal is not None and is_special(literal)) or (literal is None and local):
        raise private_address(host)
    if literal is None and host.rpartition(".")[2].isdigit():
        raise TargetRefused(
            "invalid_url", "the host is no host name", "write it like https://example.com/hooks", value=host
        )
    if any(host == own or (own.startswith(".") and f".{host}".endswith(own)) for own in around.own_hosts):
        raise TargetRefused(
            "self_target", f"{host} is this server itself", "give the address of the system that listens", value=host
        )


def private_address(host: str, address: str = "") -> TargetRefused:
    """The refusal of a host that stands in a private or special network."""
    where = f"{host} leads to {address}, which" if address and address != host else host
    return TargetRefused(
        "private_address", f"{where} is no public address", "give an address that the internet can reach", value=host
    )


def header_problems(headers: Mapping[str, str]) -> list[Problem]:
    """What is wrong with the headers that somebody wants to send along."""
    found = list(_each_header(headers))
    if len(headers) > HEADERS_MAX:
        found.append(_problem("too_many_items", f"{len(headers)} headers are too many", f"at most {HEADERS_MAX}"))
    names = [name.lower() for name in headers]
    twice = sorted({name for name in names if names.count(name) > 1})
    return found + [_problem("invalid_header", f"{name} stands there twice", "give it once", name) for name in twice]


def _each_header(headers: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            yield _problem(
                "invalid_header", "a header's name has letters, digits and hyphens", "such as X-Token", repr(name)
            )
        elif name.lower() in _OURS or name.lower().startswith("webhook-"):
            yield _problem("reserved_header", f"{name} is ours to send", "choose another name", name)
        elif len(value) > HEADER_LENGTH_MAX or not _HEADER_VALUE.fullmatch(value):
            about = f"the value of {name} is not one line of at most {HEADER_LENGTH_MAX} plain characters"
            yield _problem("invalid_header", about, "leave out line breaks, accents and blanks at its ends", name)


def _problem(code: str, message: str, remedy: str, value: str = "") -> Problem:
    return Problem(code, message, "headers", value[:40], remedy)


def own_hosts(hosts: Collection[str]) -> frozenset[str]:
    """Hosts of this installation in canonical form; one that begins with a dot stands for all below it."""
    return frozenset(host.strip("[]").rstrip(".").lower() for host in hosts if host and host != "*")
