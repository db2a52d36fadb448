"""Looking through the uncredited sales of a program, and keeping what points to a partner. Credits nobody."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.commissions.missed import gathering
from goodword.commissions.missed.gathering import Lost, Sale, Trace
from goodword.commissions.missed_models import MissedCredit, MissedLook
from goodword.domain.missed_credit import (
    CUSTOMERS_OF_DOMAIN_MAX,
    LIKELY,
    STRONG,
    WEAK,
    Doubted,
    Evidence,
    Promises,
    Signs,
    by_code,
    by_words,
    own_domain,
    signs_of,
    strength_of,
    too_common,
    weakened,
)
from goodword.domain.settlement.identity import Identity, identity
from goodword.partners.models import Partner

_WRITE = 1_000
Pair = tuple[str, str]


@dataclass(slots=True)
class Finding:
    """What was found for one sale and one partner."""

    sale: Sale
    partner: str
    evidence: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Known:
    """What the sales are held against: the partners' signs, registrations, who they are, and what was turned down."""

    signs: Signs
    promises: Promises
    partners: dict[str, Partner]
    themselves: dict[str, Identity]
    turned_down: frozenset[Pair]


def look_through(program: Program, *, now: datetime) -> MissedLook:
    """Look at every uncredited sale anew and keep what was found; what a person decided stays as it is."""
    began = time.monotonic()
    with active_program(program), transaction.atomic():
        look, _ = MissedLook.objects.select_for_update().get_or_create(program=program, defaults={"looked_at": now})
        known = _known(program)
        findings: dict[Pair, Finding] = {}
        look.sales = 0
        for sales in gathering.uncredited(program):
            look.sales += len(sales)
            for one in _found(program, known, sales):
                findings[one.sale.id, one.partner] = one
        _keep(program, _told(list(findings.values())), now)
        look.looked_at, look.milliseconds = now, int((time.monotonic() - began) * 1000)
        look.save()
    return look


def _known(program: Program) -> Known:
    partners = gathering.partners_in_work(program)
    guarded = partners if program.self_referral != "allow" else {}
    return Known(
        signs=signs_of(gathering.signs(program)),
        promises=Promises(gathering.promises(program)),
        partners=partners,
        themselves={key: identity([one.email, *one.emails], one.domains) for key, one in guarded.items()},
        turned_down=frozenset(
            (customer, str(partner))
            for customer, partner in MissedCredit.objects.filter(state="not_theirs").values_list("customer", "partner")
        ),
    )


def _found(program: Program, known: Known, sales: Sequence[Sale]) -> Iterator[Finding]:
    same_email = gathering.traces(program, "email", (sale.email.lower() for sale in sales))
    domains = {own_domain(sale.email, sale.domain) for sale in sales}
    same_domain = gathering.traces(program, "domain", domains)
    lost = gathering.lost_clicks(program, sales)
    for sale in sales:
        pointing: dict[str, Finding] = {}
        for partner, evidence in (
            *_by_traces("same_email", STRONG, sale, same_email.get(sale.email.lower(), [])),
            *_by_domain(sale, same_domain),
            *known.promises.evidence(_doubted(sale), sale.at.date()),
            *(by_code(sale.code, known.signs) if sale.code else ()),
            *by_words(_texts(sale), known.signs),
            *_by_clicks(sale, lost.get(sale.customer, [])),
        ):
            if _may_be(known, sale, partner):
                pointing.setdefault(partner, Finding(sale, partner)).evidence.append(evidence)
        yield from pointing.values()


def _may_be(known: Known, sale: Sale, partner: str) -> bool:
    """Not a partner that cannot be credited, not the customer itself, and nobody who was turned down."""
    if partner not in known.partners or (sale.customer, partner) in known.turned_down:
        return False
    emails, domains = known.themselves.get(partner, (frozenset(), frozenset()))
    own_emails, own_domains = identity([sale.email], [sale.domain])
    return not (emails & own_emails or domains & own_domains)


def _doubted(sale: Sale) -> Doubted:
    return Doubted(sale.customer, sale.email, sale.domain, sale.code)


def _by_traces(kind: str, strength: int, sale: Sale, found: Sequence[Trace]) -> Iterator[tuple[str, Evidence]]:
    told: set[Pair] = set()
    for trace in sorted(found, key=lambda each: each.at):
        if trace.other != sale.customer and trace.at <= sale.at and (trace.other, trace.partner) not in told:
            told.add((trace.other, trace.partner))
            about = {"other": trace.other, "on": trace.at.date().isoformat()}
            if kind == "same_domain":
                about["domain"] = own_domain(sale.email, sale.domain)
            yield trace.partner, Evidence(kind, strength, about)


def _by_domain(sale: Sale, found: dict[str, list[Trace]]) -> Iterator[tuple[str, Evidence]]:
    here = found.get(own_domain(sale.email, sale.domain), [])
    if here and here[0].sharing <= CUSTOMERS_OF_DOMAIN_MAX:
        partners = {trace.partner for trace in here if trace.other != sale.customer and trace.at <= sale.at}
        first: dict[str, Trace] = {}
        for trace in sorted(here, key=lambda each: each.at):
            if trace.other != sale.customer:
                first.setdefault(trace.partner, trace)
        # Two partners at one firm: the domain alone cannot tell whose this is.
        strength = LIKELY if len(partners) == 1 else WEAK
        yield from _by_traces("same_domain", strength, sale, list(first.values()))


def _by_clicks(sale: Sale, found: Sequence[Lost]) -> Iterator[tuple[str, Evidence]]:
    latest = {lost.partner: lost for lost in sorted(found, key=lambda each: each.at) if lost.at <= sale.at}
    for partner, lost in latest.items():
        yield partner, Evidence("click", WEAK, {"on": lost.at.date().isoformat(), "why": lost.why})


def _texts(sale: Sale) -> list[tuple[str, str]]:
    """Where a partner may be named: properties, products, the customer's name."""
    texts = [(f"property {name}", value) for name, value in (_json(sale.properties) or {}).items()]
    texts.append(("product", sale.product))
    texts += [("product", line.get(name)) for line in _json(sale.lines) or [] for name in ("product", "category")]
    texts.append(("customer's name", sale.name))
    return [(where, text) for where, text in texts if isinstance(text, str) and text]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _told(findings: Sequence[Finding]) -> Iterator[Finding]:
    """The findings without what stands in so many sales that it tells nothing."""
    times = Counter(_what(one) for finding in findings for one in finding.evidence)
    for finding in findings:
        kept = [one for one in finding.evidence if not too_common(one, times[_what(one)])]
        if kept:
            yield Finding(finding.sale, finding.partner, [weakened(one, times[_what(one)]) for one in kept])


def _what(evidence: Evidence) -> tuple[str, int, str]:
    return evidence.kind, evidence.strength, evidence.about.get("key", evidence.about.get("given", ""))


def _keep(program: Program, findings: Iterator[Finding], now: datetime) -> None:
    """Write what is new or different, and take away open suggestions that nothing speaks for any longer."""
    stored = {(row.conversion, str(row.partner_id)): row for row in MissedCredit.objects.all()}
    spoken, new, changed = set(), [], []
    pays_new = (program.attribution or {}).get("existing_customers", "exclude") != "count"
    for finding in findings:
        key = finding.sale.id, finding.partner
        spoken.add(key)
        row = stored.get(key)
        if row and row.state != "open":
            continue
        said = _columns(finding, pays_new=pays_new)
        if row is None:
            new.append(MissedCredit(program=program, found_at=now, **said))
        elif any(getattr(row, name) != value for name, value in said.items() if name != "partner_id"):
            for name, value in said.items():
                setattr(row, name, value)
            changed.append(row)
    MissedCredit.objects.bulk_create(new, batch_size=_WRITE)
    MissedCredit.objects.bulk_update(
        changed, ["strength", "evidence", "known_before", "customer", "conversion_at"], batch_size=_WRITE
    )
    gone = [row.pk for key, row in stored.items() if row.state == "open" and key not in spoken]
    MissedCredit.objects.filter(pk__in=gone).delete()


def _columns(finding: Finding, *, pays_new: bool) -> dict[str, Any]:
    sale, evidence = finding.sale, sorted(finding.evidence, key=lambda each: -each.strength)
    return {
        "conversion": sale.id,
        "conversion_at": sale.at,
        "customer": sale.customer,
        "partner_id": finding.partner,
        "strength": strength_of(evidence),
        "known_before": sale.outcome == "existing_customer" or (sale.existing and pays_new),
        "evidence": [{"kind": one.kind, "strength": one.strength, "about": dict(one.about)} for one in evidence],
    }
