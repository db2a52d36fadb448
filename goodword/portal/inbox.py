"""The letters that were sent to the person who is looking, or to the firm as such; never those of a colleague."""

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render

from goodword.accounts.access import PartnerRequest
from goodword.insights.paging import page_of
from goodword.mail.models import Mail

_DIGITS_MAX = 18


def _my_letters(request: PartnerRequest) -> QuerySet[Mail]:
    """Letters to me, and those that went to the firm's own address before anybody had a seat.

    Of these a member does not see what was written about the payout details.
    """
    mine = Q(to__iexact=request.user.email)
    if request.partner.email:
        firm = Q(to__iexact=request.partner.email)
        mine |= firm if request.role == "owner" else firm & ~Q(kind__startswith="payout_method")
    return Mail.objects.filter(mine, program=request.program)


def inbox(request: PartnerRequest) -> HttpResponse:
    """My letters, newest first."""
    letters = _my_letters(request)
    page = page_of(request, letters, order=("-id",), size=30)
    return render(request, "portal/inbox.html", {"page": page, "section": "inbox"})


def letter(request: PartnerRequest, letter: str) -> HttpResponse:
    """One letter, as plain text."""
    is_number = letter.isascii() and letter.isdecimal() and len(letter) <= _DIGITS_MAX
    found = _my_letters(request).filter(pk=int(letter)).first() if is_number else None
    if found is None:
        raise Http404
    return render(request, "portal/letter.html", {"letter": found, "section": "inbox"})
