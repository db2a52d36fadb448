"""One webhook and its log: what was sent, every try, and sending again."""

import json
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from goodword.accounts.access import StaffRequest, find_among
from goodword.accounts.actors import actor_of
from goodword.backoffice.refusals import form_page, told, tried
from goodword.backoffice.webhook_forms import ReplayForm
from goodword.backoffice.webhook_views import TONES, WORDS
from goodword.insights.csv import csv_response
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing
from goodword.webhooks.catalog import ALL, KINDS, UNASKED
from goodword.webhooks.models import Attempt, Delivery, Endpoint
from goodword.webhooks.replaying import Range, replay_delivery, replay_range
from goodword.webhooks.secrets import live_secrets
from goodword.webhooks.selectors import deliveries_of, endpoints_of, state_of, with_attempts

COLUMNS = (
    Column("What happened"),
    Column("When", sort="when"),
    Column("State"),
    Column("Tries", numeric=True),
    Column("Last answer"),
)
ORDERS = {"when": ("number", "id")}
STATE_CHOICES = (
    Choice("", "All"),
    Choice("waiting", "Waiting"),
    Choice("delivered", "Delivered"),
    Choice("given_up", "Given up"),
)
DELIVERY_TONES = {"waiting": "", "delivered": "good", "given_up": "bad"}
FAILURES = dict(Attempt.FAILURES)


def webhook(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """One system: how it is, and what it was told."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    found = _log(request, endpoint)
    rows = [_row(delivery) for delivery in with_attempts(Delivery.unscoped.select_related("event")).filter(
        pk__in=[row.pk for row in found.page.rows]).order_by("-number")]  # fmt: skip
    if request.GET.get("sort", "-when") == "when":
        rows.reverse()
    state = state_of(endpoint)
    slug = [request.program.slug, endpoint.public_id]
    context = {
        "endpoint": endpoint, "state": state, "word": WORDS[state], "tone": TONES[state],
        "kinds": [KINDS[kind] for kind in endpoint.kinds if kind in KINDS], "everything": ALL in endpoint.kinds,
        "secrets": live_secrets(endpoint, timezone.now()),
        "listing": replace(found, page=replace(found.page, rows=rows)),
        "urls": {name: reverse(f"backoffice:webhook-{name}", args=slug)
                 for name in ("on", "off", "rotate", "remove", "test", "csv")},
    }  # fmt: skip
    return render(request, "backoffice/settings/webhook.html", context)


def webhook_csv(request: StaffRequest, webhook_endpoint: str) -> StreamingHttpResponse:
    """The same log as a file."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    header = ("message", "event", "happened", "state", "tries", "settled")
    rows = (
        (one.event.public_id, one.event.kind, one.event.at, one.state, one.attempts_made, one.settled_at)
        for one in _log(request, endpoint).ordered.iterator(chunk_size=500)
    )
    return csv_response(f"{request.program.slug}-webhook-log", header, rows)


def _log(request: StaffRequest, endpoint: Endpoint) -> Listing:
    state = chosen(request, "state", STATE_CHOICES)
    rows = deliveries_of(request.program).filter(endpoint=endpoint)
    if state:
        rows = rows.filter(state=state)
    shown = Filter("state", "State", state, STATE_CHOICES)
    return listing(
        request, rows, columns=COLUMNS, orders=ORDERS, default="-when", filters=(shown,), count=False
    )  # fmt: skip


def _row(delivery: Delivery) -> dict[str, object]:
    tries = list(delivery.attempts.all())
    return {
        "one": delivery,
        "about": _about(delivery.event.kind),
        "tone": DELIVERY_TONES[delivery.state],
        "last": tries[-1] if tries else None,
        "why": FAILURES.get(tries[-1].failure, "") if tries else "",
    }


def _about(kind: str) -> str:
    found = KINDS.get(kind) or UNASKED.get(kind)
    return found.about if found else kind


def delivery(request: StaffRequest, webhook_delivery: str) -> HttpResponse:
    """One message: what it says, and every try."""
    one = find_among(with_attempts(deliveries_of(request.program)), webhook_delivery)
    context = {
        "delivery": one,
        "about": _about(one.event.kind),
        "tone": DELIVERY_TONES[one.state],
        "payload": json.dumps(json.loads(one.event.payload), ensure_ascii=False, indent=2),
        "tries": [(attempt, FAILURES.get(attempt.failure, "")) for attempt in one.attempts.all()],
        "again_url": reverse("backoffice:webhook-delivery-replay", args=[request.program.slug, one.public_id]),
    }
    return render(request, "backoffice/settings/webhook_delivery.html", context)


def delivery_replay(request: StaffRequest, webhook_delivery: str) -> HttpResponse:
    """Send it again."""
    one = find_among(deliveries_of(request.program), webhook_delivery)
    again = lambda: replay_delivery(one, actor=actor_of(request), now=timezone.now())  # noqa: E731
    told(request, again, "It is on its way again, under the same id.")
    return HttpResponseRedirect(reverse("backoffice:webhook-delivery", args=[request.program.slug, one.public_id]))


def replay(request: StaffRequest, webhook_endpoint: str) -> HttpResponse:
    """Send the events of some days again, in their order."""
    endpoint = find_among(endpoints_of(request.program), webhook_endpoint)
    form = ReplayForm(request.POST or None, initial=_days(request, endpoint))
    if request.method == "POST" and form.is_valid():
        wanted, actor = _range(request, form), actor_of(request)
        sent = tried(form, lambda: replay_range(endpoint, wanted, actor=actor, now=timezone.now()))
        if sent is not None:
            messages.success(request, f"{sent:,} messages are on their way." if sent else "Nothing is missing there.")
            slug = [request.program.slug, endpoint.public_id]
            return HttpResponseRedirect(reverse("backoffice:webhook", args=slug))
    return form_page(request, "backoffice/settings/webhook_replay.html", {"form": form, "endpoint": endpoint})


def _days(request: StaffRequest, endpoint: Endpoint) -> dict[str, object]:
    zone = ZoneInfo(request.program.timezone)
    today = timezone.now().astimezone(zone).date()
    begin = endpoint.failing_since or endpoint.off_since
    return {"since": begin.astimezone(zone).date() if begin else today - timedelta(days=1), "until": today}


def _range(request: StaffRequest, form: ReplayForm) -> Range:
    """Whole days in the program's zone, the last one included."""
    zone, given = ZoneInfo(request.program.timezone), form.cleaned_data
    begin = datetime.combine(given["since"], time.min, zone)
    end = datetime.combine(given["until"] + timedelta(days=1), time.min, zone)
    return Range(begin, end, delivered=given["delivered"])
