"""What every test may use: the test database, the browser and its page. Stories and people live in `cast.py`."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db import connection

from tests import browsing, database, fronting

ROOT = Path(__file__).resolve().parent.parent
SCREENSHOTS = ROOT / ".screenshots"
# A slow machine is not a failure: examples have no time limit of their own, the test has one.
hypothesis.settings.register_profile("goodword", deadline=None)
hypothesis.settings.load_profile("goodword")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


# The files that take longest, so that no test process is left alone with one of them at the end. The second asks for no
# database: it runs while the first waits for the tables to be made.
LONG = (
    "web/test_pages.py", "domain/test_settlement_properties.py", "web/test_access.py", "server/test_demo_command.py",
    "server/test_serve.py", "web/test_empty_pages.py", "site/test_loop_in_browser.py", "web/test_settings_look.py",
    "ingest/test_events.py", "web/test_fields.py", "server/test_demo.py", "server/test_settle_paths.py",
    "web/test_terms_editor.py", "server/test_fact_columns.py", "concurrency/test_crash_sweep.py",
    "server/test_embedded.py", "server/test_worker.py", "test_house.py", "web/test_bad_input.py",
    "commissions/test_rich_schedules.py", "commissions/test_schedules.py", "connections/test_stripe_books.py",
    "web/test_forms.py", "oracle/test_engine.py", "api/test_fuzz.py", "server/test_command_line.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that drive the browser carry the mark `browser`; the long files begin first, whatever the order."""
    for item in items:
        if {"browser", "page"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.browser)
    assert all((ROOT / "tests" / name).is_file() for name in LONG), "LONG names a file that is not there"
    rank = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.as_posix().removeprefix(f"{ROOT}/tests/"), len(rank)))


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that reaches for another machine fails at once."""
    connect = socket.socket.connect

    def only_here(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address}; tests use no network")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", only_here)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker, worker_id) -> Iterator[None]:
    """One database for each test process, copied from a template that is migrated once."""
    with django_db_blocker.unblock(), database.provided(ROOT, worker_id):
        yield


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The address of this process's test database, for programs that a test starts."""
    return database.url()


@pytest.fixture
def owner(db: None) -> Iterator[None]:
    """Work as the owner of the tables, who meets the triggers alone, and may damage on purpose."""
    with connection.cursor() as cursor, database.as_owner(cursor):
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium for one file of tests."""
    with browsing.chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A fresh page of 1280 pixels. The test fails when a script fails or the content security policy is broken."""
    page, troubles = browsing.open_page(browser)
    yield page
    if getattr(request.node, "failed", False):
        browsing.picture(page, SCREENSHOTS / "failed" / f"{request.node.name}.png")
    page.context.close()
    assert not troubles, "the browser reported: " + "; ".join(troubles)


@pytest.fixture
def picture(page: Any) -> Any:
    """`picture("name")` keeps a picture of the page in .screenshots/ at 1280 and 375 pixels of width, when wanted."""

    def take(name: str, *, widths: tuple[int, ...] = (1280, 375)) -> list[Path]:
        return browsing.pictures(page, SCREENSHOTS, name, widths) if browsing.PICTURES else []

    return take


@pytest.fixture
def live(live_server: Any, settings: Any) -> str:
    """The address of a running web server over this process's test database."""
    settings.BASE_URL = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [live_server.url]
    return str(live_server.url)


@pytest.fixture
def front(live: str, settings: Any) -> Iterator[str]:
    """The address of the real front before that server: there links are followed and events are taken."""
    with fronting.before(live) as address:
        settings.BASE_URL = address
        settings.CSRF_TRUSTED_ORIGINS = [address]
        yield address


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed  # type: ignore[attr-defined]
    return report
