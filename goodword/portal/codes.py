"""What a partner does about its own codes and links besides sharing them: make a code, take one out of use."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts.access import PartnerRequest, find_own
from goodword.accounts.actors import actor_of
from goodword.accounts.form_words import PlainForm
from goodword.domain.errors import DomainError
from goodword.insights.refusals import show_refusal
from goodword.referrals.models import Code, Link
from goodword.referrals.sharing import create_own_code, revoke_code, revoke_link


class CodeForm(PlainForm):
    """A new code. What a customer gets for it is the program's to promise, so a partner cannot say it."""

    key = forms.CharField(
        label="The code",
        max_length=80,
        help_text="3 to 40 letters, digits and hyphens that people can say and type, e.g. nordic10.",
        error_messages={"required": "Give the code that people should name."},
        widget=forms.TextInput({"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )


def new_code(request: PartnerRequest) -> HttpResponse:
    """Ask for the word; make it a code of this partner."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and (code := _create(request, form)):
        messages.success(request, f"The code {code.key} counts for you from now on.")
        return redirect("portal:share", request.program.slug)
    return render(
        request, "portal/code_new.html", {"form": form, "section": "share"}, status=422 if form.errors else 200
    )


def _create(request: PartnerRequest, form: CodeForm) -> Code | None:
    try:
        return create_own_code(request.program, request.partner, key=form.cleaned_data["key"], actor=actor_of(request))
    except DomainError as refusal:
        show_refusal(form, refusal)
        return None


def code_revoke(request: PartnerRequest, code: str) -> HttpResponse:
    """Take an own code out of use."""
    held = revoke_code(find_own(request, Code, code), actor=actor_of(request), now=timezone.now())
    messages.success(request, f"The code {held.key} is out of use. Sales that carried it keep counting for you.")
    return redirect("portal:share", request.program.slug)


def link_revoke(request: PartnerRequest, link: str) -> HttpResponse:
    """Take an own link out of use."""
    held = revoke_link(find_own(request, Link, link), actor=actor_of(request), now=timezone.now())
    messages.success(request, f"The link {held.label or held.key} is out of use. Earlier clicks keep counting for you.")
    return redirect("portal:link", request.program.slug, held.public_id)
