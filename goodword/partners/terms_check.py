"""Whether a terms document can be run by the engine: the engine's own reader decides, nothing else."""

import hashlib
import json
from typing import Any

from goodword.accounts.models import Program
from goodword.domain import settlement
from goodword.domain.errors import InvalidInput, Problem

_KEY = "terms"


def checked_terms(program: Program, document: Any) -> settlement.Terms:
    """The terms as the engine understands them; raises InvalidInput with every problem, by its path in the document."""
    try:
        read = settlement.read_program(
            {
                "program": program.slug,
                "currency": program.currency,
                "timezone": program.timezone,
                "terms": {_KEY: document},
            }
        )
    except InvalidInput as refused:
        raise InvalidInput([_inside(problem) for problem in refused.problems]) from None
    if not read.terms[_KEY].rules and not read.terms[_KEY].overrides:
        raise InvalidInput([_nothing_to_pay(document)])
    return read.terms[_KEY]


def _nothing_to_pay(document: Any) -> Problem:
    """Published terms are for ever, and what a partner agrees to must pay for something."""
    remedy = 'add a rule, such as {"key": "sales", "on": "sale", "pay": {"percent": "20%"}}'
    said = "are empty" if not document else "have no rule"
    return Problem("required", f"the terms {said}: they would pay nothing", "rules", "[]", remedy)


def _inside(problem: Problem) -> Problem:
    prefix = f"terms.{_KEY}"
    path = problem.field.removeprefix(prefix).lstrip(".")
    return Problem(
        code=problem.code,
        message=problem.message.replace(f"{prefix}.", "").replace(prefix, "the terms"),
        field=path,
        value=problem.value,
        remedy=problem.remedy,
    )


def content_hash(document: Any) -> str:
    """SHA-256 of the document in its canonical form: what a partner accepts, and what tells two versions apart."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_number)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _number(value: Any) -> dict[str, str]:
    """A number with a point, told apart from the text that looks like it."""
    return {"number": str(value)}
