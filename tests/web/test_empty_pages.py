"""Every page of a program without data: clean for axe, quiet, no wider than the screen; it says what to do first."""

import pytest

from tests.web.walking import TWO, Visitor, walk

pytestmark = pytest.mark.timeout(900)  # under a minute alone; several on a busy machine


def test_every_page_without_data_is_clean_and_teaches(browser, shop):
    visitor = walk(Visitor(browser, shop.url, "none", TWO), shop.bare, {})
    assert not visitor.problems, "\n".join(visitor.problems)
