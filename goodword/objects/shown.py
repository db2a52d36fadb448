"""A row as the object that systems read: the API answers with these, and webhooks send the same. No writes, no doors.

What stands in an object is what its schema in `schemas.py` declares; `as_json` leaves out the rest.
"""

from typing import Any, Final

from ninja import Schema

from goodword.accounts.models import Program
from goodword.commissions.missed.reading import sentences
from goodword.commissions.models import MissedCredit
from goodword.domain.fields import percent_text
from goodword.domain.ids import public_id
from goodword.domain.missed_credit import STRENGTHS
from goodword.domain.money import to_decimal
from goodword.partners.models import Agreement, Application, Partner
from goodword.payouts.models import Payout
from goodword.referrals.models import Code, Fact, Link, PageLead, Rate
from goodword.referrals.selectors import fact_content, link_address, written_at

_OF_PARTNER: Final = ("name", "external_id", "kind", "contact_name", "email", "website", "country", "notes")
_OF_APPLICATION: Final = ("contact_name", "email", "website", "country", "audience", "promotion", "reason")
_OF_LINE: Final = (
    "line", "conversion", "conversion_at", "customer", "kind", "rule", "terms", "currency", "rate", "matures_on",
    "matures_at", "reasons",
)  # fmt: skip


def as_json(schema: type[Schema], found: Any) -> dict[str, Any]:
    """What is found, as the schema says it: the fields it declares and no other, absent ones left out."""
    shown: dict[str, Any] = schema.model_validate(found).model_dump(mode="json", by_alias=True, exclude_none=True)
    return shown


def partner_shown(partner: Partner) -> dict[str, Any]:
    """A partner, with everything that is known of it."""
    return {
        **{name: getattr(partner, name) or None for name in _OF_PARTNER},
        "id": partner.public_id,
        "status": partner.status,
        "status_reason": partner.status_reason or None,
        "group": partner.group.key if partner.group else None,
        "parent": public_id("partner", partner.parent_id) if partner.parent_id else None,
        "emails": partner.emails,
        "domains": partner.domains,
        "joined_at": partner.joined_at,
    }


def application_shown(application: Application) -> dict[str, Any]:
    """A request to become a partner."""
    return {
        "id": application.public_id,
        "name": application.name,
        **{name: getattr(application, name) or None for name in _OF_APPLICATION},
        "status": application.status,
        "submitted_at": application.submitted_at,
        "decided_at": application.decided_at,
        "partner": public_id("partner", application.partner_id) if application.partner_id else None,
    }


def agreement_shown(agreement: Agreement) -> dict[str, Any]:
    """A partner on a terms version."""
    return {
        "id": agreement.public_id,
        "partner": public_id("partner", agreement.partner_id),
        "terms": agreement.terms_version.settlement_key,
        "starts_at": agreement.starts_at,
        "ends_at": agreement.ends_at,
        "for_cause": agreement.for_cause,
        "end_reason": agreement.end_reason or None,
        "accepted_at": agreement.accepted_at,
    }


def address_of(program: Program, link: Link) -> str:
    """The referral address as people share it."""
    return link_address(program.slug, link.key)


def link_shown(program: Program, link: Link) -> dict[str, Any]:
    """A referral link, with the address to share."""
    address = {"url": address_of(program, link), "destination": link.destination}
    return {**_shared(link), **address, "label": link.label or None}


def code_shown(code: Code) -> dict[str, Any]:
    """A partner's code."""
    return {**_shared(code), "offer": code.offer or None}


def _shared(shared: Link | Code) -> dict[str, Any]:
    return {
        "id": shared.public_id,
        "partner": public_id("partner", shared.partner_id),
        "key": shared.key,
        "created_at": shared.created_at,
        "revoked_at": shared.revoked_at,
    }


def fact_shown(kind: str, row: Fact) -> dict[str, Any]:
    """A fact as it came in, and what we add to it."""
    return {
        **fact_content(kind, row),
        "key": public_id(type(row).id_kind, row.pk),
        "recorded_at": written_at(row.recorded_at),
        "source": row.source,
        **({"approval": row.approval} if isinstance(row, Rate) and row.approval else {}),
    }


def line_shown(line: Any) -> dict[str, Any]:
    """A commission line as settlement says now."""
    return {
        **{name: getattr(line, name) for name in _OF_LINE},
        "partner": public_id("partner", line.partner_id),
        "share": percent_text(line.share_ppm),
        "basis": to_decimal(line.basis_minor, line.currency),
        "amount": to_decimal(line.amount_minor, line.currency),
    }


def payout_shown(payout: Payout) -> dict[str, Any]:
    """What one partner gets in one payout run."""
    return {
        "id": payout.public_id,
        "run": public_id("payout_run", payout.run_id),
        "partner": public_id("partner", payout.partner_id),
        "state": payout.state,
        "currency": payout.currency,
        "amount": to_decimal(payout.amount_minor, payout.currency),
        "reference": payout.reference,
        "settled_at": payout.settled_at,
    }


def page_lead_shown(row: PageLead) -> dict[str, Any]:
    """A lead that a web page told, and what became of it."""
    return {
        "id": row.public_id,
        "event": row.external_id,
        "name": row.name,
        "customer": row.customer,
        "partner": public_id("partner", row.partner_id),
        "click_id": public_id("touch", row.click),
        "host": row.host,
        "at": row.at,
        "state": row.state,
        "decided_at": row.decided_at,
        "decided_by": row.decided_label or None,
        "reason": row.reason or None,
    }


def missed_credit_shown(row: MissedCredit) -> dict[str, Any]:
    """A suggestion that an uncredited sale is a partner's, with its evidence in words."""
    return {
        "id": row.public_id,
        "conversion": row.conversion,
        "conversion_at": row.conversion_at,
        "customer": row.customer,
        "partner": row.partner.public_id,
        "strength": STRENGTHS[row.strength],
        "evidence": list(sentences(row)),
        "known_before": row.known_before,
        "state": row.state,
        "found_at": row.found_at,
        "decided_at": row.decided_at,
        "decided_by": row.decided_label or None,
        "reason": row.reason or None,
    }
