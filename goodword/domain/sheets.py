"""Forms with rows in rows, as nested answers and as the flat names of a page: `rules-0-steps-1-from`.

Every answer is a text, as it was typed. What the answers mean is not known here.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Sheet: TypeAlias = dict[str, Any]
"""Answers by name; a list of sheets where the form has rows."""
Lists: TypeAlias = Mapping[str, Any]
"""Which names hold rows, and which names hold rows inside those."""

ROWS_MAX = 200
"""Most rows of one list: nobody writes more by hand."""


def nested(flat: Mapping[str, str], lists: Lists) -> Sheet:
    """The answers of a page as a sheet. Rows come in the order of their numbers; numbers may have gaps.

    >>> nested({"name": "a", "rows-3-x": "1", "rows-5-x": "2"}, {"rows": {}})
    {'name': 'a', 'rows': [{'x': '1'}, {'x': '2'}]}
    """
    sheet: Sheet = {name: value for name, value in flat.items() if "-" not in name and name not in lists}
    for name, inner in lists.items():
        rows: dict[int, dict[str, str]] = {}
        for key, value in flat.items():
            head, _, rest = key.partition("-")
            number, _, field = rest.partition("-")
            if head == name and field and number.isascii() and number.isdecimal() and len(number) < 6:
                rows.setdefault(int(number), {})[field] = value
        sheet[name] = [nested(rows[number], inner) for number in sorted(rows)[:ROWS_MAX]]
    return sheet


def flattened(sheet: Sheet, prefix: str = "") -> dict[str, str]:
    """The names and texts of a page that shows this sheet.

    >>> flattened({"name": "a", "rows": [{"x": "1"}]})
    {'name': 'a', 'rows-0-x': '1'}
    """
    flat: dict[str, str] = {}
    for name, value in sheet.items():
        if isinstance(value, list):
            for number, row in enumerate(value):
                flat |= flattened(row, f"{prefix}{name}-{number}-")
        else:
            flat[prefix + name] = value
    return flat


def rows_at(sheet: Sheet, path: str) -> list[Sheet] | None:
    """The rows that a path such as `rules-0-steps` names; None where there is no such list."""
    parts, here = path.split("-"), sheet
    while len(parts) > 2:
        row = _row(here.get(parts[0]), parts[1])
        if row is None:
            return None
        parts, here = parts[2:], row
    found = here.get(parts[0])
    return found if len(parts) == 1 and isinstance(found, list) else None


def _row(rows: Any, number: str) -> Sheet | None:
    if not isinstance(rows, list) or not (number.isascii() and number.isdecimal() and len(number) < 6):
        return None
    return rows[int(number)] if int(number) < len(rows) else None


def add_row(sheet: Sheet, path: str, row: Sheet) -> str:
    """Append a row to the list at a path; gives the new row's own path, empty where there was no room or list."""
    rows = rows_at(sheet, path)
    if rows is None or len(rows) >= ROWS_MAX:
        return ""
    rows.append(row)
    return f"{path}-{len(rows) - 1}"


def remove_row(sheet: Sheet, path: str) -> None:
    """Take away the row at a path such as `rules-0-steps-1`."""
    where, _, number = path.rpartition("-")
    rows = rows_at(sheet, where)
    if rows is not None and _row(rows, number) is not None:
        del rows[int(number)]


def move_row(sheet: Sheet, path: str, by: int) -> None:
    """Exchange the row at a path with its neighbour: the one before (-1) or after (1)."""
    where, _, number = path.rpartition("-")
    rows = rows_at(sheet, where)
    if rows is None or _row(rows, number) is None:
        return
    here, there = int(number), int(number) + by
    if 0 <= there < len(rows):
        rows[here], rows[there] = rows[there], rows[here]
