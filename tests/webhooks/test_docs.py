"""docs/webhooks.md is what the code does: its events, their examples, and the table of tries."""

from pathlib import Path

import pytest

from goodword.objects.shown import as_json
from goodword.webhooks.catalog import KINDS, UNASKED
from goodword.webhooks.examples import event_pages, example_data, retry_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
EVERY = {**KINDS, **UNASKED}


def part(name):
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {name}: made by goodword/webhooks/examples.py -->\n", f"<!-- end of {name} -->"
    return text.partition(begin)[2].partition(end)[0]


@pytest.mark.parametrize("kind", EVERY)
def test_every_example_is_what_its_schema_says(kind):
    data = example_data(kind)
    assert as_json(EVERY[kind].data, data) == data


def test_the_page_shows_every_event_with_its_example():
    assert part("events").strip() == event_pages().strip()


def test_the_page_shows_when_a_message_is_tried_again():
    assert part("tries").strip() == retry_table().strip()
