"""Partners with what the books say of them, for tables and pages. Reads only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Lower

from goodword.accounts.models import Program
from goodword.commissions.models import Hold
from goodword.ledger.models import Account
from goodword.partners.models import Partner
from goodword.payouts.models import PayoutMethod
from goodword.referrals.models import ClicksByDay, Code, Link


def with_balances(partners: QuerySet[Partner], currency: str) -> QuerySet[Partner]:
    """Partners with `pending_minor`, `payable_minor` and `earned_minor` (all that is theirs, paid or not)."""
    return partners.annotate(
        sort_name=Lower("name"),
        pending_minor=_credit(currency, Q(kind="pending")),
        payable_minor=_credit(currency, Q(kind="payable")),
        earned_minor=_credit(currency, Q()),
    )


def _credit(currency: str, kinds: Q) -> Any:
    """What stands to a partner's credit in accounts of these kinds (a liability is a credit balance)."""
    accounts = Account.objects.filter(kinds, owner=OuterRef("pk"), currency=currency).order_by()
    sums = accounts.values("owner").annotate(sum=Sum(-F("balance_minor"))).values("sum")
    return Coalesce(Subquery(sums), 0, output_field=BigIntegerField())


def in_debt(program: Program) -> list[tuple[Partner, int]]:
    """Partners from whom more was taken back than is owed to them, with the debt, the largest first."""
    accounts = Account.objects.filter(kind="payable", currency=program.currency, balance_minor__gt=0)
    debts = {owner: balance for owner, balance in accounts.values_list("owner", "balance_minor") if owner}
    partners = Partner.objects.in_bulk(debts)
    return sorted(((partners[key], debt) for key, debt in debts.items()), key=lambda pair: -pair[1])


def without_destination(program: Program) -> list[tuple[Partner, int]]:
    """Active partners with enough to be paid and no payout method, with the amount that waits."""
    accounts = Account.objects.filter(
        kind="payable", currency=program.currency, balance_minor__lt=0, balance_minor__lte=-program.minimum_payout_minor
    )
    waiting = {owner: -balance for owner, balance in accounts.values_list("owner", "balance_minor") if owner}
    known = PayoutMethod.objects.filter(replaced_at=None, partner__in=waiting).values("partner")
    partners = Partner.objects.filter(pk__in=waiting, status="active").exclude(pk__in=known)
    return sorted(((partner, waiting[partner.pk]) for partner in partners), key=lambda pair: -pair[1])


def can_be_paid(program: Program, *, now: datetime) -> int:
    """What the next run may pay: balances over the minimum of partners with a usable destination and no hold."""
    methods = PayoutMethod.objects.filter(replaced_at=None, usable_from__lte=now).values("partner")
    held = Hold.objects.filter(released_at=None, line="").values("partner")
    accounts = Account.objects.filter(
        kind="payable", currency=program.currency, balance_minor__lt=0, balance_minor__lte=-program.minimum_payout_minor
    )
    rows = accounts.filter(owner__in=methods).exclude(owner__in=held)
    return -(rows.aggregate(sum=Sum("balance_minor"))["sum"] or 0)


def links_with_clicks(partner: Partner) -> Sequence[Link]:
    """A partner's links, newest first, each with `click_count` of the clicks that count."""
    counts = ClicksByDay.objects.filter(link=OuterRef("pk"), aspect="").order_by()
    counted = counts.values("link").annotate(n=Sum("people")).values("n")
    return list(
        Link.objects.filter(partner=partner)
        .annotate(click_count=Coalesce(Subquery(counted), 0, output_field=BigIntegerField()))
        .order_by(F("revoked_at").asc(nulls_first=True), "-created_at")
    )


def codes_of(partner: Partner) -> Sequence[Code]:
    """A partner's codes, live ones first."""
    return list(Code.objects.filter(partner=partner).order_by(F("revoked_at").asc(nulls_first=True), "-created_at"))
