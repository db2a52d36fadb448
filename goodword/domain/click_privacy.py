"""What of a visitor's address and browser may be kept with a click: the network, the browser's family, keyed hashes.

Pure readings. The raw address and the raw user agent are looked at here and kept nowhere.
"""

import hashlib
import re
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

HASH_BYTES: Final = 16
_V4_BITS: Final = 24
_V6_BITS: Final = 48
# In this order: Edge, Opera and Samsung's browser call themselves Chrome as well, and Chrome calls itself Safari.
_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdg(e|A|iOS)?/")),
    ("Opera", re.compile(r"\b(OPR|Opera|OPT)/")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/")),
    ("Firefox", re.compile(r"\b(Firefox|FxiOS)/")),
    ("Chrome", re.compile(r"\b(Chrome|CriOS|Chromium)/")),
    ("Safari", re.compile(r"\bSafari/")),
)
_SYSTEMS: Final = (
    ("Android", re.compile(r"\bAndroid\b")),
    ("iOS", re.compile(r"\b(iPhone|iPad|iPod)\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac(intosh| OS X)\b")),
    ("Linux", re.compile(r"\b(Linux|X11|CrOS)\b")),
)


def network_of(address: str) -> str:
    """The network that an address is in: the first 24 bits of IPv4, 48 of IPv6. Empty for what is no address."""
    try:
        given = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(given, IPv6Address) and given.ipv4_mapped:
        given = given.ipv4_mapped
    bits = _V6_BITS if isinstance(given, IPv6Address) else _V4_BITS
    return str(ip_network((given, bits), strict=False).network_address)


def agent_family(user_agent: str) -> str:
    """Browser and system in common words (`Firefox on Windows`); `other` for what we do not know, empty for none."""
    if not user_agent:
        return ""
    browser = next((name for name, sign in _BROWSERS if sign.search(user_agent)), "other")
    system = next((name for name, sign in _SYSTEMS if sign.search(user_agent)), "")
    return f"{browser} on {system}" if system else browser


def keyed_hash(salt: bytes, text: str) -> bytes | None:
    """A hash that tells equal texts of one month, and that nobody can undo once the month's salt is gone."""
    if not text:
        return None
    return hashlib.blake2b(text.encode("utf-8", "replace"), key=salt, digest_size=HASH_BYTES).digest()
