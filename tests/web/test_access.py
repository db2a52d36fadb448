"""Every address by everybody: role by relation, generated from the router and the policy table.

Nothing here names a page: what others add is called too. The rules are those of reliability.md section 4. Each test
walks all the addresses it is about, and reports every cell that fails, not the first one alone (`matrix.py`).
"""

import copy
import re
from dataclasses import dataclass
from itertools import product

import pytest
from django.db import connection, transaction

from goodword.accounts.keys import _checksum
from goodword.accounts.models import Membership, Program
from goodword.accounts.policy import POLICY
from goodword.accounts.routes import differences, named_routes
from goodword.accounts.rules import READING, Account, Closed, Page, Portal, Public, Route
from goodword.partners.models import Partner
from tests import cast
from tests.web.matrix import Walk
from tests.world import IDS, RELATIONS, Caller, World, arguments

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
MAKES = {"api:replace-customer"}  # makes what it does not find: a foreign id is a new one, as an invented id is
SIGNED = {"connections:receive"}  # machines have no form: each call proves itself (tests/connections/test_receiving.py)
REGEX = {
    "account_confirm_email": "account/confirm-email/x/",
    "account_reset_password_from_key": "account/password/reset/key/x-y/",
}
ROUTES = sorted({(name, REGEX.get(name, route)) for route, name in named_routes() if name in POLICY})
SAFE = READING | {"OPTIONS"}  # a preflight asks what may be sent, and changes nothing
GUARDED = [(name, route) for name, route in ROUTES if isinstance(POLICY[name], Page | Portal | Route)]
# What a refused call may still count or record: sessions, attempts, the audit trail, the last use of a key.
COUNTERS = {
    "django_session", "accounts_cache", "accounts_auditentry", "accounts_audithead", "accounts_apikey",
    "goodword_site_attempts",
}  # fmt: skip
CHANGING = {"X-Request-Id", "Content-Length", "Expires"}  # headers that differ from one call to the next


@dataclass(frozen=True)
class Answer:
    """What came back, without what differs from call to call (request id, nonce, form token)."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    wrote: frozenset[str]

    def where(self):
        return dict(self.headers).get("Location", "")


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _undone(world):
    """What a test changes in the world is undone after it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


WRITTEN = """SELECT relname, ins + upd + del FROM pg_class,
    pg_stat_get_xact_tuples_inserted(oid) ins, pg_stat_get_xact_tuples_updated(oid) upd,
    pg_stat_get_xact_tuples_deleted(oid) del
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND ins + upd + del > 0"""


def _written():
    """How many rows of each table this transaction has tried to write so far, undone ones too."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN)
        # How often a key calls is counted in leases: some calls write there, others do not.
        return {table: count for table, count in cursor.fetchall() if table != "api_bucket"}


def _call(client, method, path, **extra):
    """One request, undone afterwards, in the database and in the browser."""
    is_api = path.startswith("/api/")
    kind = "application/json" if is_api else "application/x-www-form-urlencoded"
    data = "{}" if is_api and method not in READING else ""
    cookies = copy.deepcopy(client.cookies)
    with transaction.atomic():
        before = _written()
        response = client.generic(method, path, data, content_type=kind, **extra)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        wrote = frozenset(table for table, count in _written().items() if count != before.get(table, 0))
        transaction.set_rollback(True)
    client.cookies = cookies
    return _plain(response, body, wrote)


def _plain(response, body, wrote):
    changing = {response.headers.get("X-Request-Id", "").encode()}
    for pattern in (rb"nonce=\"([^\"]+)\"", rb"inlineScriptNonce\": \"([^\"]+)\"", rb"token\" value=\"([^\"]+)\""):
        changing |= set(re.findall(pattern, body))
    for word in changing - {b""}:
        body = body.replace(word, b"*")
    headers = [(name, re.sub(r"nonce-[^']+", "nonce-*", value)) for name, value in sorted(response.headers.items())]
    kept = tuple(pair for pair in headers if pair[0] not in CHANGING)
    return Answer(response.status_code, kept, body, wrote)


def _let_in(answer, rule):
    """Whether the answer is one of the page itself: a result, a form with errors, a redirect that is no sign-in."""
    if isinstance(rule, Public | Account):  # nobody is kept out; what the page then makes of it is its own matter
        return answer.status not in (401, 405) and answer.status < 500
    kept_out = answer.status in (401, 403, 404, 405) or answer.where().startswith("/account/login")
    return not kept_out and answer.status < 500


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


def _allowed(world, rule):
    """Who may call, with each method (HEAD goes with GET and is tried on its own)."""
    methods = sorted(rule.allows - {"HEAD"})
    pairs = [(who, method) for who in world.principals.values() for method in methods]
    return [(who, method) for who, method in pairs if _expected(who, rule, method) == "allow"]


def _assert_refused(answer, status):
    assert answer.status == status, f"{answer.status} instead of {status}"
    if status == 302:
        assert answer.where().startswith("/account/login/"), f"sent to {answer.where()}"
    assert not answer.wrote - COUNTERS, f"refused, but it wrote to {set(answer.wrote - COUNTERS)}"


def _assert_no_leak(answer, principal, rule):
    public = isinstance(rule, Public)  # the names of programs are public; their partners are not
    hidden = {word for word in principal.hidden if "-" in word or not public}
    text = answer.body + "\n".join(f"{name}: {value}" for name, value in answer.headers).encode()
    leaked = [word for word in hidden if word.encode() in text]
    assert not leaked, f"shows {leaked}"


def test_the_router_and_the_policy_table_agree():
    assert differences() == []
    assert {name for name, _ in ROUTES} == POLICY.keys(), "an address is in no walk"


def test_every_role_gets_what_the_policy_says(world):
    walk = Walk(ROUTES)
    for name, route, cell in walk:
        rule = POLICY[name]
        for principal in world.principals.values():
            path = world.path(route, who=principal)
            for method in sorted(rule.allows - {"HEAD"}):
                with cell(f"{principal.name} {method} {path}"):
                    _assert_gets(principal, rule, method, path)
    methods = sum(len(POLICY[name].allows - {"HEAD"}) for name, _ in walk.addresses)
    assert walk.cells == methods * len(world.principals), "role by address by method: a cell was left out"


def _assert_gets(principal, rule, method, path):
    answer, expected = _call(principal.client, method, path), _expected(principal, rule, method)
    if expected == "allow":
        assert _let_in(answer, rule), f"{answer.status} {answer.body[:300]!r}"
    else:
        _assert_refused(answer, expected)
    _assert_no_leak(answer, principal, rule)


def test_other_methods_are_refused(world):
    for _, route, cell in Walk(ROUTES):
        siblings = [POLICY[other] for other, its_route in ROUTES if its_route == route]
        allowed, path = set().union(*(rule.allows for rule in siblings)), world.path(route)
        for method, who in product(sorted(set(METHODS) - allowed), ("OW", "PUB")):
            with cell(f"{who} {method} {path}"):
                answer = _call(world.principals[who].client, method, path)
                _assert_refused(answer, 405)
                assert set(dict(answer.headers)["Allow"].split(", ")) == allowed


def test_head_answers_like_get_without_a_body(world):
    for name, route, cell in Walk((name, route) for name, route in ROUTES if "HEAD" in POLICY[name].allows):
        allowed = [who for who, method in _allowed(world, POLICY[name]) if method == "GET"]
        principal = next(iter(allowed), world.principals["PUB"])
        path = world.path(route, who=principal)
        with cell(f"{principal.name} HEAD {path}"):
            head, get = _call(principal.client, "HEAD", path), _call(principal.client, "GET", path)
            assert (head.status, head.body) == (get.status, b"")


def test_a_method_in_a_header_is_ignored(world):
    owner, path = world.principals["OW"].client, world.path("p/<slug:program>/settings")
    for header in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        assert _call(owner, "GET", f"{path}?_method=DELETE", headers={header: "DELETE"}).status == 200


def test_foreign_objects_answer_like_invented_ones(world):
    for name, route, cell in Walk((name, route) for name, route in GUARDED if arguments(route)):
        tried = set()
        for principal, method in _allowed(world, POLICY[name]):
            first = (principal.area, method) not in tried
            tried.add((principal.area, method))
            foreign = ["other program", "other tenant", "malformed"] + ["sibling"] * (principal.area == "portal")
            with cell(f"{principal.name} {method} {route}"):
                _assert_invented(world, principal, method, route, foreign if first else ["other tenant"], name)
            if principal.area != "portal" and first:
                with cell(f"{principal.name} {method} {route}, sibling"):
                    answer = _call(principal.client, method, world.path(route, "sibling"))
                    assert _let_in(answer, POLICY[name]), answer.status


def _assert_invented(world, principal, method, route, foreign, name):
    """An object of elsewhere is answered as one that never existed, to the byte."""
    never = _unknown(world, principal, method, route, "never existed")
    if name not in MAKES:
        _assert_refused(never, 404)
    for relation in foreign:
        answer = _unknown(world, principal, method, route, relation)
        assert answer == never, f"{relation}: {answer} {never}"


def _unknown(world, principal, method, route, relation):
    """The answer to a relation's ids, with the ids taken out of it: an answer may repeat what was asked for."""
    path = world.path(route, relation)
    answer = _call(principal.client, method, path)
    _assert_no_leak_of_names(answer, principal, path)
    body = re.sub(rb'"(key|recorded_at)": "[^"]*"', b"", answer.body)  # of what a PUT has made
    for part in re.findall(r"[^/]+", path):
        if part not in route:
            body = body.replace(f'"{part}"'.encode(), b'"ID"')
            body = body.replace(part.encode(), b"ID") if len(part) > 1 else body
    return Answer(answer.status, answer.headers, body, answer.wrote)


def _assert_no_leak_of_names(answer, principal, path):
    hidden = [word for word in principal.hidden if word not in path and word.encode() in answer.body]
    assert not hidden, f"shows {hidden}"


def test_foreign_programs_answer_like_invented_ones(world):
    for name, route, cell in Walk((name, route) for name, route in GUARDED if "<slug:program>" in route):
        for principal, method in _first_of_each(_allowed(world, POLICY[name]), key=_area_and_method):
            with cell(f"{principal.name} {method} {route}"):
                never, *others = [
                    _call(principal.client, method, world.path(route, relation, relation))
                    for relation in ("never existed", "other program", "other tenant")
                ]
                _assert_refused(never, 404)
                assert others == [never, never], "the program of another is told from none"


def _area_and_method(pair):
    return pair[0].area, pair[1]


def _first_of_each(pairs, key):
    found = {}
    for pair in pairs:
        found.setdefault(key(pair), pair)
    return list(found.values())


def test_a_foreign_id_in_the_query_opens_nothing(world):
    for name, route, cell in Walk((name, route) for name, route in GUARDED if "GET" in POLICY[name].allows):
        caller = [who for who, method in _allowed(world, POLICY[name]) if method == "GET"][-1]
        for relation in ("sibling", "other tenant") if caller.area == "portal" else ("other tenant",):
            ids = "&".join(f"{argument}={value}" for argument, value in world.by_relation[relation].ids.items())
            path = f"{world.path(route, who=caller)}?{ids}"
            with cell(f"{caller.name} {path}"):
                answer = _call(caller.client, "GET", path)
                assert answer.status < 500
                _assert_no_leak_of_names(answer, caller, path)


PUT_OUT = {
    Page: {"suspended": 302, "left": 404},
    Portal: {"suspended": 302, "unseated": 404},
    Route: {"revoked": 401, "expired": 401, "left": 401},
}


def test_who_was_put_out_is_out_on_the_next_request(world):
    for name, route, cell in Walk(GUARDED):
        rule, path = POLICY[name], world.path(route)
        method = min(rule.allows - {"HEAD"})
        for who, status in PUT_OUT[type(rule)].items():
            with cell(f"{who} {method} {path}"):
                _assert_refused(_call(world.put_out[who], method, path), status)


def test_a_paused_program_is_read_and_not_changed(world):
    Program.objects.filter(pk=world.own.program.pk).update(status="paused")
    for name, route, cell in Walk(GUARDED):
        rule = POLICY[name]
        for principal, method in _first_of_each(_allowed(world, rule), key=lambda pair: pair[1]):
            path = world.path(route, who=principal)
            with cell(f"{principal.name} {method} {path}, paused"):
                answer = _call(principal.client, method, path)
                if method in READING or rule.when_paused:
                    assert _let_in(answer, rule), answer.status
                else:
                    _assert_refused(answer, 403)


def test_the_public_pages_of_a_paused_program_are_closed(world):
    public = [(name, route) for name, route in ROUTES if isinstance(POLICY[name], Public) and "<slug:program>" in route]
    visitor = world.principals["PUB"]
    for name, route, cell in Walk(public):
        rule, path = POLICY[name], world.path(route)
        methods = sorted(rule.allows - {"HEAD"})
        open_to_all = [method for method in methods if _call(visitor.client, method, path).status != 404]
        Program.objects.filter(pk=world.own.program.pk).update(status="paused")
        for method in methods:
            with cell(f"{method} {path}, paused"):  # the test shop is there for demo programs only
                closed = _call(visitor.client, method, path).status == 404
                assert closed is (method not in open_to_all or not rule.when_paused), closed


@pytest.mark.parametrize("status", ["rejected", "ended"])
def test_a_rejected_partner_reads_statements_only(world, status):
    owner = world.principals["PO"]
    Partner.unscoped.filter(pk=world.own.partner.pk).update(status=status)
    for name, route, cell in Walk((name, route) for name, route in GUARDED if isinstance(POLICY[name], Portal)):
        rule, path = POLICY[name], world.path(route, who=owner)
        for method in sorted(rule.allows - {"HEAD"}):
            with cell(f"{status} partner {method} {path}"):
                answer = _call(owner.client, method, path)
                if rule.when_rejected and method in READING:
                    assert _let_in(answer, rule), answer.status
                else:
                    _assert_refused(answer, 403)


def test_step_up_pages_ask_again_after_five_minutes(world):
    owner, seat = cast.member(world.own.program, "owner"), cast.seat(world.own.partner, "owner")
    clients = {Page: cast.sign_in(owner, lately=False, browser=Caller)}
    clients[Portal] = cast.sign_in(seat, lately=False, browser=Caller)
    guarded = [(name, route) for name, route in GUARDED if getattr(POLICY[name], "step_up", False)]
    for name, route, cell in Walk(guarded):
        rule = POLICY[name]
        for method in sorted(rule.allows - {"HEAD"}):
            with cell(f"{method} {route}"):
                answer = _call(clients[type(rule)], method, world.path(route))
                assert answer.status == 302, answer.status
                assert answer.where().startswith("/account/reauthenticate/"), answer.where()
                assert not answer.wrote - COUNTERS


def test_a_form_without_its_token_is_refused(world):
    forms = [pair for pair in ROUTES if not isinstance(POLICY[pair[0]], Route | Closed) and pair[0] not in SIGNED]
    for name, route, cell in Walk((name, route) for name, route in forms if POLICY[name].allows - SAFE):
        rule = POLICY[name]
        client = Caller(enforce_csrf_checks=True, raise_request_exception=False)
        client.cookies = world.principals["PO" if isinstance(rule, Portal) else "OW"].client.cookies
        for method in sorted(rule.allows - SAFE):
            with cell(f"{method} {route} without a token"):
                answer = _call(client, method, world.path(route))
                _assert_refused(answer, 403)
                assert b"reload the page" in answer.body


def test_a_slash_too_many_and_other_letters_open_nothing(world):
    owner = world.principals["OW"].client
    for _, route, cell in Walk(GUARDED):
        path = world.path(route)
        for other in (path.removesuffix("/") if path.endswith("/") else path + "/", path.upper()):
            with cell(other):
                answer = _call(owner, "GET", other)
                assert answer.status in (401, 404, 405), answer.status


def test_a_changed_role_acts_on_the_next_request(world):
    rules = [(POLICY[name], route) for name, route in GUARDED if isinstance(POLICY[name], Page)]
    rule, route = next(pair for pair in rules if pair[0].granted("POST") == {"owner"} and not arguments(pair[1]))
    person, method = cast.member(world.own.program, "owner"), min(rule.allows)
    client, path = cast.sign_in(person, browser=Caller), world.path(route)
    assert _let_in(_call(client, method, path), rule)
    Membership.objects.filter(user=person).update(role="viewer")
    assert _call(client, method, path).status == 403


def test_a_wrong_secret_is_nobody(world):
    right, other = (cast.api_key(world.own.program, "read")[1] for _ in range(2))
    body = right[:17] + other[17:-6]
    client = cast.with_key(body + _checksum(body), browser=Caller)
    assert _call(client, "GET", world.path("api/v1/partners")).status == 401


def test_a_session_gives_nothing_to_a_key(world):
    """An owner's browser that also sends a weak key gets what the key gets."""
    both = world.principals["OW"].client
    weak = cast.api_key(world.own.program, "events:write")[1]
    rules = [(POLICY[name], route) for name, route in GUARDED if isinstance(POLICY[name], Route)]
    tried = [pair for pair in rules if "events:write" not in pair[0].granted("GET")][:5]
    assert tried
    for rule, route in tried:
        method = min(rule.allows)
        assert _call(both, method, world.path(route), headers={"Authorization": f"Bearer {weak}"}).status == 403


def test_the_world_knows_every_argument_of_an_address():
    used = set().union(*(arguments(route) for _, route in ROUTES))
    assert not used - IDS.keys(), f"tests/world.py: add {used - IDS.keys()} to IDS or CONSTANTS"
    assert set(RELATIONS) >= {"own", "sibling", "other program", "other tenant", "never existed", "malformed"}
