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
