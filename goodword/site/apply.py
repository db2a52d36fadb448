"""The application form of a program: anybody may send it, a person decides later.

What is answered never tells whether somebody has applied before or is a partner already.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from goodword.accounts.access import PublicRequest
from goodword.accounts.actors import VISITOR
from goodword.accounts.form_words import PlainForm
from goodword.domain.emails import InvalidEmail, checked_email
from goodword.domain.errors import DomainError
from goodword.domain.partner_details import PartnerDetails
from goodword.insights.refusals import show_refusal
from goodword.partners.errors import AlreadyApplied
from goodword.partners.services import submit_application
from goodword.site.countries import COUNTRIES
from goodword.site.limits import within_limits

PER_SENDER_MAX = 5
PER_PROGRAM_MAX = 120
_NO_ADDRESS = "This is no web address. Write it like https://example.com."


class EmailInput(forms.CharField):
    """An e-mail address, kept as it was typed."""

    widget = forms.EmailInput

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        try:
            return checked_email(text) if text else text
        except InvalidEmail as refused:
            raise ValidationError(f"{refused.message} {refused.problem.remedy.capitalize()}.", refused.code) from None


class ApplicationForm(PlainForm):
    """What a program wants to know of somebody who applies."""

    name = forms.CharField(
        label="Company, or your own name",
        max_length=200,
        error_messages={"required": "Tell us who applies: a company, or your own name."},
        help_text="As it should stand on the agreement.",
        widget=forms.TextInput({"autocomplete": "organization"}),
    )
    contact_name = forms.CharField(
        label="Your name",
        max_length=200,
        error_messages={"required": "Tell us your name, so that we know whom to answer."},
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    email = EmailInput(
        label="E-mail",
        error_messages={"required": "We need an e-mail address to answer you."},
        help_text="The answer goes here, and later your sign-in.",
        widget=forms.EmailInput({"autocomplete": "email", "inputmode": "email"}),
    )
    website = forms.URLField(
        label="Website, channel or profile",
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[URLValidator(["http", "https"], message=_NO_ADDRESS)],
        error_messages={"invalid": _NO_ADDRESS},
        help_text="Where your audience finds you, e.g. https://example.com",
        widget=forms.TextInput({"autocomplete": "url", "inputmode": "url"}),
    )
    country = forms.ChoiceField(
        label="Country",
        choices=[("", "Choose a country"), *COUNTRIES],
        required=False,
        help_text="Where you are established; it decides how you can be paid.",
    )
    audience = forms.CharField(
        label="Who listens to you?",
        max_length=1000,
        error_messages={"required": "Say in a sentence who your audience is."},
        help_text="e.g. 4,000 owners of small shops in the Netherlands read my newsletter",
        widget=forms.Textarea({"rows": 3}),
    )
    promotion = forms.CharField(
        label="How would you recommend us?",
        max_length=2000,
        error_messages={"required": "Say in a sentence how you would recommend us."},
        help_text="e.g. a review, a workshop, talks with clients I advise",
        widget=forms.Textarea({"rows": 3}),
    )
    disclosure = forms.BooleanField(
        label="I will say openly that I am paid for recommendations",
        error_messages={"required": "Recommendations that are paid for must say so. Please agree to it."},
    )
    # People never see this field; programs that fill in every field give themselves away.
    company_fax = forms.CharField(required=False, label="Leave this empty")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, value in cleaned.items():
            if isinstance(value, str) and any(ord(char) < 32 and char not in "\r\n\t" for char in value):
                self.add_error(name, ValidationError("Control characters cannot be stored.", code="invalid_text"))
        return cleaned


def apply(request: PublicRequest) -> HttpResponse:
    """Show the form; take a sound one and thank for it, in the same words whoever sent it."""
    if request.program.recruiting != "open":
        return render(request, "site/apply_closed.html")
    if request.method != "POST":
        return render(request, "site/apply.html", {"form": ApplicationForm()})
    form = ApplicationForm(request.POST)
    now = timezone.now()
    if not form.is_valid():
        return render(request, "site/apply.html", {"form": form}, status=422)
    if not within_limits(request, request.program, "apply", per_sender=PER_SENDER_MAX, in_all=PER_PROGRAM_MAX, now=now):
        response = render(request, "site/apply.html", {"form": form, "too_many": True}, status=429)
        response["Retry-After"] = "3600"
        return response
    # Whoever fills in the field that nobody sees is thanked, and nothing is stored.
    if not form.cleaned_data["company_fax"] and not _submit(request, form):
        return render(request, "site/apply.html", {"form": form}, status=422)
    return redirect("site:applied", request.program.slug)


def _submit(request: PublicRequest, form: ApplicationForm) -> bool:
    """Hand it in; False when the service refuses it. Who has applied before gets the same thanks as everybody."""
    answers = form.cleaned_data
    details = PartnerDetails(
        **{name: answers[name] for name in ("name", "contact_name", "email", "website", "country")}
    )
    try:
        submit_application(
            request.program,
            details,
            audience=answers["audience"],
            promotion=answers["promotion"],
            actor=VISITOR,
            now=timezone.now(),
        )
    except AlreadyApplied:
        return True
    except DomainError as refusal:
        show_refusal(form, refusal)
        return False
    return True


def applied(request: PublicRequest) -> HttpResponse:
    """The thanks. It is the same for everybody."""
    return render(request, "site/applied.html")
