"""The life of a payout run and of each payout in it: one table each of what may follow what.

Every path that moves money (a button, a job, a command) asks here, with the state read under lock.
"""

from typing import Literal

from goodword.domain.errors import DomainError

RunState = Literal["prepared", "approved", "exported", "closed", "cancelled"]
RunAction = Literal["approve", "export", "close", "cancel"]
PayoutState = Literal["prepared", "approved", "exported", "paid", "returned", "cancelled"]
PayoutAction = Literal["approve", "export", "confirm", "return", "cancel"]

RUN_STEPS: dict[tuple[str, str], RunState] = {
    ("prepared", "approve"): "approved",
    ("prepared", "cancel"): "cancelled",
    ("approved", "cancel"): "cancelled",
    ("approved", "export"): "exported",
    ("exported", "close"): "closed",
}
PAYOUT_STEPS: dict[tuple[str, str], PayoutState] = {
    ("prepared", "approve"): "approved",
    ("prepared", "cancel"): "cancelled",
    ("approved", "cancel"): "cancelled",
    ("approved", "export"): "exported",
    ("exported", "confirm"): "paid",
    ("exported", "return"): "returned",
    ("paid", "return"): "returned",  # the bank sends money back days after it said it was paid
}
LIVE_PAYOUT_STATES = frozenset({"prepared", "approved", "exported"})
"""States in which the lines of a payout belong to it alone."""

_PAST = {
    "approve": "approved",
    "export": "sent",
    "close": "closed",
    "cancel": "cancelled",
    "confirm": "paid",
    "return": "returned",
}


class StepNotAllowed(DomainError):
    """The action does not follow from the state: somebody else was faster, or it is over."""

    code = "step_not_allowed"


class SamePerson(DomainError):
    """The person who prepared a run wants to approve it."""

    code = "second_person_needed"


def next_run_state(state: str, action: RunAction) -> RunState:
    """The state of a run after the action; raises StepNotAllowed."""
    if (following := RUN_STEPS.get((state, action))) is None:
        raise StepNotAllowed(
            f"A run that is {state} cannot be {_PAST[action]}.",
            field="state",
            value=state,
            remedy="Look at the run again.",
        )
    return following


def next_payout_state(state: str, action: PayoutAction) -> PayoutState:
    """The state of a payout after the action; raises StepNotAllowed."""
    if (following := PAYOUT_STEPS.get((state, action))) is None:
        raise StepNotAllowed(
            f"A payout that is {state} cannot be {_PAST[action]}.",
            field="state",
            value=state,
            remedy="Look at the payout again.",
        )
    return following


def check_second_person(prepared_by: object, approver: object) -> None:
    """Approval takes another person than preparation; raises SamePerson."""
    if prepared_by == approver:
        raise SamePerson(
            "You took the first step yourself, so somebody else has to take this one.",
            field="approved_by",
            remedy="Ask another person with the owner or finance role.",
        )
