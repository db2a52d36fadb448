"""Invariants from facts to commissions to books (reliability.md section 1, I13 to I50 as far as they apply here).

The dear ones settle every fact anew, whole, and compare: what increments left behind must be exactly that.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.db.models import Max

from goodword.accounts.verify import broken_audit_links
from goodword.commissions import checkpoints
from goodword.commissions.booking import Due, bucket_of
from goodword.commissions.models import Line, SettlementRun
from goodword.commissions.projection import Projector, Sold, digest_of_row, outcomes_of, stored_outcomes
from goodword.commissions.scope import scope_of
from goodword.commissions.settling import holds_of
from goodword.domain import check_statement
from goodword.domain.chart import NOTHING_BOOKED, Booked, target
from goodword.domain.money import to_decimal
from goodword.domain.settlement import Checkpoint, instant, read_program, settle_saving
from goodword.ledger.invariants import Examined, invariant
from goodword.ledger.selectors import owned_by_line
from goodword.partners.models import TermsVersion
from goodword.referrals.export import program_document, settlement_facts
from goodword.referrals.models import UnsettledFact

WAITING_MAX = timedelta(hours=1)
"""No fact waits longer than this for its settlement."""


class _Anew(NamedTuple):
    """A whole settlement of all facts, and whom it cannot speak of because facts are still waiting."""

    dues: dict[str, Due]
    digests: dict[str, str]
    outcomes: dict[str, str]
    waiting_customers: frozenset[str]
    waiting_partners: frozenset[Any]
    all_wait: bool
    state: Checkpoint | None
    """What a checkpoint should know; None: there is no going on, or facts are waiting."""


@invariant("I13", "Every conversion has lines or one reason why not, and no fact waits too long for its settlement")
def without_outcome(at: Examined) -> Iterator[str]:
    rows = at.rows("""
        SELECT c.external_id, count(l.line) > 0, count(o.conversion) > 0
          FROM referrals_conversion c
          LEFT JOIN commissions_line l ON l.program_id = c.program_id AND l.conversion = c.external_id
          LEFT JOIN commissions_outcome o ON o.program_id = c.program_id AND o.conversion = c.external_id
         WHERE c.program_id = %(program)s AND c.retracted_at IS NULL
           AND c.at <= (SELECT max(as_of) FROM commissions_settlementrun WHERE program_id = %(program)s)
           AND NOT EXISTS (SELECT 1 FROM referrals_unsettledfact u WHERE u.program_id = c.program_id
                            AND u.customer IN ('', c.customer))
         GROUP BY c.external_id HAVING (count(l.line) > 0) = (count(o.conversion) > 0) ORDER BY 1""")
    for conversion, has_lines, _ in rows:
        what = "both lines and a reason against" if has_lines else "neither line nor reason"
        yield f"conversion {conversion} has {what}"
    late = UnsettledFact.objects.filter(program=at.program, recorded_at__lt=at.now - WAITING_MAX).exclude(
        cause="not yet"
    )
    for fact in late.order_by("id"):
        yield f"a {fact.cause} of customer {fact.customer or '(all)'} waits since {fact.recorded_at:%Y-%m-%d %H:%M}"


@invariant("I14", "At most one line per conversion, partner, rule, kind and level")
def doubled_lines(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT conversion, rule, count(*) FROM commissions_line WHERE program_id = %(program)s
         GROUP BY conversion, partner_id, rule, kind, level HAVING count(*) > 1 ORDER BY 1, 2""")
    return (f"conversion {conversion} has {times} lines of rule {rule}" for conversion, rule, times in rows)


@invariant("I15", "The shares of a conversion add up to at most 100%")
def overshared(at: Examined) -> Iterable[str]:
    assists = [
        rule["key"]
        for document in TermsVersion.unscoped.filter(program=at.program).values_list("document", flat=True)
        for rule in document.get("rules", ())
        if rule.get("on") == "assist"
    ]
    rows = at.rows(
        """
        SELECT conversion, sum(share) FROM (
            SELECT conversion, partner_id, max(share_ppm) AS share FROM commissions_line
             WHERE program_id = %(program)s AND kind = 'commission' AND NOT rule = ANY (%(assists)s)
             GROUP BY conversion, partner_id) shares
         GROUP BY conversion HAVING sum(share) > 1000000 ORDER BY 1""",
        assists=assists,
    )
    return (f"conversion {conversion} is shared out to {ppm / 10_000}%" for conversion, ppm in rows)


@invariant("I16", "Every line and every posting of it names its terms and steps, and the steps lead to its cents")
def unexplained(at: Examined) -> Iterator[str]:
    known = {version.settlement_key for version in _versions(at)}
    for line in _lines(at):
        if line.terms not in known:
            yield f"line {line.line} names the terms {line.terms}, which do not exist"
        yield from _unlike_its_steps(line)
    rows = at.rows("""
        SELECT sequence FROM ledger_transaction WHERE program_id = %(program)s AND cause_kind = 'line'
           AND (evidence -> 'line' ->> 'line' IS DISTINCT FROM split_part(cause_id, '@', 1)
                OR evidence -> 'terms' IS NULL OR json_typeof(evidence -> 'steps') IS DISTINCT FROM 'array')
         ORDER BY sequence""")
    yield from (f"transaction {number} does not keep the line, terms and steps it was posted for" for (number,) in rows)


def _unlike_its_steps(line: Line) -> Iterator[str]:
    """What a reader of the exported line would find wrong."""
    row = {
        "kind": line.kind,
        "share_ppm": line.share_ppm,
        "basis": to_decimal(line.basis_minor, line.currency),
        "rate": line.rate,
        "amount": to_decimal(line.amount_minor, line.currency),
        "reasons": line.reasons,
        "steps": line.steps,
    }
    try:
        yield from (f"line {line.line}: {fault}" for fault in check_statement.differences(row))
    except check_statement.BadStatement as problem:
        yield f"line {line.line}: {problem}"


@invariant("I17", "Settling all facts anew gives exactly what the books say, line by line and bucket by bucket")
def books_differ(at: Examined) -> Iterator[str]:
    anew, owned = _anew(at), _owned(at)
    until, holds = _settled_until(at), holds_of(at.program)
    for line in sorted(anew.dues.keys() | owned.keys()):
        owner, booked = owned.get(line, (None, NOTHING_BOOKED))
        due = anew.dues.get(line)
        if anew.all_wait or (due.partner if due else owner) in anew.waiting_partners:
            continue
        for moment in (until, at.now):  # what matured since the last run may be booked already, or not yet
            wanted = target(due.amount, bucket_of(due, holds, moment), booked.moved) if due else _nothing(booked)
            if booked[:4] == tuple(wanted.values()):
                break
        else:
            yield f"line {line} should be {_said(wanted)}, the books say {_said(booked._asdict())}"


@invariant("I19", "Stored lines and reasons are those of one settlement of all facts, however they arrived")
def lines_differ(at: Examined) -> Iterator[str]:
    anew = _anew(at)
    if anew.all_wait:
        return
    stored = {row.line: digest_of_row(row) for row in _lines(at) if row.partner_id not in anew.waiting_partners}
    fresh = {line: d for line, d in anew.digests.items() if anew.dues[line].partner not in anew.waiting_partners}
    for line in sorted(stored.keys() | fresh.keys()):
        if stored.get(line) != fresh.get(line):
            yield f"line {line} is {'not as settled' if line in stored and line in fresh else _missing(line in fresh)}"
    reasons = stored_outcomes(at.program)
    for conversion in sorted(reasons.keys() | anew.outcomes.keys()):
        if reasons.get(conversion) != anew.outcomes.get(conversion) and conversion not in anew.waiting_customers:
            yield f"conversion {conversion} says {reasons.get(conversion)}, should be {anew.outcomes.get(conversion)}"
    yield from checkpoints.unlike(at.program, anew.state)


@invariant("I23", "Nobody earns before an agreement with those terms was in force")
def without_agreement(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT line.line, line.terms FROM commissions_line line WHERE line.program_id = %(program)s AND NOT EXISTS (
            SELECT 1 FROM partners_agreement a
              JOIN partners_termsversion v ON v.id = a.terms_version_id JOIN partners_terms t ON t.id = v.terms_id
             WHERE a.program_id = line.program_id AND a.partner_id = line.partner_id
               AND t.key || '@' || v.number = line.terms AND a.starts_at <= line.conversion_at) ORDER BY 1""")
    return (f"line {line} pays under {terms}, which its partner had not agreed to" for line, terms in rows)


@invariant("I25", "Refunds take back at most what was paid: never a negative basis or commission")
def overrefunded(at: Examined) -> Iterator[str]:
    rows = at.rows("""
        SELECT r.external_id, r.amount_minor, r.currency, c.currency FROM referrals_refund r
          JOIN referrals_conversion c ON c.program_id = r.program_id AND c.external_id = r.sale
         WHERE r.program_id = %(program)s AND r.retracted_at IS NULL AND c.retracted_at IS NULL
           AND (r.amount_minor <= 0 OR r.currency <> c.currency) ORDER BY 1""")
    yield from (
        f"refund {key} gives back {minor} {currency} of a sale in {other}" for key, minor, currency, other in rows
    )
    below = at.rows("""
        SELECT line FROM commissions_line WHERE program_id = %(program)s AND (basis_minor < 0 OR amount_minor < 0)
         ORDER BY 1""")
    yield from (f"line {line} is below nought" for (line,) in below)


@invariant("I26", "No more is taken back of a line than it earned, and after a full refund nothing is left")
def clawed_too_far(at: Examined) -> Iterator[str]:
    for line, (_, booked) in sorted(_owned(at).items()):
        if booked.earned < 0:
            yield f"{-booked.earned} more was taken back of line {line} than it had earned"
    clawback = {v.settlement_key: (v.document.get("clawback") or {}).get("days") for v in _versions(at)}
    rows = at.rows("""
        SELECT l.line, l.terms, l.amount_minor, c.amount_minor, c.at, array_agg(r.at), array_agg(r.amount_minor)
          FROM commissions_line l
          JOIN referrals_conversion c ON c.program_id = l.program_id AND c.external_id = l.conversion
                                     AND c.retracted_at IS NULL AND c.name = 'sale' AND c.amount_minor > 0
          JOIN referrals_refund r ON r.program_id = c.program_id AND r.sale = c.external_id AND r.retracted_at IS NULL
         WHERE l.program_id = %(program)s AND l.amount_minor > 0 AND l.kind = 'commission' AND r.at <= (
               SELECT max(as_of) FROM commissions_settlementrun WHERE program_id = %(program)s)
           AND NOT EXISTS (SELECT 1 FROM referrals_unsettledfact u WHERE u.program_id = l.program_id
                            AND u.customer IN ('', l.customer))
         GROUP BY l.line, l.terms, l.amount_minor, c.amount_minor, c.at ORDER BY 1""")
    for line, terms, amount, paid, sold_at, times, refunds in rows:
        days = clawback.get(terms)
        counted = sum(minor for at_, minor in zip(times, refunds, strict=True)
                      if days is None or at_ <= sold_at + timedelta(days=days))  # fmt: skip
        if counted >= paid:
            yield f"line {line} still says {amount} although its sale was refunded in full"


@invariant("I29", "What is taken back after payout becomes a debt; nothing else of a line is ever below nought")
def negative_buckets(at: Examined) -> Iterator[str]:
    rows = at.rows("""
        SELECT e.subject, a.kind, sum(e.credit_minor - e.debit_minor) FROM ledger_entry e
          JOIN ledger_account a ON a.id = e.account_id AND a.kind IN ('pending', 'held')
         WHERE e.program_id = %(program)s
         GROUP BY e.subject, a.kind HAVING sum(e.credit_minor - e.debit_minor) < 0 ORDER BY 1, 2""")
    yield from (f"line {line} has {net} in {kind}" for line, kind, net in rows)
    for line, (_, booked) in sorted(_owned(at).items()):
        if booked.payable < 0 and booked.earned >= booked.moved:
            yield f"line {line} is in debt although no more was paid than it earned"


@invariant("I30", "For each partner all buckets together are what was earned, and cash went out for all that was paid")
def buckets_differ(at: Examined) -> Iterator[str]:
    rows = at.rows("""
        SELECT e.subject, count(DISTINCT a.owner) FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
         WHERE e.program_id = %(program)s AND e.subject <> '' AND a.owner IS NOT NULL
         GROUP BY e.subject HAVING count(DISTINCT a.owner) > 1 ORDER BY 1""")
    yield from (f"line {line} is booked in the accounts of {owners} partners" for line, owners in rows)
    rows = at.rows("""
        SELECT e.subject, sum(e.debit_minor - e.credit_minor) FROM ledger_entry e
         WHERE e.program_id = %(program)s AND e.subject <> ''
         GROUP BY e.subject HAVING sum(e.debit_minor - e.credit_minor) <> 0 ORDER BY 1""")
    yield from (f"the buckets of line {line} differ by {net} from what it earned" for line, net in rows)
    rows = at.rows("""
        SELECT a.currency, sum(e.debit_minor - e.credit_minor) FROM ledger_entry e
          JOIN ledger_account a ON a.id = e.account_id AND a.kind IN ('paid', 'discharged')
         WHERE a.program_id = %(program)s GROUP BY 1 HAVING sum(e.debit_minor - e.credit_minor) <> 0""")
    yield from (f"paid and discharged differ by {net} {currency}" for currency, net in rows)


@invariant("I40", "Every cent leads back to a line, its conversion and its partner")
def orphans(at: Examined) -> Iterator[str]:
    lines = set(Line.unscoped.filter(program=at.program).values_list("line", flat=True))
    for line, (_, booked) in sorted(_owned(at).items()):
        if booked.earned and line not in lines:
            yield f"{booked.earned} is booked on line {line}, which does not exist"
    rows = at.rows("""
        SELECT l.line, l.conversion FROM commissions_line l WHERE l.program_id = %(program)s AND NOT EXISTS (
            SELECT 1 FROM referrals_conversion c WHERE c.program_id = l.program_id AND c.external_id = l.conversion)
         ORDER BY 1""")
    yield from (f"line {line} speaks of conversion {conversion}, which does not exist" for line, conversion in rows)


@invariant("I46", "No row of one program points to a row of another")
def crossing_tenants(at: Examined) -> Iterator[str]:
    for what, query in _CROSSINGS.items():
        yield from (f"{what} {key} points into another program" for (key,) in at.rows(query))


_CROSSINGS = {
    "entry": """SELECT e.id FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
        JOIN ledger_account a ON a.id = e.account_id WHERE %(program)s IN (e.program_id, t.program_id, a.program_id)
        AND (e.program_id <> t.program_id OR e.program_id <> a.program_id) ORDER BY 1""",
    "account": """SELECT a.id FROM ledger_account a LEFT JOIN partners_partner p ON p.id = a.owner
        WHERE a.program_id = %(program)s AND a.owner IS NOT NULL AND p.program_id IS DISTINCT FROM a.program_id
        ORDER BY 1""",
    "line": """SELECT l.line FROM commissions_line l JOIN partners_partner p ON p.id = l.partner_id
        WHERE l.program_id = %(program)s AND p.program_id <> l.program_id ORDER BY 1""",
    "hold": """SELECT h.id FROM commissions_hold h JOIN partners_partner p ON p.id = h.partner_id
        WHERE h.program_id = %(program)s AND p.program_id <> h.program_id ORDER BY 1""",
}


@invariant("I50", "The audit trail is numbered without a gap and chained: nothing in it was altered")
def broken_trail(at: Examined) -> Iterable[str]:
    return broken_audit_links(at.program)


def _lines(at: Examined) -> list[Line]:
    found: list[Line] = at.once("lines", lambda: list(Line.unscoped.filter(program=at.program).order_by("line")))
    return found


def _versions(at: Examined) -> list[TermsVersion]:
    found: list[TermsVersion] = at.once(
        "versions", lambda: list(TermsVersion.unscoped.filter(program=at.program).select_related("terms"))
    )
    return found


def _owned(at: Examined) -> dict[str, tuple[Any, Booked]]:
    found: dict[str, tuple[Any, Booked]] = at.once("owned", lambda: owned_by_line(at.program))
    return found


def _anew(at: Examined) -> _Anew:
    found: _Anew = at.once("anew", lambda: _settled_anew(at))
    return found


def _settled_until(at: Examined) -> Any:
    last = SettlementRun.unscoped.filter(program=at.program).aggregate(last=Max("as_of"))["last"]
    return last or at.now


def _settled_anew(at: Examined) -> _Anew:
    facts = settlement_facts(at.program)
    document = read_program(program_document(at.program))
    settlement, state = settle_saving(document, facts, instant(_settled_until(at)))
    sold = {each.id: Sold(each.customer, each.at) for group in (facts.sales, facts.events) for each in group}
    projected = list(Projector(at.program, sold).project(settlement.lines))
    customers = set(UnsettledFact.objects.filter(program=at.program).values_list("customer", flat=True))
    scope = scope_of(at.program, customers) if customers and "" not in customers else None
    waiting = scope.customers if scope else frozenset()
    return _Anew(
        {each.due.line: each.due for each in projected},
        {each.due.line: each.digest for each in projected},
        outcomes_of(settlement),
        frozenset(conversion for conversion, one in sold.items() if one.customer in waiting),
        scope.partners if scope else frozenset(),
        bool(customers) and scope is None,
        None if customers else state,
    )


def _nothing(booked: Booked) -> dict[str, int]:
    return target(0, "payable", booked.moved)


def _said(sums: dict[str, int]) -> str:
    return (
        ", ".join(f"{name} {sums[name]}" for name in ("earned", "pending", "held", "payable") if sums[name])
        or "nothing"
    )


def _missing(is_due: bool) -> str:
    return "missing" if is_due else "there without a reason"
