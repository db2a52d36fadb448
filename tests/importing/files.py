"""Files for the import tests: a program with a partner, and a way to import text as a person would."""

import io

from goodword.referrals.importing.files import inspect
from goodword.referrals.importing.layout import Layout
from goodword.referrals.importing.services import File, dry_run, import_file
from tests import cast

SALES = {"id": "order", "at": "date", "customer": "client", "amount": "total", "currency": "currency"}
HEADER = "order,date,client,total,currency\n"
ROW = "s-1,2026-09-01T10:00:00Z,c-1,120.00,EUR\n"
SIZE_MAX = 10_000


def file(content, kind="sales", columns=None, **formats):
    """A file of a kind, read as the layout says; what can be checked without columns is checked here."""
    data = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    found = inspect(data, size_max=SIZE_MAX)
    layout = Layout(columns or (SALES if kind == "sales" else {}), **formats)
    return File(kind, data, f"{kind}.csv", found.content_hash, layout)


def preview(program, content, *args, **formats):
    return dry_run(program, file(content, *args, **formats), actor=cast.actor(), now=cast.NOW)


def bring(program, content, *args, skip_bad=False, again=False, now=cast.NOW, **formats):
    """Import a text."""
    given = file(content, *args, **formats)
    return import_file(program, given, actor=cast.actor(), skip_bad=skip_bad, again=again, now=now)
