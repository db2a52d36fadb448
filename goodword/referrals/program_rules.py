"""The one write about what a program decides for all its terms. It is open until the first sale or event is recorded.

These settings have no date: every settlement reads them as they are. Changing them later would change what was earned.
"""

from typing import Any

from django.db import transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError
from goodword.domain.program_sheet import SETTINGS
from goodword.partners.unsettled import mark_unsettled
from goodword.referrals.models import Conversion


class ProgramHasSales(DomainError):
    """Sales were recorded under the rules as they are."""

    code = "program_has_sales"


def rules_are_open(program: Program) -> bool:
    """Whether nothing was recorded yet that these rules decide about."""
    return not Conversion.unscoped.filter(program=program).exists()


@transaction.atomic
def change_program_rules(program: Program, settings: dict[str, Any], *, actor: Actor) -> Program:
    """Set what `program_sheet.settings_of` wrote. Nothing changed records nothing."""
    locked = Program.objects.select_for_update().get(pk=program.pk)
    if not rules_are_open(locked):
        raise ProgramHasSales(
            "sales were recorded under these rules, so they stay", remedy="write what changes into new terms"
        )
    before = {name: getattr(locked, name) for name in SETTINGS if getattr(locked, name) != settings[name]}
    if not before:
        return locked
    for name in before:
        setattr(locked, name, settings[name])
    locked.save(update_fields=list(before))
    mark_unsettled(locked, "program.changed")
    after = {name: settings[name] for name in before}
    record_audit(action="program.changed", obj=locked, before=before, after=after, actor=actor, program=locked)
    return locked
