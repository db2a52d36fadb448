"""The partner's agreement in plain language, with an example that was worked out by the engine, and its history."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest
from goodword.insights.offer import offer_of_version
from goodword.partners.selectors import agreement_in_force, agreements_of


def agreement(request: PartnerRequest) -> HttpResponse:
    """What I am paid, for what, and what can take it back."""
    now = timezone.now()
    current = agreement_in_force(request.partner, now)
    context = {
        "agreement": current,
        "offer": offer_of_version(request.program, current.terms_version) if current else None,
        "history": agreements_of(request.partner),
        "now": now,
        "section": "more",
    }
    return render(request, "portal/agreement.html", context)
