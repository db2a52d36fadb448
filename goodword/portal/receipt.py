"""The arithmetic of one commission as a receipt, and what has happened to it since, in a partner's words."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from goodword.commissions.selectors import LineDetail
from goodword.insights.receipts import ReceiptRow, receipt
from goodword.insights.wording import money_text
from goodword.ledger.selectors import JournalTransaction
from goodword.portal.statement import OWED_KINDS

HAPPENED = {
    "accrual": ("{amount} earned", ""),
    "maturity": ("{amount} became ready: the waiting time was over", ""),
    "hold": ("{amount} held for a check", "warn"),
    "release": ("The check is over: {amount} released", "good"),
    "clawback": ("{amount} taken back", "bad"),
    "correction": ("Worked out anew: {amount}", ""),
    "payout": ("{amount} put into a payout", ""),
    "payout_cancelled": ("{amount} came out of a payout that was not sent", "warn"),
    "payout_paid": ("{amount} paid", "good"),
    "payout_returned": ("{amount} came back from the bank", "bad"),
    "claim": ("{amount} asked back in money", "warn"),
    "write_off": ("A debt of {amount} was given up", ""),
    "reversal": ("A booking was undone: {amount}", ""),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a commission."""

    at: datetime
    text: str
    tone: str = ""
    note: str = ""


def receipt_of(detail: LineDetail) -> list[ReceiptRow]:
    """The arithmetic. Which agreement and rule it was is told below it, in words."""
    return receipt(detail.steps, detail.row.currency, without=("agreement", "rule"))


def what_happened(detail: LineDetail, partner: UUID) -> list[Event]:
    """Everything that was posted about the line, in order, as it looks from the partner's side."""
    return [_event(entry, partner, detail.row.currency) for entry in detail.history]


def _event(posted: JournalTransaction, partner: UUID, currency: str) -> Event:
    kind = posted.transaction.kind
    words, tone = HAPPENED.get(kind, ("{amount} moved", ""))
    amount = _amount(posted, partner)
    if kind not in ("correction", "reversal"):
        amount = abs(amount)
    return Event(posted.transaction.recorded_at, words.format(amount=money_text(amount, currency)), tone)


def _amount(posted: JournalTransaction, partner: UUID) -> int:
    """What the posting changed for the partner; a move between two places counts what was moved."""
    own = [entry for entry in posted.entries if entry.owner == partner]
    owed = sum(entry.credit_minor - entry.debit_minor for entry in own if entry.account in OWED_KINDS)
    return owed or sum(entry.credit_minor for entry in own)
