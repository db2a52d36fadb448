"""Operations on missed credit: suggestions that an uncredited sale is a partner's, and the decision about each."""

from typing import Any

from django.utils import timezone
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.api.inputs import OPTIONAL_REASON
from goodword.api.operations import Body, Call, Operation, by_id, serve
from goodword.api.queries import Page, choice_filter, page_of, page_query, text_filter
from goodword.commissions.missed.deciding import credit_partner, turn_down
from goodword.commissions.missed.reading import suggestions
from goodword.commissions.models import MissedCredit
from goodword.domain.missed_credit import STRENGTHS
from goodword.objects.schemas import MissedCreditAnswer, page_schema
from goodword.objects.shown import missed_credit_shown

router = Router()


def list_missed(request: Call) -> Page:
    """Suggestions in one state (open ones when it is not named), the strongest first."""
    asked = request.asked
    rows = suggestions(state=asked.get("state", "open"))
    if "strength" in asked:
        rows = rows.filter(strength=next(key for key, word in STRENGTHS.items() if word == asked["strength"]))
    if "conversion" in asked:
        rows = rows.filter(conversion=asked["conversion"])
    page = page_of(request, rows, order=("-strength", "-conversion_at", "-id"))
    return Page([missed_credit_shown(row) for row in page.rows], page.next)


def get_missed(request: Call) -> dict[str, Any]:
    """One suggestion."""
    return missed_credit_shown(request.target)


def credit_missed(request: Call) -> dict[str, Any]:
    """Credit the partner for the sale, with the evidence as the reason."""
    row = credit_partner(request.target, source="api", actor=actor_of(request), now=timezone.now())
    return missed_credit_shown(row)


def turn_down_missed(request: Call) -> dict[str, Any]:
    """Say that the sale is not theirs: this customer is not suggested to this partner again."""
    reason = request.given.get("reason", "")
    row = turn_down(request.target, reason=reason, actor=actor_of(request), now=timezone.now())
    return missed_credit_shown(row)


_LIST = page_query(
    state=choice_filter("how it stands; open when left out", *(state for state, _ in MissedCredit.STATES)),
    strength=choice_filter("how much speaks for it", *STRENGTHS.values()),
    conversion=text_filter("the sale's or event's id"),
)
_ONE, _TARGET, _TAGS = "/missed-credits/{suggestion}", by_id(MissedCredit), ["commissions"]
for _operation, _handler in (
    (
        Operation("GET", "/missed-credits", "list-missed-credits", "List missed credit",
                  page_schema(MissedCreditAnswer), query=_LIST, tags=_TAGS),
        list_missed,
    ),
    (
        Operation("GET", _ONE, "get-missed-credit", "Read a suggestion", MissedCreditAnswer, target=_TARGET,
                  tags=_TAGS),
        get_missed,
    ),
    (
        Operation("POST", f"{_ONE}/credit", "credit-missed", "Credit the suggested partner", MissedCreditAnswer,
                  target=_TARGET, tags=_TAGS),
        credit_missed,
    ),
    (
        Operation("POST", f"{_ONE}/not-theirs", "turn-down-missed", "Say that the sale is not theirs",
                  MissedCreditAnswer, 200, Body(OPTIONAL_REASON, required=False), target=_TARGET, tags=_TAGS),
        turn_down_missed,
    ),
):  # fmt: skip
    serve(router, _operation, _handler)
