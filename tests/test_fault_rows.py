"""The table of faults says where each is tried: the file is there, and names the row."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TABLE = (ROOT / "docs" / "tested-faults.md").read_text(encoding="utf-8")
ROWS = [(row, name) for row, files in re.findall(r"^\| ([FBR]\d\d) \|.*\| (.*) \|$", TABLE, re.MULTILINE)
        for name in re.findall(r"`([^`]+)`", files)]  # fmt: skip
WANTED = {
    *(f"B{number}" for number in range(23, 45)),
    *(f"F{number:02}" for number in (1, 2, 3, 4, 5, 8, 10, 12, 14, 15, 16, 17, 23, 30, 31, 32, 33, 34, 41, 44)),
}


def test_every_row_has_a_test():
    assert WANTED - {row for row, _ in ROWS} == set()


@pytest.mark.parametrize(("row", "name"), ROWS)
def test_the_file_names_its_row(row, name):
    text = (ROOT / name).read_text(encoding="utf-8")
    ranges = re.findall(r"B(\d\d) to B?(\d\d)", text)
    in_range = row[0] == "B" and any(int(first) <= int(row[1:]) <= int(last) for first, last in ranges)
    assert in_range or re.search(rf"(?i)(?<![a-z0-9]){row}(?!\d)", text)
