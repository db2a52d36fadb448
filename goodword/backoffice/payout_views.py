"""Payout runs for finance: what could be paid now, prepare, approve, send the file, confirm or return line by line."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Case, Value, When
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from goodword.accounts.access import StaffRequest, find, may
from goodword.accounts.actors import actor_of
from goodword.backoffice.decisions import Decision, decide
from goodword.backoffice.refusals import told
from goodword.domain.errors import DomainError
from goodword.domain.ids import public_id
from goodword.domain.money import to_decimal
from goodword.domain.payout_rules import RunPlan
from goodword.insights.csv import csv_response
from goodword.insights.lines import rule_of
from goodword.insights.listing import Column, Listing, listing
from goodword.insights.refusals import sentence
from goodword.insights.story import story_of
from goodword.insights.wording import count_text, money_text
from goodword.ledger.selectors import currencies_in_use
from goodword.payouts import selectors, services
from goodword.payouts.debts import waiting_proposals
from goodword.payouts.models import Payout, PayoutRun

RUN_TONES = {"prepared": "warn", "approved": "accent", "exported": "accent", "closed": "good", "cancelled": ""}
PAYOUT_TONES = {"exported": "accent", "paid": "good", "returned": "bad"}
RUN_WORDS = {
    "prepared": "waits for a second person to approve it",
    "approved": "is approved; the payout file can be sent",
    "exported": "has been sent; confirm or return each payout when the bank answers",
    "closed": "is finished",
    "cancelled": "was cancelled; everything went back to payable",
}
SKIP_WORDS = {
    "negative": "owes: more was taken back than earned; it will be netted",
    "below_minimum": "is below the minimum; it is carried to the next run",
    "held": "is on hold",
    "no_details": "has given no payout details yet",
    "cooling_off": "changed its payout details; they can be used from",
}
RUN_COLUMNS = (
    Column("Run", sort="run"),
    Column("State", sort="state"),
    Column("Prepared", sort="prepared"),
    Column("Payouts", sort="payouts", numeric=True),
    Column("Paid", sort="paid", numeric=True),
    Column("Returned", sort="returned", numeric=True),
    Column("Amount", sort="amount", numeric=True),
)
# Amounts of several currencies are told apart before they are compared.
ORDERS = {
    "run": ("number",),
    "state": ("state_place", "number"),
    "prepared": ("prepared_at", "number"),
    "payouts": ("payout_count", "number"),
    "paid": ("currency", "paid", "number"),
    "returned": ("currency", "returned", "number"),
    "amount": ("currency", "total", "number"),
}


@require_safe
def runs(request: StaffRequest) -> HttpResponse:
    """The runs, page by page, and what a new one would pay in each currency."""
    now = timezone.now()
    found = _runs(request)
    plans = [
        _shown_plan(currency, services.plan_next_run(request.program, currency, now=now))
        for currency in currencies_in_use(request.program)
    ]
    context = {
        "listing": found,
        "summaries": [_shown(selectors.summary_of(run)) for run in found.page.rows],
        "heads": found.heads,
        "plans": plans,
        "debts": waiting_proposals(),
    }
    return render(request, "backoffice/payouts/runs.html", context)


@require_safe
def runs_csv(request: StaffRequest) -> HttpResponseBase:
    """The list of runs as a file."""
    header = ("run", "state", "currency", "payouts", "amount", "paid", "returned", "prepared_at")
    rows = (
        (
            run.number,
            run.state,
            run.currency,
            run.payout_count,
            to_decimal(run.total, run.currency),
            to_decimal(run.paid, run.currency),
            to_decimal(run.returned, run.currency),
            run.prepared_at,
        )
        for run in _runs(request).ordered
    )
    return csv_response(f"{request.program.slug}-payout-runs", header, rows)


def _runs(request: StaffRequest) -> Listing:
    places = [When(state=state, then=Value(place)) for place, state in enumerate(RUN_WORDS)]
    rows = selectors.runs().annotate(state_place=Case(*places, default=Value(0)))
    return listing(request, rows, columns=RUN_COLUMNS, orders=ORDERS, default="-run")


@require_POST
def prepare(request: StaffRequest) -> HttpResponse:
    """Prepare a run in the posted currency."""
    try:
        run = services.prepare_run(
            request.program,
            request.POST.get("currency", ""),
            user=request.user,
            actor=actor_of(request),
            now=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, sentence(refusal.problem))
        return HttpResponseRedirect(reverse("backoffice:payouts", args=[request.program.slug]))
    messages.success(request, f"Run {run.number} is prepared. Somebody else has to approve it.")
    return _to_run(request, run)


@require_safe
def run_page(request: StaffRequest, run: str) -> HttpResponse:
    """One run: its state in words, what may be done next, and every payout in it."""
    return _run_page(request, find(PayoutRun, run))


def _run_page(request: StaffRequest, found: PayoutRun, tick_error: str = "") -> HttpResponse:
    summary = selectors.summary_of(selectors.runs().get(pk=found.pk))
    payouts = [{"tone": PAYOUT_TONES.get(p.state, ""), "row": p} for p in selectors.payouts_of(found)]
    context = {
        "run": found,
        "summary": summary,
        "state": _shown(summary),
        "payouts": payouts,
        "is_preparer": found.prepared_by_id == request.user.pk,
        "can_confirm": found.state == "exported" and may(request, "backoffice:payout-confirm"),
        "approve_words": _approve_words(summary),
        "events": story_of("payout_run", found.public_id),
        "tick_error": tick_error,
        **{f"{step}_url": _url(request, f"payout-{step}", found) for step in ("approve", "export", "cancel")},
    }
    return render(request, "backoffice/payouts/run.html", context, status=422 if tick_error else 200)


@require_safe
def run_csv(request: StaffRequest, run: str) -> HttpResponseBase:
    """The payouts of a run as a file to read; the one for the bank, with whole account numbers, is another."""
    found = find(PayoutRun, run)
    header = ("partner", "partner id", "state", "reference", "currency", "amount", "settled", "note")
    rows = (
        (
            one.partner.name,
            one.partner.public_id,
            one.state,
            one.reference,
            one.currency,
            to_decimal(one.amount_minor, one.currency),
            one.settled_at,
            one.outcome_note,
        )
        for one in selectors.payouts_of(found)
    )
    return csv_response(f"{request.program.slug}-run-{found.number:04d}", header, rows)


@require_POST
def approve(request: StaffRequest, run: str) -> HttpResponse:
    """The second person agrees."""
    found = find(PayoutRun, run)
    return _step(
        request,
        found,
        lambda: services.approve_run(found, user=request.user, actor=actor_of(request), now=timezone.now()),
        f"Run {found.number} is approved. Send the payout file to the bank now.",
    )


@require_POST
def export(request: StaffRequest, run: str) -> HttpResponse:
    """Mark the run as sent; the file is downloaded from its page."""
    found = find(PayoutRun, run)
    return _step(
        request,
        found,
        lambda: services.export_run(found, user=request.user, actor=actor_of(request), now=timezone.now()),
        f"Run {found.number} is sent. Download the file, and confirm each payout when the bank answers.",
    )


@require_POST
def payout_file(request: StaffRequest, run: str) -> HttpResponse:
    """The file with full account numbers. Every download stands in the audit trail."""
    found = find(PayoutRun, run)
    try:
        content = services.read_file(found, actor=actor_of(request))
    except DomainError as refusal:
        messages.error(request, sentence(refusal.problem))
        return _to_run(request, found)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{request.program.slug}-payouts-{found.number:04d}.csv"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
def cancel(request: StaffRequest, run: str) -> HttpResponse:
    """Cancel a run that was not sent; asks for a reason."""
    found, now = find(PayoutRun, run), timezone.now()
    ask = Decision(
        title=f"Cancel run {found.number}?",
        label="Why?",
        button="Cancel the run",
        done=f"Run {found.number} is cancelled. Everything in it is payable again.",
        back=_url(request, "payout-run", found),
        needed="Say why the run is cancelled; the reason stands in the audit trail.",
    )
    return decide(
        request, ask, lambda reason: services.cancel_run(found, reason=reason, actor=actor_of(request), now=now)
    )


@require_POST
def confirm(request: StaffRequest, run: str) -> HttpResponse:
    """The bank paid the ticked payouts."""
    found = find(PayoutRun, run)
    keys = [find(Payout, key).pk for key in request.POST.getlist("payout")]
    if not keys:
        return _run_page(request, found, "Tick the payouts that the bank has paid.")
    return _step(
        request,
        found,
        lambda: services.confirm_payouts(found, keys, actor=actor_of(request), now=timezone.now()),
        f"{count_text(len(keys), 'payout is', 'payouts are')} confirmed as paid.",
    )


@require_safe
def payout_page(request: StaffRequest, payout: str) -> HttpResponse:
    """One payout: the lines it settles, and the form that returns it."""
    found = find(Payout, payout)
    lines = selectors.lines_with_commissions(found)
    named = {(line.terms, line.rule) for line in lines if line.rule}
    context = {
        "payout": found,
        "tone": PAYOUT_TONES.get(found.state, ""),
        "run": found.run,
        "lines": lines,
        "rules": [text for text in (rule_of(request.program, *names) for names in sorted(named)) if text],
        "return_url": _url(request, "payout-return", found),
    }
    return render(request, "backoffice/payouts/payout.html", context)


@require_safe
def payout_csv(request: StaffRequest, payout: str) -> HttpResponseBase:
    """The lines of a payout as a file."""
    found = find(Payout, payout)
    rows = (
        (
            one.line,
            one.conversion,
            one.conversion_at,
            one.rule,
            found.currency,
            to_decimal(one.amount_minor, found.currency),
        )
        for one in selectors.lines_with_commissions(found)
    )
    header = ("line", "sale", "at", "rule", "currency", "amount")
    return csv_response(f"{request.program.slug}-{found.reference}", header, rows)


@require_POST
def return_payout(request: StaffRequest, payout: str) -> HttpResponse:
    """The money of one payout came back."""
    found, now = find(Payout, payout), timezone.now()
    ask = Decision(
        title="Did this money come back?",
        label="What did the bank say?",
        button="It came back",
        done=f"The payout to {found.partner.name} is returned; the amount is payable again.",
        back=_url(request, "payout-run", found.run),
        needed="Say what the bank gave as the reason; the partner is told.",
    )
    return decide(
        request, ask, lambda reason: services.return_payout(found, reason=reason, actor=actor_of(request), now=now)
    )


def _shown(summary: selectors.RunSummary) -> dict[str, Any]:
    run = summary.run
    return {"run": run, "summary": summary, "tone": RUN_TONES[run.state], "words": RUN_WORDS[run.state]}


def _shown_plan(currency: str, plan: RunPlan) -> dict[str, Any]:
    paid = [{"of": one, "public_id": public_id("partner", one.partner)} for one in plan.paid]
    skipped = [
        {"of": one, "public_id": public_id("partner", one.partner), "words": SKIP_WORDS[one.reason]}
        for one in plan.skipped
    ]
    return {"currency": currency, "total_minor": plan.total_minor, "paid": paid, "skipped": skipped}


def _approve_words(summary: selectors.RunSummary) -> str:
    amount = money_text(summary.total_minor, summary.run.currency)
    return (
        f"{amount} goes to {count_text(summary.payouts, 'partner', 'partners')}. "
        "Your approval binds exactly these partners, amounts and accounts; if one of them changes, the run is refused."
    )


def _url(request: StaffRequest, name: str, obj: PayoutRun | Payout) -> str:
    return reverse(f"backoffice:{name}", args=[request.program.slug, obj.public_id])


def _step(request: StaffRequest, run: PayoutRun, write: Callable[[], object], done: str) -> HttpResponse:
    """Take a run one step on, or say why not; back to its page."""
    told(request, write, done)
    return _to_run(request, run)


def _to_run(request: StaffRequest, run: PayoutRun) -> HttpResponse:
    return HttpResponseRedirect(reverse("backoffice:payout-run", args=[request.program.slug, run.public_id]))
