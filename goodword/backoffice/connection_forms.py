"""Forms of the pages about connections."""

from django import forms

from goodword.accounts.form_words import PlainForm
from goodword.connections.models import Connection

_SECRET_HELP = {
    "stripe": "Paste it from Stripe: it begins with whsec_.",
    "standard": "Leave it empty and we make one; it begins with whsec_.",
    "woocommerce": "Leave it empty and we make one.",
    "shopify": "Paste it from Shopify: it stands below the list of webhooks.",
}
_KEY = "Key to Stripe's list of events"
_KEY_HELP = "A restricted key (rk_…) that may read Events and Promotion codes: then nothing is lost when we are down."


class ConnectForm(PlainForm):
    """A new connection of one kind."""

    name = forms.CharField(max_length=100, help_text="What sends, e.g. our Stripe account or the shop in Austria.")
    mode = forms.ChoiceField(
        label="Which events", choices=[("live", "Live: real payments"), ("test", "Test: shows what it would record")],
        help_text="Events of the other mode are put aside.",
    )  # fmt: skip
    secret = forms.CharField(label="Signing secret", max_length=250, required=False)
    api_key = forms.CharField(
        label="Key to Stripe's list of events", max_length=260, required=False, help_text=_KEY_HELP
    )

    def __init__(self, *args: object, kind: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        _secret_field(self, kind)
        if kind != "stripe":
            del self.fields["api_key"]
        if kind == "woocommerce":
            del self.fields["mode"]


class RotateForm(PlainForm):
    """A new secret, and how long the old one goes on."""

    secret = forms.CharField(label="New signing secret", max_length=250, required=False)
    overlap_hours = forms.IntegerField(
        label="The old one is believed for", min_value=0, max_value=168, initial=24,
        help_text="Hours, 0 to 168. Choose 0 when the old secret was seen by others.",
    )  # fmt: skip

    def __init__(self, *args: object, kind: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        _secret_field(self, kind)


class KeyForm(PlainForm):
    """The key to Stripe's list of events."""

    api_key = forms.CharField(
        label="Key to Stripe's list of events", max_length=260, required=False, help_text=_KEY_HELP
    )


class RangeForm(PlainForm):
    """A time to read again, in whole days of the program's zone."""

    since = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="Last day", widget=forms.DateInput(attrs={"type": "date"}))


def _secret_field(form: forms.Form, kind: str) -> None:
    field = form.fields["secret"]
    field.help_text = _SECRET_HELP[kind]
    field.required = kind in {"stripe", "shopify"}
    field.widget.attrs["autocomplete"] = "off"


KINDS = dict(Connection.KINDS)
