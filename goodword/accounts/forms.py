"""Forms about a person's own account."""

from typing import Any

from allauth.account.forms import LoginForm as BaseLoginForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.validators import MaxLengthValidator

PASSWORD_LENGTH_MAX = 256  # longer input is an attack on the hasher, not a password


class LoginForm(BaseLoginForm):  # type: ignore[misc]
    """E-mail address and password, in our words and without placeholders that vanish while typing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        self.fields["remember"].label = "Stay signed in on this device"
        self.fields["password"].validators.append(MaxLengthValidator(PASSWORD_LENGTH_MAX))
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class InvitationForm(forms.Form):
    """How somebody is called, and their first password."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=" ".join(password_validators_help_texts()[:1]),
    )
