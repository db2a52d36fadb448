"""Operations on applications to become a partner: sent, read, approved or turned down."""

from typing import Any

from django.utils import timezone
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.api.inputs import NEW_APPLICATION, REASON
from goodword.api.operations import Body, Call, Operation, by_id, serve
from goodword.api.queries import Page, choice_filter, page_of, page_query
from goodword.domain.emails import mask_email
from goodword.domain.partner_details import PartnerDetails
from goodword.objects.schemas import ApplicationAnswer, page_schema
from goodword.objects.shown import application_shown
from goodword.partners.models import Application
from goodword.partners.services import reject_application, submit_application
from goodword.referrals.onboarding import approve_with_link

router = Router()


def list_applications(request: Call) -> Page:
    """Applications, newest first."""
    rows = Application.objects.all()
    if "status" in request.asked:
        rows = rows.filter(status=request.asked["status"])
    page = page_of(request, rows, order=("-id",))
    return Page([_seen(request, row) for row in page.rows], page.next)


def post_application(request: Call) -> dict[str, Any]:
    """An application that reached the company by another way than the public form."""
    given = request.given
    told = {name: given[name] for name in ("name", "contact_name", "email", "website", "country") if name in given}
    application = submit_application(
        request.program,
        PartnerDetails(**told),
        audience=given.get("audience", ""),
        promotion=given.get("promotion", ""),
        actor=actor_of(request),
        now=timezone.now(),
    )
    return application_shown(application)


def get_application(request: Call) -> dict[str, Any]:
    """One application."""
    return _seen(request, request.target)


def approve(request: Call) -> dict[str, Any]:
    """Make the applicant a partner on the default terms, with a seat and a first link, as the page does."""
    approve_with_link(request.target, by=None, actor=actor_of(request), now=timezone.now())
    return application_shown(Application.objects.get(pk=request.target.pk))


def reject(request: Call) -> dict[str, Any]:
    """Turn the application down; the applicant reads the reason."""
    reason = request.given["reason"]
    return application_shown(
        reject_application(request.target, reason=reason, actor=actor_of(request), now=timezone.now())
    )


def _seen(request: Call, application: Application) -> dict[str, Any]:
    """The application as this key may see it: one that only reads is not told how to reach people."""
    found = application_shown(application)
    return found if "manage" in request.api_key.scopes else {**found, "email": mask_email(application.email)}


_LIST = page_query(status=choice_filter("how it stands", *(state for state, _ in Application.STATUSES)))
_ONE, _TARGET, _TAGS = "/applications/{application}", by_id(Application), ["applications"]
for _operation, _handler in (
    (
        Operation("GET", "/applications", "list-applications", "List applications", page_schema(ApplicationAnswer),
                  query=_LIST, tags=_TAGS),
        list_applications,
    ),
    (
        Operation("POST", "/applications", "create-application", "Send an application", ApplicationAnswer, 201,
                  Body(NEW_APPLICATION), tags=_TAGS),
        post_application,
    ),
    (
        Operation("GET", _ONE, "get-application", "Read an application", ApplicationAnswer, target=_TARGET, tags=_TAGS),
        get_application,
    ),
    (
        Operation("POST", f"{_ONE}/approve", "approve-application", "Make the applicant a partner",
                  ApplicationAnswer, target=_TARGET, tags=_TAGS),
        approve,
    ),
    (
        Operation("POST", f"{_ONE}/reject", "reject-application", "Turn an application down", ApplicationAnswer, 200,
                  Body(REASON), target=_TARGET, tags=_TAGS),
        reject,
    ),
):  # fmt: skip
    serve(router, _operation, _handler)
