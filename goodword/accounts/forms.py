"""Forms about a person's own account."""

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts

PASSWORD_LENGTH_MAX = 256  # longer input is an attack on the hasher, not a password


class InvitationForm(forms.Form):
    """How somebody is called, and their first password."""

    name = forms.CharField(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=" ".join(password_validators_help_texts()[:1]),
    )
