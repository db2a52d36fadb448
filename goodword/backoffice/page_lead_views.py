"""Pages about leads that web pages told: who vouches for them, and what became of each."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.domain.errors import DomainError
from goodword.insights.csv import csv_response
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched
from goodword.insights.refusals import sentence
from goodword.referrals.models import PageLead
from goodword.referrals.page_leads import confirm_lead, refuse_lead
from goodword.referrals.warning_signs import customer_keys

COLUMNS: Final = (Column("Lead"), Column("Led by"), Column("From page"), Column("Told", sort="when"), Column("State"))


def _found(request: StaffRequest) -> Listing:
    states = [Choice(state, label, _waiting() if state == "waiting" else None) for state, label in PageLead.STATES]
    state, text = chosen(request, "state", states), searched(request)
    rows = PageLead.objects.filter(state=state).select_related("partner")
    if text:
        rows = rows.filter(Q(customer__icontains=text) | Q(partner__name__icontains=text) | Q(host__icontains=text))
    filters = [Filter("state", "State", state, states)]
    return listing(request, rows, columns=COLUMNS, orders={"when": ("at", "id")}, default="-when", filters=filters)


def _waiting() -> int:
    return PageLead.objects.filter(state="waiting").count()


def page_leads(request: StaffRequest) -> HttpResponse:
    found = _found(request)
    keys = customer_keys(one.customer for one in found.page.rows)
    rows = [(one, keys.get(one.customer, "")) for one in found.page.rows]
    shown = replace(found, page=replace(found.page, rows=rows))
    return render(request, "backoffice/referrals/page_leads.html", {"listing": shown, "waiting": _waiting()})


def page_leads_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "event", "name", "customer", "partner", "page", "network", "told", "state", "decided by", "reason"]

    def rows() -> Iterator[list[Any]]:
        for one in _found(request).ordered.iterator(chunk_size=500):
            yield [
                one.public_id, one.external_id, one.name, one.customer, one.partner.name, one.host, one.network, one.at,
                one.get_state_display(), one.decided_label, one.reason,
            ]  # fmt: skip

    return csv_response(f"{request.program.slug}-page-leads", header, rows())


def page_lead_confirm(request: StaffRequest, page_lead: str) -> HttpResponse:
    row = access.find(PageLead, page_lead)
    try:
        done = confirm_lead(row, actor=actor_of(request), now=timezone.now())
    except DomainError as refused:
        for problem in refused.problems:
            messages.error(request, sentence(problem))
    else:
        messages.success(request, f"The {done.name} of {done.customer} counts. It is settled in a moment.")
    return HttpResponseRedirect(_back(request))


def page_lead_refuse(request: StaffRequest, page_lead: str) -> HttpResponse:
    row = access.find(PageLead, page_lead)
    ask = Decision(
        title=f"Refuse the {row.name} of {row.customer}?",
        label="Why",
        button="Refuse it",
        done=f"The {row.name} of {row.customer} is refused. Nothing was recorded.",
        back=_back(request),
        optional=True,
    )
    return decide(
        request, ask, lambda reason: refuse_lead(row, reason=reason, actor=actor_of(request), now=timezone.now())
    )


def _back(request: StaffRequest) -> str:
    return reverse("backoffice:page-leads", args=[request.program.slug])
