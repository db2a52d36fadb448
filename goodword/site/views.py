"""The public pages about this server and its programs."""

from django.http import HttpResponse
from django.shortcuts import render

from goodword.accounts.access import PublicRequest
from goodword.insights.offer import disclosure_of
from goodword.site import selectors


def home(request: PublicRequest) -> HttpResponse:
    """What this is, and which programs take applications."""
    context = {"programs": selectors.open_programs(), "example": selectors.EXAMPLE}
    return render(request, "site/home.html", context)


def program(request: PublicRequest) -> HttpResponse:
    """One program: what it pays, when, and how to join."""
    found = request.program
    context = {"offer": selectors.offer_of(found), "disclosure": disclosure_of(found)}
    return render(request, "site/program.html", context)
