"""A test click step by step: what has arrived, what is awaited, and what is likely wrong when it does not come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from goodword.accounts.models import Program
from goodword.commissions.models import Line
from goodword.domain.settlement import FactSet, Touch, instant, read_program, settle
from goodword.insights.outcomes import outcome_words
from goodword.insights.wording import money_text
from goodword.referrals.export import program_document, settlement_facts
from goodword.referrals.live_tests import Arrived, arrived
from goodword.referrals.models import Conversion, LiveTest

LATE: Final = timedelta(seconds=30)
WATCHED: Final = timedelta(hours=1)
"""For so long the page looks by itself; the test goes on to work after that."""
_FACTS = ("partners", "agreements", "codes", "customers", "sales", "events", "refunds", "cancels", "credits", "rates")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: done, awaited, or late with what is likely missing."""

    title: str
    state: str
    words: str
    at: datetime | None = None
    causes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Followed:
    """The whole way of a test click, as far as it has come."""

    steps: Sequence[Step]
    is_done: bool
    is_watched: bool


_KEPT_CAUSES: Final = (
    "The script is not on the page where the link leads, or the page's content security policy blocks it.",
    "You have not agreed to cookies there yet, or the browser sends Global Privacy Control.",
    "The form or your server does not send gw_click on: it belongs in visitors of the customer.",
    "The call was refused: look at the answer your server got. Its key needs the scope events:write.",
)
_LEAD_CAUSES: Final = (
    "Your site sends no events: that is fine if you only pay for sales.",
    "The event names another customer id than the customer that came with the click.",
)
_SALE_CAUSES: Final = (
    "No order was placed with this customer yet.",
    "The sale names another customer id than the customer that came with the click.",
    "A payment system in test mode shows what it would record under Connections, and records nothing.",
)


def followed(program: Program, test: LiveTest, now: datetime) -> Followed:
    """The steps in order. A step is late 30 seconds after the one before it was done."""
    found = arrived(test)
    stored = Step("Test click stored", "done", f"As of {test.partner.name}'s link {test.link.key}.", test.started_at)
    kept = _step(
        _Awaited("Your site kept it and passed it on", test.started_at, _KEPT_CAUSES),
        found.kept_at,
        f"Customer {found.customer} came with it." if found.customer else "A touch came with it.",
        now,
    )
    lead = _step(_Awaited("A lead", found.kept_at, _LEAD_CAUSES), *_told(found.lead), now)
    if lead.state != "done" and found.sale:
        lead = Step(lead.title, "skipped", "None was sent. The sale came without it.")
    sale = _step(_Awaited("A sale", found.kept_at, _SALE_CAUSES), *_told(found.sale), now)
    credited = _credited(program, test, found, now)
    return Followed([stored, kept, lead, sale, credited], credited.state == "done", now < test.started_at + WATCHED)


class _Awaited(NamedTuple):
    """What is awaited, since when, and what is likely wrong when it does not come."""

    title: str
    since: datetime | None
    causes: Sequence[str]


def _told(found: Conversion | None) -> tuple[datetime | None, str]:
    return (found.recorded_at, f"{found.name.capitalize()} {found.external_id}.") if found else (None, "")


def _step(awaited: _Awaited, at: datetime | None, words: str, now: datetime) -> Step:
    if at:
        return Step(awaited.title, "done", words, at)
    if awaited.since is None:
        return Step(awaited.title, "later", "Comes after the step before.")
    if now - awaited.since < LATE:
        return Step(awaited.title, "waiting", "Waiting…")
    return Step(awaited.title, "late", "It has not come yet. What is likely missing:", None, awaited.causes)


def _credited(program: Program, test: LiveTest, found: Arrived, now: datetime) -> Step:
    title = f"Credited to {test.partner.name}"
    conversion = found.sale or found.lead
    if conversion is None:
        return Step(title, "later", "Comes after the step before.")
    others = Line.objects.filter(conversion=conversion.external_id).exclude(partner=test.partner_id)
    if other := others.select_related("partner").first():
        words = f"It is credited to {other.partner.name}: this customer was theirs before the test. Use a new customer."
        return Step(title, "late", words)
    return Step(title, "done", _worth(program, test, found, now), conversion.recorded_at)


def _worth(program: Program, test: LiveTest, found: Arrived, now: datetime) -> str:
    """What the engine would pay if the test click had been a real one. The settlement itself never sees it."""
    conversion = found.sale or found.lead
    assert conversion is not None
    facts = settlement_facts(program, [found.customer])
    here = test.partner.public_id
    touch = Touch("test", instant(test.started_at), here, "link", customer=found.customer)
    given: dict[str, Any] = {name: getattr(facts, name) for name in _FACTS}
    with_test = FactSet(touches=[*facts.touches, touch], **given)
    result = settle(read_program(program_document(program)), with_test, instant(max(now, conversion.at)))
    lines = [line for line in result.lines if line.conversion == conversion.external_id and line.partner == here]
    nothing = "A test pays nobody: "
    if lines:
        amount = money_text(sum(line.amount for line in lines), program.currency)
        return f"{nothing}a real click would have earned {amount}."
    outcome = next((each.outcome for each in result.outcomes if each.conversion == conversion.external_id), "")
    why = outcome_words(outcome).why if outcome else ""
    return f"{nothing}a real click would have been seen, and earned nothing. {why}".strip()
