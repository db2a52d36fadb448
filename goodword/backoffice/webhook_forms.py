"""Forms of the webhook pages."""

from typing import Any

from django import forms

from goodword.accounts.form_words import PlainForm
from goodword.webhooks.catalog import ALL, KINDS
from goodword.webhooks.endpoints import Wish
from goodword.webhooks.models import Endpoint

KIND_CHOICES = [(kind.name, f"{kind.about.rstrip('.')} ({kind.name})") for kind in KINDS.values()]


class WebhookForm(PlainForm):
    """Where messages go, and which."""

    url = forms.CharField(
        label="Address", max_length=2000, help_text="Where the other system listens, e.g. https://crm.example.com/goodword",
        error_messages={"required": "Enter the address of the system that listens."},
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off"}),
    )  # fmt: skip
    description = forms.CharField(
        label="What it is", max_length=200, required=False, help_text="For your team, e.g. our CRM."
    )
    everything = forms.BooleanField(
        label="Everything that happens", required=False, help_text="Also kinds of events that come with later versions."
    )
    kinds = forms.MultipleChoiceField(
        label="Or only this", choices=KIND_CHOICES, required=False, widget=forms.CheckboxSelectMultiple
    )
    headers = forms.CharField(
        label="Headers to send along", required=False, max_length=8000, help_text="One a line, e.g. X-Token: abc",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    clear_headers = forms.BooleanField(label="Send none of the headers it has", required=False)

    def __init__(self, *args: Any, endpoint: Endpoint | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.endpoint = endpoint
        if endpoint is None or not endpoint.header_names:
            del self.fields["clear_headers"]
        else:
            had = ", ".join(endpoint.header_names)
            self.fields["headers"].help_text = f"Empty: {had} stay as they are; their values are not shown."

    @staticmethod
    def shown(endpoint: Endpoint) -> dict[str, Any]:
        """What the form of an endpoint starts with."""
        everything = ALL in endpoint.kinds
        chosen = [] if everything else endpoint.kinds
        return {
            "url": endpoint.url,
            "description": endpoint.description,
            "everything": everything,
            "kinds": chosen,
        }

    def clean_headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["headers"].splitlines())):
            name, colon, value = line.partition(":")
            if not colon:
                raise forms.ValidationError(f"{line[:40]!r} is no header. Write a name, a colon and a value.")
            found[name.strip()] = value.strip()
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("everything") and not cleaned.get("kinds") and not self.has_error("kinds"):
            self.add_error("kinds", "Choose what is sent, or everything.")
        return cleaned

    def wish(self) -> Wish:
        """What the form asks for."""
        cleaned = self.cleaned_data
        keeps = self.endpoint is not None and not cleaned["headers"] and not cleaned.get("clear_headers")
        return Wish(
            url=cleaned["url"].strip(),
            kinds=[ALL] if cleaned["everything"] else cleaned["kinds"],
            description=cleaned["description"].strip(),
            headers=None if keeps else cleaned["headers"],
        )


class ReplayForm(PlainForm):
    """Which events are sent again."""

    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}), help_text="This day included.")
    delivered = forms.BooleanField(
        label="Also what was delivered", required=False, help_text="Otherwise only what did not arrive."
    )
