"""E-mail addresses: what is one, and when two of them may belong to the same person.

An address is kept as it was typed. The normal form is for fraud signals only, never for signing in or merging people.
"""

from email_validator import EmailNotValidError, validate_email

from goodword.domain.errors import DomainError

LENGTH_MAX = 320
_IGNORE_DOTS = frozenset({"gmail.com", "googlemail.com"})


class InvalidEmail(DomainError):
    """The text is no e-mail address that a letter could reach."""

    code = "invalid_email"


def mask_email(email: str) -> str:
    """Where an address leads, without whose it is: for who may see that there is one.

    >>> mask_email("ann@example.com")
    'a•••@example.com'
    """
    name, at, host = email.partition("@")
    return f"{name[:1]}•••@{host}" if at else email


def checked_email(text: str, *, field: str = "email") -> str:
    """The address without the space around it; raises InvalidEmail for anything that is none.

    >>> checked_email(" Ann.Lee+shop@Example.com ")
    'Ann.Lee+shop@Example.com'
    """
    typed = text.strip()
    try:
        validate_email(typed[: LENGTH_MAX + 1], check_deliverability=False)
    except EmailNotValidError as wrong:
        raise InvalidEmail(
            f"{typed[:40]!r} is not an e-mail address. {wrong}",
            field=field,
            value=typed[:40],
            remedy="write one address, such as ann@example.com",
        ) from wrong
    return typed


def normal_form(address: str) -> str:
    """The address with what mail providers ignore taken away, for comparing people: lower case, no `+tag`,
    the domain in its ASCII form, and for Google no dots.

    >>> normal_form("Ann.Lee+shop@Gmail.com"), normal_form("ann@bücher.example")
    ('annlee@gmail.com', 'ann@xn--bcher-kva.example')
    """
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.partition("+")[0]
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        return f"{local}@{domain}"
    return f"{local.replace('.', '') if domain in _IGNORE_DOTS else local}@{domain}"
