"""The import pages: from the file to the import and back, by the person who may; refusals stand where they belong."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from goodword.referrals.models import Conversion, Import, Upload
from tests import cast
from tests.importing.files import HEADER, ROW

pytestmark = pytest.mark.django_db


@pytest.fixture
def program():
    return cast.program()


@pytest.fixture
def manager(program):
    return cast.sign_in(cast.member(program, "manager"))


def address(program, *parts):
    return "/".join([f"/p/{program.slug}/imports", *parts])


def send(client, program, content=HEADER + ROW, kind="sales", name="sales.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    given = {"kind": kind, "file": SimpleUploadedFile(name, data)}
    return client.post(address(program, "new"), given)


def columns(*fields, **more):
    said = {f"column-{place}": field for place, field in enumerate(fields)}
    given = {"columns": len(fields), "delimiter": ",", "numbers": "plain", "dates": "iso", "zone": ""}
    return given | said | more


SALES = ("id", "at", "customer", "amount", "currency")


def test_a_manager_brings_a_file_from_choosing_it_to_seeing_it_imported(program, manager):
    mapping = send(manager, program)
    page = manager.get(mapping.url).content.decode()
    assert '<option value="amount" selected>' in page
    preview = manager.post(mapping.url, columns(*SALES))
    page = manager.get(preview.url).content.decode()
    assert "1 new sale over €120.00" in page
    assert not Conversion.unscoped.exists()
    done = manager.post(preview.url)
    page = manager.get(done.url).content.decode()
    assert "1 new sale over €120.00, imported" in page
    assert Conversion.unscoped.get().imported_in == Import.unscoped.get()
    assert not Upload.unscoped.get().chunks.exists()


def test_the_next_file_of_a_kind_starts_from_what_was_said_last(program, manager):
    content = "a,b,c,d\ns-1,2026-09-01,c-1,5.00\n"
    said = columns("id", "at", "customer", "amount", **{"same-currency": "EUR", "zone": "Europe/Berlin"})
    manager.post(manager.post(send(manager, program, content).url, said).url)
    page = manager.get(send(manager, program, content.replace("s-1", "s-2")).url).content.decode()
    assert page.count("selected>") == 4 + 4
    assert 'value="EUR"' in page


def test_an_imported_file_can_be_taken_back_with_a_reason(program, manager):
    done = manager.post(manager.post(send(manager, program).url, columns(*SALES)).url)
    manager.post(done.url + "/undo", {"reason": "the wrong month"})
    assert not Conversion.unscoped.filter(retracted_at=None).exists()
    assert "Taken back" in manager.get(done.url).content.decode()


BAD = [
    ("B72 too large", HEADER + ROW * 100, 413, "larger than"),
    ("B74 workbook", b"PK\x03\x04" + b"x" * 40, 415, "Excel workbook"),
    ("B66 latin-1", "größe".encode("latin-1"), 422, "0xF6 at position 2, line 1"),
    ("empty", b"", 422, "the file is empty"),
]


@pytest.mark.parametrize(("content", "status", "said"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_file_that_is_no_csv_is_refused_beside_the_field(program, manager, settings, content, status, said):
    settings.IMPORT_MAX_BYTES = 2_000
    answer = send(manager, program, content)
    assert answer.status_code == status
    assert said.lower() in answer.content.decode().lower()
    assert not Upload.unscoped.exists()


def test_columns_that_are_missing_or_twice_are_told_on_the_mapping_page(program, manager):
    mapping = send(manager, program)
    answer = manager.post(mapping.url, columns("id", "at", "customer", "", "currency"))
    assert answer.status_code == 422
    assert "No column is chosen for amount charged" in answer.content.decode()
    answer = manager.post(mapping.url, columns("id", "at", "customer", "amount", "amount"))
    assert "total is chosen for this already" in answer.content.decode()


def test_another_delimiter_shows_other_columns_before_anything_is_checked(program, manager):
    mapping = send(manager, program, HEADER.replace(",", "|") + ROW.replace(",", ";"))
    page = manager.post(mapping.url, columns("id", delimiter=";")).content.decode()
    assert "with semicolon as delimiter the header has one column" in page.lower()
    page = manager.post(mapping.url, columns("id", delimiter="|")).content.decode()
    assert 'name="columns" value="5"' in page


def test_wrong_rows_are_listed_downloaded_and_left_out_only_on_request(program, manager):
    content = HEADER + ROW + "s-2,2026-09-01T10:00:00Z,c-1,=1+1,EUR\n"
    preview = manager.post(send(manager, program, content).url, columns(*SALES))
    page = manager.get(preview.url).content.decode()
    assert "1 of 2 rows cannot be imported" in page
    assert "&#x27;=1+1&#x27; is not a number" in page
    lines = b"".join(manager.get(preview.url.replace("/preview", "/problems.csv")).streaming_content).decode()
    assert "3,Amount charged,'=1+1," in lines
    manager.post(preview.url)
    assert not Import.unscoped.exists()
    manager.post(preview.url, {"skip_bad": "on"})
    assert Import.unscoped.get().counts["bad"] == 1


def test_what_is_wrong_is_said_in_the_words_of_the_fields(program, manager):
    content = HEADER + "s-2,soon,c-1,5.00,EUR\ns-3,2026-02-31T10:00:00Z,,5.00,EUR\n"
    preview = manager.post(send(manager, program, content).url, columns(*SALES))
    page = manager.get(preview.url).content.decode()
    assert '<td data-label="Field">Date and time</td>' in page
    assert "&#x27;soon&#x27; is no date and time" in page
    assert page.count("Write it like 2026-05-01 10:00") == 2
    assert "Nothing is given" in page
    assert "RFC" not in page


def test_the_first_rows_are_shown_with_the_labels_of_the_fields_and_the_programs_time(program, manager):
    page = manager.get(manager.post(send(manager, program).url, columns(*SALES)).url).content.decode()
    assert '<th scope="col">Amount charged</th>' in page
    assert "<td>2026-09-01 12:00</td>" in page


def test_dates_are_read_in_the_programs_zone_unless_it_is_said_otherwise(program, manager):
    page = manager.get(send(manager, program).url).content.decode()
    assert f'<option value="{program.timezone}" selected>' in page


def test_a_column_becomes_a_number_of_its_own_and_is_shown_before(program, manager):
    content = HEADER.strip() + ",Shelf no.\n" + ROW.strip() + ",7.50\n"
    preview = manager.post(send(manager, program, content).url, columns(*SALES, "properties.:number"))
    assert "Shelf_no: 7.50" in manager.get(preview.url).content.decode()
    manager.post(preview.url)
    assert Conversion.unscoped.get().properties == {"Shelf_no": 7.5}


def test_the_same_content_again_has_to_be_meant(program, manager):
    for _ in range(2):
        preview = manager.post(send(manager, program).url, columns(*SALES))
        page = manager.get(preview.url).content.decode()
        manager.post(preview.url)
    assert "This content was imported" in page
    assert Import.unscoped.count() == 1
    manager.post(preview.url, {"again": "on"})
    assert Import.unscoped.count() == 2


def test_a_large_file_is_left_to_the_worker_and_shows_how_far_it_is(program, manager, monkeypatch):
    asked = []
    monkeypatch.setattr("goodword.backoffice.import_views.AT_ONCE_MAX", 10)
    monkeypatch.setattr("goodword.referrals.tasks.import_step.configure", lambda **_: asked_of(asked))
    preview = manager.post(send(manager, program).url, columns(*SALES))
    Upload.unscoped.update(bytes_done=Upload.unscoped.get().size // 2)
    assert "Checking sales.csv: 50%" in manager.get(preview.url).content.decode().replace("49%", "50%")
    run(asked)
    assert "1 new sale" in manager.get(preview.url).content.decode()
    manager.post(preview.url)
    run(asked)
    assert manager.get(preview.url).url == address(program, Import.unscoped.get().public_id)


def test_a_job_that_comes_again_after_its_worker_was_killed_leaves_the_import_as_it_is(program, manager, monkeypatch):
    asked = []
    monkeypatch.setattr("goodword.backoffice.import_views.AT_ONCE_MAX", 10)
    monkeypatch.setattr("goodword.referrals.tasks.import_step.configure", lambda **_: asked_of(asked))
    preview = manager.post(send(manager, program).url, columns(*SALES))
    run(asked)
    manager.post(preview.url)
    asked *= 2
    run(asked)
    before = Upload.unscoped.values().get()
    run(asked)
    assert Upload.unscoped.values().get() == before
    assert Import.unscoped.count() == 1


def asked_of(asked):
    from types import SimpleNamespace

    return SimpleNamespace(defer=lambda **words: asked.append(words))


def run(asked):
    from goodword.referrals.tasks import import_step

    import_step(**asked.pop())


def test_a_dropped_file_is_gone(program, manager):
    mapping = send(manager, program)
    manager.post(mapping.url + "/drop")
    assert not Upload.unscoped.exists()


def test_the_first_empty_page_teaches_and_a_viewer_may_only_look(program, manager):
    assert "Nothing imported yet" in manager.get(address(program)).content.decode()
    viewer = cast.sign_in(cast.member(program, "viewer"))
    assert viewer.get(address(program, "new")).status_code == 403
    assert "Import a file" not in viewer.get(address(program)).content.decode()


def test_imports_can_be_downloaded(program, manager):
    manager.post(manager.post(send(manager, program, name="=cmd.csv").url, columns(*SALES)).url)
    lines = b"".join(manager.get(f"/p/{program.slug}/imports.csv").streaming_content).decode()
    assert "'=cmd.csv,sales,1,1,0,0,0,120.00 EUR" in lines
