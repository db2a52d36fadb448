"""Where a signed-in person goes next."""

from typing import TYPE_CHECKING, cast

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from goodword.accounts import selectors

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
