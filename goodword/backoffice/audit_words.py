"""The audit trail in human words: what an action is called, and what changed from what to what."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from goodword.accounts.models import AuditEntry
from goodword.domain.money import to_decimal

# {it} is the label of the object. Other actions read as their own words: `group.created`, "created group".
SENTENCES = {
    "access.denied": "was refused {it}: the role does not allow it",
    "agreement.ended": "ended the agreement of {it}",
    "agreement.started": "put {it} on an agreement",
    "application.approved": "approved the application of {it}",
    "application.rejected": "turned down the application of {it}",
    "application.submitted": "applied to become a partner: {it}",
    "commission.clawed_back": "took commission back from {it} because of refunds",
    "hold.placed": "placed a hold on {it}",
    "hold.released": "released the hold on {it}",
    "import.finished": "imported {it}",
    "import.undone": "undid the import {it}",
    "key.created": "made the API key {it}",
    "key.exposed": "sent the API key {it} inside an address; it must be replaced",
    "key.revoked": "revoked the API key {it}",
    "partner.paused": "paused {it}",
    "partner.resumed": "let {it} go on",
    "partner.ended": "ended the partnership with {it}",
    "payout.paid": "confirmed the payout to {it}",
    "payout.returned": "recorded that the payout came back: {it}",
    "payout_method.changed": "changed the payout account of {it}",
    "payout_run.approved": "approved {it}",
    "payout_run.cancelled": "cancelled {it}",
    "payout_run.closed": "closed {it}: every payout has its answer",
    "payout_run.exported": "marked {it} as sent to the bank",
    "payout_run.file_read": "downloaded the payout file of {it}",
    "payout_run.prepared": "prepared {it}",
    "program.changed": "changed the settings of {it}",
    "program.paused": "paused the program",
    "program.resumed": "opened the program again",
    "team.invited": "invited {it} to the team",
    "team.left": "took {it} off the team",
    "team.role_changed": "changed the role of {it}",
    "terms.created": "began the terms {it}",
    "terms.published": "published {it}",
}
NOTHING = "nothing"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?[+-]\d\d:\d\d")
FIELDS = {
    "accent": "colour", "allowed_hosts": "sites that links may lead to", "contact_email": "contact address",
    "expires_at": "works until", "holder": "account holder", "minimum_payout": "smallest payout",
    "prefix": "begins with",
    "partners_moved": "partners moved", "lines": "commission lines", "usable_from": "can be paid from",
    "site_url": "website", "starts_at": "from", "ends_at": "until",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One value that changed; an empty side was not there."""

    field: str
    before: str
    after: str


def sentence(entry: AuditEntry) -> str:
    """What was done, without who and when: "paused Alder Advice"."""
    pattern = SENTENCES.get(entry.action)
    if pattern is None:
        thing, _, verb = entry.action.partition(".")
        pattern = f"{verb.replace('_', ' ')} {thing.replace('_', ' ')} {{it}}"
    return pattern.replace("{it}", entry.object_label).strip()


def changes(entry: AuditEntry, names: Mapping[str, str] | None = None) -> Sequence[Change]:
    """What is different afterwards, field by field, in words. `names` says what the ids in it stand for."""
    before, after = _readable(entry.before, names or {}), _readable(entry.after, names or {})
    fields = [*before, *(name for name in after if name not in before)]
    found = [Change(_field(name), before.get(name, ""), after.get(name, "")) for name in fields]
    if entry.before is None:  # something new: what was left empty is no news
        found = [change for change in found if change.after != NOTHING]
    return [change for change in found if change.before != change.after]


def partners_in(entries: Sequence[AuditEntry]) -> set[str]:
    """The public ids of partners that the values of these entries hold."""
    values = [value for entry in entries for side in (entry.before, entry.after) for value in (side or {}).values()]
    return {value for value in values if isinstance(value, str) and value.startswith("prt_")}


def _readable(values: Mapping[str, Any] | None, names: Mapping[str, str]) -> dict[str, str]:
    """Values as text; an amount in minor units with its currency, hashes and the currency itself left out."""
    given = dict(values or {})
    currency = given.pop("currency", "")
    shown: dict[str, str] = {}
    for name, value in given.items():
        if name in ("content_hash", "hash", "sha256"):
            continue
        plain = name.removesuffix("_minor")
        if plain != name and isinstance(value, int) and currency:
            shown[plain] = f"{currency} {to_decimal(value, currency)}"
        elif plain == name and f"{name}_minor" in given:
            continue
        else:
            shown[plain] = names.get(value, _text(value)) if isinstance(value, str) else _text(value)
    return shown


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{_field(name)} {_text(item)}" for name, item in value.items())
    return _moment(str(value)[:300])


def _moment(text: str) -> str:
    """An instant as people read it; any other text as it is."""
    if not _INSTANT.fullmatch(text):
        return text
    return f"{datetime.fromisoformat(text).astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def _field(name: str) -> str:
    return FIELDS.get(name, name.replace("_", " "))
