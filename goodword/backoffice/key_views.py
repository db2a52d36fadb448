"""API keys: the list, a new one (shown once), revoking."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from goodword.accounts.access import StaffRequest, find
from goodword.accounts.actors import actor_of
from goodword.accounts.keys import create_key, publishable_text, revoke_key
from goodword.accounts.models import ApiKey
from goodword.backoffice.refusals import form_page
from goodword.backoffice.settings_forms import SCOPE_WORDS, KeyForm, ReasonForm
from goodword.domain.errors import DomainError
from goodword.insights.csv import csv_response
from goodword.insights.listing import Column, Head, sorted_table
from goodword.insights.refusals import show_refusal

STATES = ("works", "expired", "revoked")
COLUMNS = (
    Column("Key", sort="name"),
    Column("State", sort="state"),
    Column("May"),
    Column("Last used", sort="used"),
    Column("Ends", sort="ends"),
)
SORTS: dict[str, Callable[[ApiKey], Any]] = {
    "name": lambda key: key.name.casefold(),
    "state": lambda key: STATES.index(_state(key)),
    # Never used comes before all uses, no end after all ends.
    "used": lambda key: (key.last_used_at is not None, key.last_used_at),
    "ends": lambda key: (_ends(key) is None, _ends(key)),
}


def keys(request: StaffRequest) -> HttpResponse:
    """Every key of the program, the working ones first."""
    heads, listed = _sorted(request)
    shown = [(key, _begins(key), _state(key), [SCOPE_WORDS[scope] for scope in key.scopes]) for key in listed]
    return render(request, "backoffice/settings/keys.html", {"keys": shown, "heads": heads})


def _sorted(request: StaffRequest) -> tuple[Sequence[Head], list[ApiKey]]:
    newest_first = ApiKey.objects.select_related("created_by").order_by("-created_at")
    return sorted_table(request, newest_first, columns=COLUMNS, keys=SORTS, default="state")


def keys_csv(request: StaffRequest) -> StreamingHttpResponse:
    """The same as a file; no key can be read from it."""
    header = ("name", "begins with", "state", "may", "made", "made by", "last used", "ends", "revoked")
    rows = (
        (key.name, _begins(key), _state(key), "; ".join(key.scopes), key.created_at,
         key.created_by.name if key.created_by else "", key.last_used_at, key.expires_at, key.revoked_at)
        for key in _sorted(request)[1]
    )  # fmt: skip
    return csv_response(f"{request.program.slug}-keys", header, rows)


def _begins(key: ApiKey) -> str:
    """What of a key may be shown again: all of one for web pages, the beginning of a secret one."""
    return publishable_text(key) if key.is_publishable else f"gw_{key.mode}_{key.prefix}"


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= timezone.now() else "works"


def _ends(key: ApiKey) -> datetime | None:
    return key.revoked_at or key.expires_at


def create(request: StaffRequest) -> HttpResponse:
    """Make a key. Its text is in this one answer and nowhere else."""
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            key, text = create_key(
                request.program, name=form.cleaned_data["name"], scopes=form.cleaned_data["scopes"],
                expires_at=_end(request, form), actor=actor_of(request), created_by=request.user,
            )  # fmt: skip
        except DomainError as refusal:
            show_refusal(form, refusal)
        else:
            response = render(request, "backoffice/settings/key_made.html", {"key": key, "text": text})
            add_never_cache_headers(response)
            return response
    return form_page(request, "backoffice/settings/key_create.html", {"form": form})


def _end(request: StaffRequest, form: KeyForm) -> datetime | None:
    """A key works through its last day, in the program's zone."""
    last = form.cleaned_data["expires_at"]
    if last is None:
        return None
    return datetime.combine(last + timedelta(days=1), time.min, ZoneInfo(request.program.timezone))


def revoke(request: StaffRequest, api_key: str) -> HttpResponse:
    """End a key at once."""
    key = find(ApiKey, api_key)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        revoke_key(key, actor=actor_of(request), reason=form.cleaned_data["reason"])
        messages.success(request, f"The key {key.name} is revoked; it works no longer.")
        return HttpResponseRedirect(reverse("backoffice:keys", args=[request.program.slug]))
    return form_page(request, "backoffice/settings/key_revoke.html", {"key": key, "form": form})
