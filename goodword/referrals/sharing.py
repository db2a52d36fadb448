"""Writes of what partners share: links and codes."""

import secrets
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.accounts.services import record_audit
from goodword.domain.errors import DomainError, InvalidInput, Problem
from goodword.domain.fields import text
from goodword.domain.links import CodeTooSimilar, checked_destination, checked_key, skeleton
from goodword.partners.models import Partner
from goodword.referrals.models import Code, Conversion, Link
from goodword.referrals.unsettled import mark_customers

_KEY_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_KEY_LENGTH = 8
# A word that one partner takes is gone for all others: nobody makes them by the hundred.
OWN_CODES_MAX = 10
Shared = TypeVar("Shared", Link, Code)


class PartnerNotActive(DomainError):
    """A paused, rejected or ended partner gets no new links and codes."""

    code = "partner_not_active"


class TooManyCodes(DomainError):
    """A partner has as many codes in use as it may make by itself."""

    code = "too_many_codes"


def create_link(
    program: Program, partner: Partner, *, destination: str, key: str = "", label: str = "", actor: Actor
) -> Link:
    """A new referral link of a partner. Without `key` we choose one.

    Raises InvalidInput with everything wrong, CodeTooSimilar when a link looks the same.
    """
    key, destination = _checked(
        ("key", lambda: checked_key(key or _free_key(program), denied=_denied(program))),
        ("destination", lambda: _destination(program, destination)),
        ("label", lambda: _label(label, 100)),
    )[:2]
    link = Link(program=program, partner=partner, key=key, skeleton=skeleton(key), destination=destination, label=label)
    with transaction.atomic():
        _refuse_inactive(partner)
        _save_new(link)
        after = {"partner": partner.public_id, "destination": destination}
        record_audit(action="link.created", obj=link, label=key, after=after, actor=actor, program=program)
    return link


def create_code(program: Program, partner: Partner, *, key: str, offer: str = "", actor: Actor) -> Code:
    """A new code of a partner; sales that carried it before it existed are settled again."""
    (key, _) = _checked(
        ("key", lambda: checked_key(key, denied=_denied(program))), ("offer", lambda: _label(offer, 200))
    )
    code = Code(program=program, partner=partner, key=key, skeleton=skeleton(key), offer=offer)
    with transaction.atomic():
        _refuse_inactive(partner)
        _save_new(code)
        carried = Conversion.unscoped.filter(program=program, retracted_at=None, code=key)
        mark_customers(program, carried.values_list("customer", flat=True), "code")
        after = {"partner": partner.public_id, "offer": offer}
        record_audit(action="code.created", obj=code, label=key, after=after, actor=actor, program=program)
    return code


def create_own_code(program: Program, partner: Partner, *, key: str, actor: Actor) -> Code:
    """A code that the partner makes itself: no offer, and only so many in use. Raises what `create_code` does too."""
    with transaction.atomic():
        Partner.unscoped.select_for_update().get(pk=partner.pk)
        if Code.objects.filter(partner=partner, revoked_at=None).count() >= OWN_CODES_MAX:
            raise TooManyCodes(
                f"{OWN_CODES_MAX} codes are in use already", field="key", value=key[:40],
                remedy="take one out of use first, or ask the program team",
            )  # fmt: skip
        return create_code(program, partner, key=key, actor=actor)


def revoke_link(link: Link, *, actor: Actor, reason: str = "", now: datetime) -> Link:
    """Take a link out of use: it leads to a neutral page from now on and earns nothing. Its key stays taken."""
    return _revoke(link, "link.revoked", actor, reason, now)


def revoke_code(code: Code, *, actor: Actor, reason: str = "", now: datetime) -> Code:
    """Take a code out of use for sales from now on. Earlier sales keep it, and its key stays taken."""
    return _revoke(code, "code.revoked", actor, reason, now)


def _revoke(shared: Shared, action: str, actor: Actor, reason: str, now: datetime) -> Shared:
    with transaction.atomic():
        held: Shared = type(shared).objects.select_for_update().get(pk=shared.pk)
        if held.revoked_at is None:
            held.revoked_at = now
            held.save(update_fields=["revoked_at"])
            record_audit(action=action, obj=held, label=held.key, reason=reason, actor=actor, program=held.program)
    return held


def _checked(*parts: tuple[str, object]) -> list[str]:
    """The checked values of some fields; everything wrong with them comes at once."""
    values, problems = [], []
    for field, check in parts:
        try:
            values.append(check())  # type: ignore[operator]
        except DomainError as error:
            given = error.problem
            problems.append(Problem(error.code, error.message, field, given.value, given.remedy))
    if problems:
        raise InvalidInput(problems)
    return values


def _label(value: str, limit: int) -> str:
    return str(text(limit)(value)) if value else ""


def _denied(program: Program) -> set[str]:
    """The program's own name is no partner's to use."""
    return {program.slug} if len(program.slug) > 2 else set()


def _destination(program: Program, url: str) -> str:
    named = {urlsplit(address).hostname or "" for address in (settings.BASE_URL, settings.LINKS_URL)}
    own = named | {host for host in settings.ALLOWED_HOSTS if host != "*"}
    return checked_destination(url, allowed_hosts=program.allowed_hosts, own_hosts=own)


def _free_key(program: Program) -> str:
    while True:
        key = "".join(secrets.choice(_KEY_ALPHABET) for _ in range(_KEY_LENGTH))
        if not Link.unscoped.filter(program=program, skeleton=skeleton(key)).exists():
            return key


def _refuse_inactive(partner: Partner) -> None:
    status = Partner.unscoped.select_for_update().values_list("status", flat=True).get(pk=partner.pk)
    if status != "active":
        raise PartnerNotActive(
            f"{partner.name} is {status}", field="partner", value=partner.public_id, remedy="resume the partner first"
        )


def _save_new(shared: Link | Code) -> None:
    try:
        with transaction.atomic():
            shared.save(force_insert=True)
    except IntegrityError:
        raise CodeTooSimilar(
            f"{shared.key!r} looks like one that exists already",
            field="key",
            value=shared.key,
            remedy="choose a key that cannot be taken for another",
        ) from None
