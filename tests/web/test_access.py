"""Every address by everybody: role by relation, generated from the router and the policy table.

Nothing here names a page: what others add is called too. The rules are those of reliability.md section 4.
"""

import copy
import re
from dataclasses import dataclass

import pytest
from django.db import connection, transaction
from django.test import Client

from goodword.accounts.models import Membership, Program
from goodword.accounts.policy import POLICY
from goodword.accounts.routes import differences, named_routes
from goodword.accounts.rules import READING, Account, Closed, Page, Portal, Public, Route
from goodword.partners.models import Partner
from tests import cast
from tests.world import IDS, RELATIONS, World, arguments

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
REGEX = {
    "account_confirm_email": "account/confirm-email/x/",
    "account_reset_password_from_key": "account/password/reset/key/x-y/",
}
ROUTES = sorted({(name, REGEX.get(name, route)) for route, name in named_routes() if name in POLICY})
GUARDED = [(name, route) for name, route in ROUTES if isinstance(POLICY[name], Page | Portal | Route)]
# What a refused call may still count or record: sessions, attempts, the audit trail, the last use of a key.
COUNTERS = {
    "django_session", "accounts_cache", "accounts_auditentry", "accounts_audithead", "accounts_apikey",
    "goodword_site_attempts",
}  # fmt: skip
CHANGING = {"X-Request-Id", "Expires"}  # headers that differ from one second to the next
NOT_FORMS: set[str] = set()  # POSTs that carry no cookie's authority and so need no token, each with its reason


@dataclass(frozen=True)
class Answer:
    """What came back, without what differs from call to call (request id, nonce, form token)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    wrote: frozenset[str]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _database(db):
    """Each test works in a savepoint of its own."""


def _writes():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def _call(client, method, path, **extra):
    """One request, undone afterwards."""
    is_api = path.startswith("/api/")
    kind = "application/json" if is_api else "application/x-www-form-urlencoded"
    data = "{}" if is_api and method not in READING else extra.pop("data", "")
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        before = _writes()
        response = client.generic(method, path, data, content_type=kind, **extra)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        wrote = frozenset(table for table, count in _writes().items() if count != before.get(table, 0))
        transaction.set_rollback(True)
    client.cookies = cookies  # a sign-out is undone in the browser too
    return _plain(response, body, wrote)


def _plain(response, body, wrote):
    changing = [response.headers.get("X-Request-Id", ""), *re.findall(rb"nonce=\"([^\"]+)\"", body)]
    changing += re.findall(rb"csrfmiddlewaretoken\" value=\"([^\"]+)\"", body)
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(response.headers.items()) if name not in CHANGING)
    for text in {word if isinstance(word, bytes) else word.encode() for word in changing} - {b""}:
        body, headers = body.replace(text, b"*"), headers.replace(text.decode(), "*")
    headers = re.sub(r"nonce-[^']+", "nonce-*", headers)
    return Answer(response.status_code, tuple(headers.splitlines()), body, wrote)


def _let_in(answer, rule):
    """Whether the answer is one of the page itself: a result, a form with errors, a redirect that is no sign-in."""
    if isinstance(rule, Public | Account):  # nobody is kept out; what the page then makes of it is its own matter
        return answer.status not in (401, 405) and answer.status < 500
    where = dict(line.split(": ", 1) for line in answer.headers).get("Location", "")
    return answer.status not in (401, 403, 404, 405) and answer.status < 500 and not where.startswith("/account/login")


def _asked_to_sign_in(answer):
    return answer.status == 302 and any(line.startswith("Location: /account/login/") for line in answer.headers)


def _expected(principal, rule, method):
    """allow, or the status of the refusal; 302 is the sign-in page."""
    if isinstance(rule, Closed):
        return 404
    if isinstance(rule, Public):
        return "allow"
    if isinstance(rule, Account):
        return 302 if rule.signed_in and principal.area in ("public", "api") else "allow"
    if isinstance(rule, Route):
        fitting = principal.role in rule.granted(method)
        return 401 if principal.area != "api" else "allow" if fitting else 403
    if principal.area in ("public", "api"):
        return 302
    if principal.area != rule.area:
        return 404
    return "allow" if principal.role in rule.granted(method) else 403


def _assert_refused(answer, status, where):
    if status == 302:
        assert _asked_to_sign_in(answer), f"{where}: {answer.status} instead of the sign-in page"
    else:
        assert answer.status == status, f"{where}: {answer.status} instead of {status}"
    assert not answer.wrote - COUNTERS, f"{where}: refused, but it wrote to {set(answer.wrote - COUNTERS)}"


def _assert_no_leak(answer, principal, rule, where):
    public = isinstance(rule, Public)  # the names of programs are public; their partners are not
    hidden = {word for word in principal.hidden if "-" in word or not public}
    text = answer.body + "\n".join(answer.headers).encode()
    leaked = [word for word in hidden if word.encode() in text]
    assert not leaked, f"{where}: shows {leaked}"


def test_the_router_and_the_policy_table_agree():
    assert differences() == []


@pytest.mark.parametrize(("name", "route"), ROUTES, ids=[name for name, _ in ROUTES])
def test_every_role_gets_what_the_policy_says(world, name, route):
    rule, path = POLICY[name], world.path(route)
    for principal in world.principals.values():
        for method in sorted(rule.allows):
            where = f"{principal.name} {method} {path}"
            answer, expected = _call(principal.client, method, path), _expected(principal, rule, method)
            if expected == "allow":
                assert _let_in(answer, rule), f"{where}: {answer.status} {answer.body[:300]!r}"
            else:
                _assert_refused(answer, expected, where)
            _assert_no_leak(answer, principal, rule, where)


@pytest.mark.parametrize(("name", "route"), ROUTES, ids=[name for name, _ in ROUTES])
def test_other_methods_are_refused_by_everybody_alike(world, name, route):
    siblings = [POLICY[other] for other, its_route in ROUTES if its_route == route]
    allowed = set().union(*(rule.allows for rule in siblings))
    path = world.path(route)
    for method in set(METHODS) - allowed:
        answers = {_call(world.principals[who].client, method, path).status for who in ("OW", "PO", "K-rw", "PUB")}
        assert answers == {405}, f"{method} {path}: {answers}"
    overridden = _call(world.principals["OW"].client, "GET", path, headers={"X-HTTP-Method-Override": "DELETE"})
    assert overridden.status == _call(world.principals["OW"].client, "GET", path).status


@pytest.mark.parametrize(("name", "route"), GUARDED, ids=[name for name, _ in GUARDED])
def test_what_is_foreign_answers_like_what_never_existed(world, name, route):
    rule = POLICY[name]
    for principal in world.principals.values():
        for method in sorted(rule.allows):
            if _expected(principal, rule, method) != "allow":
                continue
            if arguments(route):
                _assert_foreign_objects_are_unknown(world, principal, rule, method, route)
            if "<slug:program>" in route:
                _assert_foreign_programs_are_unknown(world, principal, rule, method, route)


def _assert_foreign_objects_are_unknown(world, principal, rule, method, route):
    never = _call(principal.client, method, world.path(route, "never existed"))
    _assert_refused(never, 404, f"{principal.name} {method} never existed")
    own = {"own"} if isinstance(rule, Portal) else {"own", "sibling"}
    for relation in set(RELATIONS) - own:
        path = world.path(route, relation)
        answer, where = _call(principal.client, method, path), f"{principal.name} {method} {path} ({relation})"
        _assert_refused(answer, 404, where)
        assert (answer.body, answer.headers) == (never.body, never.headers), f"{where}: differs from never existed"
    if "sibling" in own:
        answer = _call(principal.client, method, world.path(route, "sibling"))
        assert _let_in(answer, rule), f"{principal.name} {method} sibling: {answer.status}"


def _assert_foreign_programs_are_unknown(world, principal, rule, method, route):
    answers = [
        _call(principal.client, method, world.path(route, relation, relation))
        for relation in ("never existed", "other program", "other tenant")
    ]
    for answer in answers:
        _assert_refused(answer, 404, f"{principal.name} {method} {route} of another program")
        assert (answer.body, answer.headers) == (answers[0].body, answers[0].headers)


@pytest.mark.parametrize(("name", "route"), GUARDED, ids=[name for name, _ in GUARDED])
def test_a_foreign_id_in_the_query_opens_nothing(world, name, route):
    rule = POLICY[name]
    if "GET" not in rule.allows:
        pytest.skip("not read")
    for relation in ("sibling", "other program", "other tenant"):
        ids = "&".join(f"{argument}={value}" for argument, value in world.by_relation[relation].ids.items())
        for principal in world.principals.values():
            if _expected(principal, rule, "GET") == "allow":
                path = f"{world.path(route)}?{ids}"
                answer = _call(principal.client, "GET", path)
                assert answer.status < 500, f"{principal.name} {path}"
                hidden = {word for word in principal.hidden if word.encode() not in path.encode()}
                found = [word for word in hidden if word.encode() in answer.body]
                assert not found, f"{principal.name} {path}: shows {found}"


@pytest.mark.parametrize(("name", "route"), GUARDED, ids=[name for name, _ in GUARDED])
def test_who_was_put_out_is_out_on_the_next_request(world, name, route):
    rule, path, clients = POLICY[name], world.path(route), world.put_out
    method = min(rule.allows)
    statuses = {
        Page: {"suspended": 302, "left": 404, "unseated": 404, "revoked": 302, "expired": 302},
        Portal: {"suspended": 302, "left": 404, "unseated": 404, "revoked": 302, "expired": 302},
        Route: {"suspended": 401, "left": 401, "unseated": 401, "revoked": 401, "expired": 401},
    }[type(rule)]
    for who, status in statuses.items():
        _assert_refused(_call(clients[who], method, path), status, f"{who} {method} {path}")


@pytest.mark.parametrize(("name", "route"), GUARDED, ids=[name for name, _ in GUARDED])
def test_a_paused_program_is_read_and_not_changed(world, name, route):
    rule, path = POLICY[name], world.path(route)
    Program.objects.filter(pk=world.own.program.pk).update(status="paused")
    for principal in world.principals.values():
        for method in sorted(rule.allows):
            if _expected(principal, rule, method) != "allow":
                continue
            answer, where = _call(principal.client, method, path), f"{principal.name} {method} {path}, paused"
            if method in READING or rule.when_paused:
                assert _let_in(answer, rule), f"{where}: {answer.status}"
            else:
                _assert_refused(answer, 403, where)


PORTAL = [(name, route) for name, route in GUARDED if isinstance(POLICY[name], Portal)]


@pytest.mark.parametrize("status", ["rejected", "ended"])
@pytest.mark.parametrize(("name", "route"), PORTAL, ids=[name for name, _ in PORTAL])
def test_a_rejected_partner_reads_statements_only(world, name, route, status):
    rule, path, owner = POLICY[name], world.path(route), world.principals["PO"]
    Partner.unscoped.filter(pk=world.own.partner.pk).update(status=status)
    for method in sorted(rule.allows):
        answer, where = _call(owner.client, method, path), f"{status} partner {method} {path}"
        if rule.when_rejected and method in READING:
            assert _let_in(answer, rule), f"{where}: {answer.status}"
        else:
            _assert_refused(answer, 403, where)


STEP_UP = [(name, route) for name, route in GUARDED if getattr(POLICY[name], "step_up", False)]


@pytest.mark.parametrize(("name", "route"), STEP_UP, ids=[name for name, _ in STEP_UP])
def test_step_up_pages_ask_again_after_five_minutes(world, name, route):
    rule, path = POLICY[name], world.path(route)
    make = cast.member if isinstance(rule, Page) else cast.seat
    client = cast.sign_in(
        make(world.own.program if isinstance(rule, Page) else world.own.partner, "owner"), lately=False
    )
    for method in sorted(rule.allows):
        answer = _call(client, method, path)
        assert answer.status == 302, f"{method} {path}: {answer.status}"
        assert any(line.startswith("Location: /account/reauthenticate/") for line in answer.headers)
        assert not answer.wrote - COUNTERS


FORMS = [
    (name, route)
    for name, route in ROUTES
    if POLICY[name].allows - READING and not isinstance(POLICY[name], Route | Closed) and name not in NOT_FORMS
]


@pytest.mark.parametrize(("name", "route"), FORMS, ids=[name for name, _ in FORMS])
def test_a_form_without_its_token_is_refused(world, name, route):
    rule, path = POLICY[name], world.path(route)
    who = "PO" if isinstance(rule, Portal) else "OW"
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies = world.principals[who].client.cookies
    for method in rule.allows - READING:
        answer = _call(client, method, path)
        _assert_refused(answer, 403, f"{method} {path} without a token")
        assert b"reload the page" in answer.body


@pytest.mark.parametrize(("name", "route"), GUARDED, ids=[name for name, _ in GUARDED])
def test_a_slash_too_many_and_other_letters_open_nothing(world, name, route):
    path, owner = world.path(route), world.principals["OW"].client
    for other in (path.removesuffix("/") if path.endswith("/") else path + "/", path.upper(), "/" + path):
        answer = _call(owner, "GET", other)
        assert answer.status in (404, 405), f"{other}: {answer.status}"


def test_a_changed_role_acts_on_the_next_request(world):
    rules = [(POLICY[name], route) for name, route in GUARDED if isinstance(POLICY[name], Page)]
    rule, route = next((rule, route) for rule, route in rules if rule.granted("POST") == {"owner"})
    person = cast.member(world.own.program, "owner")
    client, path, method = cast.sign_in(person), world.path(route), "POST" if "POST" in rule.allows else "GET"
    assert _let_in(_call(client, method, path), rule)
    Membership.objects.filter(user=person).update(role="viewer")
    assert _call(client, method, path).status == 403


def test_a_session_gives_nothing_to_a_key_and_a_key_nothing_to_a_session(world):
    both = cast.sign_in(cast.member(world.own.program, "owner"))
    weak = cast.api_key(world.own.program, "events:write")[1]
    for name, route in GUARDED:
        rule = POLICY[name]
        if isinstance(rule, Route) and "events:write" not in rule.granted("GET"):
            method = next(iter(rule.allows))
            answer = _call(both, method, world.path(route), headers={"Authorization": f"Bearer {weak}"})
            assert answer.status == 403, name


def test_every_kind_of_object_is_used_by_an_address():
    """An id that no address takes any more is dead weight in tests/world.py."""
    used = set().union(*(arguments(route) for _, route in ROUTES))
    assert not (used - IDS.keys()), f"tests/world.py: add {used - IDS.keys()} to IDS or CONSTANTS"
