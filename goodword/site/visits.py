"""What a request through a referral link says about itself: is it a person, and what may be kept of its parameters.

Pure readings of a request. Nothing here looks at links or writes anything.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from crawleruseragents import is_crawler
from django.http import HttpRequest

PARAMETER_LENGTH_MAX = 200
SUB_ID_NAMES = ("sub", "sub_id")
CAMPAIGN_NAMES = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_PLAIN = re.compile(r"[^<>\"'`\\\x00-\x1f\x7f-\x9f]+")
_BROWSER = re.compile(r"(Mozilla|Opera)/\d")
_USER_AGENT_LENGTH_MAX = 1000


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit through a link, as far as it may be kept. `dropped` names parameters that were left out whole."""

    not_a_person: str
    sub_id: str
    campaign: dict[str, str]
    dropped: tuple[str, ...]
    via_qr: bool
    referrer_host: str
    privacy_signal: bool


def read_visit(request: HttpRequest) -> Visit:
    """Read the visit. Parameters that are too long, repeated or not plain text are dropped and named, never cut."""
    kept, dropped = _parameters(request)
    return Visit(
        not_a_person=_why_not_a_person(request),
        sub_id=next((kept[name] for name in SUB_ID_NAMES if name in kept), ""),
        campaign={name: kept[name] for name in CAMPAIGN_NAMES if name in kept},
        dropped=dropped,
        via_qr=request.GET.get("via") == "qr",
        referrer_host=_referrer_host(request.headers.get("Referer", "")),
        privacy_signal="1" in (request.headers.get("Sec-GPC"), request.headers.get("DNT")),
    )


def _parameters(request: HttpRequest) -> tuple[dict[str, str], tuple[str, ...]]:
    kept, dropped = {}, []
    for name in (*SUB_ID_NAMES, *CAMPAIGN_NAMES):
        values = request.GET.getlist(name)
        if not values or values == [""]:
            continue
        if len(values) == 1 and len(values[0]) <= PARAMETER_LENGTH_MAX and _PLAIN.fullmatch(values[0]):
            kept[name] = values[0]
        else:
            dropped.append(name)
    return kept, tuple(dropped)


def _why_not_a_person(request: HttpRequest) -> str:
    headers = request.headers
    if request.method == "HEAD":
        return "head"
    purposes = " ".join(headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")).lower()
    if "prefetch" in purposes or "preview" in purposes or "prerender" in purposes:
        return "prefetch"
    # A link is followed. An image, a frame or a script that loads it is cookie stuffing.
    if headers.get("Sec-Fetch-Dest", "document") not in ("document", ""):
        return "embedded"
    return "bot" if _is_bot(headers.get("User-Agent", "")) else ""


@lru_cache(maxsize=4096)
def _is_bot(user_agent: str) -> bool:
    if len(user_agent) > _USER_AGENT_LENGTH_MAX or not _BROWSER.match(user_agent):
        return True
    return bool(is_crawler(user_agent))


def _referrer_host(referrer: str) -> str:
    try:
        host = urlsplit(referrer).hostname or ""
    except ValueError:
        return ""
    return host if re.fullmatch(r"[a-z0-9.:-]{1,253}", host) else ""
