"""What terms would have paid for the last 30 days: the program's real facts, settled as they are and with a draft.

Reads only. The engine that pays decides both figures; nothing is estimated.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from goodword.accounts.models import Program
from goodword.domain.settlement import Agreement, FactSet, Instant, Settlement, instant, read_program, settle
from goodword.partners.models import Terms
from goodword.partners.selectors import names_of
from goodword.referrals.export import program_document, settlement_facts
from goodword.referrals.models import Conversion

DAYS: Final = 30
CONVERSIONS_MAX: Final = 20_000
"""With more conversions than this in all, only the customers of the last days are looked at, the latest first."""
CUSTOMERS_MAX: Final = 2_000
PARTNERS_SHOWN: Final = 5
_DRAFT = "draft"


class PartnerEffect(NamedTuple):
    """What the draft means for one partner."""

    name: str
    now: int
    draft: int

    @property
    def difference(self) -> int:
        return self.draft - self.now


@dataclass(frozen=True, slots=True)
class Effect:
    """Commission on the last 30 days' sales as it is and with the draft, in minor units, and what was looked at."""

    since: datetime
    sales: int
    credited: int
    volume: int
    now: int
    draft: int
    partners: Sequence[PartnerEffect]
    everyone: bool
    """Nobody is on these terms yet: all partners are put on them."""
    narrowed: bool
    """Only the latest customers were looked at, so totals that steps depend on may be too low."""

    @property
    def difference(self) -> int:
        return self.draft - self.now

    def rate(self, amount: int) -> int:
        """What an amount is of everything that was credited, in millionths, to a hundredth of a percent."""
        return (amount * 20_000 + self.volume) // (2 * self.volume) * 100 if self.volume else 0

    @property
    def now_rate(self) -> int:
        return self.rate(self.now)

    @property
    def draft_rate(self) -> int:
        return self.rate(self.draft)


def terms_effect(program: Program, terms: Terms, document: Any, now: datetime) -> Effect:
    """The last 30 days under the terms as they are, and as if the draft had been in force from their first day."""
    since = now - timedelta(days=DAYS)
    customers = _customers(program, since)
    facts = settlement_facts(program, customers)
    begin, end = instant(since), instant(now)
    drafted, everyone = _drafted(list(facts.agreements), terms.key, begin)
    whole = program_document(program)
    whole["terms"] = {**whole["terms"], _DRAFT: document}
    read = read_program(whole)
    at = {each.id: each.at for group in (facts.sales, facts.events) for each in group}
    recent = {key for key, moment in at.items() if begin <= moment <= end}
    paid = [
        _Paid(settle(read, facts, end), recent),
        _Paid(settle(read, _with_agreements(facts, drafted), end), recent),
    ]
    return Effect(
        since=since,
        sales=len(recent),
        credited=len({conversion for conversion, _ in paid[0].basis}),
        volume=sum(max(paid[0].basis[key], paid[1].basis[key]) for key in {**paid[0].basis, **paid[1].basis}),
        now=sum(paid[0].partners.values()),
        draft=sum(paid[1].partners.values()),
        partners=_partners(*paid),
        everyone=everyone,
        narrowed=customers is not None,
    )


def _customers(program: Program, since: datetime) -> list[str] | None:
    """Whose facts to look at; None: everybody's."""
    rows = Conversion.unscoped.filter(program=program, retracted_at=None)
    if rows[: CONVERSIONS_MAX + 1].count() <= CONVERSIONS_MAX:
        return None
    recent = rows.filter(at__gte=since).order_by("-at").values_list("customer", flat=True)[: 4 * CUSTOMERS_MAX]
    return list(dict.fromkeys(recent))[:CUSTOMERS_MAX]


def _drafted(agreements: list[Agreement], key: str, begin: Instant) -> tuple[list[Agreement], bool]:
    """The agreements as if the draft had been published at a moment, and whether all partners were moved for that."""
    live = [one for one in agreements if one.ends is None or one.ends > begin]
    on_these = [one for one in live if one.terms.rpartition("@")[0] == key]
    moved = set(on_these or live)
    drafted: list[Agreement] = []
    for one in agreements:
        drafted += _split(one, begin) if one in moved else [one]
    return drafted, not on_these


def _split(one: Agreement, begin: Instant) -> list[Agreement]:
    if one.starts >= begin:
        return [one._replace(terms=_DRAFT)]
    return [one._replace(ends=begin, cause=False), one._replace(id=f"{one.id}-draft", terms=_DRAFT, starts=begin)]


def _with_agreements(facts: FactSet, agreements: list[Agreement]) -> FactSet:
    names = ("partners", "codes", "customers", "touches", "sales", "events", "refunds", "cancels", "credits", "rates")
    return FactSet(agreements=agreements, **{name: getattr(facts, name) for name in names})


class _Paid:
    """What a settlement pays for some conversions: by partner, and the basis of each conversion and partner."""

    def __init__(self, settlement: Settlement, conversions: set[str]) -> None:
        self.partners: dict[str, int] = defaultdict(int)
        self.basis: dict[tuple[str, str], int] = defaultdict(int)
        for line in settlement.lines:
            if line.conversion not in conversions:
                continue
            self.partners[line.partner] += line.amount
            if line.kind == "commission":
                key = (line.conversion, line.partner)
                self.basis[key] = max(self.basis[key], line.basis)


def _partners(now: _Paid, draft: _Paid) -> list[PartnerEffect]:
    """The partners for whom most changes."""
    keys = [key for key in {**now.partners, **draft.partners} if now.partners[key] != draft.partners[key]]
    keys.sort(key=lambda key: (-abs(now.partners[key] - draft.partners[key]), key))
    names = names_of(keys[:PARTNERS_SHOWN])
    return [PartnerEffect(names.get(key, key), now.partners[key], draft.partners[key]) for key in keys[:PARTNERS_SHOWN]]
