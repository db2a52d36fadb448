"""Events as a shop's server tells them: who bought, through which click, and the fact itself, in one transaction.

The front stores the plain ones by itself, in groups; whatever is not plain comes here. Both must come to the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.fact_rules import PROBLEMS_MAX, at_position
from goodword.domain.ids import parse_public_id, public_id
from goodword.domain.moments import Clock
from goodword.domain.tracked import FACT_OF, PERSON, Tracked, problems_of_event, take_apart
from goodword.referrals.bulk import Stored
from goodword.referrals.known import take_turns
from goodword.referrals.models import Click, Code, Customer, Fact
from goodword.referrals.selectors import facts_of, written_at
from goodword.referrals.services import MODELS, record_facts

SOURCE = "track"
_VISITORS_MAX = 100


@dataclass(frozen=True, slots=True)
class Understood:
    """What became of one event: where it is stored, whether it was there already, and what it led to."""

    stored: Stored
    event: Tracked
    click_found: bool | None
    code_partner: UUID | None


def record_tracked(
    program: Program, kind: str, items: Sequence[Any], *, actor: Actor, now: datetime, source: str = SOURCE
) -> list[Understood]:
    """Record events of one kind, all or none. Raises InvalidInput; IdempotencyMismatch for known ids told otherwise."""
    events = _good_events(program, kind, items, now)
    with active_program(program), transaction.atomic():
        if kind != "refund":
            take_turns(program, "customer", [{"visitors": [one.click or one.visitor]} for one in events])
        clicks = _visitors_of(program, events)
        _record_people(program, events, clicks, actor, now=now, source=source)
        facts = [one.fact for one in _dated_as_stored(program, kind, events)]
        found = record_facts(program, FACT_OF[kind], facts, source=source, actor=actor, now=now)
        codes = _partners_of_codes({fact.get("code", "") for fact in facts})
    return [
        Understood(
            stored,
            event,
            click_found=(event.click in clicks) if event.click else None,
            code_partner=codes.get(str(event.fact.get("code", "")).strip().lower()),
        )
        for stored, event in zip(found.rows, events, strict=True)
    ]


def shown(one: Understood) -> dict[str, Any]:
    """What is answered of an event."""
    event = one.event
    told: dict[str, Any] = {"id": one.stored.external_id, "replayed": not one.stored.is_new}
    if event.customer:
        told["customer"] = event.customer
    if one.click_found is not None:
        told["click"] = {"id": event.click, "found": one.click_found}
        if not one.click_found:
            told["click"]["why"] = "no click of this program has this id, or none yet"
    if code := event.fact.get("code"):
        told["code"] = {"key": code.strip().lower()}
        if one.code_partner:
            told["code"]["partner"] = public_id("partner", one.code_partner)
    return told


def _good_events(program: Program, kind: str, items: Sequence[Any], now: datetime) -> list[Tracked]:
    clock = Clock(now, program.timezone)
    problems: list[Problem] = []
    for position, given in enumerate(items):
        if len(problems) < PROBLEMS_MAX:
            problems += [at_position(position, one) for one in problems_of_event(kind, given, clock)]
    if problems:
        raise InvalidInput(problems[:PROBLEMS_MAX])
    return [take_apart(kind, given, now) for given in items]


def _visitors_of(program: Program, events: Sequence[Tracked]) -> dict[str, str]:
    """The browser behind each click id of this program."""
    keys = {parse_public_id("touch", one.click): one.click for one in events if one.click}
    found = Click.unscoped.filter(program=program, pk__in=keys) if keys else Click.unscoped.none()
    return {keys[key]: visitor for key, visitor in found.values_list("pk", "visitor")}


def _record_people(
    program: Program, events: Sequence[Tracked], clicks: Mapping[str, str], actor: Actor, *, now: datetime, source: str
) -> None:
    """What the events say of customers, added to what is known of them: nothing known is overwritten."""
    said: dict[str, dict[str, Any]] = {}
    for event in events:
        browser = event.click or event.visitor
        if not event.customer or not (browser or event.person):
            continue
        one = said.setdefault(event.customer, {"visitors": {}})
        for name, value in event.person.items():
            one.setdefault(name, value)
        if browser:
            # As it was given: whether a click still proves anything is for the facts' own rules to say.
            one["visitors"][clicks.get(browser, browser)] = browser
    held = {row.external_id: row for row in Customer.objects.filter(external_id__in=said, retracted_at=None)}
    wanted = [_merged(name, one, held.get(name)) for name, one in sorted(said.items())]
    changed = [one for one in wanted if one is not None]
    if changed:
        record_facts(program, "customer", changed, source=source, actor=actor, now=now)


def _merged(name: str, said: Mapping[str, Any], held: Customer | None) -> dict[str, Any] | None:
    """The customer as it is to be recorded; None where nothing is new."""
    person = {field: said[field] for field in PERSON if field in said}
    if held is None:
        return {"id": name, **person, "visitors": list(said["visitors"].values())}
    known = {field: getattr(held, field) for field in PERSON if getattr(held, field)}
    fresh = [given for browser, given in said["visitors"].items() if not {browser, given} & set(held.visitors)]
    if not fresh and not person.keys() - known.keys():
        return None
    existing = {"existing": True} if held.existing else {}
    return {"id": name, **person, **known, **existing, "visitors": [*held.visitors, *fresh][:_VISITORS_MAX]}


def _dated_as_stored(program: Program, kind: str, events: Sequence[Tracked]) -> Sequence[Tracked]:
    """An event that does not say when it was is sent again: it was when it was first told."""
    undated = {one.fact["id"]: one for one in events if not one.dated}
    model: type[Fact] = MODELS[FACT_OF[kind]]
    if undated:
        rows: Any = facts_of(program, FACT_OF[kind]) if kind != "refund" else model.unscoped.filter(program=program)
        for name, at in rows.filter(external_id__in=undated, retracted_at=None).values_list("external_id", "at"):
            undated[name].fact["at"] = written_at(at)
    return events


def _partners_of_codes(codes: set[str]) -> dict[str, UUID]:
    keys = {code.strip().lower() for code in codes if code}
    return dict(Code.objects.filter(key__in=keys, revoked_at=None).values_list("key", "partner_id")) if keys else {}
