"""By what a partner that refers itself is recognised: e-mail addresses and domains of its own."""

from collections.abc import Iterable
from typing import Final

_PUBLIC_MAIL = (
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com "
    "aol.com proton.me protonmail.com gmx.com gmx.de gmx.net web.de mail.com zoho.com yandex.com yandex.ru mail.ru "
    "qq.com 163.com 126.com hey.com fastmail.com"
)
PUBLIC_MAIL: Final = frozenset(_PUBLIC_MAIL.split())

Identity = tuple[frozenset[str], frozenset[str]]
NOBODY: Final[Identity] = (frozenset(), frozenset())


def identity(emails: Iterable[str | None], domains: Iterable[str | None]) -> Identity:
    """E-mail addresses and domains in lower case; domains of public mail providers tell nothing and are left out."""
    addresses = {email.lower() for email in emails if email}
    hosts = {domain.lower() for domain in domains if domain}
    hosts |= {email.rpartition("@")[2] for email in addresses if "@" in email}
    return frozenset(addresses), frozenset(hosts - PUBLIC_MAIL)
