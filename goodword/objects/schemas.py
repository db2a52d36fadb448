"""What the API answers: the declared fields of each object, and no other. Amounts are decimal strings."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from ninja import Field, Schema
from pydantic import ConfigDict, create_model

from goodword.domain.fact_shapes import KINDS, fact_shape
from goodword.domain.fields import Shape
from goodword.domain.moments import Clock

_TYPES: dict[str, Any] = {"string": str, "integer": int, "boolean": bool, "object": dict[str, Any]}


class Answered(Schema):
    """An object of an answer. What is absent is left out."""

    model_config = ConfigDict(populate_by_name=True)


def _type_of(schema: dict[str, Any]) -> Any:
    if schema["type"] == "array":
        return list[_type_of(schema["items"])]  # type: ignore[misc]
    return _TYPES[schema["type"]]


def _fact_schema(shape: Shape) -> type[Schema]:
    """The object of a fact: its fields as given, and what we add to them."""
    fields: dict[str, Any] = {}
    for name, one in shape.fields.items():
        found = _type_of(dict(one.schema))
        about = Field(... if one.required else None, alias=name, description=one.schema.get("description", ""))
        fields[f"{name}_" if name == "from" else name] = (found if one.required else found | None, about)
    if shape.name == "rate":
        held = "absent: it counts; waiting: more than 10% from the one before, until a second person approves it"
        fields["approval"] = (str | None, Field(None, description=held))
    return create_model(
        shape.name.title(),
        __base__=Answered,
        key=(str, Field(..., description="our own id of it")),
        recorded_at=(datetime, Field(..., description="when we learned it")),
        source=(str, Field(..., description="the door it came through: api, import, page, redirect, demo")),
        **fields,
    )


FACTS = {kind: _fact_schema(fact_shape(kind, Clock(datetime(2026, 1, 1, tzinfo=UTC)))) for kind in KINDS}


@lru_cache
def page_schema(one: type[Schema]) -> type[Schema]:
    """A page of such objects."""
    about = Field(None, description="the cursor of the next page; absent on the last one")
    return create_model(f"{one.__name__}Page", __base__=Answered, items=(list[one], ...), next=(str | None, about))  # type: ignore[valid-type]


@lru_cache
def answer_of_batch(one: type[Schema]) -> type[Schema]:
    """The facts of a batch, in the order given."""
    return create_model(f"{one.__name__}Batch", __base__=Answered, items=(list[one], ...))  # type: ignore[valid-type]


class ProblemItem(Answered):
    """One thing that is wrong."""

    code: str = Field(..., description="stable")
    field: str = Field("", description="where, such as items[3].amount")
    detail: str = Field(..., description="what is wrong")
    value: str | None = Field(None, description="what was given, shortened")
    remedy: str | None = Field(None, description="what to do")


class ProblemDocument(Answered):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    errors: list[ProblemItem] | None = None
    request_id: str | None = None


class PartnerAnswer(Answered):
    """A partner."""

    id: str
    external_id: str | None = None
    name: str
    kind: str
    status: str
    status_reason: str | None = None
    group: str | None = Field(None, description="key of its group")
    parent: str | None = Field(None, description="the partner that recruited it")
    contact_name: str | None = None
    email: str | None = None
    emails: list[str]
    domains: list[str]
    website: str | None = None
    country: str | None = None
    notes: str | None = None
    joined_at: datetime


class ApplicationAnswer(Answered):
    """A request to become a partner, and what was decided."""

    id: str
    name: str
    contact_name: str | None = None
    email: str | None = None
    website: str | None = None
    country: str | None = None
    audience: str | None = None
    promotion: str | None = None
    status: str
    reason: str | None = None
    submitted_at: datetime
    decided_at: datetime | None = None
    partner: str | None = Field(None, description="who it became")


class GroupAnswer(Answered):
    """A named set of partners."""

    id: str
    key: str
    name: str
    description: str | None = None


class TermsAnswer(Answered):
    """A named set of terms; what it says stands in its versions."""

    id: str
    key: str
    name: str
    is_default: bool
    latest: int | None = Field(None, description="number of its latest version")


class TermsVersionAnswer(Answered):
    """One published text of the terms, for ever as it is."""

    id: str
    terms: str = Field(..., description="key of the terms")
    number: int
    key: str = Field(..., description="its name in settlement documents, such as standard@2")
    document: dict[str, Any]
    note: str | None = None
    content_hash: str
    published_at: datetime


class AgreementAnswer(Answered):
    """A partner on a terms version, in force from starts_at until ends_at, the end excluded."""

    id: str
    partner: str
    terms: str = Field(..., description="terms version, such as standard@2")
    starts_at: datetime
    ends_at: datetime | None = None
    for_cause: bool
    end_reason: str | None = None
    accepted_at: datetime | None = None


class LinkAnswer(Answered):
    """A referral link."""

    id: str
    partner: str
    key: str
    url: str = Field(..., description="the address that the partner shares")
    destination: str
    label: str | None = None
    created_at: datetime
    revoked_at: datetime | None = None


class CodeAnswer(Answered):
    """A partner's code."""

    id: str
    partner: str
    key: str
    offer: str | None = None
    created_at: datetime
    revoked_at: datetime | None = None


class LineAnswer(Answered):
    """A commission line, as settlement says now."""

    line: str
    partner: str
    conversion: str
    conversion_at: datetime
    customer: str
    kind: str
    rule: str
    terms: str
    currency: str
    share: str = Field(..., description="the partner's part of the credit, such as 50%")
    basis: str
    rate: str
    amount: str
    matures_on: date
    matures_at: datetime
    reasons: list[str]


class LineWithSteps(LineAnswer):
    """A commission line with the arithmetic that led to it."""

    steps: list[Any]


class OutcomeAnswer(Answered):
    """Why a conversion has no commission line."""

    conversion: str
    outcome: str


class PageLeadAnswer(Answered):
    """A lead that a web page told."""

    id: str
    event: str = Field(..., description="the id under which it is recorded as an event, once it counts")
    name: str
    customer: str
    partner: str
    click_id: str = Field(..., description="the visit that the page proved")
    host: str = Field(..., description="of the page, as the browser said")
    at: datetime
    state: str = Field(..., description="waiting, counted or refused")
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None


class MissedCreditAnswer(Answered):
    """A suggestion that an uncredited sale or event is a partner's."""

    id: str
    conversion: str
    conversion_at: datetime
    customer: str
    partner: str
    strength: str = Field(..., description="strong, likely or weak")
    evidence: list[str] = Field(..., description="what speaks for it, in words, the strongest first")
    known_before: bool = Field(..., description="by rule the program does not pay for this customer")
    state: str = Field(..., description="open, credited or not_theirs")
    found_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None


class BalanceAnswer(Answered):
    """What a partner's accounts say in one currency. Positive: owed to the partner."""

    partner: str
    currency: str
    pending: str
    held: str
    payable: str
    in_payout: str
    paid: str
    withheld: str


class PayoutAnswer(Answered):
    """What one partner gets in one payout run."""

    id: str
    run: str
    partner: str
    state: str
    currency: str
    amount: str
    reference: str
    settled_at: datetime | None = None


class PayoutRunAnswer(Answered):
    """A prepared run: who would get what, once somebody has approved it."""

    id: str
    number: int
    state: str
    currency: str
    amount: str
    prepared_at: datetime
    payouts: list[PayoutAnswer]


class EntryAnswer(Answered):
    """One leg of a transaction: an amount on the debit or the credit side."""

    account: str
    partner: str | None = None
    line: str | None = None
    currency: str
    debit: str | None = None
    credit: str | None = None


class TransactionAnswer(Answered):
    """One balanced set of ledger entries, in the program's chain."""

    id: str
    sequence: int
    kind: str
    cause_kind: str
    cause_id: str
    effective_at: datetime
    recorded_at: datetime
    memo: str
    actor: str
    reverses: str | None = None
    previous_hash: str
    hash: str
    entries: list[EntryAnswer]


class ProgramAnswer(Answered):
    """The program: its name, and the document that settlement runs."""

    id: str
    slug: str
    name: str
    status: str
    allowed_hosts: list[str]
    document: dict[str, Any]


class ConnectionAnswer(Answered):
    """A system that sends us signed webhooks."""

    id: str
    kind: str
    name: str
    mode: str
    is_on: bool
    created_at: datetime


class FactName(Answered):
    """A fact by its kind and its id."""

    kind: str
    id: str


class ReceivedEventAnswer(Answered):
    """An event that a connection sent, and what became of it."""

    id: str
    event_id: str = Field(..., description="its id in the system that sent it")
    type: str
    outcome: str
    reason: str | None = Field(None, description="stable")
    detail: str | None = None
    happened_at: datetime
    received_at: datetime
    repeats: int = Field(..., description="how often it came again")
    facts: list[FactName] = Field(..., description="what was recorded when it was judged")
