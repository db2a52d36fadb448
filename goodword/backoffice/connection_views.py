"""Connections: what other systems send us, how each is set up, and what became of every event."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from goodword.accounts.access import StaffRequest, find
from goodword.accounts.actors import actor_of
from goodword.backoffice.connection_forms import KINDS, ConnectForm, KeyForm, RangeForm, RotateForm
from goodword.backoffice.decisions import Decision, decide
from goodword.backoffice.refusals import form_page, told, tried
from goodword.connections import selectors, services
from goodword.connections.backfill import checked_range
from goodword.connections.models import Connection, ReceivedEvent
from goodword.connections.tasks import defer_read_range
from goodword.insights.csv import csv_response
from goodword.insights.listing import Choice, Column, Filter, Listing, chosen, listing, searched

COLUMNS = (
    Column("Event"), Column("Outcome"), Column("What it led to"), Column("Happened", sort="happened"),
    Column("Received", sort="received"),
)  # fmt: skip
ORDERS = {"received": ("received_at", "id"), "happened": ("happened_at", "id")}
TONES = {"recorded": "good", "quarantined": "bad", "waiting": "warn", "received": "warn", "tested": "accent"}


def connections(request: StaffRequest) -> HttpResponse:
    """Every connection, when it was last heard, and what needs a person."""
    rows = [(one, selectors.health(one)) for one in selectors.connections()]
    return render(request, "backoffice/connections/list.html", {"rows": rows, "kinds": KINDS})


def connect(request: StaffRequest, system: str) -> HttpResponse:
    """Make a connection. A secret that we made is in this one answer and nowhere else."""
    kind = system
    if kind not in KINDS:
        raise Http404
    form = ConnectForm(request.POST or None, kind=kind)
    if request.method == "POST" and form.is_valid():
        given = {"mode": "live", "api_key": "", **form.cleaned_data}
        made = tried(
            form,
            lambda: services.connect(
                request.program, kind=kind, actor=actor_of(request), now=timezone.now(), **given
            ),
        )  # fmt: skip
        if made is not None:
            return _with_secret(request, *made, is_ours=not form.cleaned_data["secret"])
    return form_page(request, "backoffice/connections/connect.html", {"form": form, "kind": kind, "label": KINDS[kind]})


def _with_secret(request: StaffRequest, connection: Connection, text: str, *, is_ours: bool) -> HttpResponse:
    messages.success(request, f"{connection.name} is connected.")
    if not is_ours:
        return _back(request, connection)
    context = {"connection": connection, "secret": text, "address": selectors.address_of(connection)}
    response = render(request, "backoffice/connections/secret.html", context)
    add_never_cache_headers(response)
    return response


def connection(request: StaffRequest, connection: str) -> HttpResponse:
    """One connection: the steps to set it up, how it does, and its events."""
    one = find(Connection, connection)
    secrets = [secret for secret in one.secrets.order_by("-created_at") if secret.is_believed(timezone.now())]
    context = {
        "connection": one, "address": selectors.address_of(one), "health": selectors.health(one), "secrets": secrets,
        "events": selectors.STRIPE_EVENTS, "listing": _events(request, one), "tones": TONES,
        "off_url": _url(request, "connection-off", one), "on_url": _url(request, "connection-on", one),
    }  # fmt: skip
    return render(request, "backoffice/connections/connection.html", context)


def _events(request: StaffRequest, one: Connection) -> Listing:
    choices = [Choice("", "All"), *(Choice(*pair) for pair in ReceivedEvent.OUTCOMES)]
    outcome = chosen(request, "outcome", choices)
    rows = selectors.events_of(one, outcome=outcome, words=searched(request))
    filters = [Filter("outcome", "Outcome", outcome, choices)]
    return listing(request, rows, columns=COLUMNS, orders=ORDERS, default="-received", filters=filters, count=False)


def events_csv(request: StaffRequest, connection: str) -> StreamingHttpResponse:
    """The events as a file, without what they say of people."""
    one = find(Connection, connection)
    header = ("event", "type", "outcome", "reason", "detail", "facts", "happened", "received", "came again")
    rows = (
        (
            row.event_id, row.type, row.outcome, row.reason, row.detail,
            "; ".join(f"{kind} {name}" for kind, name in row.facts), row.happened_at, row.received_at, row.repeats,
        )
        for row in _events(request, one).ordered.iterator(chunk_size=500)
    )  # fmt: skip
    return csv_response(f"{request.program.slug}-received-events", header, rows)


def rotate(request: StaffRequest, connection: str) -> HttpResponse:
    """A new secret beside the old one."""
    one = find(Connection, connection)
    form = RotateForm(request.POST or None, kind=one.kind)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        text = tried(form, lambda: services.rotate_secret(one, actor=actor_of(request), now=timezone.now(), **given))
        if text is not None:
            return _with_secret(request, one, text, is_ours=not given["secret"])
    return form_page(request, "backoffice/connections/rotate.html", {"form": form, "connection": one})


def api_key(request: StaffRequest, connection: str) -> HttpResponse:
    """Give, replace or forget the key to Stripe's list."""
    one = _stripe(connection)
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["api_key"]

        def give() -> bool:
            services.give_api_key(one, api_key=given, actor=actor_of(request))
            return True

        if tried(form, give):
            messages.success(request, "The key is kept." if given else "The key is forgotten.")
            return _back(request, one)
    return form_page(request, "backoffice/connections/api_key.html", {"form": form, "connection": one})


def read_range(request: StaffRequest, connection: str) -> HttpResponse:
    """Read a time from Stripe's own list: what is here already stays as it is."""
    one = _stripe(connection)
    today = timezone.localtime(timezone=ZoneInfo(request.program.timezone)).date()
    form = RangeForm(request.POST or None, initial={"since": today - timedelta(days=3), "until": today})
    if request.method == "POST" and form.is_valid():
        since, until = (_midnight(request, form.cleaned_data[name], name) for name in ("since", "until"))
        span = tried(form, lambda: checked_range(since, until, timezone.now()))
        if span is not None:
            defer_read_range(one, *span)
            messages.success(request, "Stripe's list is being read. New events stand below in a minute.")
            return _back(request, one)
    return form_page(request, "backoffice/connections/read_range.html", {"form": form, "connection": one})


def _midnight(request: StaffRequest, day: object, name: str) -> datetime:
    """The beginning of the first day, the end of the last."""
    start = datetime.combine(day, time.min, ZoneInfo(request.program.timezone))  # type: ignore[arg-type]
    return start + timedelta(days=1) if name == "until" else start


def _stripe(name: str) -> Connection:
    one = find(Connection, name)
    if one.kind != "stripe":
        raise Http404
    return one


def switch_off(request: StaffRequest, connection: str) -> HttpResponse:
    """Stop taking events."""
    one = find(Connection, connection)
    ask = Decision(
        title=f"Turn {one.name} off?", label="Why?", button="Turn it off", back=_url(request, "connection", one),
        done="It is off: its address answers nobody any more.", optional=True,
    )  # fmt: skip
    return decide(request, ask, lambda why: services.switch(one, on=False, reason=why, actor=actor_of(request)))


def switch_on(request: StaffRequest, connection: str) -> HttpResponse:
    """Take events again."""
    one = find(Connection, connection)
    services.switch(one, on=True, reason="", actor=actor_of(request))
    messages.success(request, f"{one.name} is on.")
    return _back(request, one)


def event(request: StaffRequest, received: str) -> HttpResponse:
    """One event: what became of it and why, and its body as it came."""
    one = find(ReceivedEvent, received)
    context = {"event": one, "body": selectors.body_text(one), "tone": TONES.get(one.outcome, "")}
    return render(request, "backoffice/connections/event.html", context)


def replay(request: StaffRequest, received: str) -> HttpResponse:
    """Judge one event again."""
    one = find(ReceivedEvent, received)
    told(request, lambda: services.replay(one, actor=actor_of(request), now=timezone.now()), "It was judged again.")
    return HttpResponseRedirect(reverse("backoffice:connection-event", args=[request.program.slug, one.public_id]))


def _url(request: StaffRequest, name: str, one: Connection) -> str:
    return reverse(f"backoffice:{name}", args=[request.program.slug, one.public_id])


def _back(request: StaffRequest, one: Connection) -> HttpResponse:
    return HttpResponseRedirect(_url(request, "connection", one))
