"""The first page of the back office, and the search over everything."""

from datetime import timedelta
from functools import partial

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.commissions.selectors import earned_by_partner, figures
from goodword.insights.band import band_of, last_maturity
from goodword.insights.charts import weekly_chart
from goodword.insights.home import WEEKS, first_steps, needs, settles_now, trends, weekly
from goodword.insights.listing import searched
from goodword.insights.search import jump, results
from goodword.partners.selectors import default_version, partners_by_id


def home(request: StaffRequest) -> HttpResponse:
    program, now = request.program, timezone.now()
    found = figures(program, now=now)
    last = last_maturity(program, now=now)
    year = weekly(program, now=now, weeks=2 * WEEKS)
    referrals, conversions = trends(year)
    context = {
        "figures": found,
        "last_maturity": last,
        "band": band_of(found, last),
        "needs": [need for need in needs(program, now=now) if access.may(request, f"backoffice:{need.place}")],
        "weeks": list(reversed(year[WEEKS:])),
        "referrals": referrals,
        "conversions": conversions,
        "best": _best(request),
        "settles_now": settles_now(program),
        "steps": first_steps(program) if not found.lines else None,
        "default_terms": default_version(program),
    }
    return render(request, "backoffice/home.html", context)


def home_chart(request: StaffRequest) -> HttpResponse:
    """The drawing alone: the first one of a process takes a second, and the figures must not wait for it."""
    weeks = weekly(request.program, now=timezone.now())
    drawn = partial(weekly_chart, weeks, first="Referrals", second="Conversions")
    context = {"chart": drawn(), "small_chart": drawn(narrow=True)}
    return render(request, "parts/drawing.html", context)


def _best(request: StaffRequest) -> list[tuple[object, object]]:
    """The five partners whose sales of the last 90 days earn most."""
    since = timezone.now() - timedelta(days=90)
    earned = list(earned_by_partner(request.program, since=since).items())[:5]
    known = partners_by_id(key for key, _ in earned)
    return [(known[key], sums) for key, sums in earned]


def search(request: StaffRequest) -> HttpResponse:
    text = searched(request)
    if found := jump(text):
        place, key = found
        return redirect(f"backoffice:{place}", request.program.slug, key)
    return render(request, "backoffice/search.html", {"text": text, "groups": results(text, request.role)})
