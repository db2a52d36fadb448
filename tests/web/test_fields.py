"""Field by field: what a body names of somebody else's, what nobody may write, and what a role may not read.

Generated from the OpenAPI document and the router; a new field or address is tried without anybody adding it here.
"""

import json
import re

import pytest
from django.db import transaction

from goodword.accounts.policy import POLICY
from goodword.accounts.routes import named_routes
from goodword.accounts.rules import Page, Portal, Route
from goodword.api.v1 import description
from goodword.domain.ids import PREFIXES, public_id, uuid7
from goodword.partners.models import Partner
from goodword.payouts.models import PayoutMethod
from tests.web.test_access import _call, world  # noqa: F401 - the world of the access test

DOCUMENT = description()
WRITES = [
    (path, method, schema)
    for path, item in DOCUMENT["paths"].items()
    for method, one in item.items()
    if "requestBody" in one and (schema := one["requestBody"]["content"]["application/json"]["schema"])["properties"]
]  # a body without fields belongs to an operation that is refused always
NAMES = [f"{method} {path}" for path, method, _ in WRITES]
# Something right for each field that a body needs, so that only the one under test is wrong.
RIGHT = {
    "id": "fact-1", "customer": "customer-1", "currency": "EUR", "amount": "1.00", "at": "2026-05-01T00:00:00Z",
    "name": "lead", "channel": "form", "from": "USD", "to": "EUR", "rate": "0.9", "reason": "why", "key": "a-free-key",
    "destination": "https://shop.example/", "contact_name": "Ann", "email": "ann@example.com",
    "starts_at": "2027-01-01T00:00:00Z", "document": {"rules": [{"key": "a", "on": "sale", "pay": {"percent": "1%"}}]},
    "visitor": "browser-1", "conversion": "conversion-1", "via": "spring", "url": "https://hooks.example/in",
    "kinds": ["sale.recorded"], "since": "2026-05-01T00:00:00Z",
}  # fmt: skip
# What a body may name, by the argument that addresses use for it.
REFERENCES = {
    "partner": "partner", "parent": "partner", "group": "group", "terms": "version", "sale": "sale_id",
    "customer": "customer_id", "conversion": "sale_id", "visitor": "touch_id", "code": "code",
}  # fmt: skip
FORBIDDEN = [
    "program", "program_id", "tenant_id", "organization", "status", "role", "balance", "balance_minor", "payable",
    "created_at", "recorded_at", "revoked_at", "number", "content_hash", "payload_hash", "source", "approval",
    "approved_by", "prepared_by", "payouts_blocked", "retracted_at", "key_id", "scopes", "usable_from",
]  # fmt: skip


def a_body(schema, partner):
    """The smallest body that this operation takes."""
    items = schema["properties"].get("items")
    if items and schema["required"] == ["items"]:
        return {"items": [a_body(items["items"], partner)]}
    needed = set(schema.get("required", ())) - {"partner", "shares"}
    missing = needed - RIGHT.keys() - REFERENCES.keys()
    assert not missing, f"tests/web/test_fields.py: add {missing} to RIGHT"
    body = {name: RIGHT.get(name, "ours-1") for name in needed}
    if "partner" in schema["properties"]:
        body["partner"] = partner
    if "shares" in schema["properties"]:
        body |= {"shares": [{"partner": partner, "percent": "1%"}], "customer": "customer-1"}
    if schema["properties"].keys() >= {"channel", "visitor"}:
        body["visitor"] = "browser-1"
    return body


def send(world, method, path, body):  # noqa: F811
    filled = re.sub(r"{(\w+)}", lambda found: world.own.ids.get(found[1], "1"), path)
    key = "K-pay" if path.endswith("/payout-runs") else "K-web" if "/track/browser/" in path else "K-rw"
    client = world.principals[key].client
    if method == "put":  # the address says which one it is
        body = {name: value for name, value in body.items() if name != "id"}
    with transaction.atomic():
        response = client.generic(method.upper(), filled, json.dumps(body), content_type="application/json")
        transaction.set_rollback(True)
    return response


def inner(body):
    return body["items"][0] if list(body) == ["items"] else body


def plain(response, given):
    """The answer without what was asked for, and without what differs from call to call."""
    text = response.content.decode().replace(given, "GIVEN")
    text = re.sub(r'"(key|id|recorded_at|created_at|request_id|instance)": ?"[^"]*"', "", text)
    return response.status_code, text


def invented(own):
    for kind, prefix in PREFIXES.items():
        if own.startswith(f"{prefix}_"):
            return public_id(kind, uuid7())
    return f"never-{len(own)}"


@pytest.mark.parametrize(("path", "method", "schema"), WRITES, ids=NAMES)
def test_what_a_body_names_of_others_is_as_if_it_had_never_been(world, path, method, schema):  # noqa: F811
    partner = world.own.ids["partner"]
    one = schema["properties"].get("items", {}).get("items", schema)
    for name in set(one["properties"]) & REFERENCES.keys():
        for relation in ("other program", "other tenant"):
            foreign = world.by_relation[relation].ids[REFERENCES[name]]
            never = invented(foreign)
            answers = []
            for given in (foreign, never):
                body = a_body(schema, partner)
                inner(body)[name] = given
                answers.append(plain(send(world, method, path, body), given))
            assert answers[0] == answers[1], f"{method} {path}, {name} of {relation}"
            if name in ("partner", "parent"):
                assert answers[0][0] == 422, f"{method} {path}, {name} of {relation}: {answers[0]}"


@pytest.mark.parametrize(("path", "method", "schema"), WRITES, ids=NAMES)
def test_no_field_that_is_ours_can_be_written(world, path, method, schema):  # noqa: F811
    one = schema["properties"].get("items", {}).get("items", schema)
    tried = set(FORBIDDEN) - set(one["properties"])
    body = a_body(schema, world.own.ids["partner"])
    inner(body).update(dict.fromkeys(tried, "x"))
    response = send(world, method, path, body)
    assert response.status_code == 422, f"{method} {path} took {tried}: {response.status_code}"
    ours = ("read_only_field", "unknown_field")
    refused = {one["field"].rpartition(".")[2] for one in json.loads(response.content)["errors"] if one["code"] in ours}
    assert refused >= tried, f"{method} {path} took {tried - refused}"


# Who may read what of a partner: see "Partner profile" and "Bank destination" in reliability.md section 4.
SECRETS = {
    "account": ("ZQ••••7777", {"OW", "FI", "PO"}),
    "holder": ("zqholder", {"OW", "FI", "PO"}),
    "address": ("zqcontact@partner.example", {"OW", "PM", "FI", "PO", "PB", "K-rw"}),
    "notes": ("zqnotes", {"OW", "PM", "FI", "K-r", "K-rw"}),
}
READ = sorted(
    {
        (name, route)
        for route, name in named_routes()
        if isinstance(POLICY.get(name), Page | Portal | Route) and "GET" in POLICY[name].allows
    }
)


@pytest.fixture
def marked(world):  # noqa: F811
    """The partner of the world with one word for each thing that not everybody may read."""
    partner = world.own.partner
    with transaction.atomic():
        Partner.unscoped.filter(pk=partner.pk).update(email=SECRETS["address"][0], notes=SECRETS["notes"][0])
        PayoutMethod.unscoped.filter(partner=partner).update(
            account_mask=SECRETS["account"][0], holder=SECRETS["holder"][0]
        )
        yield world
        transaction.set_rollback(True)


@pytest.mark.parametrize(("name", "route"), READ, ids=[name for name, _ in READ])
def test_nobody_reads_a_field_that_is_not_for_them(marked, name, route):
    for who in marked.principals.values():
        if who.role not in POLICY[name].granted("GET"):
            continue
        body = _call(who.client, "GET", marked.path(route, who=who)).body.decode(errors="replace")
        seen = [field for field, (word, readers) in SECRETS.items() if word in body and who.name not in readers]
        assert not seen, f"{who.name} GET {route} shows {seen}"


def test_the_words_are_there_for_whom_they_are_meant(marked):
    """Else the test above could not fail."""
    shown = {
        ("OW", "p/<slug:program>/partners/<str:partner>"): {"account", "holder", "address", "notes"},
        ("PO", "portal/<slug:program>/settings"): {"account", "holder"},
        ("K-rw", "api/v1/partners/<partner>"): {"address", "notes"},
        ("K-r", "api/v1/partners/<partner>"): {"notes"},
    }
    for (who, route), fields in shown.items():
        principal = marked.principals[who]
        body = _call(principal.client, "GET", marked.path(route, who=principal)).body.decode()
        assert {field for field, (word, _) in SECRETS.items() if word in body} >= fields, f"{who} {route}"
