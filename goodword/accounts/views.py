"""How people come in, and where they go next."""

from typing import TYPE_CHECKING, cast

from allauth.account.internal.flows.login import record_authentication
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from goodword.accounts import selectors
from goodword.accounts.forms import InvitationForm
from goodword.accounts.invitations import InvitationExpired, accept_invitation, invited_person

if TYPE_CHECKING:
    from goodword.accounts.models import User


def home(request: HttpRequest) -> HttpResponse:
    """Straight to the one place a person has, or let them choose."""
    user = cast("User", request.user)
    programs, seats = selectors.programs_of(user), selectors.seats_of(user)
    if len(programs) == 1 and not seats:
        return HttpResponseRedirect(f"/p/{programs[0][0].slug}/")
    if len(seats) == 1 and not programs:
        return HttpResponseRedirect(f"/portal/{seats[0].program.slug}/")
    return render(request, "accounts/home.html", {"programs": programs, "seats": seats})


def take_seat(request: HttpRequest) -> HttpResponse:
    """Open the portal as the chosen partner: a person may sit at several partners of one program."""
    seats = selectors.seats_of(cast("User", request.user))
    chosen = next((seat for seat in seats if str(seat.pk) == request.POST.get("seat")), None)
    if chosen is None:
        raise Http404
    request.session["seat"] = str(chosen.pk)
    return HttpResponseRedirect(f"/portal/{chosen.program.slug}/")


def security(_request: HttpRequest) -> HttpResponse:
    """One address for what a person may change about how they sign in."""
    return HttpResponseRedirect(reverse("mfa_index"))


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: a name and a first password, then straight in."""
    try:
        person = invited_person(token)
    except InvitationExpired as expired:
        return render(request, "accounts/invitation.html", {"problem": expired.message}, status=410)
    form = InvitationForm(request.POST or None, initial={"name": person.name})
    if request.method == "POST" and form.is_valid():
        try:
            joined = accept_invitation(token, name=form.cleaned_data["name"], password=form.cleaned_data["password"])
        except ValidationError as weak:
            form.add_error("password", weak)
        else:
            login(request, joined, backend="allauth.account.auth_backends.AuthenticationBackend")
            record_authentication(request, joined, method="password")
            return HttpResponseRedirect(reverse("accounts:home"))
    status = 422 if form.errors else 200
    return render(request, "accounts/invitation.html", {"form": form, "person": person}, status=status)
