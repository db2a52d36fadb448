"""The only door: one middleware that reads the policy table, and the only way for a view to fetch an object.

The program's slug is taken out of the view's arguments: a view reads `request.program`, already checked. No membership,
another tenant's program and a program that never existed get the same 404.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.http import urlencode

from goodword.accounts import refusals, selectors
from goodword.accounts.actors import actor_of
from goodword.accounts.keys import KeyRefused, authenticate_key
from goodword.accounts.models import ApiKey, Keyed, Membership, Program, ProgramOwned, User
from goodword.accounts.policy import POLICY
from goodword.accounts.routes import rules_of
from goodword.accounts.rules import READING, Account, Closed, Page, Portal, Public, Route, Rule
from goodword.accounts.scope import enter, no_program, scoped
from goodword.accounts.services import record_audit
from goodword.domain.ids import MalformedId, parse_public_id

P = TypeVar("P", bound=ProgramOwned)
K = TypeVar("K", bound=Keyed)
CLOSED = "This partnership has ended; only its statements can still be read. Is this wrong? Ask the program."
PAUSED = "This program is paused: it can be read, not changed. Its owner can set it going again in the settings."


class StaffRequest(HttpRequest):
    """A request of the back office."""

    user: User
    program: Program
    membership: Membership
    role: str


class PartnerRequest(HttpRequest):
    """A request of the portal. `seat` is a partners.PartnerUser and `partner` its Partner (a layer above this one)."""

    user: User
    program: Program
    seat: Any
    partner: Any
    role: str


class ApiRequest(HttpRequest):
    """A request with an API key."""

    api_key: ApiKey
    program: Program


class PublicRequest(HttpRequest):
    """A request of anybody; `program` is there when the address names one."""

    program: Program


def find(model: type[P], public_id: str) -> P:
    """The object of the active program with this public id, or the one 404 for everything else."""
    return _found(model, public_id)


def find_own(request: HttpRequest, model: type[P], public_id: str, *, through: str = "partner") -> P:
    """As `find`, but only what belongs to the partner whose seat this is; `through` is the path to the partner."""
    return _found(model, public_id, **{through: cast("PartnerRequest", request).partner})


def find_among(rows: QuerySet[K], public_id: str) -> K:
    """The one of these rows with this public id: for rows that no program owns, already narrowed to the program."""
    try:
        return rows.get(pk=parse_public_id(rows.model.id_kind, public_id))
    except (MalformedId, rows.model.DoesNotExist):
        raise Http404 from None


def _found(model: type[P], public_id: str, **also: object) -> P:
    try:
        key = parse_public_id(model.id_kind, public_id)
        return model.objects.get(pk=key, **also)
    except (MalformedId, model.DoesNotExist):
        raise Http404 from None


def may(request: HttpRequest, name: str) -> bool:
    """Whether the caller's role allows the address: for hiding what a person cannot use. Not a guard."""
    rule = POLICY[name]
    if isinstance(rule, Page | Portal):
        area = "portal" if hasattr(request, "seat") else "staff"
        method = "POST" if "POST" in rule.allows else "GET"
        return area == rule.area and getattr(request, "role", "") in rule.granted(method)
    return True


class AccessMiddleware:
    """Lets a request through when the policy table says so, and sets up what its area promises."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.id = uuid.uuid4().hex  # type: ignore[attr-defined]
        with no_program():
            response = self.get_response(request)
        program = getattr(request, "program", None)
        if program is not None and isinstance(response, StreamingHttpResponse) and not response.is_async:
            response.streaming_content = scoped(cast("Any", response.streaming_content), program)
        response.headers["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        return response

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        rules = rules_of(request)
        if not rules:
            raise ImproperlyConfigured(f"{request.resolver_match} is not in the policy table")
        rule = rules.get(request.method or "")
        if rule is None:
            return refusals.method_not_allowed(request, rules)
        return GATES[type(rule)](request, rule, kwargs)


def _staff_gate(request: HttpRequest, rule: Page, kwargs: dict[str, Any]) -> HttpResponseBase | None:
    if not request.user.is_authenticated:
        return _to_sign_in(request)
    membership, program = selectors.membership_in(request.user, kwargs.pop("program"))
    found = cast("StaffRequest", request)
    found.program, found.membership, found.role = program, membership, membership.role
    enter(program)
    return _role_gate(request, rule)


def _portal_gate(request: HttpRequest, rule: Portal, kwargs: dict[str, Any]) -> HttpResponseBase | None:
    if not request.user.is_authenticated:
        return _to_sign_in(request)
    program = selectors.program_by_slug(kwargs.pop("program"))
    found = cast("PartnerRequest", request)
    found.seat = selectors.seat_in(request.user, program, request.session.get("seat", ""))
    found.program, found.partner, found.role = program, found.seat.partner, found.seat.role
    enter(program)
    if found.partner.status in ("rejected", "ended") and not (rule.when_rejected and request.method in READING):
        return refusals.refuse(request, 403, "partner_closed", CLOSED)
    return _role_gate(request, rule)


def _role_gate(request: HttpRequest, rule: Page | Portal) -> HttpResponseBase | None:
    method, found = request.method or "", cast("StaffRequest", request)
    granted = rule.granted(method)
    if found.role not in granted:
        _note_denial(request, rule)
        return refusals.refuse(request, 403, "wrong_role", _who_can(found, rule, granted))
    if _is_paused(found.program, rule, method):
        return refusals.refuse(request, 403, "program_paused", PAUSED)
    if rule.step_up and not selectors.confirmed_lately(request):
        return _to_confirmation(request, rule)
    return None


def _note_denial(request: HttpRequest, rule: Page | Portal) -> None:
    """Somebody inside tried what their role forbids: one entry per person, address and hour, whatever they try."""
    if cache.add(f"denied:{request.user.pk}:{rule.name}", value=1, timeout=3600):
        with transaction.atomic():
            record_audit(action="access.denied", key=rule.name, label=rule.name, actor=actor_of(request))


def _who_can(request: StaffRequest | PartnerRequest, rule: Page | Portal, granted: frozenset[str]) -> str:
    """What stands in the way, that nothing happened, and who can help."""
    if isinstance(rule, Portal):
        found = cast("PartnerRequest", request)
        owners = _names(selectors.seats_with(found.partner, granted))
        who = f"This takes an owner of the account of {found.partner.name}; your role there is {found.role}."
        return f"{who} Nothing was changed. Ask {owners or request.program.name} to do it, or to change your role."
    labels = {role: label.lower() for role, label in Membership.ROLES}
    needed = " or ".join(label for role, label in labels.items() if role in granted)
    team = selectors.team_of(request.program).filter(user__is_active=True)
    able, owners = (_names(one for one in team if one.role in roles) for roles in (granted, {"owner"}))
    who = f"This takes the role {needed}; yours is {labels[request.role]}."
    if able == owners:
        return f"{who} Nothing was changed. Ask {able} to do it, or to give you the role."
    return f"{who} Nothing was changed. Ask {able or owners} to do it, or ask {owners} for the role."


def _names(places: Iterable[Any]) -> str:
    """Up to three people, as one says it: Olga Owner, Sam Sums or Fay Finance."""
    names = list(dict.fromkeys(str(one.user) for one in places))[:3]
    return " or ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])


def _is_paused(program: Program, rule: Page | Portal | Route, method: str) -> bool:
    return program.status == "paused" and method not in READING and not rule.when_paused


def _api_gate(request: HttpRequest, rule: Route, _kwargs: Mapping[str, Any]) -> HttpResponseBase | None:
    try:
        key = authenticate_key(request)
    except KeyRefused as refused:
        return _problem_of_key(refused)
    found = cast("ApiRequest", request)
    found.api_key, found.program = key, key.program
    enter(key.program)
    granted = rule.granted(request.method or "")
    if not granted & set(key.scopes):
        needed = " or ".join(sorted(granted))
        return refusals.problem(403, "wrong_scope", f"This operation needs a key with the scope {needed}.")
    if _is_paused(key.program, rule, request.method or ""):
        return refusals.problem(403, "program_paused", PAUSED)
    return None


def _problem_of_key(refused: KeyRefused) -> HttpResponse:
    response = refusals.problem(refused.status, refused.code, refused.message, remedy=refused.problem.remedy)
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="Goodword"'
    return response


def _public_gate(request: HttpRequest, rule: Public, kwargs: dict[str, Any]) -> HttpResponseBase | None:
    if "program" in kwargs:
        program = selectors.program_by_slug(kwargs.pop("program"))
        if program.status == "paused" and not rule.when_paused:
            raise Http404
        cast("PublicRequest", request).program = program
        enter(program)
    return None


def _account_gate(request: HttpRequest, rule: Account, _kwargs: Mapping[str, Any]) -> HttpResponseBase | None:
    if rule.signed_in and not request.user.is_authenticated:
        return _to_sign_in(request)
    return None


def _closed_gate(_request: HttpRequest, _rule: Rule, _kwargs: Mapping[str, Any]) -> HttpResponseBase | None:
    raise Http404


GATES: Mapping[type[Rule], Callable[..., HttpResponseBase | None]] = {
    Page: _staff_gate,
    Portal: _portal_gate,
    Route: _api_gate,
    Public: _public_gate,
    Account: _account_gate,
    Closed: _closed_gate,
}


def _go(request: HttpRequest, address: str) -> HttpResponse:
    """Send the browser there; htmx would otherwise put the page it finds there into a part of this one."""
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method in READING else ""
    return _go(request, reverse("account_login") + (f"?{urlencode({'next': back})}" if back else ""))


def _to_confirmation(request: HttpRequest, rule: Page | Portal) -> HttpResponse:
    """Ask who it is again. What was POSTed is not kept: the form opens again afterwards."""
    form = request.get_full_path() if "GET" in rule.allows else _page_before(request)
    if request.method not in READING:
        messages.info(request, "It has been a while: confirm that it is you, then send the form again.")
    return _go(request, f"{reverse('account_reauthenticate')}?{urlencode({'next': form})}")


def _page_before(request: HttpRequest) -> str:
    """The page of ours that held the button, without its query; the start page when the browser does not say."""
    before = urlsplit(request.headers.get("Referer", ""))
    ours = before.netloc == request.get_host() and before.path.startswith("/")
    return before.path if ours else reverse("accounts:home")
