"""The front inside a test's own transaction: the real application, its store and its pages replaced by Django's.

For what a visitor or a sender meets. How the front stores, waits and recovers has tests with a server of its own.
"""

import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

from django.db import connection
from django.test import Client

from goodword.domain.click_privacy import HASH_BYTES
from goodword.ingest.app import Front
from goodword.ingest.clicks import COLUMNS as CLICK_COLUMNS
from goodword.ingest.clicks import TABLE, Sender, copied
from goodword.ingest.links import COLUMNS, Link, LinkTable, link_of
from goodword.ingest.places import spool_folder
from tests import cast

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"


class Asked:
    """A request as Granian hands it to an application."""

    scheme, http_version, proto, authority = "http", "1.1", "http", None

    def __init__(self, method: str, address: str, headers: Mapping[str, str], client: str = "192.0.2.7:999") -> None:
        from urllib.parse import unquote

        path, _, self.query_string = address.partition("?")
        self.path, self.method, self.client = unquote(path), method.upper(), client
        self.headers = Headers({name.lower(): value for name, value in headers.items() if value})


class Headers(dict):
    """Headers by their names in small letters."""


class Told:
    """An answer, as tests of Django's client read it."""

    def __init__(self) -> None:
        self.status_code, self.headers, self.content = 0, [], b""

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.response_bytes(status, headers, b"")

    def response_str(self, status: int, headers: list[tuple[str, str]], body: str) -> None:
        self.response_bytes(status, headers, body.encode())

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        for name, value in headers:  # as Granian does: what is no header is an error, never two headers
            assert re.fullmatch(r"[a-z0-9-]+", name), name
            assert re.fullmatch(r"[\t -~]*", value), value
        self.status_code, self.headers, self.content = status, headers, body

    def __getitem__(self, name: str) -> str:
        return next(value for header, value in self.headers if header == name.lower())

    def __contains__(self, name: str) -> bool:
        return any(header == name.lower() for header, _ in self.headers)

    @property
    def cookies(self) -> SimpleCookie:
        kept = SimpleCookie()
        for name, value in self.headers:
            if name == "set-cookie":
                kept.load(value)
        return kept


class _DjangoPages:
    """Pages by Django's test client."""

    async def hand_over(self, scope: Any, protocol: Told) -> None:
        answer = Client(raise_request_exception=False).generic(scope.method, f"{scope.path}?{scope.query_string}")
        protocol.response_bytes(answer.status_code, _as_pairs(answer), answer.content)

    async def get(self, path: str, _host: str) -> tuple[int, list[tuple[str, str]], bytes]:
        answer = Client(raise_request_exception=False).get(path)
        return answer.status_code, _as_pairs(answer), answer.content


def _as_pairs(answer: Any) -> list[tuple[str, str]]:
    return [(name.lower(), value) for name, value in answer.headers.items()]


class _Salts:
    now = Sender(cast.NOW.date(), b"s" * HASH_BYTES)


class FrontInTest(Front):
    """The front that sees what this test's transaction sees."""

    def __init__(self, **options: Any) -> None:
        super().__init__("127.0.0.1:9", spool_folder(), **options)
        self._pages = self._link_pages._pages = _DjangoPages()
        self._salts = _Salts()
        self.table = LinkTable()
        self.table.replace_all(_links(""))

    async def _apart(self, work: Any) -> None:
        await work

    async def _kept(self, row: bytes) -> frozenset[bytes]:
        statement = f"COPY {TABLE} ({', '.join(CLICK_COLUMNS)}) FROM STDIN (FORMAT binary)"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(copied([row]))
        return frozenset()

    async def _look_up(self, address: str) -> Link | None:
        slug, _, key = address.partition("/")
        return next(_links("WHERE program.slug = %s AND link.key = %s", slug, key.lower()), None)


def _links(narrow: str, *values: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS + narrow, values)
        names = [column.name for column in cursor.description]
        return iter([link_of(dict(zip(names, row, strict=True))) for row in cursor.fetchall()])


class Visitor:
    """A browser that follows links and keeps the cookies it is given."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self.headers = {"user-agent": BROWSER, **(headers or {})}
        self.cookies: dict[str, str] = {}

    def get(self, address: str, method: str = "get", **options: Any) -> Told:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        told = ask(method, address, {"cookie": cookie, **self.headers}, **options)
        self.cookies |= {name: morsel.value for name, morsel in told.cookies.items()}
        return told


def ask(method: str, address: str, headers: Mapping[str, str], **options: Any) -> Told:
    """One request to the front; nothing in it waits for anything."""
    told = Told()
    try:
        FrontInTest(**options).__rsgi__(Asked(method, address, headers), told).send(None)
    except StopIteration:
        return told
    raise AssertionError("the front waited for something that a test does not have")


def visit(address: str = "/r/acme/spring", method: str = "get", **headers: str) -> Told:
    """Somebody follows a link for the first time."""
    return Visitor({name.replace("_", "-"): value for name, value in headers.items()}).get(address, method)
