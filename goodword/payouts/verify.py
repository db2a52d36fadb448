"""Invariants of payouts, I31 to I38 (reliability.md section 1), for the registry that `goodword verify` runs."""

from collections.abc import Iterable, Iterator

from goodword.domain.payout_states import LIVE_PAYOUT_STATES
from goodword.ledger.invariants import Examined, invariant
from goodword.payouts.models import Payout, PayoutRun
from goodword.payouts.services import content_hash, destinations_of

_LIVE = sorted(LIVE_PAYOUT_STATES)


@invariant("I31", "A payout is the sum of its lines, a line is in one live payout at most, and the books say the same")
def odd_payouts(at: Examined) -> Iterator[str]:
    yield from _unlike_their_lines(at)
    yield from _unlike_the_books(at)


def _unlike_their_lines(at: Examined) -> Iterator[str]:
    sums = at.rows("""
        SELECT p.reference, p.amount_minor, coalesce(sum(l.amount_minor), 0)
          FROM payouts_payout p LEFT JOIN payouts_payoutline l ON l.payout_id = p.id
         WHERE p.program_id = %(program)s GROUP BY p.id HAVING coalesce(sum(l.amount_minor), 0) <> p.amount_minor
         ORDER BY 1""")
    yield from (f"payout {name} is {amount}, its lines add up to {lines}" for name, amount, lines in sums)
    states = at.rows(
        """
        SELECT l.line, p.reference, p.state FROM payouts_payoutline l JOIN payouts_payout p ON p.id = l.payout_id
         WHERE l.program_id = %(program)s AND l.live <> (p.state = ANY(%(live)s)) ORDER BY 1""",
        live=_LIVE,
    )
    yield from (f"line {line} says otherwise than payout {name}, which is {state}" for line, name, state in states)
    twice = at.rows(
        """
        SELECT l.line, count(*) FROM payouts_payoutline l JOIN payouts_payout p ON p.id = l.payout_id
         WHERE l.program_id = %(program)s AND p.state = ANY(%(live)s) GROUP BY 1 HAVING count(*) > 1 ORDER BY 1""",
        live=_LIVE,
    )
    yield from (f"line {line} is in {times} live payouts" for line, times in twice)


def _unlike_the_books(at: Examined) -> Iterable[str]:
    rows = at.rows(
        """
        WITH said AS (
            SELECT partner_id AS owner, currency, sum(amount_minor) FILTER (WHERE state = ANY(%(live)s)) AS live,
                   sum(amount_minor) FILTER (WHERE state = 'paid') AS paid
              FROM payouts_payout WHERE program_id = %(program)s GROUP BY 1, 2),
        booked AS (
            SELECT owner, currency, sum(-balance_minor) FILTER (WHERE kind = 'in_payout') AS live,
                   sum(-balance_minor) FILTER (WHERE kind = 'paid') AS paid
              FROM ledger_account WHERE program_id = %(program)s AND owner IS NOT NULL GROUP BY 1, 2)
        SELECT owner, currency, coalesce(said.live, 0), coalesce(booked.live, 0),
               coalesce(said.paid, 0), coalesce(booked.paid, 0)
          FROM said FULL JOIN booked USING (owner, currency)
         WHERE coalesce(said.live, 0) <> coalesce(booked.live, 0) OR coalesce(said.paid, 0) <> coalesce(booked.paid, 0)
         ORDER BY 1, 2""",
        live=_LIVE,
    )
    return (
        f"partner {owner} in {currency}: payouts hold {live} and paid {paid}, the books {live_booked} and {paid_booked}"
        for owner, currency, live, live_booked, paid, paid_booked in rows
    )


@invariant("I32", "No payout is nought, negative or below the minimum of its run")
def small_payouts(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT p.reference, p.amount_minor, r.minimum_minor
          FROM payouts_payout p JOIN payouts_payoutrun r ON r.id = p.run_id
         WHERE p.program_id = %(program)s AND (p.amount_minor <= 0 OR p.amount_minor < r.minimum_minor) ORDER BY 1""")
    return (f"payout {name} is {amount}, the minimum {minimum}" for name, amount, minimum in rows)


@invariant("I35", "A payout is where its run can have brought it")
def odd_states(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT p.reference, p.state, r.number, r.state FROM payouts_payout p JOIN payouts_payoutrun r ON r.id = p.run_id
         WHERE p.program_id = %(program)s AND NOT (CASE r.state
               WHEN 'exported' THEN p.state IN ('exported', 'paid', 'returned')
               WHEN 'closed' THEN p.state IN ('paid', 'returned') ELSE p.state = r.state END) ORDER BY 1""")
    return (f"payout {name} is {state}, its run {number} is {run}" for name, state, number, run in rows)


@invariant("I37", "Every run that was approved was approved by a second person, and says what they agreed to")
def unlike_the_approval(_at: Examined) -> Iterator[str]:
    for run in PayoutRun.objects.exclude(state__in=("prepared", "cancelled")).order_by("number"):
        if run.approved_by_id in (None, run.prepared_by_id):
            yield f"run {run.number} was not approved by a second person"
        payouts = list(Payout.objects.filter(run=run).select_related("method"))
        if content_hash(payouts, destinations_of(payouts)) != run.content_hash:
            yield f"run {run.number} is not what was approved"


@invariant("I38", "Nothing that was on hold when its payout was sent is in it")
def held_and_sent(at: Examined) -> Iterable[str]:
    rows = at.rows("""
        SELECT DISTINCT p.reference, l.line FROM payouts_payoutline l
          JOIN payouts_payout p ON p.id = l.payout_id JOIN payouts_payoutrun r ON r.id = p.run_id
          JOIN commissions_hold h ON h.partner_id = p.partner_id AND h.line IN ('', l.line)
         WHERE l.program_id = %(program)s AND r.exported_at IS NOT NULL AND h.placed_at <= r.exported_at
           AND (h.released_at IS NULL OR h.released_at > r.exported_at) ORDER BY 1, 2""")
    return (f"payout {name} was sent with line {line}, which was on hold" for name, line in rows)
