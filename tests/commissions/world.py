"""A program whose facts tests can let arrive one by one, in any order, and what its books and a fresh settlement say.

`Fact` is anything the world can record; `World.arrive` records it and tells the worker, as the doors do.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from goodword.commissions.services import settle_program
from goodword.domain.settlement import instant, read_program, settle
from goodword.ledger.models import Transaction
from goodword.ledger.selectors import booked_by_line
from goodword.referrals.export import program_document, settlement_facts
from goodword.referrals.models import UnsettledFact
from tests import cast

NOW = cast.NOW
Fact = Callable[["World"], str]
"""Records something and gives its customer; with `since` it changes nothing that was sold before that."""


def days(number: float) -> Any:
    return NOW - timedelta(days=number)


PLAIN = {
    name: {"rules": [{"key": name, "on": "sale", "pay": {"percent": percent}}]}
    for name, percent in (("alder", "20%"), ("birch", "10%"))
}
"""What partners agreed to, by their names, where nothing else is said."""


class World:
    """One program and its partners, each by terms of his own; in a chain, everybody is recruited by who stands next."""

    def __init__(self, agreed: Mapping[str, dict[str, Any]] = PLAIN, *, chain: bool = False, **fields: Any) -> None:
        self.program = cast.program(**fields)
        self.partners: dict[str, Any] = {}
        recruiter = None
        for name in reversed(agreed) if chain else agreed:
            version = cast.terms_version(
                self.program, terms=cast.terms(self.program, key=name), document=cast.TERMS | agreed[name]
            )
            self.partners[name] = cast.partner(self.program, name=name, parent=recruiter)
            recruiter = self.partners[name] if chain else None
            cast.agreement(self.partners[name], terms_version=version)

    def arrive(self, *facts: Fact) -> None:
        for fact in facts:
            since = getattr(fact, "since", None)
            UnsettledFact.objects.create(program=self.program, customer=fact(self), cause="test", since=since)

    def settle(self, now: Any = NOW, **options: Any) -> Any:
        return settle_program(self.program, now=now, **options)

    def books(self) -> dict[str, tuple[int, int, int, int]]:
        """Line -> earned, pending, held, payable, where anything was earned or lies."""
        booked = booked_by_line(self.program)
        return {line: sums[:4] for line, sums in booked.items() if any(sums[:4])}

    def oracle(self, now: Any = NOW) -> dict[str, int]:
        """What a settlement of all facts says now, line by line, nought left out."""
        facts = settlement_facts(self.program)
        lines = settle(read_program(program_document(self.program)), facts, instant(now)).lines
        return {line.line: line.amount for line in lines if line.amount}

    def earned(self) -> dict[str, int]:
        return {line: sums[0] for line, sums in self.books().items() if sums[0]}

    def kinds(self) -> Counter[str]:
        return Counter(Transaction.unscoped.filter(program=self.program).values_list("kind", flat=True))


def looking_forward(fact: Any, ago: float) -> Fact:
    fact.since = days(ago)
    return fact


def touch(partner: str, customer: str = "c-1", ago: float = 12, **fields: Any) -> Fact:
    def fact(world: World) -> str:
        cast.touch(world.partners[partner], customer=customer, at=days(ago), **fields)
        return customer

    return looking_forward(fact, ago)


def sale(name: str, customer: str = "c-1", minor: int = 10_000, ago: float = 10, **fields: Any) -> Fact:
    def fact(world: World) -> str:
        cast.sale(world.program, external_id=name, customer=customer, amount_minor=minor, at=days(ago), **fields)
        return customer

    return looking_forward(fact, ago)


def refund(of: str, customer: str = "c-1", minor: int = 10_000, ago: float = 5) -> Fact:
    def fact(world: World) -> str:
        fields = cast._fact("refund", {"sale": of, "currency": "EUR", "amount_minor": minor, "at": days(ago)})
        cast.Refund.unscoped.create(program=world.program, **fields)
        return customer

    return fact


def credit(customer: str, shares: Iterable[tuple[str, str]], ago: float = 1) -> Fact:
    def fact(world: World) -> str:
        given = [{"partner": world.partners[name].public_id, "percent": percent} for name, percent in shares]
        cast.credit(world.program, customer=customer, shares=given, at=days(ago))
        return customer

    return fact


def schedules(count: int) -> Any:
    """The places of so many facts in any order, each with whether the worker runs then: one time in three."""
    runs = st.lists(st.sampled_from([False, False, True]), min_size=count, max_size=count)
    return st.builds(zip, st.permutations(range(count)), runs).map(list)


def let_arrive(world: World, facts: Sequence[Fact], schedule: Iterable[tuple[int, bool]]) -> None:
    """One fact after the other, with a settlement where the schedule has one, and one at the end."""
    for place, settles in schedule:
        world.arrive(facts[place])
        if settles:
            world.settle()
    world.settle()
