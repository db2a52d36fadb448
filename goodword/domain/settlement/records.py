"""The facts as typed, frozen records: one class per fact of the contract, and the set of them that is settled.

Nothing is decided or checked here. Instants are integers (microseconds since 1970 UTC), money is integer minor units.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias, Union

from goodword.domain.errors import InvalidInput, Problem

Instant: TypeAlias = int
"""Microseconds since 1970-01-01T00:00:00Z."""
PropertyValue: TypeAlias = str | bool | int | Decimal | tuple[object, ...] | None
"""A property: text, truth, an exact number; lists and objects are kept, but no condition looks inside them."""

LINK, CODE, FORM, REGISTRATION, MANUAL = "link", "code", "form", "registration", "manual"
CHANNELS: Final = (LINK, CODE, FORM, REGISTRATION, MANUAL)
NO_PROPERTIES: Final[Mapping[str, PropertyValue]] = {}


class Partner(NamedTuple):
    """A firm or person that refers; `parent` is who recruited it."""

    id: str
    parent: str | None = None
    group: str | None = None
    emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    country: str | None = None


class Agreement(NamedTuple):
    """A partner's terms in force on [starts, ends); `cause`: ended for cause, so no tail."""

    id: str
    partner: str
    terms: str
    starts: Instant
    ends: Instant | None = None
    cause: bool = False


class Code(NamedTuple):
    """A coupon or referral code and the partner it belongs to; `id` is the code itself."""

    id: str
    partner: str


class Customer(NamedTuple):
    """What is known of a customer; `existing`: was a customer before the program knew of sales."""

    id: str
    email: str | None = None
    domain: str | None = None
    country: str | None = None
    existing: bool = False
    visitors: tuple[str, ...] = ()


class Touch(NamedTuple):
    """A partner's contact with a customer or a visitor; `until` ends a registration's protection."""

    id: str
    at: Instant
    partner: str
    channel: str
    customer: str | None = None
    visitor: str | None = None
    until: Instant | None = None


class SaleLine(NamedTuple):
    """One line of a sale, net of tax and shipping."""

    product: str | None
    amount: int
    category: str | None = None
    quantity: int = 1


class Sale(NamedTuple):
    """What a customer was charged, in minor units of `currency`."""

    id: str
    at: Instant
    customer: str
    currency: str
    amount: int
    tax: int = 0
    shipping: int = 0
    discount: int = 0
    fees: int = 0
    cost: int = 0
    lines: tuple[SaleLine, ...] = ()
    product: str | None = None
    code: str | None = None
    subscription: str | None = None
    kind: str | None = None
    properties: Mapping[str, PropertyValue] = NO_PROPERTIES


class Event(NamedTuple):
    """A conversion that is no sale: a lead, a signup, a meeting. No `currency` with a value: the program's."""

    id: str
    at: Instant
    name: str
    customer: str
    value: int | None = None
    currency: str | None = None
    properties: Mapping[str, PropertyValue] = NO_PROPERTIES


class Refund(NamedTuple):
    """Money given back on a sale, in minor units of the sale's currency."""

    id: str
    at: Instant
    sale: str
    amount: int
    reason: str | None = None


class Cancel(NamedTuple):
    """The subscription or contract of a sale ended early."""

    id: str
    at: Instant
    sale: str


class Share(NamedTuple):
    """A partner's part of the credit, in millionths."""

    partner: str
    ppm: int


class Credit(NamedTuple):
    """A person's decision about whose a conversion, or a customer, is. No shares: nobody's."""

    id: str
    at: Instant
    shares: tuple[Share, ...]
    reason: str
    conversion: str | None = None
    customer: str | None = None


class Rate(NamedTuple):
    """An exchange rate: one unit of `source` is `numerator / denominator` units of `target`."""

    id: str
    at: Instant
    source: str
    target: str
    numerator: int
    denominator: int


Conversion: TypeAlias = Sale | Event
Fact: TypeAlias = Union[  # noqa: UP007 - the alias is used at run time in tests
    Partner, Agreement, Code, Customer, Touch, Sale, Event, Refund, Cancel, Credit, Rate
]


@dataclass(frozen=True, slots=True)
class FactSet:
    """The facts of one program, grouped by kind; each id stands once. Order within a group means nothing.

    A caller that holds checked facts (the worker) fills the groups directly, as tuples or lists. `FactSet.of` takes
    records in any order, drops exact duplicates and refuses the same id with other content.
    """

    partners: Iterable[Partner] = ()
    agreements: Iterable[Agreement] = ()
    codes: Iterable[Code] = ()
    customers: Iterable[Customer] = ()
    touches: Iterable[Touch] = ()
    sales: Iterable[Sale] = ()
    events: Iterable[Event] = ()
    refunds: Iterable[Refund] = ()
    cancels: Iterable[Cancel] = ()
    credits: Iterable[Credit] = ()
    rates: Iterable[Rate] = ()

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> "FactSet":
        """The set of these records. Raises InvalidInput (`conflicting_fact`) for one id with two contents."""
        groups: dict[str, dict[str, Fact]] = {field.name: {} for field in fields(cls)}
        problems = []
        for fact in facts:
            group = groups[GROUP_OF[type(fact)]]
            known = group.setdefault(fact.id, fact)
            if known is not fact and not same_content(known, fact):
                problems.append(conflict(KIND_OF[type(fact)], fact.id))
        problems += [conflict("event", id_) for id_ in groups["events"].keys() & groups["sales"].keys()]
        if problems:
            raise InvalidInput(problems)
        return cls(**{name: tuple(group.values()) for name, group in groups.items()})  # type: ignore[arg-type]


GROUP_OF: Final[Mapping[type, str]] = {
    Partner: "partners",
    Agreement: "agreements",
    Code: "codes",
    Customer: "customers",
    Touch: "touches",
    Sale: "sales",
    Event: "events",
    Refund: "refunds",
    Cancel: "cancels",
    Credit: "credits",
    Rate: "rates",
}
KIND_OF: Final[Mapping[type, str]] = {kind: kind.__name__.lower() for kind in GROUP_OF}
FACTS: Final = tuple(KIND_OF.values())
"""The names of the facts, as files call them."""


def conflict(kind: str, id_: str, *, file: str = "", line: int = 0, first: str = "") -> Problem:
    """The problem of one id with two contents."""
    return Problem(
        code="conflicting_fact",
        message=f"{kind} {id_!r} was given {f'in {first} ' if first else ''}with other content",
        field="id",
        value=id_[:80],
        remedy="keep one current version per id; correct a fact with a new fact (a refund, a credit), not a second one",
        file=file,
        line=line,
    )


def same_content(one: Fact, other: Fact) -> bool:
    """Whether two records of one id say the same; a property `true` is not the number 1."""
    if one != other:
        return False
    mine, theirs = getattr(one, "properties", NO_PROPERTIES), getattr(other, "properties", NO_PROPERTIES)
    return all(isinstance(value, bool) == isinstance(theirs[name], bool) for name, value in mine.items())
