"""Forms about a person's own account."""

from collections.abc import Callable
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
KEY_NOT_ADDED = "The key could not show that it is you. Press Add again, or use it as a second step: take the tick out."
KEY_REFUSED = "This key is not known here, or it could not show that it is you. Try again, or sign in another way."


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


class AddPasskeyForm(OurWords, passkey.AddWebAuthnForm):  # type: ignore[misc]
    """A key that signs in, alone or as a second step."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = "What it is called"
        self.fields["name"].help_text = "So that you know it again, e.g. Work phone"
        alone = self.fields["passwordless"]
        alone.label = "It signs me in alone, without my password"
        alone.help_text = "It asks for your finger, face or PIN. Without the tick: a second step after the password"

    def clean(self) -> Any:
        return _judged(super().clean, KEY_NOT_ADDED)


class _Key(OurWords):
    """A key that is held against those that we know."""

    def clean_credential(self) -> Any:
        return _judged(super().clean_credential, KEY_REFUSED)  # type: ignore[misc]


class SignInByKeyForm(_Key, passkey.LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey instead of a password."""


class KeyForm(_Key, passkey.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A key as the second step."""


class KeyAgainForm(_Key, passkey.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """The key, again."""


def _judged(check: Callable[[], Any], refusal: str) -> Any:
    """The library calls whatever a key does wrong a wrong code, and falls over what no browser sends."""
    try:
        return check()
    except forms.ValidationError as refused:
        if refused.code != "incorrect_code":
            raise
    except (AttributeError, LookupError, TypeError, ValueError):
        pass
    raise forms.ValidationError(refusal, code="key_refused")


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
