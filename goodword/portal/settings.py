"""Settings of a partner: where the money goes, who else has a seat, what letters come; and the page "More"."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest
from goodword.accounts.actors import actor_of
from goodword.accounts.form_words import PlainForm
from goodword.domain.errors import DomainError
from goodword.insights.refusals import show_refusal
from goodword.partners.models import PartnerUser
from goodword.payouts.methods import COOLING_OFF, set_payout_method
from goodword.payouts.models import PayoutMethod
from goodword.payouts.selectors import current_method


class PayoutMethodForm(PlainForm):
    """Where the money goes. The account is typed anew each time; only its mask is ever shown."""

    kind = forms.ChoiceField(label="Kind of account", choices=PayoutMethod.KINDS)
    holder = forms.CharField(
        label="Name on the account",
        max_length=200,
        error_messages={"required": "Give the name that the bank has for this account."},
        help_text="Exactly as the bank writes it; payments to another name come back.",
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    account = forms.CharField(
        label="Account",
        max_length=100,
        error_messages={"required": "Give the IBAN, or the routing and account number."},
        help_text="e.g. DE89 3704 0044 0532 0130 00, or 021000021 / 123456789. Spaces do not matter.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )


def settings(request: PartnerRequest) -> HttpResponse:
    """Payout details, people, letters."""
    method = current_method(request.partner.pk) if request.role == "owner" else None
    seats = PartnerUser.objects.filter(partner=request.partner, ended_at=None).select_related("user")
    context = {
        "method": method,
        # An actor reads "Bob Brown <bob@acme.example>"; the address is not for the partner.
        "stored_by": method.created_by.partition(" <")[0] if method else "",
        "resting": bool(method and method.usable_from > timezone.now()),
        "seats": seats.order_by("created_at"),
        "section": "more",
    }
    return render(request, "portal/settings.html", context)


def payout_method(request: PartnerRequest) -> HttpResponse:
    """Ask where the money goes, and store it."""
    current = current_method(request.partner.pk)
    initial = {"holder": current.holder, "kind": current.kind} if current else {}
    form = PayoutMethodForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid() and (method := _store(request, form)):
        rests = method.usable_from > timezone.now()
        messages.success(
            request, "Your payout details are stored." + (" They rest for 72 hours first." if rests else "")
        )
        return redirect("portal:settings", request.program.slug)
    context = {
        "form": form,
        "method": current,
        "hours": COOLING_OFF.total_seconds() // 3600,
        "section": "more",
    }
    return render(request, "portal/payout_method.html", context, status=422 if form.errors else 200)


def _store(request: PartnerRequest, form: PayoutMethodForm) -> PayoutMethod | None:
    try:
        return set_payout_method(request.partner, **form.cleaned_data, actor=actor_of(request), now=timezone.now())
    except DomainError as refusal:
        show_refusal(form, refusal)
        return None


def more(request: PartnerRequest) -> HttpResponse:
    """Everything that has no place of its own in the bottom bar."""
    return render(request, "portal/more.html", {"section": "more"})
