"""The browser of the tests: it sees the running product and nothing beyond this machine."""

import pytest

from tests import browsing


@pytest.mark.django_db(transaction=True)
def test_a_page_of_the_product_opens_in_the_browser(page, live):
    answer = page.goto(f"{live}/health/live")
    assert answer.status in {200, 404}


def test_the_browser_reaches_no_other_machine(browser):
    page, troubles = browsing.open_page(browser)
    with pytest.raises(Exception, match="ERR_FAILED"):
        page.goto("https://example.com/")
    assert troubles == ["the page asked for https://example.com/"]
    page.context.close()
