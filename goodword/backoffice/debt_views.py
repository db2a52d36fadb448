"""Pages about a partner's debt: what finance proposes about it, and what a second person answers."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.accounts.form_words import PlainForm
from goodword.backoffice.decisions import REASON_LENGTH_MAX, Decision, decide
from goodword.backoffice.refusals import form_page, told, tried
from goodword.domain.errors import DomainError
from goodword.domain.money import to_decimal, to_minor
from goodword.domain.typed_text import amount_typed
from goodword.insights.refusals import sentence
from goodword.insights.wording import money_text
from goodword.partners.models import Partner
from goodword.payouts.debts import confirm_debt, debt_of, propose_debt, refuse_debt
from goodword.payouts.models import DebtProposal


class DebtForm(PlainForm):
    """What is to be done about a debt."""

    kind = forms.ChoiceField(choices=DebtProposal.KINDS, label="What to do")
    amount = forms.CharField(max_length=30, label="Amount", error_messages={"required": "Enter an amount, e.g. 25.00."})
    reason = forms.CharField(
        max_length=REASON_LENGTH_MAX,
        label="Why",
        help_text="The second person and the audit trail read this",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write one sentence: why?"},
    )

    def __init__(self, *args: Any, owed: int, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        said = money_text(owed, currency)
        self.fields["amount"].help_text = f"At most {said}, which is owed now; the rest is netted by the next payouts"
        self.fields["amount"].unit = currency  # type: ignore[attr-defined]

    def clean_amount(self) -> int:
        """The amount in minor units."""
        given = self.cleaned_data["amount"].strip()
        try:
            return to_minor(amount_typed(given, self.currency), self.currency)
        except DomainError as refused:
            if refused.code == "not_a_number":
                raise forms.ValidationError(f"“{given}” is not an amount. Write it like 25.00.") from refused
            raise forms.ValidationError(sentence(refused.problem)) from refused


def partner_debt(request: StaffRequest, partner: str) -> HttpResponse:
    """Ask what is to be done about a partner's debt, and keep it as a proposal."""
    one, currency = access.find(Partner, partner), request.program.currency
    owed = debt_of(one, currency)
    if not owed and request.method != "POST":
        messages.info(request, f"{one.name} owes nothing, so there is nothing to decide.")
        return redirect("backoffice:partner", request.program.slug, one.public_id)
    initial = {"kind": "write_off", "amount": to_decimal(owed, currency)}
    form = DebtForm(request.POST or None, owed=owed, currency=currency, initial=initial)
    made = tried(form, lambda: _propose(request, one, form)) if request.method == "POST" and form.is_valid() else None
    if made is not None:
        messages.success(request, "Proposed. Nothing is booked until somebody else confirms it.")
        return redirect("backoffice:partner", request.program.slug, one.public_id)
    context = {"form": form, "title": f"What {one.name} owes", "button": "Propose", "crumb": one}
    return form_page(request, "backoffice/partners/form.html", context)


def _propose(request: StaffRequest, one: Partner, form: DebtForm) -> DebtProposal:
    return propose_debt(
        one,
        kind=form.cleaned_data["kind"],
        amount_minor=form.cleaned_data["amount"],
        reason=form.cleaned_data["reason"],
        user=request.user,
        actor=actor_of(request),
        now=timezone.now(),
    )


@require_POST
def debt_confirm(request: StaffRequest, debt: str) -> HttpResponse:
    """The second person's yes."""
    one = access.find(DebtProposal, debt)
    said = money_text(one.amount_minor, one.currency)
    done = f"{said} of {one.partner.name}'s debt is {'asked back' if one.kind == 'claim' else 'given up'}."
    told(request, lambda: confirm_debt(one, user=request.user, actor=actor_of(request), now=timezone.now()), done)
    return redirect("backoffice:partner", request.program.slug, one.partner.public_id)


@require_POST
def debt_refuse(request: StaffRequest, debt: str) -> HttpResponse:
    """No: the debt stays, and the next payouts net it."""
    one = access.find(DebtProposal, debt)
    ask = Decision(
        title="Leave the debt as it is?",
        label="Why",
        button="Leave it",
        done="The debt stays, and the next payouts net it.",
        back=reverse("backoffice:partner", args=[request.program.slug, one.partner.public_id]),
        optional=True,
    )
    actor, now = actor_of(request), timezone.now()
    return decide(request, ask, lambda reason: refuse_debt(one, reason=reason, user=request.user, actor=actor, now=now))
