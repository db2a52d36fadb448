"""Stripe's own list of events, read by range: what a webhook did not bring, the list still has for 30 days.

Speaks with Stripe alone, at one fixed address; judges nothing.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from goodword.domain.errors import DomainError

PAGE: Final = 100
PAGES_MAX: Final = 1000
SECONDS_MAX: Final = 20
_ANSWER_MAX: Final = 32 * 1024 * 1024


class ListNotRead(DomainError):
    """Stripe did not give us its list; what was read before stays."""

    code = "list_not_read"


class _NoRedirects(HTTPRedirectHandler):
    """A key is shown to Stripe and to nobody that Stripe might name."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def events_between(api_key: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """All events of a time, the newest first; `until` is left out."""
    asked: dict[str, str | int] = {
        "limit": PAGE,
        "created[gte]": int(since.timestamp()),
        "created[lt]": int(until.timestamp()),
    }
    for _ in range(PAGES_MAX):
        page = _get(api_key, "/v1/events", asked)
        events = [one for one in page.get("data") or () if isinstance(one, dict)]
        yield from events
        if not page.get("has_more") or not events:
            return
        asked["starting_after"] = str(events[-1].get("id"))
    raise ListNotRead(f"There are more than {PAGES_MAX * PAGE} events.", remedy="Choose a shorter time.")


def promotion_code(api_key: str, name: str) -> dict[str, Any]:
    """A promotion code by its id (promo_...)."""
    return _get(api_key, f"/v1/promotion_codes/{name}", {})


def _get(api_key: str, path: str, asked: Mapping[str, str | int]) -> dict[str, Any]:
    query = f"?{urlencode(asked)}" if asked else ""
    request = Request(f"{settings.STRIPE_API}{path}{query}", headers={"Authorization": f"Bearer {api_key}"})  # noqa: S310
    try:
        with build_opener(_NoRedirects).open(request, timeout=SECONDS_MAX) as answer:
            found = json.loads(answer.read(_ANSWER_MAX))
    except HTTPError as refused:
        raise ListNotRead(_words(refused.code), remedy="Check the key at Stripe.") from None
    except (URLError, TimeoutError, OSError, ValueError):
        raise ListNotRead("Stripe could not be reached.", remedy="Try again in a while.") from None
    if not isinstance(found, dict):
        raise ListNotRead("Stripe's answer could not be read.")
    return found


def _words(status: int) -> str:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return "Stripe refused the key: it must be allowed to read Events."
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "Stripe asks us to wait."
    return f"Stripe answered with {status}."
