"""The team of the program: who is on it, invitations, roles, leaving."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse

from goodword.accounts.access import StaffRequest, find_among
from goodword.accounts.actors import actor_of
from goodword.accounts.models import Membership
from goodword.accounts.selectors import team_of
from goodword.accounts.team import change_role, end_membership, invite_member
from goodword.backoffice.refusals import form_page
from goodword.backoffice.settings_forms import InviteForm, ReasonForm, RoleForm
from goodword.domain.errors import DomainError
from goodword.insights.csv import csv_response
from goodword.insights.listing import Column, Head, sorted_table
from goodword.insights.refusals import show_refusal

COLUMNS = (
    Column("Name", sort="name"),
    Column("Role", sort="role"),
    Column("Programs", sort="programs"),
    Column("Since", sort="since"),
)
SORTS: dict[str, Callable[[Membership], Any]] = {
    "name": lambda mate: (mate.user.name.casefold(), mate.user.email),
    "role": lambda mate: (mate.get_role_display(), mate.user.name.casefold()),
    "programs": lambda mate: (bool(mate.program_id), mate.user.name.casefold()),
    "since": lambda mate: mate.created_at,
}


def team(request: StaffRequest) -> HttpResponse:
    """Everybody who works on the program."""
    heads, mates = _sorted(request)
    return render(request, "backoffice/settings/team.html", {"team": mates, "heads": heads})


def _sorted(request: StaffRequest) -> tuple[Sequence[Head], list[Membership]]:
    return sorted_table(request, team_of(request.program), columns=COLUMNS, keys=SORTS, default="name")


def team_csv(request: StaffRequest) -> StreamingHttpResponse:
    """The same as a file."""
    rows = (
        (member.user.name, member.user.email, member.role, _reach(member), member.created_at)
        for member in _sorted(request)[1]
    )
    return csv_response(f"{request.program.slug} team", ("name", "email", "role", "programs", "since"), rows)


def _reach(member: Membership) -> str:
    return "this program" if member.program_id else "all programs"


def invite(request: StaffRequest) -> HttpResponse:
    """Invite somebody by mail."""
    form = InviteForm(request.POST or None)

    def run() -> str:
        given = form.cleaned_data
        invitation = invite_member(
            request.program, email=given["email"], name=given["name"], role=given["role"], actor=actor_of(request)
        )
        return f"{invitation.person} is on the team. The invitation is on its way to {invitation.person.email}."

    return _answer(request, form, run, "invite", {})


def member(request: StaffRequest, member: str) -> HttpResponse:
    """Give a team mate another role."""
    found = _mate(request, member)
    form = RoleForm(request.POST or None, initial={"role": found.role})

    def run() -> str:
        given = form.cleaned_data
        change_role(
            found, given["role"], program=request.program, by=request.membership, actor=actor_of(request),
            reason=given["reason"],
        )  # fmt: skip
        return f"{found.user} now has the role {dict(Membership.ROLES)[given['role']].lower()}."

    return _answer(request, form, run, "member", {"member": found})


def end(request: StaffRequest, member: str) -> HttpResponse:
    """Take somebody off the team."""
    found = _mate(request, member)
    form = ReasonForm(request.POST if request.method == "POST" else None)

    def run() -> str:
        end_membership(
            found, program=request.program, by=request.membership, actor=actor_of(request),
            reason=form.cleaned_data["reason"],
        )  # fmt: skip
        return f"{found.user} is off the team."

    return _answer(request, form, run, "member_end", {"member": found})


def _mate(request: StaffRequest, public_id: str) -> Membership:
    return find_among(team_of(request.program), public_id)


def _answer(
    request: StaffRequest, form: forms.Form, run: Callable[[], str], page: str, context: dict[str, object]
) -> HttpResponse:
    """Do it when the form is right, and go back to the list; else show the form with what is wrong."""
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, run())
            return HttpResponseRedirect(reverse("backoffice:team", args=[request.program.slug]))
        except DomainError as refusal:
            show_refusal(form, refusal)
    return form_page(request, f"backoffice/settings/{page}.html", {"form": form} | context)
