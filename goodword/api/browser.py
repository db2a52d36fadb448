"""Operations that the script of a web page calls with a publishable key: a visit, a lead. See docs/browser.md.

A page can be made to say anything. So a visit is proved by what this server signed, calls are counted by network and
visitor, a lead waits for somebody to vouch for it, and money is told by servers alone.
"""

import secrets
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field as Told
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.accounts.keys import host_of_page
from goodword.api.idempotency import Answer
from goodword.api.limits import forget_idle, take
from goodword.api.operations import Body, Call, Operation, serve
from goodword.api.problems import Refusal
from goodword.domain.click_privacy import network_of
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.fields import Field, Shape, identifier, text
from goodword.domain.moments import Clock
from goodword.domain.tracked import tracked_shape
from goodword.objects.schemas import Answered
from goodword.referrals.page_leads import tell_lead
from goodword.referrals.page_visits import Seen, Visit, proof_of, read_proof, record_page_click, visit_of
from goodword.referrals.selectors import link_by_key

router = Router()
NETWORK_PER_SECOND: Final = 1.0
NETWORK_BURST: Final = 60.0
VISITOR_PER_SECOND: Final = 1 / 60
VISITOR_BURST: Final = 5.0
_IDLE_ARE_FORGOTTEN_EVERY: Final = 1000
_LEAD: Final = tracked_shape("lead", Clock(datetime(2026, 1, 1, tzinfo=UTC)))
_LENGTH_MAX: Final = 500
_TAGS: Final = ["browser"]


class VisitAnswer(Answered):
    """A visit that we saw, and the proof of it."""

    click_id: str = Told(..., description="keep it in a first-party cookie; forms and servers send it on")
    visitor: str = Told(..., description="proof of the visit, signed, good for 12 hours: a lead carries it")
    replayed: bool = Told(..., description="the visit was known already: nothing was stored again")


class LeadAnswer(Answered):
    """A lead as it was kept."""

    id: str = Told(..., description="under this id it is recorded as an event, once it counts")
    state: str = Told(..., description="waiting: somebody has to confirm it; counted; refused")
    replayed: bool


def _text(limit: int, about: str) -> Field:
    return Field(text(limit), {"type": "string", "maxLength": limit, "description": about})


_CLICK: Final = Shape(
    "a visit",
    {
        "via": _text(40, "the key of the link, from the page's address"),
        "click_id": _text(64, "gw_click, when the browser has one"),
        "referrer": _text(2000, "the page before; its host alone is kept"),
    },
)
_OF_LEAD: Final = Shape(
    "a lead",
    {
        "visitor": Field(text(_LENGTH_MAX), {"type": "string", "description": "the proof, as /click gave it"}, True),
        "id": Field(identifier(100), {"type": "string", "maxLength": 100, "description": "tells two leads apart"}),
        **{name: _LEAD.fields[name] for name in ("customer", "name", "properties")},
    },
    _LEAD.read_only,
)


def _click(request: Call) -> Answer:
    given, now = request.given, timezone.now()
    _refuse_flood(request, f"network {network_of(_address(request))}", NETWORK_PER_SECOND, NETWORK_BURST)
    if not given.get("via") and not given.get("click_id"):
        raise InvalidInput(
            [Problem("required", "neither a link nor a click is named", "via", remedy="send one of them")]
        )
    before = visit_of(request.program, given["click_id"], now) if given.get("click_id") else None
    visit = _followed(request, before, now) if given.get("via") else before
    assert visit is not None
    is_known = before is not None and visit.id == before.id
    answer = {"click_id": visit.click, "visitor": proof_of(request.program, visit), "replayed": is_known}
    return Answer(200 if is_known else 202, answer)


def _followed(request: Call, before: Visit | None, now: datetime) -> Visit:
    link = link_by_key(request.given["via"])
    if link is None or link.revoked_at or link.partner.status != "active":
        raise Refusal("unknown_link", "no link in use has this key", field="via", remedy="give the key of a link")
    return record_page_click(request.program, link, before, _seen(request), now)


def _seen(request: Call) -> Seen:
    header = request.headers.get
    purpose = f"{header('Sec-Purpose', '')} {header('Purpose', '')}".lower()
    return Seen(
        address=_address(request),
        agent=header("User-Agent", ""),
        referrer_host=_host(request.given.get("referrer") or ""),
        is_ahead="prefetch" in purpose or "prerender" in purpose or "preview" in purpose,
        wants_privacy=header("Sec-GPC") == "1" or header("DNT") == "1",
    )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _lead(request: Call) -> Answer:
    now = timezone.now()
    _refuse_flood(request, f"network {network_of(_address(request))}", NETWORK_PER_SECOND, NETWORK_BURST)
    visit = read_proof(request.program, request.given["visitor"], now)
    _refuse_flood(request, f"visitor {visit.visitor}", VISITOR_PER_SECOND, VISITOR_BURST)
    lead, is_new = tell_lead(
        request.program,
        visit,
        {name: value for name, value in request.given.items() if name != "visitor"},
        counts="browser:leads" in request.api_key.scopes,
        host=host_of_page(request),
        address=_address(request),
        actor=actor_of(request),
        now=now,
    )
    return Answer(202 if is_new else 200, {"id": lead.external_id, "state": lead.state, "replayed": not is_new})


def _money(request: Call) -> Answer:  # noqa: ARG001
    raise Refusal(
        "server_only",
        "a web page cannot tell of sales or refunds: anybody could write the figure",
        remedy="tell it from your server with a secret key (/v1/track/sale), or connect your payment system",
    )


def preflight(request: HttpRequest, **_parts: str) -> HttpResponse:  # noqa: ARG001
    """What a browser asks before it calls: `cross_origin.py` writes the answer into the headers."""
    return HttpResponse(status=204)


def _address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request) or "")


def _refuse_flood(request: Call, who: str, per_second: float, burst: float) -> None:
    """Take a token of the caller's own bucket, counted over all processes; the program's key has one more."""
    bucket = str(uuid5(NAMESPACE_URL, f"goodword:{request.program.pk}:{who}"))
    wait = take(bucket, timezone.now().timestamp(), per_second=per_second, burst=burst)
    if wait > 0:
        raise Refusal(
            "rate_limited", "too many calls from this browser or its network",
            remedy="wait as Retry-After says", headers={"Retry-After": str(int(wait) + 1)},
        )  # fmt: skip
    if secrets.randbelow(_IDLE_ARE_FORGOTTEN_EVERY) == 0:
        forget_idle()


serve(
    router,
    Operation(
        "POST", "/track/browser/click", "browser-click", "Tell of a visit to a page, or prove one",
        VisitAnswer, status=202, tags=_TAGS, body=Body(_CLICK),
    ),
    _click,
)  # fmt: skip
serve(
    router,
    Operation(
        "POST", "/track/browser/lead", "browser-lead", "Tell of a lead from a page",
        LeadAnswer, status=202, tags=_TAGS, body=Body(_OF_LEAD),
    ),
    _lead,
)  # fmt: skip
for _kind in ("sale", "refund"):
    serve(
        router,
        Operation(
            "POST", f"/track/browser/{_kind}", f"browser-{_kind}", f"Always refused: a {_kind} is told by a server",
            None, tags=_TAGS, body=Body(Shape("nothing", {}), raw=True),
        ),
        _money,
    )  # fmt: skip
for _kind in ("click", "lead", "sale", "refund"):
    router.add_api_operation(
        f"/track/browser/{_kind}", ["OPTIONS"], preflight, operation_id=f"preflight_browser_{_kind}",
        url_name=f"preflight-browser-{_kind}", include_in_schema=False,
    )  # fmt: skip
