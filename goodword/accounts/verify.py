"""Checks that the audit trail is whole (reliability.md I50): gapless numbers, unbroken chain, nothing altered."""

from collections.abc import Iterator

from goodword.accounts.models import AuditEntry, AuditHead, Program
from goodword.accounts.services import GENESIS, entry_hash


def broken_audit_links(program: Program | None) -> Iterator[str]:
    """What is wrong with the chain of a program (None: the chain above programs), one sentence each."""
    entries = AuditEntry.objects.filter(program=program).order_by("sequence")
    sequence, previous = 0, GENESIS
    for entry in entries.iterator(chunk_size=2000):
        if entry.sequence != sequence + 1:
            yield f"entry {sequence + 1} is missing: the next one has number {entry.sequence}"
        if entry.previous_hash != previous:
            yield f"entry {entry.sequence} does not follow the entry before it"
        if entry.hash != entry_hash(entry):
            yield f"entry {entry.sequence} was altered"
        sequence, previous = entry.sequence, entry.hash
    head = AuditHead.objects.filter(program=program).first()
    if (head.sequence, head.hash) != (sequence, previous) if head else sequence:
        yield f"the trail ends at entry {sequence}, but {head.sequence if head else 0} were written"
