"""The forms of the import pages: which file, and how its columns are to be read."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final
from zoneinfo import available_timezones

from django import forms

from goodword.accounts.form_words import PlainForm
from goodword.referrals.importing.formats import DATES, NUMBERS
from goodword.referrals.importing.kinds import FIGURE, KINDS, PROPERTY, Kind
from goodword.referrals.importing.layout import Layout
from goodword.referrals.importing.table import DELIMITERS, Header

SAME_FOR_ALL: Final = ("currency", "channel", "partner", "name", "terms", "group")
"""Fields that are often the same in every row, so that no column holds them."""
_DELIMITER_NAMES: Final = {key: f"{name} ({key.strip() or 'tab'})" for key, name in DELIMITERS.items()}


class UploadForm(PlainForm):
    """Choose a file."""

    kind = forms.ChoiceField(label="What is in it?", choices=[(kind.name, kind.title) for kind in KINDS.values()])
    file = forms.FileField(
        label="CSV file",
        allow_empty_file=True,
        help_text="UTF-8, with the names of the columns in the first row",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
        error_messages={"required": "Choose the CSV file."},
    )


class LayoutForm(PlainForm):
    """Say what each column of the file is, what is the same in all rows, and how numbers and dates are written."""

    delimiter = forms.ChoiceField(label="Columns are parted by", choices=list(_DELIMITER_NAMES.items()))
    numbers = forms.ChoiceField(
        label="Numbers are written like",
        choices=list(NUMBERS.items()),
        help_text="We never guess: 1,234 could be one or a thousand",
    )
    dates = forms.ChoiceField(label="Dates are written like", choices=list(DATES.items()))
    zone = forms.ChoiceField(
        label="Time zone of the dates",
        required=False,
        help_text="For times that do not say it themselves",
    )

    def __init__(self, data: Any, *, kind: Kind, header: Header, layout: Layout, zone: str) -> None:
        self.kind, self.header = kind, header
        super().__init__(data, initial=_initial(kind, header, layout))
        self._zones(zone)
        choices = _choices(kind)
        for place, name in enumerate(header.names):
            self.fields[f"column-{place}"] = forms.ChoiceField(label=name, required=False, choices=choices)
        for column in kind.columns:
            if column.name in SAME_FOR_ALL:
                self.fields[f"same-{column.name}"] = forms.CharField(
                    label=column.label, required=False, max_length=200, help_text=column.hint
                )

    def _zones(self, zone: str) -> None:
        field: Any = self.fields["zone"]
        others = sorted(available_timezones() - {zone})
        field.choices = [
            ("", "Every time says its own, e.g. +01:00"),
            (zone, f"{zone} (the program's)"),
            *((z, z) for z in others),
        ]

    @property
    def column_fields(self) -> Iterator[forms.BoundField]:
        """One select for each column of the file."""
        return (self[f"column-{place}"] for place in range(len(self.header.names)))

    @property
    def same_fields(self) -> list[forms.BoundField]:
        """One input for each field that may be the same in all rows."""
        return [self[name] for name in self.fields if name.startswith("same-")]

    @property
    def format_fields(self) -> list[forms.BoundField]:
        """How the file is written."""
        return [self[name] for name in ("delimiter", "numbers", "dates", "zone")]

    def clean(self) -> dict[str, Any]:
        """No two columns may fill one field."""
        cleaned: dict[str, Any] = super().clean() or {}
        taken: dict[str, str] = {}
        for place, name in enumerate(self.header.names):
            field = cleaned.get(f"column-{place}", "")
            if field and not field.startswith(PROPERTY):
                if field in taken:
                    self.add_error(f"column-{place}", f"{taken[field]} is chosen for this already.")
                taken.setdefault(field, name)
        return cleaned

    @property
    def layout(self) -> Layout:
        """What was said."""
        said = self.cleaned_data
        columns = {}
        for place, name in enumerate(self.header.names):
            if field := said.get(f"column-{place}"):
                columns[_property(field, name)] = name
        values = {name.removeprefix("same-"): said[name].strip() for name in self.fields if name.startswith("same-")}
        return Layout(
            columns,
            {name: text for name, text in values.items() if text},
            said["delimiter"],
            said["numbers"],
            said["dates"],
            said["zone"],
        )


def _property(field: str, column: str) -> str:
    """A free property is called like its column, in the letters that property names may have."""
    if not field.startswith(PROPERTY):
        return field
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", column).strip("_")[:60] or "column"
    return PROPERTY + name + field.removeprefix(PROPERTY)


def _choices(kind: Kind) -> Sequence[tuple[str, str]]:
    fields = [(c.name, c.label + (" (required)" if c.required else "")) for c in kind.columns]
    free = [(PROPERTY, "A property of its own, as text"), (PROPERTY + FIGURE, "A property of its own, as a number")]
    return [("", "Leave it out"), *fields, *(free if kind.properties else [])]


def _initial(kind: Kind, header: Header, layout: Layout) -> dict[str, Any]:
    field_of = {column: field for field, column in layout.columns.items()}
    initial: dict[str, Any] = {f"same-{name}": text for name, text in layout.values.items()}
    for place, name in enumerate(header.names):
        field = field_of.get(name, "")
        if kind.properties and field.startswith(PROPERTY):
            field = PROPERTY + (FIGURE if field.endswith(FIGURE) else "")
        initial[f"column-{place}"] = field
    formats = {"delimiter": layout.delimiter, "numbers": layout.numbers, "dates": layout.dates, "zone": layout.zone}
    return initial | formats
