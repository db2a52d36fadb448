"""What a request through a referral link says about itself: is it a person, and what may be kept of its parameters.

Pure readings of a request's method, query and headers. Nothing here looks at links or writes anything.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from goodword.domain.machines import is_bot

PARAMETER_LENGTH_MAX = 200
SUB_ID_NAMES = ("sub", "sub_id")
CAMPAIGN_NAMES = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
DEEP_NAME = "to"
_DEEP_LENGTH_MAX = 2000
_FIELDS_MAX = 100
_KEPT_QUERY_MAX = 500
_PLAIN = re.compile(r"[^<>\"'`\\\x00-\x1f\x7f-\x9f]+")
_HOST = re.compile(r"[a-z0-9.:-]{1,253}")
Header = Callable[..., str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the query of a link's address asks for, as far as it may be kept; `dropped` names what was left out."""

    sub_id: str = ""
    campaign: dict[str, str] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    via_qr: bool = False
    deep: str = ""


_NOTHING = Asked()


def asked_of(query: str) -> Asked:
    """Read the query. Parameters that are too long, repeated or not plain text are dropped and named, never cut."""
    if not query:
        return _NOTHING
    return _read_short(query) if len(query) <= _KEPT_QUERY_MAX else _read(query)


def _read(query: str) -> Asked:
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=_FIELDS_MAX, errors="replace")
    except ValueError:
        return Asked(dropped=("query",))
    kept: dict[str, str] = {}
    dropped: list[str] = []
    for name in (*SUB_ID_NAMES, *CAMPAIGN_NAMES, DEEP_NAME):
        values = given.get(name)
        if not values or values == [""]:
            continue
        if len(values) == 1 and _is_plain(name, values[0]):
            kept[name] = values[0]
        else:
            dropped.append(name)
    return Asked(
        sub_id=next((kept[name] for name in SUB_ID_NAMES if name in kept), ""),
        campaign={name: kept[name] for name in CAMPAIGN_NAMES if name in kept},
        dropped=tuple(dropped),
        via_qr=given.get("via", [""])[-1] == "qr",
        deep=kept.get(DEEP_NAME, ""),
    )


_read_short = lru_cache(maxsize=4096)(_read)


def _is_plain(name: str, value: str) -> bool:
    limit = _DEEP_LENGTH_MAX if name == DEEP_NAME else PARAMETER_LENGTH_MAX
    return len(value) <= limit and _PLAIN.fullmatch(value) is not None


def why_not_a_person(method: str, header: Header) -> str:
    """Why nobody is credited for this request: head, prefetch, embedded, bot; empty for a person."""
    if method == "HEAD":
        return "head"
    for name in ("sec-purpose", "purpose", "x-purpose", "x-moz"):
        if (purpose := header(name)) and _is_ahead(purpose.lower()):
            return "prefetch"
    # A link is followed. An image, a frame or a script that loads it is cookie stuffing.
    if (header("sec-fetch-dest") or "document") != "document":
        return "embedded"
    return "bot" if is_bot(header("user-agent") or "") else ""


def _is_ahead(purpose: str) -> bool:
    return "prefetch" in purpose or "preview" in purpose or "prerender" in purpose


def wants_privacy(header: Header) -> bool:
    """Whether the browser sends a signal against being recognised."""
    return header("sec-gpc") == "1" or header("dnt") == "1"


@lru_cache(maxsize=1024)
def referrer_host(referrer: str) -> str:
    """The host of the page before, in lower case; empty where there is none or it is odd."""
    try:
        host = urlsplit(referrer).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""
