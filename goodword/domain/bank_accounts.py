"""Bank details as partners type them: tidied, masked, and refused with the part that is wrong."""

import re
from typing import Literal

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from goodword.domain.errors import DomainError

AccountKind = Literal["iban", "account", "other"]
_PLAIN = re.compile(r"[0-9A-Za-z/ .-]{4,60}", re.ASCII)


class InvalidIban(DomainError):
    """The IBAN does not hold together: its length, its country or its check digits."""

    code = "invalid_iban"


class InvalidAccount(DomainError):
    """The account number has letters or signs that no bank uses, or is too short."""

    code = "invalid_account"


def tidy_account(kind: AccountKind, text: str) -> str:
    """The account as it is stored: an IBAN without spaces in upper case, anything else with single spaces.

    Raises InvalidIban or InvalidAccount, naming the part that is wrong.

    >>> tidy_account("iban", "de89 3704 0044 0532 0130 00")
    'DE89370400440532013000'
    """
    if kind == "iban":
        return _tidy_iban(text)
    tidy = " ".join(text.split())
    if not _PLAIN.fullmatch(tidy):
        raise InvalidAccount(
            "The account number may have letters, digits, spaces and / . - only, 4 to 60 of them.",
            field="account",
            remedy='e.g. "021000021 / 123456789": routing number, then account number',
        )
    return tidy


def mask_account(account: str) -> str:
    """The account as it is shown: its first two and last four characters.

    >>> mask_account("DE89370400440532013000")
    'DE •••• 3000'
    """
    return f"{account[:2]} •••• {account[-4:]}" if len(account) > 6 else f"•••• {account[-2:]}"


def _tidy_iban(text: str) -> str:
    compact = re.sub(r"\s", "", text).upper()
    try:
        return str(IBAN(compact))
    except SchwiftyException as error:
        part = str(error).rstrip(".") or "it does not hold together"
        raise InvalidIban(
            f"This IBAN is not right: {part[0].lower()}{part[1:]}.",
            field="account",
            remedy="Copy it from a bank statement; spaces do not matter.",
        ) from error
