"""A small program for tests of the books. Keywords in, rows out; nothing is hidden."""

from datetime import UTC, datetime
from itertools import count

from goodword.accounts.models import Organization, Program
from goodword.domain.chart import Subject, accrual
from goodword.ledger.services import NewTransaction
from goodword.partners.models import Partner

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = count(1)


def make_program(**given):
    number = next(_numbers)
    organization = Organization.objects.create(name=f"Acme {number}")
    fields = {"slug": f"acme-{number}", "name": "Acme", "currency": "EUR", "timezone": "Europe/Berlin", **given}
    return Program.objects.create(organization=organization, **fields)


def make_partner(program, name="Alice", **given):
    return Partner.unscoped.create(program=program, name=name, joined_at=NOW, **given)


def accrued(partner, line="line-1", minor=1000, *, into="pending", cause=None, currency="EUR"):
    """A new transaction: `minor` earned on `line`."""
    return NewTransaction(
        kind="accrual",
        cause_kind="line",
        cause_id=cause or f"{line}@0",
        currency=currency,
        postings=accrual(Subject(line, partner.pk), minor, into),
        effective_at=NOW,
        memo=f"Commission {line}",
        evidence={
            "line": line,
            "terms": "standard@1",
            "steps": [{"do": "rate", "from": "10% of 100.00", "is": "10.00"}],
        },
    )
