"""Operations that read what facts came to: commission lines, outcomes, balances, payouts, the ledger, the program."""

from typing import Any

from django.db.models import QuerySet, Sum
from django.http import Http404
from django.utils import timezone
from ninja import Router

from goodword.accounts.actors import actor_of
from goodword.api.inputs import NEW_RUN
from goodword.api.operations import Body, Call, Operation, by_id, serve
from goodword.api.partners import named_partner
from goodword.api.queries import AT_FROM, AT_TO, Page, choice_filter, page_of, page_query, text_filter
from goodword.commissions.models import Line, Outcome
from goodword.domain.chart import CHART
from goodword.domain.ids import public_id
from goodword.domain.money import to_decimal
from goodword.ledger.models import Account, Entry, Transaction
from goodword.ledger.selectors import JournalEntry, JournalTransaction, with_entries
from goodword.objects.schemas import (
    BalanceAnswer,
    LineAnswer,
    LineWithSteps,
    OutcomeAnswer,
    PayoutAnswer,
    PayoutRunAnswer,
    ProgramAnswer,
    TransactionAnswer,
    page_schema,
)
from goodword.objects.shown import line_shown, payout_shown
from goodword.partners.exact_json import plain_numbers
from goodword.partners.models import Partner
from goodword.payouts.models import Payout
from goodword.payouts.services import prepare_run
from goodword.referrals.export import program_document
from goodword.referrals.models import Conversion
from goodword.referrals.warning_signs import BAD_CLICK, of_bad_click, worded

router = Router()
_BUCKETS = [kind.name for kind in CHART.values() if kind.owned_by == "partner"]


def list_lines(request: Call) -> Page:
    """Commission lines, newest conversion first."""
    asked, rows = request.asked, Line.objects.all()
    if "partner" in asked:
        rows = rows.filter(partner=named_partner(request.program, asked["partner"]))
    for name in ("conversion", "customer", "kind"):
        if name in asked:
            rows = rows.filter(**{name: asked[name]})
    if "at_from" in asked:
        rows = rows.filter(conversion_at__gte=asked["at_from"])
    if "at_to" in asked:
        rows = rows.filter(conversion_at__lt=asked["at_to"])
    page = page_of(request, rows.defer("steps"), order=("-conversion_at", "line"))
    return Page([line_shown(row) for row in page.rows], page.next)


def _line(_request: Call, name: str) -> Line:
    found = Line.objects.filter(line=name).first()
    if found is None:
        raise Http404
    return found


def get_line(request: Call) -> dict[str, Any]:
    """One line with the arithmetic that led to it."""
    return {**line_shown(request.target), "steps": request.target.steps}


def list_outcomes(request: Call) -> Page:
    """Why conversions have no line, by conversion."""
    rows = Outcome.objects.all()
    if "conversion" in request.asked:
        rows = rows.filter(conversion=request.asked["conversion"])
    page = page_of(request, _of_outcome(rows, request.asked.get("outcome", "")), order=("conversion",))
    said = {row.conversion: row.outcome for row in page.rows}
    customers = dict(
        Conversion.objects.filter(external_id__in=said, retracted_at=None).values_list("external_id", "customer")
    )
    shown = [{"conversion": name, "outcome": outcome} for name, outcome in worded(said, customers).items()]
    return Page(shown, page.next)


def _of_outcome(rows: QuerySet[Outcome], outcome: str) -> QuerySet[Outcome]:
    """Settlement knows no bad clicks, only that there was no touch; the signs beside the facts tell the two apart."""
    if outcome == BAD_CLICK:
        return rows.filter(of_bad_click("conversion"), outcome="no_touch")
    rows = rows.filter(outcome=outcome) if outcome else rows
    return rows.exclude(of_bad_click("conversion")) if outcome == "no_touch" else rows


def list_balances(request: Call) -> Page:
    """What the books say of each partner and currency."""
    rows = Partner.objects.all()
    if "partner" in request.asked:
        rows = rows.filter(pk=named_partner(request.program, request.asked["partner"]).pk)
    page = page_of(request, rows, order=("-id",))
    owners = [partner.pk for partner in page.rows]
    sums = Account.objects.filter(owner__in=owners, kind__in=_BUCKETS).order_by("owner", "currency")
    found: dict[tuple[Any, str], dict[str, int]] = {}
    for owner, currency, kind, balance in sums.values_list("owner", "currency", "kind").annotate(Sum("balance_minor")):
        found.setdefault((owner, currency), {})[kind] = -balance
    order = {owner: place for place, owner in enumerate(owners)}
    shown = [_balance_shown(*pair, found[pair]) for pair in sorted(found, key=lambda pair: (order[pair[0]], pair[1]))]
    return Page(shown, page.next)


def _balance_shown(owner: Any, currency: str, buckets: dict[str, int]) -> dict[str, Any]:
    amounts = {kind: to_decimal(buckets.get(kind, 0), currency) for kind in _BUCKETS}
    return {"partner": public_id("partner", owner), "currency": currency, **amounts}


def list_payouts(request: Call) -> Page:
    """Payouts, newest first."""
    asked, rows = request.asked, Payout.objects.all()
    if "partner" in asked:
        rows = rows.filter(partner=named_partner(request.program, asked["partner"]))
    if "state" in asked:
        rows = rows.filter(state=asked["state"])
    page = page_of(request, rows, order=("-id",))
    return Page([payout_shown(row) for row in page.rows], page.next)


def prepare_payouts(request: Call) -> dict[str, Any]:
    """Prepare a run: whoever made the key counts as who prepared it, so somebody else has to approve it."""
    run = prepare_run(
        request.program,
        request.given["currency"],
        user=request.api_key.created_by,
        actor=actor_of(request),
        now=timezone.now(),
    )
    payouts = list(Payout.objects.filter(run=run).order_by("reference"))
    total = sum(payout.amount_minor for payout in payouts)
    return {
        "id": run.public_id,
        "number": run.number,
        "state": run.state,
        "currency": run.currency,
        "amount": to_decimal(total, run.currency),
        "prepared_at": run.prepared_at,
        "payouts": [payout_shown(payout) for payout in payouts],
    }


def get_payout(request: Call) -> dict[str, Any]:
    """One payout."""
    return payout_shown(request.target)


def list_transactions(request: Call) -> Page:
    """The journal, newest first."""
    asked, rows = request.asked, Transaction.objects.all()
    if "kind" in asked:
        rows = rows.filter(kind=asked["kind"])
    if "line" in asked:
        rows = rows.filter(pk__in=Entry.objects.filter(subject=asked["line"]).values("transaction"))
    if "at_from" in asked:
        rows = rows.filter(recorded_at__gte=asked["at_from"])
    if "at_to" in asked:
        rows = rows.filter(recorded_at__lt=asked["at_to"])
    page = page_of(request, rows, order=("-sequence",))
    return Page([_transaction_shown(one) for one in with_entries(list(page.rows))], page.next)


def get_transaction(request: Call) -> dict[str, Any]:
    """One transaction with its entries."""
    return _transaction_shown(with_entries([request.target])[0])


def _transaction_shown(found: JournalTransaction) -> dict[str, Any]:
    one = found.transaction
    same = ("sequence", "kind", "cause_kind", "cause_id", "effective_at", "recorded_at", "memo", "actor")
    return {
        **{name: getattr(one, name) for name in (*same, "previous_hash", "hash")},
        "id": one.public_id,
        "reverses": public_id("transaction", one.reverses_id) if one.reverses_id else None,
        "entries": [_entry_shown(entry) for entry in found.entries],
    }


def _entry_shown(entry: JournalEntry) -> dict[str, Any]:
    def side(minor: int) -> str | None:
        return to_decimal(minor, entry.currency) if minor else None

    return {
        "account": entry.account,
        "partner": public_id("partner", entry.owner) if entry.owner else None,
        "line": entry.subject or None,
        "currency": entry.currency,
        "debit": side(entry.debit_minor),
        "credit": side(entry.credit_minor),
    }


def get_program(request: Call) -> dict[str, Any]:
    """The program of this key, and the document that settlement runs."""
    program = request.program
    return {
        "id": program.public_id,
        "slug": program.slug,
        "name": program.name,
        "status": program.status,
        "allowed_hosts": program.allowed_hosts,
        "document": plain_numbers(program_document(program)),
    }


_PARTNER = text_filter("public id or external_id")
_LINES = page_query(
    partner=_PARTNER,
    conversion=text_filter("id of the sale or event"),
    customer=text_filter("the customer's id"),
    kind=choice_filter("the line's kind", "commission", "override", "bonus"),
    at_from=AT_FROM,
    at_to=AT_TO,
)
_OUTCOMES = page_query(conversion=text_filter("id of the sale or event"), outcome=text_filter("the reason", 30))
_PAYOUTS = page_query(partner=_PARTNER, state=choice_filter("its state", *(state for state, _ in Payout.STATES)))
_JOURNAL = page_query(
    kind=text_filter("the recipe, such as accrual", 30),
    line=text_filter("a commission line", 80),
    at_from=AT_FROM,
    at_to=AT_TO,
)
for _operation, _handler in (
    (Operation("GET", "/program", "get-program", "Read the program", ProgramAnswer, tags=["program"]), get_program),
    (
        Operation("GET", "/commission-lines", "list-lines", "List commission lines", page_schema(LineAnswer),
                  query=_LINES, tags=["commissions"]),
        list_lines,
    ),
    (
        Operation("GET", "/commission-lines/{line}", "get-line", "Read a commission line with its steps",
                  LineWithSteps, target=_line, tags=["commissions"]),
        get_line,
    ),
    (
        Operation("GET", "/outcomes", "list-outcomes", "List why conversions earned nothing",
                  page_schema(OutcomeAnswer), query=_OUTCOMES, tags=["commissions"]),
        list_outcomes,
    ),
    (
        Operation("GET", "/balances", "list-balances", "List partners' balances", page_schema(BalanceAnswer),
                  query=page_query(partner=_PARTNER), tags=["ledger"]),
        list_balances,
    ),
    (
        Operation("GET", "/payouts", "list-payouts", "List payouts", page_schema(PayoutAnswer),
                  query=_PAYOUTS, tags=["payouts"]),
        list_payouts,
    ),
    (
        Operation("POST", "/payout-runs", "prepare-payouts", "Prepare a payout run", PayoutRunAnswer, 201,
                  Body(NEW_RUN), tags=["payouts"]),
        prepare_payouts,
    ),
    (
        Operation("GET", "/payouts/{payout}", "get-payout", "Read a payout", PayoutAnswer,
                  target=by_id(Payout), tags=["payouts"]),
        get_payout,
    ),
    (
        Operation("GET", "/ledger/transactions", "list-transactions", "List ledger transactions",
                  page_schema(TransactionAnswer), query=_JOURNAL, tags=["ledger"]),
        list_transactions,
    ),
    (
        Operation("GET", "/ledger/transactions/{transaction}", "get-transaction", "Read a ledger transaction",
                  TransactionAnswer, target=by_id(Transaction), tags=["ledger"]),
        get_transaction,
    ),
):  # fmt: skip
    serve(router, _operation, _handler)
