"""Pages about applications to become a partner, and about groups of partners."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.backoffice.forms import GroupForm
from goodword.backoffice.refusals import form_page, told, tried
from goodword.insights.csv import csv_response
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched
from goodword.insights.story import story_of_application
from goodword.insights.templatetags.show import masked
from goodword.partners import services
from goodword.partners.models import Application
from goodword.partners.selectors import (
    application_counts,
    applications_found,
    default_version,
    groups_with_counts,
)
from goodword.referrals.onboarding import approve_with_link

COLUMNS = (
    Column("Applicant", sort="name"),
    Column("Sent", sort="sent"),
    Column("State"),
    Column("How they would bring customers"),
)
ORDERS = {"name": ("name", "id"), "sent": ("submitted_at", "id")}


def _listing(request: StaffRequest) -> Listing:
    counts = application_counts()
    states = [
        Choice("submitted", "Waiting", counts.get("submitted", 0)),
        Choice("approved", "Approved", counts.get("approved", 0)),
        Choice("rejected", "Rejected", counts.get("rejected", 0)),
        Choice("all", "All", sum(counts.values())),
    ]
    state = chosen(request, "state", states)
    rows = applications_found(searched(request), status="" if state == "all" else state)
    filters = [Filter("state", "State", state, states)]
    return listing(request, rows, columns=COLUMNS, orders=ORDERS, default="-sent", filters=filters)


def applications(request: StaffRequest) -> HttpResponse:
    return render(request, "backoffice/applications/list.html", {"listing": _listing(request)})


def applications_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "name", "contact", "e-mail", "website", "country", "sent", "state", "decided", "reason"]

    def rows() -> Iterator[list[Any]]:
        for one in _listing(request).ordered.iterator(chunk_size=500):
            yield [
                one.public_id,
                one.name,
                one.contact_name,
                masked(one.email, request.role),
                one.website,
                one.country,
                one.submitted_at,
                one.get_status_display(),
                one.decided_at,
                one.reason,
            ]

    return csv_response(f"{request.program.slug}-applications", header, rows())


def application(request: StaffRequest, application: str) -> HttpResponse:
    one = access.find(Application, application)
    context = {
        "application": one,
        "default": default_version(request.program),
        "story": story_of_application(one),
    }
    return render(request, "backoffice/applications/page.html", context)


def application_approve(request: StaffRequest, application: str) -> HttpResponse:
    one = access.find(Application, application)
    told(
        request,
        lambda: approve_with_link(one, by=request.user, actor=actor_of(request), now=timezone.now()),
        f"{one.name} is a partner now. The invitation is on its way to {one.email}.",
    )
    return redirect("backoffice:application", request.program.slug, one.public_id)


def application_reject(request: StaffRequest, application: str) -> HttpResponse:
    one, now = access.find(Application, application), timezone.now()
    ask = Decision(
        title=f"Turn {one.name} down?",
        label="Your reason (they read it)",
        button="Turn down",
        done=f"The application of {one.name} was turned down. They get your reason by e-mail.",
        back=reverse("backoffice:application", args=[request.program.slug, one.public_id]),
        needed="Write one sentence that they will understand.",
    )

    def reject(reason: str) -> None:
        services.reject_application(one, reason=reason, actor=actor_of(request), decided_by=request.user, now=now)

    return decide(request, ask, reject)


GROUP_COLUMNS = (Column("Group", sort="name"), Column("Key"), Column("Partners", numeric=True))


def _groups(request: StaffRequest) -> Listing:
    return listing(
        request, groups_with_counts(), columns=GROUP_COLUMNS, orders={"name": ("name", "id")}, default="name"
    )


def groups(request: StaffRequest) -> HttpResponse:
    return render(request, "backoffice/partners/groups.html", {"listing": _groups(request)})


def groups_csv(request: StaffRequest) -> HttpResponseBase:
    rows = ([one.key, one.name, one.description, one.partner_count] for one in _groups(request).ordered)
    return csv_response(f"{request.program.slug}-groups", ["key", "name", "description", "partners"], rows)


def group_add(request: StaffRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = tried(form, lambda: services.create_group(request.program, actor=actor_of(request), **form.cleaned_data))
        if made:
            messages.success(request, f"The group {made.name} exists now.")
            return redirect("backoffice:groups", request.program.slug)
    return form_page(request, "backoffice/partners/group_form.html", {"form": form})
