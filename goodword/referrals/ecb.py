"""Exchange rates from the European Central Bank's reference history, as rate facts: one for each currency and bank day.

The history comes with a pip package (no network); what it does not hold yet is recorded through the API.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from goodword.accounts.actors import Actor
from goodword.accounts.models import Program
from goodword.domain.errors import DomainError
from goodword.referrals.services import Recorded, record_facts

_PUBLISHED = time(16, 0)
_FRANKFURT = ZoneInfo("Europe/Berlin")
_DECIMALS = Decimal(1).scaleb(-10)


class NoReferenceRate(DomainError):
    """The European Central Bank publishes no rate for this currency."""

    code = "no_reference_rate"


def import_reference_rates(
    program: Program, currencies: Sequence[str], *, since: date, actor: Actor, now: datetime
) -> Recorded:
    """Record the reference rates of these currencies to the program's, for every bank day from `since` on.

    A rate counts from its publication, 16:00 in Frankfurt. Repeating it records only the days that are new. The bank
    quotes each currency against the euro; between two others the rate is their quotient, rounded to 10 decimals.
    Raises NoReferenceRate.
    """
    items = [item for currency in currencies for item in _rates(currency, program.currency, since, now)]
    return record_facts(program, "rate", items, source="import", actor=actor, published=True, now=now)


def _rates(source: str, target: str, since: date, now: datetime) -> Iterator[dict[str, str]]:
    from currency_converter import CurrencyConverter, RateNotFoundError  # noqa: PLC0415  (half a second to load)

    converter = CurrencyConverter(decimal=True)
    if missing := {source, target} - converter.currencies:
        name = min(missing)
        raise NoReferenceRate(
            f"The European Central Bank publishes no rate for {name}",
            field="currency",
            value=name,
            remedy="record its rates through the API: POST /api/v1/rates",
        )
    day = max(since, *(converter.bounds[code].first_date for code in (source, target)))
    while day <= min(converter.bounds[code].last_date for code in (source, target)):
        published = datetime.combine(day, _PUBLISHED, _FRANKFURT).astimezone(UTC)
        if published <= now:
            with localcontext(prec=40):
                try:
                    rate = Decimal(converter.convert(1, source, target, date=day)).quantize(_DECIMALS)
                except RateNotFoundError:  # a weekend or bank holiday: the rate before goes on serving
                    rate = None
            if rate is not None:
                yield {
                    "id": f"ecb-{source}-{target}-{day.isoformat()}",
                    "from": source,
                    "to": target,
                    "rate": f"{rate.normalize():f}",
                    "at": published.isoformat().replace("+00:00", "Z"),
                }
        day += timedelta(days=1)
