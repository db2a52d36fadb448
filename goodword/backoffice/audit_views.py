"""The audit trail: who did what, when, and what changed. A manager sees what they did themselves."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from goodword.accounts.access import StaffRequest
from goodword.accounts.form_words import PlainForm
from goodword.accounts.models import AuditEntry
from goodword.backoffice.audit_changes import changes, partners_in
from goodword.insights.audit_words import done
from goodword.insights.csv import csv_response
from goodword.insights.paging import page_of
from goodword.partners.models import Terms
from goodword.partners.selectors import names_of

AREAS = [
    ("", "Everything"),
    ("partner seat application agreement terms group link live_test code", "Partners and terms"),
    ("payout payout_run payout_method hold commission debt", "Money"),
    ("team key webhook webhook_endpoint connection program user access", "Team, keys, settings"),
    ("import customer conversion touch refund cancel credit missed_credit page_lead rate sale event", "Facts"),
]
WHO = [("", "Anybody"), ("user", "The team"), ("partner", "Partners"), ("key", "API keys"), ("system", "Goodword")]


class AuditFilter(PlainForm):
    """What the trail is narrowed to."""

    q = forms.CharField(label="Search", required=False, max_length=100)
    who = forms.ChoiceField(choices=WHO, required=False)
    area = forms.ChoiceField(label="What", choices=AREAS, required=False)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))


def audit(request: StaffRequest) -> HttpResponse:
    """The trail, newest first."""
    form, entries = _narrowed(request)
    page = page_of(request, entries, order=("-sequence",))
    names = {**dict(Terms.objects.values_list("key", "name")), **names_of(partners_in(page.rows))}
    rows = [(entry, entry.actor_label.partition(" <")[0], done(entry), changes(entry, names)) for entry in page.rows]
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "own_only": request.role == "manager",
        "narrowed": _is_on(form),
    }
    return render(request, "backoffice/settings/audit.html", context)


def audit_csv(request: StaffRequest) -> StreamingHttpResponse:
    """The same entries as a file, with the numbers and hashes that prove that none is missing."""
    _, entries = _narrowed(request)
    header = ("number", "at", "who", "what", "about", "changed", "reason", "action", "hash", "previous_hash")
    return csv_response(f"{request.program.slug} audit trail", header, _csv_rows(entries))


def _csv_rows(entries: QuerySet[AuditEntry]) -> Iterator[tuple[object, ...]]:
    for entry in entries.order_by("-sequence").iterator(chunk_size=500):
        said = "; ".join(f"{change.field}: {change.before} -> {change.after}" for change in changes(entry))
        yield (
            entry.sequence, entry.at, entry.actor_label, done(entry), entry.object_id, said, entry.reason,
            entry.action, entry.hash, entry.previous_hash,
        )  # fmt: skip


def _is_on(form: AuditFilter) -> bool:
    return form.is_valid() and any(form.cleaned_data.values())


def _narrowed(request: StaffRequest) -> tuple[AuditFilter, QuerySet[AuditEntry]]:
    entries = AuditEntry.objects.filter(program=request.program)
    if request.role == "manager":
        entries = entries.filter(actor_id=request.user.public_id)
    form = AuditFilter(request.GET)
    form.is_valid()
    given, zone = form.cleaned_data, ZoneInfo(request.program.timezone)
    if words := given.get("q", "").replace("\x00", ""):
        entries = entries.filter(
            Q(object_label__icontains=words) | Q(actor_label__icontains=words) | Q(action__icontains=words)
        )
    if who := given.get("who"):
        entries = entries.filter(actor_kind__in=[who, "public"] if who == "partner" else [who])
    if area := given.get("area"):
        kinds = Q()
        for name in area.split():
            kinds |= Q(action__startswith=f"{name}.")
        entries = entries.filter(kinds)
    if since := given.get("since"):
        entries = entries.filter(at__gte=_midnight(since, zone))
    if until := given.get("until"):
        entries = entries.filter(at__lt=_midnight(until + timedelta(days=1), zone))
    return form, entries


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
