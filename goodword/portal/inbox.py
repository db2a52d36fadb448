"""The letters that were sent to the person who is looking, and to nobody else of the partner."""

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render

from goodword.accounts.access import PartnerRequest
from goodword.insights.paging import page_of
from goodword.mail.models import Mail


def _my_letters(request: PartnerRequest) -> QuerySet[Mail]:
    return Mail.objects.filter(program=request.program, to__iexact=request.user.email)


def inbox(request: PartnerRequest) -> HttpResponse:
    """My letters, newest first."""
    letters = _my_letters(request)
    page = page_of(request, letters, order=("-id",), size=30)
    return render(request, "portal/inbox.html", {"page": page, "section": "inbox"})


def letter(request: PartnerRequest, letter: int) -> HttpResponse:
    """One letter, as plain text."""
    found = _my_letters(request).filter(pk=letter).first()
    if found is None:
        raise Http404
    return render(request, "portal/letter.html", {"letter": found, "section": "inbox"})
