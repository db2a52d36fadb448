"""Forms of the settings pages."""

import re
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from goodword.accounts.form_words import PlainForm
from goodword.accounts.models import ApiKey, Membership, Program
from goodword.domain.errors import DomainError
from goodword.domain.links import canonical_host
from goodword.domain.money import to_decimal, to_minor

SCOPE_WORDS = {
    "events:write": "Send facts: customers, sales, refunds",
    "read": "Read everything except settings",
    "manage": "Manage partners, terms, links and codes",
    "payouts:write": "Prepare payout runs (a person still approves them)",
    "browser": "Stand in web pages: tell of visits and leads, which wait to be confirmed",
    "browser:leads": "Stand in web pages, and let leads of new customers count at once",
}
ROLE_HELP = "Owners do everything. Managers run the program. Finance pays. Viewers look."
RECRUITING = [("open", "Anybody"), ("invite", "Nobody: partners are invited")]
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}", re.ASCII)
assert set(SCOPE_WORDS) == set(ApiKey.SCOPES)


class ProgramForm(PlainForm):
    """What an owner may change about the program."""

    name = forms.CharField(max_length=200, error_messages={"required": "Enter the program's name."})
    tagline = forms.CharField(max_length=300, required=False, help_text="One line under the name on the public page.")
    description = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 4}), max_length=5000)
    site_url = forms.URLField(label="Website", required=False, assume_scheme="https", help_text="e.g. https://acme.com")
    contact_email = forms.EmailField(label="Contact address", required=False, max_length=254)
    accent = forms.CharField(
        label="Colour", max_length=7, help_text="e.g. #0f766e",
        error_messages={"required": "Give a colour, e.g. #0f766e."},
        validators=[RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", "Write a colour as # and six digits or letters a to f.")],
    )  # fmt: skip
    disclosure = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=2000,
        help_text="What partners must write beside their links.",
    )
    recruiting = forms.ChoiceField(
        label="Who may apply", choices=[("open", "Anybody"), ("invite", "Nobody: partners are invited")]
    )
    allowed_hosts = forms.CharField(
        label="Sites that links may lead to",
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        help_text="One host a line, e.g. shop.acme.com",
    )
    minimum_payout = forms.CharField(
        label="Smallest payout",
        max_length=20,
        help_text="Less is carried to the next run.",
        error_messages={"required": "Enter the smallest amount that is paid out; 0 pays everything."},
    )

    def __init__(self, *args: Any, program: Program, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = program.currency
        self.fields["minimum_payout"].unit = program.currency  # type: ignore[attr-defined]

    @staticmethod
    def shown(program: Program) -> dict[str, Any]:
        """What the form starts with."""
        names = ("name", "tagline", "description", "site_url", "contact_email", "accent", "disclosure", "recruiting")
        same = {name: getattr(program, name) for name in names}
        minimum = to_decimal(program.minimum_payout_minor, program.currency)
        return same | {"allowed_hosts": "\n".join(program.allowed_hosts), "minimum_payout": minimum}

    def clean_allowed_hosts(self) -> list[str]:
        lines = {line.strip() for line in self.cleaned_data["allowed_hosts"].splitlines()} - {""}
        if wrong := sorted(line for line in lines if not _is_host(line)):
            raise forms.ValidationError(f"{wrong[0][:60]!r} is no host. Write it without https:// and without a path.")
        return sorted({canonical_host(line) for line in lines})

    def clean_minimum_payout(self) -> int:
        try:
            minor = to_minor(self.cleaned_data["minimum_payout"].strip(), self.currency)
        except DomainError as wrong:
            raise forms.ValidationError(f"{wrong.message}: {wrong.problem.remedy}.") from wrong
        if minor < 0:
            raise forms.ValidationError("The smallest payout cannot be below zero.")
        return minor

    def changes(self) -> dict[str, Any]:
        cleaned = dict(self.cleaned_data)
        cleaned["minimum_payout_minor"] = cleaned.pop("minimum_payout")
        return cleaned


def _is_host(line: str) -> bool:
    return bool(_HOST.fullmatch(canonical_host(line)))


class InviteForm(PlainForm):
    """Somebody new on the team."""

    name = forms.CharField(max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.CharField(
        label="E-mail address",
        max_length=400,
        help_text="The invitation goes there.",
        error_messages={"required": "Enter the e-mail address of the person you invite."},
    )
    role = forms.ChoiceField(
        choices=Membership.ROLES, initial="viewer", help_text=ROLE_HELP, error_messages={"required": "Choose a role."}
    )


class RoleForm(PlainForm):
    """Another role for a team mate."""

    role = forms.ChoiceField(
        choices=Membership.ROLES, help_text=ROLE_HELP, error_messages={"required": "Choose a role."}
    )
    reason = forms.CharField(max_length=300, required=False)


class ReasonForm(PlainForm):
    """Why something ends."""

    reason = forms.CharField(max_length=300, required=False)


class KeyForm(PlainForm):
    """A new API key."""

    name = forms.CharField(
        max_length=100,
        help_text="What will use it, e.g. the shop's order system.",
        error_messages={"required": "Enter what will use the key."},
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=list(SCOPE_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one thing that the key may do."},
    )
    expires_at = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: it works until it is revoked.",
    )  # fmt: skip
