"""The running totals that tiers look at: per partner, rule key and period, as made and as kept."""

from collections.abc import Iterable

from goodword.domain.settlement.arithmetic import checked_volume
from goodword.domain.settlement.calendar import month_of, period_of
from goodword.domain.settlement.component import Component, Decided
from goodword.domain.settlement.program import Measure, Terms, Tiers
from goodword.domain.settlement.records import Conversion

_TRAILING_MONTHS = 12


class Tally:
    """What one partner's components of one rule come to in one period."""

    __slots__ = ("count", "customers", "kept_count", "kept_customers", "kept_volume", "volume")

    def __init__(self) -> None:
        self.volume = self.kept_volume = self.count = self.kept_count = 0
        self.customers: set[str] = set()
        self.kept_customers: set[str] = set()


class Tallies:
    """The tallies of every rule key that some terms have tiers for; a renewal goes on counting."""

    def __init__(self, terms: Iterable[Terms]) -> None:
        self._kinds: dict[str, set[str]] = {}
        for rule in (rule for one in terms for rule in one.rules):
            tiers = rule.pay.tiers
            if tiers is not None and tiers.per != "conversion":
                kind = "month" if tiers.per == "trailing_12m" else tiers.per
                self._kinds.setdefault(rule.key, set()).add(kind)
        self._cells: dict[tuple[str, str, str, int], Tally] = {}

    def place(self, component: Component, case: Decided) -> None:
        """Note the totals before and after a component, and add it to them."""
        tiers, day = component.rule.pay.tiers, case.day
        if tiers is not None:
            component.before = self.before(component.partner, component.rule.key, tiers, day)
            component.after = component.before + self._step(component, tiers, case)
        kinds = self._kinds.get(component.rule.key)
        for kind in kinds or ():
            key = (component.partner, component.rule.key, kind, period_of(day, kind))  # type: ignore[arg-type]
            cell = self._cells.get(key)
            if cell is None:
                cell = self._cells[key] = Tally()
            _add(cell, component, case.conversion)

    def before(self, partner: str, key: str, tiers: Tiers, day: int) -> int:
        """The total that a component on this day finds."""
        if tiers.per == "conversion":
            return 0
        if tiers.per != "trailing_12m":
            return _total([self._cells.get((partner, key, tiers.per, period_of(day, tiers.per)))], tiers)
        month = month_of(day)
        return _total(
            [self._cells.get((partner, key, "month", month - i)) for i in range(1, _TRAILING_MONTHS + 1)], tiers
        )

    def final(self, component: Component, tiers: Tiers, day: int) -> int:
        """The total of the component's whole period, once every conversion has been taken."""
        if tiers.per == "conversion":
            return component.after
        return self.before(component.partner, component.rule.key, tiers, day)

    def is_new_customer(self, case: Decided, partner: str, key: str, tiers: Tiers) -> bool:
        """Whether a customer is not yet in the total of the period."""
        if tiers.per in {"conversion", "trailing_12m"}:
            return True
        cell = self._cells.get((partner, key, tiers.per, period_of(case.day, tiers.per)))
        return cell is None or case.conversion.customer not in (cell.kept_customers if tiers.reduce else cell.customers)

    def _step(self, component: Component, tiers: Tiers, case: Decided) -> int:
        if tiers.measure == "volume":
            if tiers.per == "conversion":
                return component.whole if tiers.reduce else component.whole_made
            return component.basis if tiers.reduce else component.made
        if tiers.reduce and not component.kept.ratio.numerator:
            return 0
        if tiers.measure == "customers":
            return int(self.is_new_customer(case, component.partner, component.rule.key, tiers))
        return 1


def _add(cell: Tally, component: Component, conversion: Conversion) -> None:
    cell.volume = checked_volume(cell.volume + component.made, conversion.id)
    cell.count += 1
    cell.customers.add(conversion.customer)
    if component.kept.ratio.numerator:
        cell.kept_volume += component.basis
        cell.kept_count += 1
        cell.kept_customers.add(conversion.customer)


def _total(cells: Iterable[Tally | None], tiers: Tiers) -> int:
    found = [cell for cell in cells if cell is not None]
    measure: Measure = tiers.measure
    if measure == "customers":
        sets = [cell.kept_customers if tiers.reduce else cell.customers for cell in found]
        return len(sets[0]) if len(sets) == 1 else len(set().union(*sets))
    if measure == "count":
        return sum(cell.kept_count if tiers.reduce else cell.count for cell in found)
    return sum(cell.kept_volume if tiers.reduce else cell.volume for cell in found)
