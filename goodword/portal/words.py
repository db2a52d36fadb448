"""What a partner is told, in words: what was taken back, where an amount is, why a sale paid nothing. Pure text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from goodword.insights.wording import day_text, money_text

NO_COMMISSION = {
    "no_touch": "Nothing of yours led to it: your contact with this customer came later.",
    "outside_window": "The customer came through you too long before: your contact no longer counted.",
    "self_referral": "You and the customer seem to be the same, and the program does not pay for own purchases.",
    "existing_customer": "They were a customer of the program before you met them.",
    "no_agreement": "You had no agreement in force on that day.",
    "ended_for_cause": "Your agreement had been ended.",
    "no_rule": "Your agreement pays nothing for this kind of sale.",
    "lasts_over": "The time for which your agreement pays for this customer was over.",
    "fx_pending": "It waits for an exchange rate; it is worked out as soon as there is one.",
    "credit_denied": "The program team decided that no partner is credited.",
    "bad_click": "The click that came with it could not be confirmed.",
    "other_partner": "Another partner led this customer to it, after you or more directly.",
}
"""Why a conversion paid a partner nothing, by the engine's outcome; `other_partner` is ours: somebody else got it."""

LESSENED = {
    "floor": "raised to the least amount your agreement pays",
    "capped_sale": "limited: your agreement caps what one sale pays",
    "capped_customer": "limited: your agreement caps what one customer pays",
    "capped_period": "limited: your agreement caps what one period pays",
    "guardrail": "limited: all partners of one sale together get no more than a set part of it",
    "budget": "limited: the program's budget was used up",
}
"""What the engine's reasons mean for an amount."""


@dataclass(frozen=True, slots=True)
class Word:
    """A status as one word, its tone, and the sentence behind it: until when, and who acts next."""

    word: str
    tone: str
    title: str


def taken_back_sentence(
    amount: int, currency: str, *, order_at: datetime | None, refunded: bool, owed: int, zone: ZoneInfo, today: date
) -> str:
    """`€12.00 was taken back after it had been paid: the order of 3 May was refunded. It will be taken off ...`"""
    order = f"the order of {day_text(order_at.astimezone(zone).date(), today)}" if order_at else "the order"
    cause = f"{order} was refunded" if refunded else f"{order} was worked out anew"
    if not owed:
        return f"{money_text(amount, currency)} was taken back: {cause}."
    return (
        f"{money_text(owed, currency)} was taken back after it had been paid: {cause}. "
        "It will be taken off your next payout."
    )


def reasons_sentence(reasons: Sequence[str]) -> str:
    """What made the amount other than rate times basis; empty when nothing did."""
    found = [LESSENED[reason] for reason in reasons if reason in LESSENED]
    return f"The amount was {'; '.join(found)}." if found else ""


def outcome_sentence(outcome: str) -> str:
    """Why there is no commission, for the partner who had a part in it."""
    return NO_COMMISSION.get(outcome, "No rule of your agreement applied.")
