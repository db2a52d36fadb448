"""A partner's commission lines as they are shown: where the money of each is now, and what to say about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from goodword.accounts.models import Program
from goodword.commissions.models import Hold, Line
from goodword.commissions.selectors import LineRow
from goodword.insights.wording import day_text
from goodword.partners.models import Partner
from goodword.payouts.models import PayoutLine
from goodword.portal.words import Word
from goodword.referrals.models import Conversion, Refund

STATES = {
    "pending": "Waiting",
    "held": "Held",
    "payable": "Ready",
    "in_payout": "On its way",
    "paid": "Paid",
    "taken_back": "Taken back",
}
"""The states of a line (`commissions.selectors`) in a partner's words, in the order money goes."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line with everything a table says about it."""

    line: LineRow
    word: Word
    conversion: Conversion | None
    customer: str
    refunded: bool


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around some lines: their payouts, holds, and the day it is in the program."""

    payouts: dict[str, PayoutLine]
    holds: dict[str, Hold]
    zone: ZoneInfo
    now: datetime

    def day(self, at: datetime) -> str:
        return day_text(at.astimezone(self.zone).date(), self.now.astimezone(self.zone).date())


def lines_of(partner: Partner) -> QuerySet[Line]:
    """Every commission line of the partner."""
    return Line.objects.filter(partner=partner)


def rows_of(partner: Partner, lines: Sequence[LineRow], now: datetime) -> list[Row]:
    """Lines with their sale and their words: a handful of queries, however many lines."""
    program, sales = partner.program, [line.conversion for line in lines]
    around = _Around(_payouts_of(program, lines), _holds_of(partner), ZoneInfo(program.timezone), now)
    known = Conversion.objects.filter(external_id__in=sales, retracted_at=None)
    conversions = {conversion.external_id: conversion for conversion in known}
    refunded = set(Refund.objects.filter(sale__in=sales, retracted_at=None).values_list("sale", flat=True))
    return [
        Row(
            line=line,
            word=_word(line, around),
            conversion=conversions.get(line.conversion),
            customer=masked_customer(program, line.customer),
            refunded=line.conversion in refunded,
        )
        for line in lines
    ]


def masked_customer(program: Program, customer: str) -> str:
    """A customer as partners see them: the same sign on every line, and no way back to the name."""
    sign = salted_hmac(f"goodword.portal.customer.{program.pk}", customer, algorithm="sha256").hexdigest()
    return f"Customer {sign[:4].upper()}"


def _payouts_of(program: Program, lines: Sequence[LineRow]) -> dict[str, PayoutLine]:
    """The latest payout each line stood in."""
    names = [line.line for line in lines]
    found = PayoutLine.objects.filter(program=program, line__in=names).select_related("payout")
    return {entry.line: entry for entry in found.order_by("pk")}


def _holds_of(partner: Partner) -> dict[str, Hold]:
    return {hold.line: hold for hold in Hold.objects.filter(partner=partner, released_at=None)}


def _word(line: LineRow, around: _Around) -> Word:
    """Where the line's money is: one word, and on hover since when, until when and who acts next."""
    entry = around.payouts.get(line.line)
    if line.state == "pending":
        until = around.day(line.matures_at)
        return Word(f"Waits until {until}", "", f"Held back until {until}, because refunds are possible until then.")
    if line.state == "held":
        hold = around.holds.get(line.line) or around.holds.get("")
        since = f" since {around.day(hold.placed_at)}" if hold else ""
        return Word("Held", "warn", f"The program team is checking this{since}. They act next.")
    if line.state == "payable":
        return Word("Ready", "accent", "It goes out with the next payout.")
    if line.state == "in_payout":
        reference = f" {entry.payout.reference}" if entry else ""
        return Word("On its way", "accent", f"In payout{reference}; the bank has not confirmed it yet.")
    if line.state == "paid":
        at = entry.payout.settled_at if entry else None
        return Word("Paid", "good", f"Paid on {around.day(at)}." if at else "Paid.")
    if line.state == "taken_back":
        return Word("Taken back", "bad", "The sale was refunded, or worked out anew. Open it for the reason.")
    return Word("Nothing", "", "Your agreement came to nothing for this sale. Open it for the arithmetic.")
