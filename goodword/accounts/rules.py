"""The kinds of rows of the policy table. What each address allows stands in `policy.py`; what it means, in `access.py`.

Principals: OW owner, PM program manager, FI finance, VI viewer (staff); PO owner, PB member (people of a partner).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal

Area = Literal["staff", "portal", "api", "public", "account"]
STAFF = {"OW": "owner", "PM": "manager", "FI": "finance", "VI": "viewer"}
SEATS = {"PO": "owner", "PB": "member"}
PAGE_SCOPES = frozenset({"browser", "browser:leads"})
"""What a publishable key may: it stands in web pages for everybody to read, and works for these calls alone."""
SCOPES = frozenset({"events:write", "read", "manage", "payouts:write"}) | PAGE_SCOPES
READING = frozenset({"GET", "HEAD"})


def _named(short: str, names: dict[str, str]) -> frozenset[str]:
    return frozenset(names[code] for code in short.split())


@dataclass(frozen=True, slots=True)
class Rule:
    """One address: who may call it, and how. `methods` are separated by spaces; HEAD goes with GET."""

    area: ClassVar[Area]
    name: str
    methods: str = "GET"

    @property
    def allows(self) -> frozenset[str]:
        listed = frozenset(self.methods.split())
        return listed | {"HEAD"} if "GET" in listed else listed

    def granted(self, method: str) -> frozenset[str]:
        """The roles, seats or scopes that may use this method."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Page(Rule):
    """A staff page below `/p/<program>/`. `post` narrows who may POST; `step_up` asks who it is again after 5 minutes.

    Writing to a paused program is refused unless `when_paused`.
    """

    area: ClassVar[Area] = "staff"
    staff: str = ""
    post: str | None = None
    step_up: bool = False
    when_paused: bool = False

    def granted(self, method: str) -> frozenset[str]:
        narrowed = self.post is not None and method not in READING
        return _named(self.post or "" if narrowed else self.staff, STAFF)


@dataclass(frozen=True, slots=True)
class Portal(Rule):
    """A partner page below `/portal/<program>/`. A rejected or ended partner reads only what is `when_rejected`."""

    area: ClassVar[Area] = "portal"
    seats: str = ""
    post: str | None = None
    step_up: bool = False
    when_paused: bool = False
    when_rejected: bool = False

    def granted(self, method: str) -> frozenset[str]:
        narrowed = self.post is not None and method not in READING
        return _named(self.post or "" if narrowed else self.seats, SEATS)


@dataclass(frozen=True, slots=True)
class Route(Rule):
    """An operation of the API. Without `methods` the verb of its name says it: list and get read, delete deletes."""

    area: ClassVar[Area] = "api"
    methods: str = ""
    scopes: str = ""
    when_paused: bool = False

    @property
    def allows(self) -> frozenset[str]:
        if self.methods:
            return frozenset(self.methods.split())
        verb = self.name.partition(":")[2].partition("-")[0]
        return frozenset({"list": {"GET"}, "get": {"GET"}, "delete": {"DELETE"}}.get(verb, {"POST"}))

    def granted(self, method: str) -> frozenset[str]:  # noqa: ARG002  (scopes belong to the operation)
        scopes = frozenset(self.scopes.split())
        assert scopes <= SCOPES, f"{self.name}: unknown scope in {self.scopes!r}"
        return scopes


@dataclass(frozen=True, slots=True)
class Public(Rule):
    """An address for everybody. A program in it must be live, or paused where `when_paused`."""

    area: ClassVar[Area] = "public"
    when_paused: bool = False

    def granted(self, method: str) -> frozenset[str]:  # noqa: ARG002
        return frozenset({"public"})


@dataclass(frozen=True, slots=True)
class Account(Rule):
    """A page about the caller's own sign-in. `signed_in` asks for a session; the others work without one."""

    area: ClassVar[Area] = "account"
    methods: str = "GET POST"
    signed_in: bool = True

    def granted(self, method: str) -> frozenset[str]:  # noqa: ARG002
        return frozenset({"public"})


@dataclass(frozen=True, slots=True)
class Closed(Rule):
    """An address that a library brings and we do not offer: 404 for everybody."""

    area: ClassVar[Area] = "account"
    methods: str = "GET POST"

    def granted(self, method: str) -> frozenset[str]:  # noqa: ARG002
        return frozenset()


def by_name(rows: Iterable[Rule]) -> dict[str, Rule]:
    """The table by address name; a name stands in it once."""
    table: dict[str, Rule] = {}
    for row in rows:
        assert row.name not in table, f"{row.name} stands twice in the policy table"
        table[row.name] = row
    return table
