"""Writes about people and the audit trail: `record_audit` is the only writer of audit entries."""

import hashlib
import json
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone

from goodword.accounts.actors import Actor
from goodword.accounts.models import AuditEntry, AuditHead, Keyed, Program
from goodword.accounts.scope import current_program

GENESIS: Final = "0" * 64


class _Active:
    """Stands for "the active program" where None means "above all programs"."""


ACTIVE: Final = _Active()


def record_audit(
    *,
    action: str,
    obj: Keyed | None = None,
    kind: str = "",
    key: str = "",
    label: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    actor: Actor,
    program: Program | _Active | None = ACTIVE,
) -> AuditEntry:
    """Write one entry at the end of the program's chain. Call it last in the transaction of the change.

    The head of the chain stays locked until that transaction ends, so numbers have no gap and no branch.
    """
    assert connection.in_atomic_block, "record_audit belongs inside the transaction of what it records"
    owner = current_program() if isinstance(program, _Active) else program
    head = _locked_head(owner)
    entry = AuditEntry(
        program=owner,
        sequence=head.sequence + 1,
        at=timezone.now(),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label[:320],
        action=action,
        object_kind=kind or (obj.id_kind if obj else ""),
        object_id=key or (obj.public_id if obj else ""),
        object_label=(label or (str(obj) if obj else ""))[:200],
        before=_plain(before),
        after=_plain(after),
        reason=reason,
        previous_hash=head.hash,
    )
    entry.hash = entry_hash(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=head.pk).update(sequence=entry.sequence, hash=entry.hash)
    return entry


def _locked_head(program: Program | None) -> AuditHead:
    rows = AuditHead.objects.select_for_update(of=("self",))
    head = rows.filter(program=program).first()
    if head is None:
        with transaction.atomic():
            AuditHead.objects.bulk_create([AuditHead(program=program, hash=GENESIS)], ignore_conflicts=True)
        head = rows.get(program=program)
    return head


def _plain(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """The value as it will be read back; a float would not survive that unchanged, so it is a bug to pass one."""
    if value is None:
        return None
    plain: dict[str, Any] = json.loads(json.dumps(value, cls=DjangoJSONEncoder), parse_float=_refuse_float)
    return plain


def _refuse_float(text: str) -> float:
    raise TypeError(f"{text}: give decimals to the audit trail as strings")


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over the hash of the entry before and everything that this one says."""
    content = [
        entry.previous_hash, str(entry.program_id or ""), entry.sequence, str(entry.pk), entry.at.isoformat(),
        entry.actor_kind, entry.actor_id, entry.actor_label, entry.action, entry.object_kind, entry.object_id,
        entry.object_label, entry.before, entry.after, entry.reason,
    ]  # fmt: skip
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
