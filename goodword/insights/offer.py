"""What a program offers under some terms, for people who decide on it: figures, clauses, and an example that the
engine itself has worked out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from goodword.accounts.models import Program
from goodword.domain.errors import InvalidInput
from goodword.domain.links import link_window_days
from goodword.domain.money import to_decimal
from goodword.domain.settlement import Program as EngineProgram
from goodword.domain.settlement import read_facts, read_program, settle
from goodword.domain.terms_text import program_sentences, terms_sentences
from goodword.insights.receipts import ReceiptRow, receipt
from goodword.partners.models import TermsVersion

EXAMPLE_MINOR = 12_000
EXAMPLE_TAX_MINOR = 2_000
DISCLOSURE = "I receive a commission when you buy through this link. It costs you nothing extra."
"""What stands beside a link when the program has not written its own words."""
_PARTNER, _CUSTOMER, TERMS = "you", "a-client", "terms"


@dataclass(frozen=True, slots=True)
class Example:
    """One sale under the terms: its figures, the arithmetic of the commission, and when it is payable."""

    sale_minor: int
    tax_minor: int
    steps: Sequence[ReceiptRow]
    amount_minor: int
    payable_on: date


@dataclass(frozen=True, slots=True)
class Offer:
    """The figures of an offer. `clawback_days` None: a refund takes a commission back whenever it comes."""

    window_days: int
    hold_days: int
    clawback_days: int | None
    minimum_minor: int
    currency: str
    clauses: Sequence[str]
    credit_clauses: Sequence[str]
    example: Example | None


def offer_of_version(program: Program, version: TermsVersion) -> Offer:
    """What a partner gets who stands on this version of the terms."""
    clawback = version.document.get("clawback") or {}
    read = read_offer(program, version.document)
    return Offer(
        window_days=window_days(program),
        hold_days=program.hold_days,
        clawback_days=clawback.get("days"),
        minimum_minor=program.minimum_payout_minor,
        currency=program.currency,
        clauses=terms_sentences(read, read.terms[TERMS]),
        credit_clauses=program_sentences(read),
        example=worked_example(program, version.document),
    )


def disclosure_of(program: Program) -> str:
    """The words that tell readers of the payment: the program's own, else ours."""
    return program.disclosure.strip() or DISCLOSURE


def window_days(program: Program) -> int:
    """How many days a click counts: the attribution window of links."""
    return link_window_days(program.attribution)


def worked_example(program: Program, document: Mapping[str, Any], at: str = "2026-03-02T10:00:00Z") -> Example | None:
    """One sale settled by the engine under these terms; None when the terms pay nothing for a sale."""
    try:
        read = read_offer(program, document)
        settlement = settle(read, read_facts(read, _facts(program, document, at)))
    except InvalidInput:
        return None
    line = next((line for line in settlement.lines if line.partner == _PARTNER), None)
    if line is None:
        return None
    steps = receipt(line.steps, line.currency, without=("share", "agreement", "rule"))
    return Example(EXAMPLE_MINOR, EXAMPLE_TAX_MINOR, steps, line.amount, line.matures_on)


def read_offer(program: Program, document: Mapping[str, Any]) -> EngineProgram:
    """The engine's reading of the program with these terms alone, under the name `TERMS`."""
    return read_program(_program_document(program, document))


def _program_document(program: Program, document: Mapping[str, Any]) -> dict[str, Any]:
    limits = {"guardrail": program.guardrail, "budget": program.budget, "attribution": program.attribution}
    return {
        "program": program.slug,
        "currency": program.currency,
        "timezone": program.timezone,
        "rounding": program.rounding,
        "hold_days": program.hold_days,
        "self_referral": program.self_referral,
        **{name: value for name, value in limits.items() if value},
        "terms": {TERMS: dict(document)},
    }


def _facts(program: Program, document: Mapping[str, Any], at: str) -> list[dict[str, Any]]:
    """A partner, its click, and a sale that the first sale rule is about."""
    wanted = next((rule.get("when") or {} for rule in document.get("rules", []) if rule.get("on") == "sale"), {})
    fits = {name: wanted[name] for name in ("product", "category", "kind") if isinstance(wanted.get(name), str)}
    country = {"country": wanted["country"]} if isinstance(wanted.get("country"), str) else {}
    money = {
        "amount": to_decimal(EXAMPLE_MINOR, program.currency),
        "tax": to_decimal(EXAMPLE_TAX_MINOR, program.currency),
    }
    return [
        {"fact": "partner", "id": _PARTNER},
        {"fact": "agreement", "id": "example", "partner": _PARTNER, "terms": TERMS, "starts": "2026-01-01"},
        {"fact": "customer", "id": _CUSTOMER, **country},
        {"fact": "touch", "id": "t", "at": at, "partner": _PARTNER, "customer": _CUSTOMER, "channel": "link"},
        {"fact": "sale", "id": "s", "at": at, "customer": _CUSTOMER, "currency": program.currency, **money, **fits},
    ]
