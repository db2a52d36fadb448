"""A caller of the API for tests: JSON in, JSON out, with a key of a program."""

import json

from tests import cast

SALE = {"id": "s-1", "customer": "c-1", "currency": "EUR", "amount": "120.00", "at": "2026-05-01T09:30:00Z"}


class Caller:
    """`caller.post("/sales", {...})` gives the response; `.json()` its body."""

    def __init__(self, program, *scopes):
        self.program = program
        self.key, self.text = cast.api_key(program, *(scopes or ("read", "manage", "events:write")))
        self._client = cast.with_key(self.text)

    def get(self, path, **headers):
        return self._client.get(f"/api/v1{path}", headers=headers)

    def send(self, method, path, body, content_type="application/json", **headers):
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self._client.generic(method, f"/api/v1{path}", data, content_type=content_type, headers=headers)

    def post(self, path, body, **headers):
        return self.send("POST", path, body, **headers)

    def put(self, path, body):
        return self.send("PUT", path, body)

    def patch(self, path, body):
        return self.send("PATCH", path, body)


def sale(name="s-1", **fields):
    return {**SALE, "id": name, **fields}
