"""Reads what a run knows into a checkpoint, and writes a checkpoint into a run that begins. Decides nothing."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from goodword.domain.settlement.checkpoint import Checkpoint, Record, Unfit, by_name
from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.kept import rules_hash
from goodword.domain.settlement.rules.layout import NONE, Facts, Table
from goodword.domain.settlement.rules.prepared import Prepared
from goodword.domain.settlement.rules.run import Run, hashed

_PERIOD_BITS: Final = 18
_APART: Final = 1 << 29


def can_be_continued(facts: Facts) -> bool:
    """Whether there is any going on. Not where a budget is shared out over its period, so that every conversion changes
    the lines before it; nor where a trailing total has to forget customers.
    """
    program = facts.program[0]
    shares_out = program["budget_pro_rata"] and program["budget"] != NONE
    return not (shares_out or facts.keys["trailing"].any())


def reaches_back(run: Run) -> bool:
    """Whether a line is paid by its period's final total, which pays all lines of the period anew."""
    lines = run.tables["lines"][: run.used[layout.U_LINES]]
    paid_by = run.facts.rules[lines["rule"][lines["kind"] == layout.COMMISSION]]
    return bool(((paid_by["pay"] == layout.TIERS) & (paid_by["mode"] == layout.WHOLE)).any())


def counting_of(prepared: Prepared) -> str:
    """A name for everything that decides what is counted: another name, and a checkpoint cannot be continued."""
    facts, names = prepared.facts, prepared.names
    program = facts.program[0].copy()
    program["as_of"] = 0
    bonuses = sorted({
        (names.bonus_keys[row["key"]], *(int(row[column]) for column in ("on", "measure", "per", "reverse")))
        for row in facts.bonuses
    })  # fmt: skip
    told = (
        rules_hash(), program.tolist(), prepared.names.currencies[0], prepared.zone.name, names.rule_keys,
        facts.keys.tolist(), bonuses, len(facts.tails) > 0, names.ons,
    )  # fmt: skip
    return hashlib.sha256(repr(told).encode()).hexdigest()


def saved(run: Run, prepared: Prepared) -> Checkpoint:
    """What is known of the customers and partners of the conversions that this run has taken."""
    last = run.tables["histories"]["last"].max(initial=NONE)
    return Checkpoint(
        counting_of(prepared),
        _Customers(run, prepared).records(),
        _Partners(run, prepared).records(),
        sorted(map(list, _cells(run, "budget", "key", "a"))),
        NONE if last == NONE else int(prepared.facts.conversions["at"][last]),
    )


def restore(run: Run, prepared: Prepared, known: Checkpoint) -> None:
    """Begin a run where a checkpoint ended. Raises Unfit where it speaks of something that the facts do not have."""
    if known.counting != counting_of(prepared):
        raise Unfit("the program counts other things now")
    _Restoring(run, prepared).restore(known)


class _Customers:
    """Reads the records of customers out of a run. Tables become lists first: field by field takes long."""

    def __init__(self, run: Run, prepared: Prepared) -> None:
        self._run, self._names, self._facts = run, prepared.names, prepared.facts
        self._ons = int(prepared.facts.program[0]["ons"])
        self._counted = _by_customer(run, prepared)
        self._ties = run.tables["ties"][: run.used[layout.U_TIES]].tolist()
        shares = run.tables["shares"][: run.used[layout.U_SHARES]]
        self._shares = list(zip(*(shares[name].tolist() for name in ("partner", *_SHARE)), strict=True))

    def records(self) -> dict[str, Record]:
        """By name, of every customer with a conversion taken."""
        histories = self._run.tables["histories"]
        rows = np.flatnonzero(histories["last"] != NONE)
        ats = self._facts.conversions["at"][histories["last"][rows]].tolist()
        nth = self._run.tables["customer_nth"]["value"].reshape(-1, self._ons)[rows].tolist()
        found = zip(rows.tolist(), histories[rows].tolist(), ats, nth, strict=True)
        return {str(self._names.customers[row]): self._record(row, *rest) for row, *rest in found}

    def _record(self, row: int, history: tuple[int, ...], at: int, nth: list[int]) -> Record:
        _, lock, lock_day, lock_lo, lock_n, first, last, tie, _ = history
        counted, reached = self._counted.get(row, _IN_NONE)
        return {
            "last": at,
            "days": [first, last],
            "nth": nth,
            "lock": self._lock(lock, lock_day, lock_lo, lock_n) if lock != NONE else None,
            "ties": sorted(self._tied(tie), key=by_name),
            "counted": sorted(counted),
            "reached": sorted(reached),
        }

    def _lock(self, conversion: int, day: int, lo: int, n: int) -> list[Any]:
        shares = [[str(self._names.partners[partner]), *share] for partner, *share in self._shares[lo : lo + n]]
        return [str(self._names.conversions[conversion]), day, shares]

    def _tied(self, at: int) -> Iterable[list[Any]]:
        names = self._names
        while at != NONE:
            when, paid, partner, key, at, day, count = self._ties[at]
            yield [str(names.partners[partner]), _named(names.rule_keys, key), when, day, count, paid]


_IN_NONE: Final[tuple[list[Any], list[Any]]] = ([], [])
_SHARE: Final = ("ppm", "weight", "total", "touched")
_CELL: Final = ("a", "b", "c", "d", "e", "f")


def _by_customer(run: Run, prepared: Prepared) -> dict[int, tuple[list[Any], list[Any]]]:
    """Of each customer (its row) the totals of tiers and of bonuses that it is counted in."""
    found: dict[int, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    owners = [_Owners(run, prepared, name) for name in ("tallies", "reached")]
    for key, kept in _cells(run, "members", "key", "a"):
        number, customer = key >> 32, key & 0xFFFFFFFF
        bonus = bool(number & _APART)
        entry = [*owners[bonus].by_number[number & ~_APART], kept]
        found[customer][bonus].append(entry)
    return found


class _Owners:
    """Whose a cell of a hash table is: partner, key, kind of period and period, by the cell's key and number."""

    def __init__(self, run: Run, prepared: Prepared, table: str) -> None:
        names, bonus = prepared.names, table == "reached"
        self._partners = names.partners
        self._keys = names.bonus_keys if bonus else names.rule_keys
        self._keys_n = len(prepared.facts.bonuses if bonus else prepared.facts.keys)
        self.by_number = {number: self.of(key) for key, number in _cells(run, table, "key", "g")}

    def of(self, key: int) -> list[Any]:
        owner, kind = key >> _PERIOD_BITS >> 2, key >> _PERIOD_BITS & 3
        partner, code = divmod(owner, self._keys_n)
        return [str(self._partners[partner]), self._keys[code], kind, key & ((1 << _PERIOD_BITS) - 1)]


class _Partners:
    """Reads the records of partners out of a run."""

    def __init__(self, run: Run, prepared: Prepared) -> None:
        self._run, self._prepared, self._names = run, prepared, prepared.names
        self._ons = int(prepared.facts.program[0]["ons"])

    def records(self) -> dict[str, Record]:
        """By name, of every partner that an agreement or tail paid for a conversion taken."""
        lasts = self._run.tables["partner_last"]["value"]
        rows = np.flatnonzero(lasts != NONE)
        ats = self._prepared.facts.conversions["at"][lasts[rows]].tolist()
        nth = self._run.tables["partner_nth"]["value"].reshape(-1, self._ons)[rows].tolist()
        found = {
            str(self._names.partners[row]): _empty_partner(at, counts)
            for row, at, counts in zip(rows.tolist(), ats, nth, strict=True)
        }
        for name, table, columns in (("totals", "tallies", _CELL), ("paid", "paid", "a"), ("reached", "reached", "ab")):
            owners = _Owners(self._run, self._prepared, table)
            for key, *values in _cells(self._run, table, "key", *columns):
                partner, *where = owners.of(key)
                if partner in found:
                    found[partner][name].append([*where, *values])
        for key, day, count in _cells(self._run, "recruited", "key", "a", "b"):
            recruiter, child = (str(self._names.partners[row]) for row in (key >> 31, key & 0x7FFFFFFF))
            if child in found:
                found[child]["recruiters"].append([recruiter, day, count])
        return {
            name: {of: sorted(it) if isinstance(it, list) and of != "nth" else it for of, it in record.items()}
            for name, record in found.items()
        }


def _empty_partner(last: int, nth: list[int]) -> Record:
    return {"last": last, "nth": nth, "totals": [], "paid": [], "reached": [], "recruiters": []}


def _cells(run: Run, table: str, *columns: str) -> Iterable[tuple[int, ...]]:
    """These columns of the cells in use, in order of their making."""
    cells = run.tables[table]
    used = cells[cells["key"] != NONE]
    used = used[np.argsort(used["g"], kind="stable")]
    return zip(*(used[column].tolist() for column in columns), strict=True)


def _named(keys: Sequence[str], code: int) -> str | None:
    return None if code == NONE else keys[code]


class _Restoring:
    """Writes records into a run that has taken nothing yet."""

    def __init__(self, run: Run, prepared: Prepared) -> None:
        self._run, self._names, self._facts = run, prepared.names, prepared.facts
        self._ons = int(prepared.facts.program[0]["ons"])
        self._partners = {str(name): row for row, name in enumerate(self._names.partners)}
        self._rule_keys = {key: code for code, key in enumerate(self._names.rule_keys)}
        self._bonus_keys = {key: code for code, key in enumerate(self._names.bonus_keys)}
        self._numbers: dict[tuple[bool, int], int] = {}
        self._shares: list[tuple[int, ...]] = []
        self._ties: list[tuple[int, ...]] = []

    def restore(self, known: Checkpoint) -> None:
        self._restore_partners(known.partners)
        self._restore_customers(known.customers)
        self._put_cells("budget", [(period, [spent]) for period, spent in known.budget])
        self._put_rows("shares", layout.U_SHARES, self._shares, layout.Share)
        self._put_rows("ties", layout.U_TIES, self._ties, layout.Tie)
        self._run.fit()

    def _restore_partners(self, records: Mapping[str, Record]) -> None:
        nth = self._run.tables["partner_nth"]["value"].reshape(-1, self._ons)
        totals, paid, reached, recruited = [], [], [], []
        for name, record in records.items():
            row = self._partners.get(name)
            if row is None:
                continue
            nth[row] = record["nth"]
            totals += [(self._owned(row, entry), entry[3:]) for entry in record["totals"]]
            paid += [(self._owned(row, entry), entry[3:]) for entry in record["paid"]]
            reached += [(self._owned(row, entry, bonus=True), entry[3:]) for entry in record["reached"]]
            recruited += [
                (self._partners[recruiter] << 31 | row, [day, count])
                for recruiter, day, count in record["recruiters"]
                if recruiter in self._partners
            ]
        self._numbers |= {(False, key): number for number, (key, _) in enumerate(totals)}
        self._numbers |= {(True, key): number for number, (key, _) in enumerate(reached)}
        for table, cells in (("tallies", totals), ("paid", paid), ("reached", reached), ("recruited", recruited)):
            self._put_cells(table, cells)

    def _restore_customers(self, records: Mapping[str, Record]) -> None:
        conversions = {str(name): row for row, name in enumerate(self._names.conversions)}
        nth = self._run.tables["customer_nth"]["value"].reshape(-1, self._ons)
        members: list[tuple[int, list[int]]] = []
        for row, name in enumerate(self._names.customers):
            record = records.get(str(name))
            if record is None:
                continue
            nth[row] = record["nth"]
            history = self._run.tables["histories"][row]
            history["first_sale_day"], history["last_sale_day"] = record["days"]
            if record["lock"] is not None:
                self._lock(history, record["lock"], conversions)
            history["tie"] = self._chain(record["ties"])
            members += self._members(row, record)
        self._put_cells("members", members)

    def _lock(self, history: Any, lock: Sequence[Any], conversions: Mapping[str, int]) -> None:
        name, day, shares = lock
        if name not in conversions:
            raise Unfit(f"conversion {name!r}, which set a lock, is not among the facts")
        history["lock_conversion"], history["lock_day"] = conversions[name], day
        history["lock_lo"], history["lock_n"] = len(self._shares), len(shares)
        for partner, ppm, weight, total, touched in shares:
            self._shares.append((weight, total, touched, self._row_of(partner), ppm))

    def _row_of(self, partner: str) -> int:
        if partner not in self._partners:
            raise Unfit(f"partner {partner!r}, who has a share in a lock, is not among the facts")
        return self._partners[partner]

    def _chain(self, ties: Iterable[Sequence[Any]]) -> int:
        head = NONE
        for partner, key, at, day, count, paid in ties:
            if partner in self._partners:
                code = NONE if key is None else self._rule_keys[key]
                self._ties.append((at, paid, self._partners[partner], code, head, day, count))
                head = len(self._ties) - 1
        return head

    def _members(self, row: int, record: Record) -> Iterable[tuple[int, list[int]]]:
        for name, bonus in (("counted", False), ("reached", True)):
            for partner, *where, kept in record[name]:
                if partner in self._partners:
                    key = self._owned(self._partners[partner], where, bonus=bonus)
                    number = self._numbers.get((bonus, key))
                    if number is None:
                        raise Unfit(f"partner {partner!r} has no total that a customer is counted in")
                    yield (number | (_APART if bonus else 0)) << 32 | row, [kept]

    def _owned(self, partner: int, entry: Sequence[Any], *, bonus: bool = False) -> int:
        key, kind, period = entry[:3]
        if bonus:
            owner = partner * len(self._facts.bonuses) + self._bonus_keys[key]
        else:
            owner = partner * len(self._facts.keys) + self._rule_keys[key]
        return ((owner * 4 + int(kind)) << _PERIOD_BITS) | int(period)

    def _put_cells(self, name: str, entries: Sequence[tuple[int, Sequence[int]]]) -> None:
        cells = np.zeros(len(entries), layout.Cell)
        cells["h"] = NONE
        for number, (key, values) in enumerate(entries):
            cells[number] = (key, *values, *(0,) * (6 - len(values)), number, NONE)
        self._run.tables[name] = hashed(cells)
        self._run.used[_COUNTERS[name]] = len(entries)

    def _put_rows(self, name: str, counter: int, rows: Sequence[tuple[int, ...]], kind: np.dtype[Any]) -> None:
        table: Table = self._run.tables[name]
        if len(rows) >= len(table):
            table = self._run.tables[name] = np.zeros(2 * len(rows) + 64, kind)
        table[: len(rows)] = np.array(rows, kind)
        self._run.used[counter] = len(rows)


_COUNTERS: Final = {
    "tallies": layout.U_TALLIES,
    "members": layout.U_MEMBERS,
    "paid": layout.U_PAID,
    "recruited": layout.U_RECRUITED,
    "reached": layout.U_REACHED,
    "budget": layout.U_BUDGET,
}
