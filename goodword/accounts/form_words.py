"""What every form of the product says about bad input: which field, and what to do. No form of its own lives here.

Django's own sentences ("This field is required.") never reach a person; a field may still give better words itself.
"""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.forms.utils import pretty_name

NOT_LISTED = "This is not on the list. Choose one that is."
NO_DAY = "This is no day. Write it like 2026-03-31."
NO_EMAIL = "This is no e-mail address. Write it like name@example.com."
NO_ADDRESS = "This is no web address. Write it like https://example.com."
NO_KEY = "Use only letters, digits, hyphens and underscores."
_OF_ANY: Mapping[str, str] = {
    "invalid_choice": NOT_LISTED,
    "invalid_list": NOT_LISTED,
    "invalid_pk_value": NOT_LISTED,
    "max_length": "Shorten this to %(limit_value)d characters; it has %(show_value)d.",
    "min_length": "Write at least %(limit_value)d characters; it has %(show_value)d.",
    "null_characters_not_allowed": "Take out the control characters: they cannot be stored.",
    "missing": "No file arrived. Choose it again.",
    "empty": "The file is empty. Choose another.",
}
_INVALID: Mapping[type[forms.Field], str] = {
    forms.DateField: NO_DAY,
    forms.EmailField: NO_EMAIL,
    forms.URLField: NO_ADDRESS,
    forms.SlugField: NO_KEY,
    forms.FileField: "No file arrived. Choose it again.",
}


class PlainForm(forms.Form):
    """A form that names the field and the remedy. Every form of ours is one."""

    def full_clean(self) -> None:
        """Give the fields their words first: by now all of them are there, also those that a form adds itself."""
        for name, field in self.fields.items():
            speak_plainly(field, str(field.label or pretty_name(name)))
        super().full_clean()


def speak_plainly(field: forms.Field, label: str) -> None:
    """Replace Django's sentences on a field by ours; those that the field was given stay."""
    said = field.error_messages
    invalid = next((words for kind, words in _INVALID.items() if isinstance(field, kind)), None)
    ours = {**_OF_ANY, "required": _needed(field, label)} | ({"invalid": invalid} if invalid else {})
    for code, words in ours.items():
        if str(said.get(code, "")) == _stock(field, code):
            said[code] = words


def _needed(field: forms.Field, label: str) -> str:
    if isinstance(field, forms.BooleanField):
        return f"Tick “{label}”."
    chosen = isinstance(field, forms.ChoiceField | forms.DateField | forms.FileField)
    return f"{'Choose' if chosen else 'Fill in'} “{label}”."


def _stock(field: forms.Field, code: str) -> str:
    """What Django says on this kind of field; empty where only its validators say something."""
    found: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        found |= getattr(kind, "default_error_messages", {})
    return str(found.get(code, ""))
