"""The team of a program: who is invited, with which role, and who leaves. A program never loses its last owner."""

from django.db import transaction
from django.utils import timezone

from goodword.accounts.actors import Actor
from goodword.accounts.invitations import Invitation, invite_person
from goodword.accounts.models import Membership, Organization, Program
from goodword.accounts.selectors import owners_of
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError

ROLE_NAMES = dict(Membership.ROLES)


class AlreadyOnTeam(DomainError):
    """The person works on this program already."""

    code = "already_on_team"


class LastOwner(DomainError):
    """A program must keep one owner."""

    code = "last_owner"


class RoleOfOrganization(DomainError):
    """The role counts for all programs of the company: only one of its own owners changes it."""

    code = "role_of_organization"


class UnknownRole(DomainError):
    """There is no such role."""

    code = "unknown_role"


@transaction.atomic
def invite_member(program: Program, *, email: str, name: str, role: str, actor: Actor) -> Invitation:
    """Put a person on the team of one program; the letter with the link follows the audit entry."""
    _known(role)
    _lock(program)
    invitation = invite_person(email, name)
    here = Membership.objects.filter(user=invitation.person, ended_at=None, organization=program.organization_id)
    if here.filter(program=program).exists() or here.filter(program=None).exists():
        raise AlreadyOnTeam(
            f"{invitation.person.email} is on this team already.", field="email", remedy="change the role in the list"
        )
    membership = Membership.objects.create(
        user=invitation.person, organization=program.organization, program=program, role=role
    )
    record_audit(
        action="team.invited", obj=membership, label=str(invitation.person), after=_said(membership), actor=actor,
        program=program,
    )  # fmt: skip
    return invitation


@transaction.atomic
def change_role(
    membership: Membership, role: str, *, program: Program, by: Membership, actor: Actor, reason: str = ""
) -> None:
    """Give a member another role; it counts from the next request on."""
    _known(role)
    locked = _changeable(membership, program, by)
    if locked.role == role:
        return
    before = _said(locked)
    locked.role = role
    locked.save(update_fields=["role"])
    _still_owned(program, locked)
    record_audit(
        action="team.role_changed", obj=locked, label=str(locked.user), before=before, after=_said(locked),
        reason=reason, actor=actor, program=program,
    )  # fmt: skip


@transaction.atomic
def end_membership(membership: Membership, *, program: Program, by: Membership, actor: Actor, reason: str = "") -> None:
    """Take a person off the team; they see nothing of it from the next request on."""
    locked = _changeable(membership, program, by)
    locked.ended_at = timezone.now()
    locked.save(update_fields=["ended_at"])
    _still_owned(program, locked)
    record_audit(
        action="team.left", obj=locked, label=str(locked.user), before=_said(locked), reason=reason, actor=actor,
        program=program,
    )  # fmt: skip


def _known(role: str) -> None:
    if role not in ROLE_NAMES:
        known = ", ".join(ROLE_NAMES)
        raise UnknownRole(f"There is no role {role[:20]!r}.", field="role", value=role[:20], remedy=f"give {known}")


def _lock(program: Program) -> None:
    """One change of the team at a time: two owners who remove each other at once would leave none."""
    Organization.objects.select_for_update().get(pk=program.organization_id)


def _changeable(membership: Membership, program: Program, by: Membership) -> Membership:
    _lock(program)
    locked = Membership.objects.select_related("user").get(pk=membership.pk, ended_at=None)
    if locked.program_id is None and by.program_id is not None:
        raise RoleOfOrganization(
            f"{locked.user} works on all programs of the company.", remedy="ask an owner of the whole company"
        )
    return locked


def _still_owned(program: Program, changed: Membership) -> None:
    concerned = [program] if changed.program_id else list(Program.objects.filter(organization=changed.organization_id))
    for one in concerned:
        if not owners_of(one).exists():
            raise LastOwner(f"{one.name} would have no owner.", remedy="make somebody else an owner first")


def _said(membership: Membership) -> dict[str, str]:
    where = membership.program.name if membership.program else "all programs"
    return {"email": membership.user.email, "role": membership.role, "programs": where}
