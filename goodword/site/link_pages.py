"""The pages at which a referral link can end that leads nowhere. The front asks for them; see `ingest/pages.py`."""

from django.http import Http404, HttpResponse
from django.shortcuts import render

from goodword.accounts.access import PublicRequest

STATUS = {"unknown": 404, "inactive": 200, "broken": 400}


def link_page(request: PublicRequest, page: str) -> HttpResponse:
    """Say what is the matter with a link, and lead on to the program."""
    if page not in STATUS:
        raise Http404
    return render(request, f"site/link_{page}.html", status=STATUS[page])
