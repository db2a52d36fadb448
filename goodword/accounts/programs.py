"""What an owner may change about a program by hand. Its currency, zone and settlement rules are not among it:
they decide what was earned, so they change with new terms or not at all.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.services import record_audit
from goodword.domain.errors import InvalidInput, Problem

CHANGEABLE = (
    "name", "tagline", "description", "site_url", "contact_email", "accent", "disclosure", "recruiting",
    "allowed_hosts", "minimum_payout_minor",
)  # fmt: skip


@transaction.atomic
def change_program(program: Program, changes: dict[str, Any], *, actor: Actor) -> Program:
    """Change some of CHANGEABLE. What stays the same is not recorded; nothing changed records nothing."""
    assert set(changes) <= set(CHANGEABLE), f"not changeable: {set(changes) - set(CHANGEABLE)}"
    locked = Program.objects.select_for_update().get(pk=program.pk)
    before = {name: getattr(locked, name) for name, value in changes.items() if getattr(locked, name) != value}
    if not before:
        return locked
    for name in before:
        setattr(locked, name, changes[name])
    _check(locked)
    locked.save(update_fields=list(before))
    record_audit(
        action="program.changed", obj=locked, before=before, after={name: changes[name] for name in before},
        actor=actor, program=locked,
    )  # fmt: skip
    return locked


def _check(program: Program) -> None:
    try:
        program.clean_fields(exclude=[field.name for field in program._meta.fields if field.name not in CHANGEABLE])  # noqa: SLF001
    except ValidationError as wrong:
        problems = [
            Problem("invalid_value", " ".join(texts), field=name, value=str(getattr(program, name))[:40])
            for name, texts in wrong.message_dict.items()
        ]
        raise InvalidInput(problems) from wrong


@transaction.atomic
def pause_program(program: Program, *, reason: str, actor: Actor) -> None:
    """Make the program read-only for everybody, and close its public pages, until it is resumed."""
    _move(program, "paused", "program.paused", reason, actor)


@transaction.atomic
def resume_program(program: Program, *, actor: Actor) -> None:
    _move(program, "live", "program.resumed", "", actor)


def _move(program: Program, status: str, action: str, reason: str, actor: Actor) -> None:
    locked = Program.objects.select_for_update().get(pk=program.pk)
    if locked.status == status:
        return
    locked.status = status
    locked.save(update_fields=["status"])
    record_audit(action=action, obj=locked, reason=reason, actor=actor, program=locked)
