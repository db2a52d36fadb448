"""Refusals of the commissions package."""

from goodword.domain.errors import DomainError


class AlreadyHeld(DomainError):
    """There is a hold on exactly this already."""

    code = "already_held"


class AlreadyReleased(DomainError):
    """The hold was released before."""

    code = "already_released"


class UnknownLine(DomainError):
    """The partner has no such commission line."""

    code = "unknown_line"


class SuggestionDecided(DomainError):
    """Somebody has credited this partner, or said that the sale is not theirs."""

    code = "suggestion_decided"


class CreditedMeanwhile(DomainError):
    """The sale is credited by now, or a person denied its credit: there is nothing missed."""

    code = "credited_meanwhile"
