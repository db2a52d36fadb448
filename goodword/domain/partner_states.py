"""The states of partners and applications: which step leads where, and what each step means. No rows, no clock."""

from typing import Final

from goodword.domain.errors import DomainError

_PARTNER: Final = {
    ("active", "pause"): "paused",
    ("paused", "resume"): "active",
    ("active", "end"): "ended",
    ("paused", "end"): "ended",
}
_APPLICATION: Final = {("submitted", "approve"): "approved", ("submitted", "reject"): "rejected"}


class WrongPartnerState(DomainError):
    """The partner's state does not allow the step: only an active one is paused, only a paused one resumes."""

    code = "wrong_partner_state"


class ApplicationDecided(DomainError):
    """Somebody has already decided the application."""

    code = "application_decided"


def partner_after(status: str, step: str) -> str:
    """The status after a step (`pause`, `resume`, `end`), or WrongPartnerState.

    >>> partner_after("active", "pause")
    'paused'
    """
    after = _PARTNER.get((status, step))
    if after is None:
        raise WrongPartnerState(
            f"a partner that is {status} cannot be {_DONE[step]}",
            field="status",
            value=status,
            remedy="reload the page: somebody may have changed the partner meanwhile",
        )
    return after


def partner_may(status: str, step: str) -> bool:
    """Whether the step is open in this status: for showing buttons.

    >>> partner_may("ended", "resume")
    False
    """
    return (status, step) in _PARTNER


def application_after(status: str, step: str) -> str:
    """The status after a decision (`approve`, `reject`), or ApplicationDecided.

    >>> application_after("submitted", "reject")
    'rejected'
    """
    after = _APPLICATION.get((status, step))
    if after is None:
        raise ApplicationDecided(
            f"this application was already {status}",
            field="status",
            value=status,
            remedy="reload the page to see who decided it",
        )
    return after


_DONE: Final = {"pause": "paused", "resume": "resumed", "end": "ended"}
