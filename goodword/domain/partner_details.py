"""What is known about a partner, checked: all problems at once, nothing changed silently but spaces and case."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from goodword.domain.errors import InvalidInput, Problem

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_DOMAIN: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})+")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class PartnerDetails:
    """A partner's own data. `emails` and `domains` are further ones, looked at for self-referral."""

    name: str
    kind: str = "firm"
    external_id: str = ""
    contact_name: str = ""
    email: str = ""
    emails: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    website: str = ""
    country: str = ""
    notes: str = ""


def checked_details(details: PartnerDetails) -> PartnerDetails:
    """The details with outer spaces cut and addresses in lower case; raises InvalidInput with every problem.

    >>> checked_details(PartnerDetails(name=" Nordic Beats ", email="Hi@Nordic.Example")).email
    'hi@nordic.example'
    """
    tidy = replace(
        details,
        name=details.name.strip(),
        external_id=details.external_id.strip(),
        contact_name=details.contact_name.strip(),
        email=details.email.strip().lower(),
        emails=tuple(email.strip().lower() for email in details.emails if email.strip()),
        domains=tuple(domain.strip().lower().rstrip(".") for domain in details.domains if domain.strip()),
        website=details.website.strip(),
        country=details.country.strip().upper(),
    )
    problems = list(_problems(tidy))
    if problems:
        raise InvalidInput(problems)
    return tidy


def _problems(details: PartnerDetails) -> Iterator[Problem]:
    if not details.name:
        yield _problem("required", "name", "", "a partner needs a name", "give the name of the firm or person")
    for field, limit in (("name", 200), ("contact_name", 200), ("external_id", 100)):
        text = getattr(details, field)
        if len(text) > limit:
            yield _problem("too_long", field, text, f"has {len(text)} characters", f"give at most {limit}")
        if _HIDDEN.search(text):
            yield _problem("hidden_characters", field, text, "holds characters that nobody sees", "type it anew")
    if details.kind not in ("firm", "person"):
        yield _problem("unknown_kind", "kind", details.kind, "is no kind of partner", "give firm or person")
    for field, email in [("email", details.email), *(("emails", email) for email in details.emails)]:
        if email and (len(email) > 320 or not _EMAIL.fullmatch(email)):
            yield _problem("not_an_email", field, email, "is no e-mail address", "write it like name@example.com")
    for domain in details.domains:
        if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
            yield _problem("not_a_domain", "domains", domain, "is no domain", "write it like example.com")
    if details.website and not _is_address(details.website):
        yield _problem(
            "not_an_address", "website", details.website, "is no web address", "write it like https://example.com"
        )
    if details.country and not _COUNTRY.fullmatch(details.country):
        yield _problem("not_a_country", "country", details.country, "is no country code", "give two letters, like DE")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in (parts.hostname or "") and len(text) <= 200


def _problem(code: str, field: str, value: str, message: str, remedy: str) -> Problem:
    shown = f"{value[:40]!r} " if value else ""
    return Problem(code=code, message=f"{shown}{message}", field=field, value=value[:40], remedy=remedy)
