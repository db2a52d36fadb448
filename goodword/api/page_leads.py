"""Operations on leads that web pages told: read them, vouch for one, refuse one."""

from typing import Any

from django.utils import timezone
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.api.inputs import OPTIONAL_REASON
from goodword.api.operations import Body, Call, Operation, by_id, serve
from goodword.api.queries import Page, choice_filter, page_of, page_query, text_filter
from goodword.objects.schemas import PageLeadAnswer, page_schema
from goodword.objects.shown import page_lead_shown
from goodword.referrals.models import PageLead
from goodword.referrals.page_leads import confirm_lead, refuse_lead

router = Router()


def list_page_leads(request: Call) -> Page:
    """Leads in one state (those that wait when it is not named), the newest first."""
    rows = PageLead.objects.filter(state=request.asked.get("state", "waiting"))
    if "customer" in request.asked:
        rows = rows.filter(customer=request.asked["customer"])
    page = page_of(request, rows, order=("-at", "-id"))
    return Page([page_lead_shown(row) for row in page.rows], page.next)


def get_page_lead(request: Call) -> dict[str, Any]:
    """One lead."""
    return page_lead_shown(request.target)


def confirm_page_lead(request: Call) -> dict[str, Any]:
    """Vouch for it: it is recorded as an event, with its customer and the visit behind it."""
    return page_lead_shown(confirm_lead(request.target, actor=actor_of(request), now=timezone.now()))


def refuse_page_lead(request: Call) -> dict[str, Any]:
    """Say that it is none: nothing is recorded."""
    reason = request.given.get("reason", "")
    return page_lead_shown(refuse_lead(request.target, reason=reason, actor=actor_of(request), now=timezone.now()))


_LIST = page_query(
    state=choice_filter("how it stands; waiting when left out", *(state for state, _ in PageLead.STATES)),
    customer=text_filter("the customer's id"),
)
_ONE, _TARGET, _TAGS = "/page-leads/{page_lead}", by_id(PageLead), ["browser"]
for _operation, _handler in (
    (
        Operation("GET", "/page-leads", "list-page-leads", "List leads that web pages told",
                  page_schema(PageLeadAnswer), query=_LIST, tags=_TAGS),
        list_page_leads,
    ),
    (
        Operation("GET", _ONE, "get-page-lead", "Read a lead that a web page told", PageLeadAnswer, target=_TARGET,
                  tags=_TAGS),
        get_page_lead,
    ),
    (
        Operation("POST", f"{_ONE}/confirm", "confirm-page-lead", "Vouch for a lead", PageLeadAnswer, target=_TARGET,
                  tags=_TAGS),
        confirm_page_lead,
    ),
    (
        Operation("POST", f"{_ONE}/refuse", "refuse-page-lead", "Refuse a lead", PageLeadAnswer, target=_TARGET,
                  body=Body(OPTIONAL_REASON, required=False), tags=_TAGS),
        refuse_page_lead,
    ),
):  # fmt: skip
    serve(router, _operation, _handler)
