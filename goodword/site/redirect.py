"""The public referral redirect: `/r/<program>/<key>` stores the visit and sends the person to the stored destination.

The destination comes from the link alone; nothing in the request can change where it leads.
"""

import unicodedata
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.http import HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone
from django.utils.encoding import iri_to_uri

from goodword.accounts.access import PublicRequest
from goodword.referrals.models import Link
from goodword.referrals.selectors import link_by_key
from goodword.referrals.services import record_click
from goodword.site.visitors import new_visitor, remember_visitor, visitor_of
from goodword.site.visits import Visit, read_visit

CLICK_PARAMETER = "gw_click"


def redirect(request: PublicRequest, key: str) -> HttpResponseBase:
    """Follow a referral link. Unknown: 404; out of use: a neutral page; else on to the stored destination."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    if any(unicodedata.category(char) == "Cc" for char in key):
        return _sealed(render(request, "site/link_broken.html", status=400))
    link = link_by_key(key)
    if link is None:
        return _sealed(render(request, "site/link_unknown.html", status=404))
    return _sealed(_follow(request, link, read_visit(request)))


def _follow(request: PublicRequest, link: Link, visit: Visit) -> HttpResponseBase:
    inactive = bool(link.revoked_at) or link.partner.status != "active" or request.program.status != "live"
    # Cookies of somebody who sends a privacy signal are neither read nor set: the click stands alone.
    known = None if visit.privacy_signal else visitor_of(request)
    visitor = known or new_visitor()
    click = record_click(
        request.program,
        link,
        visitor=visitor,
        sub_id=visit.sub_id,
        via_qr=visit.via_qr,
        referrer_host=visit.referrer_host,
        not_attributable="inactive" if inactive else visit.not_a_person,
        dropped=visit.dropped,
        privacy_signal=visit.privacy_signal,
        now=timezone.now(),
    )
    if inactive:
        return render(request, "site/link_inactive.html", {"link": link})
    if visit.not_a_person:
        return _to(destination(link.destination, visit.campaign))
    response = _to(destination(link.destination, {**visit.campaign, CLICK_PARAMETER: click.public_id}))
    if not visit.privacy_signal:
        remember_visitor(response, request.program, visitor)
    return response


def destination(stored: str, extra: dict[str, str]) -> str:
    """The stored address with parameters added. What the address says itself stays, except a click id of somebody."""
    parts = urlsplit(stored)
    own = [pair for pair in parts.query.split("&") if pair and pair.partition("=")[0] != CLICK_PARAMETER]
    names = {pair.partition("=")[0] for pair in own}
    added = urlencode({name: value for name, value in extra.items() if name not in names})
    return urlunsplit(parts._replace(query="&".join(filter(None, [*own, added]))))


def _to(address: str) -> HttpResponse:
    response = HttpResponse(status=302)
    response["Location"] = iri_to_uri(address)
    return response


def _sealed(response: HttpResponseBase) -> HttpResponseBase:
    """No cache may answer for us, no search engine lists us, and the partner's page address stays private."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
