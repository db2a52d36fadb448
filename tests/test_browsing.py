"""The browser of the tests: it sees the running product and nothing beyond this machine."""

import pytest

from tests import browsing


@pytest.mark.django_db(transaction=True)
def test_a_page_of_the_product_opens_in_the_browser(page, live):
    answer = page.goto(f"{live}/health/live")
    assert answer.status in {200, 404}


def test_axe_finds_what_is_wrong_with_a_page(page):
    page.set_content("<html lang=en><title>Bad</title><main><h1>Bad</h1><img src=data:,><p>Words</p></main></html>")
    (found,) = browsing.axe_findings(page)
    assert found.startswith("axe image-alt: <img")


def test_the_browser_reaches_no_other_machine(browser):
    page, troubles = browsing.open_page(browser)
    with pytest.raises(Exception, match="ERR_FAILED"):
        page.goto("https://example.com/")
    assert troubles == ["the page asked for https://example.com/"]
    page.context.close()
