"""Clicks that a program's own server tells of: all or none, and each once under the id that it was told with."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.domain.errors import InvalidInput, Problem
from goodword.domain.fact_rules import at_position
from goodword.domain.ids import public_id, uuid7
from goodword.referrals.errors import IdempotencyMismatch
from goodword.referrals.models import Click, Link, ToldClick


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one told click."""

    id: str
    click: str
    visitor: str
    is_new: bool


def record_clicks(program: Program, items: Sequence[Mapping[str, Any]], *, now: datetime) -> list[Told]:
    """Store visits to the program's own pages, named by the keys of links; known ids are answered as the first time.

    Raises InvalidInput for keys of no link in use and for ids that stand twice, IdempotencyMismatch for known ids of
    other clicks.
    """
    with active_program(program), transaction.atomic():
        links = _links(items)
        _refuse_twice(items)
        clicks = [_click(program, links[item["via"].lower()], item, now) for item in items]
        known = _known(program, items, clicks, now)
        fresh = [
            click
            for click, item in zip(clicks, items, strict=True)
            if not item.get("id") or known[item["id"]].click == click.pk
        ]
        Click.unscoped.bulk_create(fresh)
    return [_told(item, click, known) for item, click in zip(items, clicks, strict=True)]


def _links(items: Sequence[Mapping[str, Any]]) -> dict[str, Link]:
    rows = Link.objects.select_related("partner").filter(key__in={item["via"].lower() for item in items})
    links = {row.key: row for row in rows if row.revoked_at is None and row.partner.status == "active"}
    remedy, message = "give the key of a link", "no link in use has this key"
    unknown = [
        at_position(position, Problem("unknown_link", message, "via", item["via"][:40], remedy))
        for position, item in enumerate(items)
        if item["via"].lower() not in links
    ]
    if unknown:
        raise InvalidInput(unknown[:100])
    return links


def _refuse_twice(items: Sequence[Mapping[str, Any]]) -> None:
    first: dict[str, int] = {}
    twice = []
    for position, item in enumerate(items):
        name = item.get("id")
        if name and first.setdefault(name, position) != position:
            message = f"{name[:40]} stands at {first[name]} and at {position}"
            twice.append(at_position(position, Problem("duplicate_in_batch", message, "id", name[:40])))
    if twice:
        raise InvalidInput(twice[:100])


def _click(program: Program, link: Link, item: Mapping[str, Any], now: datetime) -> Click:
    visitor = item.get("visitor") or uuid7().hex
    return Click(program=program, link=link, partner_id=link.partner_id, visitor=visitor, at=now)


def _known(
    program: Program, items: Sequence[Mapping[str, Any]], clicks: Sequence[Click], now: datetime
) -> dict[str, ToldClick]:
    """The click behind each id: the one of these, or the one it was told of first."""
    named = [(item, click) for item, click in zip(items, clicks, strict=True) if item.get("id")]
    rows = [
        ToldClick(
            program=program, external_id=item["id"], payload_hash=_hash(item), click=click.pk, visitor=click.visitor,
            recorded_at=now,
        )
        for item, click in sorted(named, key=lambda pair: str(pair[0]["id"]))
    ]  # fmt: skip
    ToldClick.objects.bulk_create(rows, ignore_conflicts=True)
    known = {
        row.external_id: row for row in ToldClick.objects.filter(external_id__in=[row.external_id for row in rows])
    }
    message, remedy = "this id was told of another click", "give each click an id of its own"
    others = [
        at_position(position, Problem("idempotency_mismatch", message, "id", item["id"][:40], remedy))
        for position, item in enumerate(items)
        if item.get("id") and known[item["id"]].payload_hash != _hash(item)
    ]
    if others:
        raise IdempotencyMismatch(others[:100])
    return known


def _hash(item: Mapping[str, Any]) -> str:
    said = json.dumps([item["via"].lower(), item.get("visitor") or ""])
    return hashlib.sha256(said.encode()).hexdigest()


def _told(item: Mapping[str, Any], click: Click, known: Mapping[str, ToldClick]) -> Told:
    name = item.get("id") or ""
    if not name or known[name].click == click.pk:
        return Told(name, click.public_id, click.visitor, is_new=True)
    return Told(name, public_id("touch", known[name].click), known[name].visitor, is_new=False)
