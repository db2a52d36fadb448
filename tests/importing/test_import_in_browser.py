"""The import pages in Chromium: the whole way by clicks, pictures at both widths, nothing that axe finds."""

import pytest

from tests import cast
from tests.browsing import axe_findings
from tests.importing.files import HEADER, ROW

pytestmark = pytest.mark.django_db(transaction=True)
FILE = HEADER + ROW + "s-2,2026-09-02T10:00:00Z,c-2,twelve,EUR\n" + "s-3,2026-09-03T10:00:00Z,=1+1,30.00,EUR\n"


def sign_in(page, live, user):
    client = cast.sign_in(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live}])


def clean(page):
    assert axe_findings(page) == []


def no_sideways_scroll(page):
    page.set_viewport_size({"width": 375, "height": 812})
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert wide <= 375, f"the page is {wide} pixels wide on a phone"


def test_a_file_goes_from_the_first_empty_page_to_imported_and_back(page, live, picture):
    program = cast.program(name="Acme Partners")
    sign_in(page, live, cast.member(program, "manager"))

    def look(name):
        picture(f"import-{name}")
        clean(page)
        no_sideways_scroll(page)

    page.goto(f"{live}/p/{program.slug}/imports")
    look("0-empty")
    page.get_by_role("link", name="Import a file").first.click()
    look("1-choose")
    page.get_by_role("button", name="Go on").click()
    page.get_by_text("Choose the CSV file.").first.wait_for()
    look("1-choose-error")
    page.get_by_label("CSV file").set_input_files(
        [{"name": "september.csv", "mimeType": "text/csv", "buffer": FILE.encode()}]
    )
    page.get_by_role("button", name="Go on").click()
    look("2-columns")
    page.get_by_label("total").select_option("")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_text("No column is chosen for amount charged").first.wait_for()
    look("2-columns-error")
    page.get_by_label("total").select_option("amount")
    page.get_by_role("button", name="Show what it would do").click()
    page.get_by_text("1 of 3 rows cannot be imported").wait_for()
    look("3-preview")
    page.get_by_label("Leave 1 wrong row out").check()
    page.get_by_role("button", name="Import 2 new rows").click()
    page.get_by_text("september.csv is imported.").wait_for()
    look("4-imported")
    page.goto(f"{live}/p/{program.slug}/imports")
    look("5-list")
    page.get_by_role("link", name="september.csv").click()
    page.get_by_role("button", name="Take it back").first.wait_for()
    page.wait_for_load_state()  # the dialog is opened by a script
    page.get_by_role("button", name="Take it back").first.click()
    page.get_by_label("Why?").fill("it was August's file")
    look("6-take-back")
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    page.get_by_text("nothing of it counts any more").wait_for()
    look("7-taken-back")
