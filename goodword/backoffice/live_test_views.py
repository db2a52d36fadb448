"""The live test: a test click is sent through the person's own site, and a page follows it step by step."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.domain.errors import DomainError
from goodword.insights.live_test import followed
from goodword.insights.refusals import sentence
from goodword.referrals.live_tests import landing_address, start_test, usable_links
from goodword.referrals.models import Link, LiveTest

_LINKS_MAX = 200
_LATEST = 5


def live_tests(request: StaffRequest) -> HttpResponse:
    """Choose a link and start a test; the tests before."""
    latest = LiveTest.objects.select_related("partner", "link", "started_by").order_by("-started_at")[:_LATEST]
    context = {"links": usable_links()[:_LINKS_MAX], "latest": latest}
    return render(request, "backoffice/install/tests.html", context)


def live_test_start(request: StaffRequest) -> HttpResponse:
    named = request.POST.get("link", "")
    if not named:
        messages.error(request, "Choose the link that the test is to follow.")
        return redirect("backoffice:live-tests", request.program.slug)
    link = access.find(Link, named)
    try:
        test = start_test(request.program, link, actor=actor_of(request), now=timezone.now())
    except DomainError as refused:
        for problem in refused.problems:
            messages.error(request, sentence(problem))
        return redirect("backoffice:live-tests", request.program.slug)
    return redirect("backoffice:live-test", request.program.slug, test.public_id)


def live_test(request: StaffRequest, trial: str) -> HttpResponse:
    return render(request, "backoffice/install/test.html", _context(request, trial))


def live_test_steps(request: StaffRequest, trial: str) -> HttpResponse:
    """The steps alone: the page asks for them every two seconds."""
    return render(request, "backoffice/install/steps.html", _context(request, trial))


def _context(request: StaffRequest, trial: str) -> dict[str, object]:
    found = access.find(LiveTest, trial)
    test = LiveTest.objects.select_related("partner", "link").get(pk=found.pk)
    now = timezone.now()
    return {"test": test, "address": landing_address(test), "followed": followed(request.program, test, now)}
