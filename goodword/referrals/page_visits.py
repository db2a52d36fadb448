"""Visits that the script of a web page tells of: the click of a direct link, and the proof of a visit that we saw.

The proof is signed by us, short-lived and about one click of one program. Without it nobody tells us of leads.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.core import signing

from goodword.accounts.models import Program
from goodword.domain.click_privacy import agent_family, keyed_hash, network_of
from goodword.domain.errors import DomainError
from goodword.domain.ids import parse_public_id, public_id
from goodword.domain.links import canonical_host, link_window_days
from goodword.domain.machines import is_bot
from goodword.referrals.click_salts import salt_of
from goodword.referrals.models import Click, Link, LiveTest

PROOF_LASTS: Final = timedelta(hours=12)
ONE_VISIT: Final = timedelta(minutes=30)
"""A page that is opened again through the same link so soon after is the same visit."""


class UnknownClick(DomainError):
    """A click id that is none of this program's, or too old to earn anything."""

    code = "unknown_click"


class BadVisitor(DomainError):
    """The proof of a visit is not one that this server made for this program, or it has run out."""

    code = "bad_visitor"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that we know of: a click, or the test click of somebody of the team."""

    id: UUID
    link: UUID
    partner: UUID
    visitor: str
    at: datetime

    @property
    def click(self) -> str:
        return public_id("touch", self.id)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a call of a page shows of the browser. Address and user agent are kept cut and hashed only."""

    address: str = ""
    agent: str = ""
    referrer_host: str = ""
    is_ahead: bool = False
    wants_privacy: bool = False


def visit_of(program: Program, click: str, now: datetime) -> Visit:
    """The visit with this click id. Raises UnknownClick."""
    key = parse_public_id("touch", click)
    found = (
        Click.unscoped.filter(program=program, pk=key, not_attributable="").first()
        or LiveTest.unscoped.filter(program=program, pk=key).first()
    )
    at = found.at if isinstance(found, Click) else found.started_at if found else now
    if found is None or at < now - timedelta(days=link_window_days(program.attribution)):
        raise UnknownClick(
            "no click of this program that still counts has this id", field="click_id", value=click[:40],
            remedy="send gw_click as the landing address had it",
        )  # fmt: skip
    return Visit(found.pk, found.link_id, found.partner_id, found.visitor, at)


def record_page_click(program: Program, link: Link, before: Visit | None, seen: Seen, now: datetime) -> Visit:
    """Store a visit to the program's own page that a partner's direct link led to; `before`: the browser's last one."""
    if before is not None and before.link == link.pk and now - before.at < ONE_VISIT:
        return before
    salt = salt_of(now)
    click = Click(
        program=program,
        link=link,
        partner_id=link.partner_id,
        visitor=before.visitor if before else secrets.token_urlsafe(16),
        at=now,
        not_attributable="prefetch" if seen.is_ahead else "bot" if is_bot(seen.agent) else "",
        privacy_signal=seen.wants_privacy,
        referrer_host=canonical_host(seen.referrer_host)[:253],
        network=network_of(seen.address),
        address_hash=keyed_hash(salt, seen.address),
        agent=agent_family(seen.agent),
        agent_hash=keyed_hash(salt, seen.agent),
    )
    click.save(force_insert=True)
    return Visit(click.pk, link.pk, link.partner_id, click.visitor, now)


def proof_of(program: Program, visit: Visit) -> str:
    """A signed text that says: this browser made this visit. Only for this program, and not for long."""
    return signing.dumps(visit.click, salt=_salt(program))


def read_proof(program: Program, proof: str, now: datetime) -> Visit:
    """The visit that a proof is about. Raises BadVisitor, or UnknownClick when the click is gone."""
    try:
        click: str = signing.loads(proof, salt=_salt(program), max_age=PROOF_LASTS)
    except signing.BadSignature:
        raise BadVisitor(
            "this is no proof of a visit, or it has run out", field="visitor", value=proof[:20],
            remedy="ask for one with /v1/track/browser/click",
        ) from None  # fmt: skip
    return visit_of(program, click, now)


def _salt(program: Program) -> str:
    return f"goodword.page-visit.{program.pk}"
