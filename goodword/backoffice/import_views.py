"""Import pages: choose a file, say how to read it, see what it would do, import it, take it back."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts import access
from goodword.accounts.access import StaffRequest
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.backoffice.import_forms import LayoutForm, UploadForm
from goodword.backoffice.import_words import Wrong, cell, label, labelled, wrong
from goodword.backoffice.refusals import tried
from goodword.domain.errors import DomainError, Problem
from goodword.insights.csv import csv_response
from goodword.insights.listing import Column, Listing, listing, searched
from goodword.insights.refusals import sentence
from goodword.referrals.importing import layout as layouts
from goodword.referrals.importing.errors import FileTooLarge, NotACsvFile
from goodword.referrals.importing.formats import DATES, NUMBERS
from goodword.referrals.importing.kinds import KINDS
from goodword.referrals.importing.layout import Layout
from goodword.referrals.importing.services import last_layout, undo_import, why_not_undo
from goodword.referrals.importing.steps import AT_ONCE_MAX, check_upload, import_upload
from goodword.referrals.importing.table import Header, likely_delimiter, read_header, read_rows
from goodword.referrals.importing.uploads import keep_upload, opened, set_layout
from goodword.referrals.models import Import, Upload
from goodword.referrals.tasks import Work, defer_import_step

COLUMNS = (
    Column("File", sort="file"),
    Column("What"),
    Column("New", numeric=True),
    Column("Known", numeric=True),
    Column("Left out", numeric=True),
    Column("Money", numeric=True),
    Column("Imported", sort="imported"),
    Column("State"),
)
ORDERS = {"file": ("file_name", "id"), "imported": ("imported_at", "id")}
SAMPLES = 3
SHOWN = 100


def _listing(request: StaffRequest) -> Listing:
    rows = Import.objects.select_related("imported_by")
    if words := searched(request):
        rows = rows.filter(file_name__icontains=words)
    return listing(request, rows, columns=COLUMNS, orders=ORDERS, default="-imported")


def imports(request: StaffRequest) -> HttpResponse:
    waiting = Upload.objects.filter(made=None).order_by("-uploaded_at")
    return render(request, "backoffice/imports/list.html", {"listing": _listing(request), "waiting": waiting})


def imports_csv(request: StaffRequest) -> HttpResponseBase:
    header = ["id", "file", "kind", "rows", "new", "known", "changed", "left out", "money", "imported", "by", "undone"]

    def rows() -> Iterator[list[Any]]:
        for one in _listing(request).ordered.iterator(chunk_size=500):
            counts = one.counts
            money = "; ".join(f"{amount} {currency}" for currency, amount in counts.get("totals", {}).items())
            figures = [counts.get(name, 0) for name in ("rows", "new", "duplicates", "changed", "bad")]
            yield [
                one.public_id,
                one.file_name,
                one.kind,
                *figures,
                money,
                one.imported_at,
                one.imported_by,
                one.undone_at,
            ]

    return csv_response(f"{request.program.slug}-imports", header, rows())


def import_new(request: StaffRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind", "sales")})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                upload = _keep(request, form)
                return redirect("backoffice:import-map", request.program.slug, upload.public_id)
            except DomainError as refused:
                status = _status(refused)
                form.add_error("file", sentence(refused.problem))
    limit = settings.IMPORT_MAX_BYTES >> 20
    return render(request, "backoffice/imports/new.html", {"form": form, "limit_mb": limit}, status=status)


def _keep(request: StaffRequest, form: UploadForm) -> Upload:
    given = form.cleaned_data["file"]
    return keep_upload(
        request.program,
        kind=form.cleaned_data["kind"],
        name=given.name,
        file=given,
        size_max=settings.IMPORT_MAX_BYTES,
        by=request.user,
        now=timezone.now(),
    )


def _status(refused: DomainError) -> int:
    if isinstance(refused, FileTooLarge):
        return 413
    return 415 if isinstance(refused, NotACsvFile) else 422


def import_map(request: StaffRequest, upload: str) -> HttpResponse:
    """How is the file to be read? The delimiter first: without it there are no columns to speak of."""
    waiting = _waiting(upload)
    delimiter = request.POST.get("delimiter") or layouts.from_json(waiting.layout).delimiter
    if not waiting.layout and request.method != "POST":
        delimiter = likely_delimiter(opened(waiting))
    kind = KINDS[waiting.kind]
    refused: DomainError | None = None
    try:
        header = read_header(opened(waiting), delimiter)
        samples = _samples(waiting, delimiter, header)
    except DomainError as error:
        refused, header, samples = error, Header(()), []
    start = _start(waiting, header, delimiter)
    form = LayoutForm(request.POST or None, kind=kind, header=header, layout=start, zone=request.program.timezone)
    same_file = request.POST.get("columns") == str(len(header.names))
    if request.method == "POST" and refused is None and same_file and form.is_valid():
        tried(form, lambda: layouts.check(kind, form.layout, header), **_renamed(form))
        if not form.errors:
            set_layout(waiting, form.layout)
            return _work_on(request, waiting, "checking")
    elif request.method == "POST" and refused is None and not same_file:
        # The delimiter was changed, so other columns came out: show them before anything is checked.
        form = LayoutForm(None, kind=kind, header=header, layout=start, zone=request.program.timezone)
    context = {
        "upload": waiting,
        "kind": kind,
        "form": form,
        "rows": list(zip(form.column_fields, samples, strict=True)) if samples else [],
        "header": header,
        "refused": [sentence(problem) for problem in refused.problems] if refused else [],
    }
    failed = refused is not None or bool(form.errors)
    return render(request, "backoffice/imports/mapping.html", context, status=422 if failed else 200)


def _waiting(public_id: str) -> Upload:
    return access.find(Upload, public_id)


def _start(upload: Upload, header: Header, delimiter: str) -> Layout:
    """What the form shows first: what was said before about this file, else about the last one, else by name."""
    if upload.layout:
        said = layouts.from_json(upload.layout)
        columns = {field: name for field, name in said.columns.items() if name in header.names}
        return Layout(columns, said.values, delimiter, said.numbers, said.dates, said.zone)
    last = last_layout(upload.kind)
    found = layouts.proposed(KINDS[upload.kind], header, delimiter, layouts.from_json(last) if last else None)
    return found if last else replace(found, zone=upload.program.timezone)


def _samples(upload: Upload, delimiter: str, header: Header) -> list[list[str]]:
    """The first cells of each column."""
    rows = list(islice((row for row in read_rows(opened(upload), delimiter, header) if not row.problem), SAMPLES))
    return [[row.cells[place][:60] for row in rows] for place in range(len(header.names))]


def _renamed(form: LayoutForm) -> dict[str, str]:
    """A problem of a field is shown at its column or value, or at the top where it has neither."""
    return {name.removeprefix("same-"): name for name in form.fields if name.startswith("same-")}


def _work_on(
    request: StaffRequest, upload: Upload, work: Work, *, skip_bad: bool = False, again: bool = False
) -> HttpResponse:
    """Do a step at once when the file is small, else leave it to the worker and show how far it is."""
    actor, now = actor_of(request), timezone.now()
    if upload.size > AT_ONCE_MAX:
        defer_import_step(upload, work, actor=actor, by=request.user, skip_bad=skip_bad, again=again)
    elif work == "checking":
        check_upload(upload, actor=actor, now=now)
    else:
        made = _import_now(request, upload, skip_bad=skip_bad, again=again)
        if made is not None:
            return redirect("backoffice:import", request.program.slug, made.public_id)
    return redirect("backoffice:import-preview", request.program.slug, upload.public_id)


def _import_now(request: StaffRequest, upload: Upload, *, skip_bad: bool, again: bool) -> Import | None:
    actor, now = actor_of(request), timezone.now()
    try:
        made = import_upload(upload, skip_bad=skip_bad, again=again, actor=actor, by=request.user, now=now)
    except DomainError as refused:
        messages.error(request, sentence(refused.problem))
        check_upload(upload, actor=actor, now=now)
        return None
    messages.success(request, f"{made.file_name} is imported.")
    return made


def import_preview(request: StaffRequest, upload: str) -> HttpResponse:
    """What the import would do; a POST does it."""
    waiting = _waiting(upload)
    if waiting.made is not None:
        return redirect("backoffice:import", request.program.slug, waiting.made.public_id)
    if request.method == "POST" and not waiting.work:
        skip, again = "skip_bad" in request.POST, "again" in request.POST
        return _work_on(request, waiting, "importing", skip_bad=skip, again=again)
    if not waiting.layout or (waiting.preview is None and not waiting.work):
        return redirect("backoffice:import-map", request.program.slug, waiting.public_id)
    context = {
        "upload": waiting,
        "kind": KINDS[waiting.kind],
        "preview": waiting.preview or {},
        "refused": [sentence(Problem(**one)) for one in (waiting.preview or {}).get("refused", ())],
        "examples": _examples(waiting),
        "wrong": _wrong(waiting)[:SHOWN],
        "unused": _unused(waiting) if waiting.preview else [],
        "earlier": Import.objects.filter(kind=waiting.kind, content_hash=waiting.content_hash, undone_at=None).first(),
        "percent": min(waiting.bytes_done * 100 // max(waiting.size, 1), 100),
    }
    part = "backoffice/imports/progress.html" if request.headers.get("HX-Request") and waiting.work else None
    return render(request, part or "backoffice/imports/preview.html", context)


def _examples(upload: Upload) -> dict[str, Any]:
    """The first new rows as a table: their fields in the order of the kind, free properties last."""
    found: list[dict[str, Any]] = (upload.preview or {}).get("examples", [])
    kind, zone = KINDS[upload.kind], ZoneInfo(upload.program.timezone)
    known = [column.name for column in kind.columns] + ["properties"]
    names = [name for name in known if any(name in one for one in found)]
    rows = [[cell(kind, name, one.get(name, ""), zone) for name in names] for one in found]
    return {"names": [label(kind, name) for name in names], "rows": rows}


def _wrong(upload: Upload) -> list[Wrong]:
    kind, layout = KINDS[upload.kind], layouts.from_json(upload.layout)
    return [wrong(kind, layout, problem) for problem in (upload.preview or {}).get("problems", [])]


def _unused(upload: Upload) -> list[str]:
    layout = layouts.from_json(upload.layout)
    try:
        names = read_header(opened(upload), layout.delimiter).names
    except DomainError:
        return []
    return [name for name in names if name not in layout.columns.values()]


def import_problems_csv(request: StaffRequest, upload: str) -> HttpResponseBase:
    """The rows that are wrong, as a file to work through."""
    waiting = _waiting(upload)
    return csv_response(f"{waiting.file_name}-problems", Wrong._fields, iter(_wrong(waiting)))


def import_drop(request: StaffRequest, upload: str) -> HttpResponse:
    waiting = _waiting(upload)
    if waiting.made is not None or waiting.work == "importing":
        raise Http404
    name = waiting.file_name
    waiting.delete()
    messages.success(request, f"{name} is dropped; nothing of it was imported.")
    return redirect("backoffice:imports", request.program.slug)


def import_page(request: StaffRequest, made: str) -> HttpResponse:
    one = access.find(Import, made)
    blocked = why_not_undo(one)
    context = {
        "import": one,
        "kind": KINDS.get(one.kind),
        "columns": labelled(one.kind, one.mapping.get("columns", {})),
        "values": labelled(one.kind, one.mapping.get("values", {})),
        "blocked": sentence(blocked.problem) if blocked else "",
        "numbers": NUMBERS.get(one.mapping.get("numbers", "")),
        "dates": DATES.get(one.mapping.get("dates", "")),
    }
    return render(request, "backoffice/imports/page.html", context)


def import_undo(request: StaffRequest, made: str) -> HttpResponse:
    one, now = access.find(Import, made), timezone.now()
    ask = Decision(
        title=f"Take {one.file_name} back?",
        label="Why? (it stands in the audit trail)",
        button="Take it back",
        done=f"{one.file_name} is taken back. Commissions are settled again in a moment.",
        back=reverse("backoffice:import", args=[request.program.slug, one.public_id]),
    )
    return decide(
        request,
        ask,
        lambda reason: undo_import(one, reason=reason, actor=actor_of(request), by=request.user, now=now),
    )
