"""What an entry of the audit trail changed, from what to what, in human words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from goodword.accounts.models import AuditEntry
from goodword.backoffice.settings_forms import SCOPE_WORDS
from goodword.domain.money_words import money_text

NOTHING = "nothing"
_VERSION = re.compile(r"([a-z0-9-]+)@([0-9]+)")
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")
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


def changes(entry: AuditEntry, names: Mapping[str, str] | None = None) -> Sequence[Change]:
    """What is different afterwards, field by field, in words. `names` says what the ids in it stand for."""
    before, after = (_untold(entry, _readable(side, names or {})) for side in (entry.before, entry.after))
    fields = [*before, *(name for name in after if name not in before)]
    found = [Change(_field(name), before.get(name, ""), after.get(name, "")) for name in fields]
    if entry.before is None:  # something new: what was left empty is no news
        found = [change for change in found if change.after != NOTHING]
    return [change for change in found if change.before != change.after]


def partners_in(entries: Sequence[AuditEntry]) -> set[str]:
    """The public ids of partners that the values of these entries hold."""
    values = [value for entry in entries for side in (entry.before, entry.after) for value in (side or {}).values()]
    return {value for value in values if isinstance(value, str) and value.startswith("prt_")}


def _untold(entry: AuditEntry, shown: dict[str, str]) -> dict[str, str]:
    """Without what the entry says anyway: its reason, and the partner or line that it is about."""
    told = {name for name in ("partner", "line") if shown.get(name) and shown[name] in entry.object_label}
    told |= {"reason"} if shown.get("reason") == entry.reason else set()
    return {name: text for name, text in shown.items() if name not in told}


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
            shown[plain] = money_text(value, currency)
        elif plain == name and f"{name}_minor" in given:
            continue
        elif name == "scopes" and isinstance(value, list):
            shown[plain] = "; ".join(str(SCOPE_WORDS.get(one, one)) for one in value) or NOTHING
        else:
            shown[plain] = _named(value, names) if isinstance(value, str) else _text(value)
    return shown


def _named(value: str, names: Mapping[str, str]) -> str:
    """An id as what it stands for, `standard@2` as "Standard, version 2", `write_off` as words."""
    if version := _VERSION.fullmatch(value):
        return f"{names.get(version[1], version[1])}, version {version[2]}"
    return names.get(value) or (value.replace("_", " ") if _CODE.fullmatch(value) else _text(value))


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
