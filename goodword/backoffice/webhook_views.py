"""Webhooks: the list, a new one with its secret (shown once), changing, switching off and on."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from goodword.accounts.access import StaffRequest, find_among
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.backoffice.refusals import form_page, told, tried
from goodword.backoffice.webhook_forms import WebhookForm
from goodword.insights.csv import csv_response
from goodword.insights.listing import Column, Head, sorted_table
from goodword.webhooks.endpoints import (
    change_endpoint,
    create_endpoint,
    remove_endpoint,
    rotate_secret,
    switch_off,
    switch_on,
)
from goodword.webhooks.models import Endpoint
from goodword.webhooks.replaying import send_test
from goodword.webhooks.selectors import endpoints_of, state_of, with_counts

STATES = ("failing", "off", "new", "works")
TONES = {"failing": "warn", "off": "bad", "works": "good", "new": ""}
WORDS = {"failing": "Not answering", "off": "Off", "works": "Works", "new": "New"}
COLUMNS = (
    Column("System", sort="name"),
    Column("State", sort="state"),
    Column("Is told of"),
    Column("Last taken", sort="last"),
    Column("Waiting", sort="waiting", numeric=True),
)
SORTS: dict[str, Callable[[Any], Any]] = {
    "name": lambda one: str(one).casefold(),
    "state": lambda one: STATES.index(state_of(one)),
    "last": lambda one: (one.last_success_at is not None, one.last_success_at),
    "waiting": lambda one: one.waiting,
}


def webhooks(request: StaffRequest) -> HttpResponse:
    """Every system that is told what happens, troubled ones first."""
    heads, listed = _sorted(request)
    shown = [(one, state_of(one), WORDS[state_of(one)], TONES[state_of(one)]) for one in listed]
    return render(request, "backoffice/settings/webhooks.html", {"webhooks": shown, "heads": heads})


def _sorted(request: StaffRequest) -> tuple[Sequence[Head], list[Any]]:
    rows = with_counts(endpoints_of(request.program))
    return sorted_table(request, rows, columns=COLUMNS, keys=SORTS, default="state")


def webhooks_csv(request: StaffRequest) -> StreamingHttpResponse:
    """The same as a file."""
    header = ("id", "address", "description", "state", "events", "headers", "last taken", "waiting", "given up")
    rows = (
        (one.public_id, one.url, one.description, state_of(one), "; ".join(one.kinds), "; ".join(one.header_names),
         one.last_success_at, one.waiting, one.missed)
        for one in _sorted(request)[1]
    )  # fmt: skip
    return csv_response(f"{request.program.slug}-webhooks", header, rows)


def add(request: StaffRequest) -> HttpResponse:
    """Make one. Its secret is in this one answer and nowhere else."""
    form = WebhookForm(request.POST or None, initial={"everything": True})
    if request.method == "POST" and form.is_valid():
        actor, now = actor_of(request), timezone.now()
        made = tried(form, lambda: create_endpoint(request.program, form.wish(), actor=actor, now=now))
        if made:
            return _secret_page(request, *made, rotated=False)
    return form_page(request, "backoffice/settings/webhook_form.html", {"form": form})


def _secret_page(request: StaffRequest, endpoint: Endpoint, secret: str, *, rotated: bool) -> HttpResponse:
    context = {"endpoint": endpoint, "secret": secret, "rotated": rotated}
    response = render(request, "backoffice/settings/webhook_secret.html", context)
    add_never_cache_headers(response)
    return response


def edit(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """Send elsewhere, or other things."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    form = WebhookForm(request.POST or None, endpoint=endpoint, initial=WebhookForm.shown(endpoint))
    sent = request.method == "POST" and form.is_valid()
    if sent and tried(form, lambda: change_endpoint(endpoint, form.wish(), actor=actor_of(request))) is not None:
        messages.success(request, "Saved. What waits goes to the address as it is now.")
        return HttpResponseRedirect(_page(request, endpoint))
    return form_page(request, "backoffice/settings/webhook_form.html", {"form": form, "endpoint": endpoint})


def rotate(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """A new secret; the one before signs for another day."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    secret = rotate_secret(endpoint, actor=actor_of(request), now=timezone.now())
    return _secret_page(request, endpoint, secret, rotated=True)


def test(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """Send a test message."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    send = lambda: send_test(endpoint, actor=actor_of(request), now=timezone.now())  # noqa: E731
    told(request, send, "A test message is on its way. It stands first in the log; look again in a few seconds.")
    return HttpResponseRedirect(_page(request, endpoint))


def on(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """Send again."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    if told(request, lambda: switch_on(endpoint, actor=actor_of(request)), "It is told of everything from now on."):
        messages.info(request, "What happened while it was off can be sent by “Send again”.")
    return HttpResponseRedirect(_page(request, endpoint))


def off(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """Send nothing more."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    ask = Decision(
        title="Switch this webhook off?", label="Why?", button="Switch it off", done="Nothing is sent there any more.",
        back=_page(request, endpoint), optional=True,
    )  # fmt: skip
    actor, now = actor_of(request), timezone.now()
    return decide(request, ask, lambda reason: switch_off(endpoint, reason=reason, actor=actor, now=now))


def remove(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """Take it away for good."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    ask = Decision(
        title="Remove this webhook?", label="Why?", button="Remove it", done="The webhook and its secrets are gone.",
        back=reverse("backoffice:webhooks", args=[request.program.slug]), optional=True,
    )  # fmt: skip
    actor, now = actor_of(request), timezone.now()
    return decide(request, ask, lambda reason: remove_endpoint(endpoint, reason=reason, actor=actor, now=now))


def _page(request: StaffRequest, endpoint: Endpoint) -> str:
    return reverse("backoffice:webhook", args=[request.program.slug, endpoint.public_id])
