"""One commission line in words: where it stands, how it came about, what would change it. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from goodword.accounts.models import Program
from goodword.commissions.models import Hold
from goodword.commissions.selectors import LineDetail, LineRow
from goodword.insights.receipts import ReceiptRow, receipt
from goodword.insights.terms import rule_words
from goodword.insights.wording import day_text, money_text
from goodword.ledger.selectors import JournalTransaction
from goodword.partners.models import Agreement, TermsVersion
from goodword.referrals.models import Conversion, Refund


@dataclass(frozen=True, slots=True)
class StateWords:
    """A state as a word, its colour, and who acts next."""

    word: str
    tone: str
    next: str


STATE_WORDS: Mapping[str, StateWords] = {
    "pending": StateWords("Not yet safe", "warn", "Becomes payable by itself when the refund time is over"),
    "held": StateWords("Held", "warn", "Stays until a person releases the hold"),
    "payable": StateWords("Payable", "accent", "Goes out with the next payout over the minimum"),
    "in_payout": StateWords("In a payout", "accent", "Waits for the payout to be approved, sent and confirmed"),
    "paid": StateWords("Paid", "good", "Nothing more to do"),
    "taken_back": StateWords("Taken back", "bad", "The sale was refunded or credited to somebody else"),
    "nothing": StateWords("Worth nothing", "", "The rule applied, but the basis or a limit left nothing"),
}

REASONS: Mapping[str, str] = {
    "floor": "raised to the least amount that the rule promises",
    "capped_sale": "cut by the rule's limit per sale",
    "capped_customer": "cut by the rule's limit per customer",
    "capped_period": "cut by the rule's limit per period",
    "guardrail": "cut by the program's limit on what all partners of one sale get together",
    "budget": "cut by the program's budget",
}

_POSTED: Mapping[str, str] = {
    "accrual": "Earned",
    "maturity": "Became payable",
    "hold": "Held",
    "release": "Hold released",
    "clawback": "Taken back",
    "correction": "Corrected",
    "payout": "Put into a payout",
    "payout_paid": "Paid",
    "payout_returned": "The payout came back",
    "payout_cancelled": "Taken out of the payout",
    "claim": "Asked back",
    "write_off": "Written off",
    "reversal": "Reversed",
}


@dataclass(frozen=True, slots=True)
class Posted:
    """A posting of the line, as the timeline shows it."""

    at: datetime
    text: str
    actor: str
    note: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class LineStory:
    """Everything a page says about a line."""

    standing: str
    steps: Sequence[ReceiptRow]
    rule: str
    changes: Sequence[str]
    history: Sequence[Posted]
    sale: Conversion | None
    agreement: Agreement | None
    version: TermsVersion | None
    hold: Hold | None
    reasons: Sequence[str]


def story_of_line(program: Program, detail: LineDetail, *, now: datetime) -> LineStory:
    """The whole story of one line, as it stands now."""
    row = detail.row
    version = _version(row)
    hold = _hold(row)
    sale = Conversion.objects.filter(external_id=row.conversion, retracted_at=None).first()
    return LineStory(
        standing=_standing(row, hold, now.astimezone(ZoneInfo(program.timezone)).date()),
        steps=receipt(detail.steps, row.currency, without=("agreement", "rule")),
        rule=rule_words(program, version.document, row.rule) if version else "",
        changes=_changes(row, version),
        history=[_posted(one) for one in reversed(detail.history)],
        sale=sale,
        agreement=_agreement(row),
        version=version,
        hold=hold,
        reasons=[REASONS[reason] for reason in row.reasons if reason in REASONS],
    )


def rule_of(program: Program, terms: str, rule: str) -> str:
    """What the rule of a line says, by the names that stand in the line; empty where there is no such rule."""
    version = _version_of(terms)
    return rule_words(program, version.document, rule) if version else ""


def _version(row: LineRow) -> TermsVersion | None:
    return _version_of(row.terms)


def _version_of(terms: str) -> TermsVersion | None:
    key, _, number = terms.rpartition("@")
    if not number.isdecimal():
        return None
    return TermsVersion.objects.select_related("terms").filter(terms__key=key, number=int(number)).first()


def _agreement(row: LineRow) -> Agreement | None:
    return (
        Agreement.objects.filter(partner=row.partner_id, starts_at__lte=row.conversion_at)
        .select_related("terms_version__terms")
        .order_by("-starts_at")
        .first()
    )


def _hold(row: LineRow) -> Hold | None:
    return (
        Hold.objects.filter(partner=row.partner_id, line__in=["", row.line], released_at=None)
        .select_related("placed_by")
        .first()
    )


def _standing(row: LineRow, hold: Hold | None, today: date) -> str:
    amount = money_text(row.amount_minor, row.currency)
    safe = day_text(row.matures_on, today)
    if row.state == "pending":
        return f"{amount}, not payable before {safe}, because refunds are possible until then."
    if row.state == "held":
        return f"{amount}, held: {hold.reason if hold else 'a person stopped it'}."
    if row.state == "payable":
        return f"{amount}, safe since {safe}; it goes out with the next payout."
    if row.state == "in_payout":
        return f"{amount}, inside a payout that is on its way."
    if row.state == "paid":
        return f"{amount}, paid."
    if row.state == "taken_back":
        return f"{amount} is left; what was earned before was taken back."
    return "Nothing, though a rule applied."


def _changes(row: LineRow, version: TermsVersion | None) -> list[str]:
    days = ((version.document.get("clawback") or {}).get("days")) if version else None
    changes = []
    if row.state in {"pending", "held", "payable", "in_payout", "paid"}:
        limit = f" within {days} days of it" if days is not None else ", whenever it comes"
        changes.append(f"A refund of this sale{limit} lowers the commission in proportion.")
        changes.append("A decision that another partner is to be credited moves it to that partner.")
    if row.state in {"pending", "payable"}:
        changes.append("A hold stops it from being paid until somebody lets go.")
    if row.state == "paid":
        changes.append("What is taken back after it was paid becomes a debt, netted in the next payouts.")
    return changes


def _posted(one: JournalTransaction) -> Posted:
    # What moved for the partner: a payment also moves the program's own accounts by as much.
    own = [entry for entry in one.entries if entry.owner]
    moved = max(sum(entry.debit_minor for entry in own), sum(entry.credit_minor for entry in own))
    kind = one.transaction.kind
    amount = money_text(moved, one.entries[0].currency) if one.entries and moved else ""
    actor = "" if one.transaction.actor == "system" else one.transaction.actor.partition(" <")[0]
    tones = {"accrual": "", "maturity": "good", "payout_paid": "good", "clawback": "bad", "hold": "warn"}
    text = f"{_POSTED.get(kind, kind.replace('_', ' ').capitalize())} {amount}".strip()
    return Posted(
        one.transaction.recorded_at, text, actor, f"Transaction {one.transaction.sequence}", tones.get(kind, "")
    )


def refunds_of(sale: str) -> list[Refund]:
    """The refunds of a sale (by its id outside), in order."""
    return list(Refund.objects.filter(sale=sale, retracted_at=None).order_by("at", "external_id"))
