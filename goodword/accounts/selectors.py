"""Reads about people and programs: who has which role where."""

import time
from collections.abc import Iterable
from typing import Any, cast

from allauth.account.authentication import get_authentication_records
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

from goodword.accounts.models import Membership, Program, User
from goodword.accounts.scope import active_program

STEP_UP_SECONDS = 300
_RANK = {role: rank for rank, (role, _) in enumerate(Membership.ROLES)}


def program_by_slug(slug: str) -> Program:
    """The program, or the 404 that every unknown name gets."""
    program = Program.objects.select_related("organization").filter(slug=slug).first()
    if program is None:
        raise Http404
    return program


def memberships(user: User) -> list[Membership]:
    """The live roles of a person, strongest first."""
    live = Membership.objects.filter(user=user, ended_at=None).select_related("organization", "program")
    return sorted(live, key=lambda membership: _RANK[membership.role])


def membership_in(user: User, slug: str) -> tuple[Membership, Program]:
    """The person's strongest live role in the program; 404 without one, as if there were no such program."""
    program = program_by_slug(slug)
    here = Q(program=program) | Q(program=None, organization=program.organization_id)
    live = Membership.objects.filter(here, user=user, ended_at=None)
    if not live:
        raise Http404
    return min(live, key=lambda membership: _RANK[membership.role]), program


def programs_of(user: User) -> list[tuple[Program, str]]:
    """The programs a person works on, with the strongest role in each, by name."""
    found: dict[Any, tuple[Program, str]] = {}
    for membership in memberships(user):
        scope = Q(pk=membership.program_id) if membership.program_id else Q(organization=membership.organization_id)
        for program in Program.objects.filter(scope):
            found.setdefault(program.pk, (program, membership.role))
    return sorted(found.values(), key=lambda pair: pair[0].name)


def seat_in(user: User, program: Program, chosen: str = "") -> Any:
    """The person's seat at a partner of the program: the one chosen at home, else the oldest; 404 without one.

    Seats live in `partners`, a layer above: they are reached through the person, never imported.
    """
    with active_program(program):
        seats = list(user.partner_seats.filter(ended_at=None).select_related("partner").order_by("created_at"))
    if not seats:
        raise Http404
    return next((seat for seat in seats if str(seat.pk) == chosen), seats[0])


def seats_of(user: User) -> list[Any]:
    """Every live seat of a person, in all programs."""
    model: Any = User._meta.get_field("partner_seats").related_model  # noqa: SLF001
    live = model.unscoped.filter(user=user, ended_at=None)
    return list(live.select_related("partner", "program").order_by("program__name", "partner__name"))


def seats_with(partner: Any, roles: Iterable[str]) -> list[Any]:
    """The live seats of a partner with one of these roles, of people who can sign in, by name."""
    live = partner.seats.filter(ended_at=None, role__in=roles, user__is_active=True)
    return list(live.select_related("user").order_by("user__name", "user__email"))


def confirmed_lately(request: HttpRequest) -> bool:
    """Whether the person showed a password, code or passkey within the last five minutes of this session."""
    records = get_authentication_records(request, cast("User", request.user))
    latest = max((record.get("at", 0.0) for record in records), default=0.0)
    return time.time() - latest < STEP_UP_SECONDS


def team_of(program: Program) -> QuerySet[Membership]:
    """The live memberships that reach the program, its own and those of the whole company, by name."""
    here = Q(program=program) | Q(program=None, organization=program.organization_id)
    live = Membership.objects.filter(here, ended_at=None)
    return live.select_related("user", "program").order_by("user__name", "user__email")


def owners_of(program: Program) -> QuerySet[Membership]:
    """The live owners of a program who can still sign in."""
    return team_of(program).filter(role="owner", user__is_active=True)
