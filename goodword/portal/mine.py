"""What a partner had a part in: the conversions of customers they touched, what each paid them, or why it did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField

from goodword.commissions.models import Line, Outcome
from goodword.commissions.selectors import LineFilter, LineRow, lines_page
from goodword.domain.money import to_decimal
from goodword.partners.models import Partner
from goodword.portal.lines import Row, lines_of, masked_customer, rows_of
from goodword.portal.words import outcome_sentence
from goodword.referrals.models import Click, Code, Conversion, Customer, Link, Touch

ALL_AT_ONCE = 100_000
_AFTER_FIRST_TOUCH = """
    referrals_conversion.at >= (
        SELECT first_touch.at FROM unnest(%s::text[], %s::timestamptz[]) AS first_touch (customer, at)
         WHERE first_touch.customer = referrals_conversion.customer)
"""


@dataclass(frozen=True, slots=True)
class ConversionRow:
    """A conversion as its partner sees it. What somebody else was paid for keeps its amount to itself."""

    conversion: Conversion
    customer: str
    rows: Sequence[Row]
    commission_minor: int
    why: str
    amount_shown: bool

    @property
    def at(self) -> datetime:
        return self.conversion.at

    @property
    def what(self) -> str:
        return "Sale" if self.conversion.name == "sale" else self.conversion.name.replace("_", " ").capitalize()

    @property
    def reference(self) -> str:
        return self.conversion.external_id

    @property
    def currency(self) -> str:
        return self.conversion.currency if self.amount_shown else ""

    @property
    def amount_text(self) -> str:
        amount = self.conversion.amount_minor
        return to_decimal(amount, self.conversion.currency) if self.amount_shown and amount is not None else ""

    @property
    def commission_text(self) -> str:
        return to_decimal(self.commission_minor, self.rows[0].line.currency) if self.rows else ""


def conversions_of(partner: Partner) -> QuerySet[Conversion]:
    """The conversions that paid the partner, carried its code, or came after it had touched the customer."""
    first = first_touches(partner)
    after = RawSQL(_AFTER_FIRST_TOUCH, [list(first), list(first.values())], output_field=BooleanField())  # noqa: S611
    codes = Code.objects.filter(partner=partner).values_list("key", flat=True)
    touched = Conversion.objects.filter(customer__in=list(first)).filter(after)
    return Conversion.objects.filter(
        Q(external_id__in=lines_of(partner).values("conversion"))
        | Q(code__in=list(codes))
        | Q(pk__in=touched.values("pk")),
        retracted_at=None,
    )


def first_touches(partner: Partner) -> dict[str, datetime]:
    """When the partner first touched each customer, directly or as the visitor it was before."""
    first: dict[str, datetime] = {}
    visitors: dict[str, datetime] = {}
    touches = Touch.objects.filter(partner=partner, retracted_at=None).order_by("at")
    for customer, visitor, at in touches.values_list("customer", "visitor", "at"):
        if customer:
            first.setdefault(customer, at)
        if visitor:
            visitors.setdefault(visitor, at)
    known = Customer.objects.filter(visitors__overlap=list(visitors), retracted_at=None) if visitors else ()
    for person in known:
        earliest = min(visitors[visitor] for visitor in person.visitors if visitor in visitors)
        first[person.external_id] = min(earliest, first.get(person.external_id, earliest))
    return first


def conversion_rows(partner: Partner, conversions: Sequence[Conversion], now: datetime) -> list[ConversionRow]:
    """Conversions with what they paid the partner, or the reason in words."""
    ids = [conversion.external_id for conversion in conversions]
    mine: dict[str, list[Row]] = {}
    for row in rows_of(partner, _lines_among(partner, conversions, now), now):
        mine.setdefault(row.line.conversion, []).append(row)
    outcomes = dict(Outcome.objects.filter(conversion__in=ids).values_list("conversion", "outcome"))
    paid = set(Line.objects.filter(conversion__in=ids).values_list("conversion", flat=True))
    return [_row(partner, each, mine.get(each.external_id, []), outcomes, paid) for each in conversions]


def _lines_among(partner: Partner, conversions: Sequence[Conversion], now: datetime) -> list[LineRow]:
    """The partner's lines from the first to the last of these conversions in time."""
    if not conversions:
        return []
    times = [conversion.at for conversion in conversions]
    which = LineFilter(partner=partner.pk, since=min(times), until=max(times) + timedelta(microseconds=1))
    return list(lines_page(partner.program, which, now=now, size=ALL_AT_ONCE).rows)


def _row(
    partner: Partner, conversion: Conversion, rows: list[Row], outcomes: dict[str, str], paid: set[str]
) -> ConversionRow:
    number = conversion.external_id
    why = "" if rows else _why(outcomes.get(number), number in paid)
    return ConversionRow(
        conversion=conversion,
        customer=masked_customer(partner.program, conversion.customer),
        rows=rows,
        commission_minor=sum(row.line.amount_minor for row in rows),
        why=why,
        amount_shown=bool(rows) or number not in paid,
    )


def _why(outcome: str | None, somebody_else: bool) -> str:
    if somebody_else:
        return outcome_sentence("other_partner")
    return outcome_sentence(outcome) if outcome else "It is being worked out."


def touch_behind(partner: Partner, line: LineRow) -> Touch | None:
    """The partner's touch that the credit goes back to: the last before the sale, or the first where first counts."""
    customer = Customer.objects.filter(external_id=line.customer, retracted_at=None).first()
    own = Q(customer=line.customer)
    if customer and customer.visitors:
        own |= Q(visitor__in=customer.visitors)
    touches = Touch.objects.filter(own, partner=partner, at__lte=line.conversion_at, retracted_at=None)
    first_counts = (partner.program.attribution or {}).get("model") == "first"
    return touches.order_by("at" if first_counts else "-at").first()


def link_behind(touch: Touch | None) -> Link | None:
    """The link that was followed; none where the touch was no click, or the click's month was dropped."""
    if touch is None or touch.click_id is None:
        return None
    click = Click.objects.select_related("link").filter(pk=touch.click_id).first()
    return click.link if click else None
