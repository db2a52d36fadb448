"""Forms about a person's own account."""

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as second_factor
from allauth.mfa.totp import forms as app
from allauth.mfa.webauthn import forms as passkey
from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.validators import MaxLengthValidator

from goodword.accounts.form_words import PlainForm, speak_plainly

PASSWORD_LENGTH_MAX = 256  # longer input is an attack on the hasher, not a password
LABELS = {
    "Email": "E-mail address",
    "Login": "E-mail address",
    "Remember Me": "Stay signed in on this device",
    "Current Password": "Current password",
    "New Password": "New password",
    "New Password (again)": "New password, again",
    "Password (again)": "Password, again",
}
"""What the sign-in library calls a field, and what we call it."""
NEEDED = {
    "login": "Enter your e-mail address.",
    "email": "Enter your e-mail address.",
    "password": "Enter your password.",
    "oldpassword": "Enter the password you have now.",
    "password1": "Enter a new password.",
    "password2": "Enter the new password again.",
    "code": "Enter the code.",
    "name": "Enter a name.",
}
"""What is said when a field of the library is left empty."""


class OurWords:
    """Our labels and errors on a form of the library, and no placeholders: they vanish while typing."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label = LABELS.get(str(field.label), field.label)
            field.widget.attrs.pop("placeholder", None)
            field.error_messages["required"] = NEEDED.get(name, field.error_messages["required"])
            speak_plainly(field, str(field.label))


class LoginForm(OurWords, account.LoginForm):  # type: ignore[misc]
    """E-mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].validators.append(MaxLengthValidator(PASSWORD_LENGTH_MAX))


class RequestLoginCodeForm(OurWords, account.RequestLoginCodeForm):  # type: ignore[misc]
    """Where the code goes."""


class ConfirmLoginCodeForm(OurWords, account.ConfirmLoginCodeForm):  # type: ignore[misc]
    """The code that was mailed."""


class ResetPasswordForm(OurWords, account.ResetPasswordForm):  # type: ignore[misc]
    """Where the link for a new password goes."""


class ResetPasswordKeyForm(OurWords, account.ResetPasswordKeyForm):  # type: ignore[misc]
    """The new password."""


class ChangePasswordForm(OurWords, account.ChangePasswordForm):  # type: ignore[misc]
    """The password now, and the new one."""


class SetPasswordForm(OurWords, account.SetPasswordForm):  # type: ignore[misc]
    """A first password."""


class ReauthenticateForm(OurWords, account.ReauthenticateForm):  # type: ignore[misc]
    """The password, again."""


class AuthenticateForm(OurWords, second_factor.AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class AgainForm(OurWords, second_factor.ReauthenticateForm):  # type: ignore[misc]
    """The second step, again."""


class ActivateAppForm(OurWords, app.ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an authenticator app."""


class RenamePasskeyForm(OurWords, passkey.EditWebAuthnForm):  # type: ignore[misc]
    """What a passkey is called."""


class InvitationForm(PlainForm):
    """How somebody is called, and their first password."""

    name = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Enter your name."},
    )
    password = forms.CharField(
        error_messages={"required": "Choose a password."},
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=" ".join(password_validators_help_texts()[:1]),
    )
