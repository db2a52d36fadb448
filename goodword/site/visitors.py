"""The visitor cookie of the redirect: first-party, signed, of one program only, never readable by scripts.

It holds a random number and nothing else. Somebody who sends a privacy signal gets none.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponseBase

from goodword.accounts.models import Program
from goodword.insights.offer import window_days

COOKIE = "gw_visitor"


def visitor_of(request: HttpRequest) -> str | None:
    """The visitor that the cookie names, or None when there is no cookie of ours with an intact signature."""
    try:
        return _signer().unsign(request.COOKIES.get(COOKIE, ""))
    except BadSignature:
        return None


def new_visitor() -> str:
    """A fresh random visitor id: 128 bits, told to nobody but the cookie."""
    return secrets.token_urlsafe(16)


def remember_visitor(response: HttpResponseBase, program: Program, visitor: str) -> None:
    """Set the cookie for as long as a click counts, under this program's links alone."""
    response.set_cookie(
        COOKIE,
        _signer().sign(visitor),
        max_age=timedelta(days=window_days(program)),
        path=f"/r/{program.slug}/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _signer() -> Signer:
    return Signer(salt="goodword.site.visitor")
