"""Makes a large world to settle, quickly: a folder of Parquet files named by fact, and its program.

Of the conversions 85% are sales, 10% leads and 5% refunds, over 18 months; for each conversion there is a touch, for
three a customer, for a hundred a partner. Three versions of terms with marginal tiers, caps and overrides; credit is
split evenly over all touches of the last year. The same count and seed always give the same world.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.random import Generator, default_rng

START: Final = np.datetime64("2025-01-01T00:00:00", "s")
SECONDS: Final = 548 * 86_400
ROWS: Final = 1_000_000
"""Rows made at a time."""
PRODUCTS: Final = 40
COUNTRIES: Final = ("US", "DE", "GB", "FR", "AT", "JP", "BR", "IN")
TERMS: Final = ("basic", "standard", "premium")
PROGRAM: Final[dict[str, Any]] = {
    "program": "bench",
    "currency": "USD",
    "timezone": "America/New_York",
    "attribution": {"model": "linear", "lock": None, "window_days": 365},
    "terms": {
        "basic": {
            "rules": [
                {
                    "key": "new",
                    "on": "sale",
                    "when": {"customer": "new"},
                    "pay": {"percent": "10%"},
                    "cap": {"sale": "150.00"},
                },
                {"key": "later", "on": "sale", "pay": {"percent": "4%"}, "lasts": {"months": 12}},
                {"key": "lead", "on": "lead", "pay": {"flat": "1.50"}},
            ],
            "clawback": {"days": 60},
        },
        "standard": {
            "rules": [
                {
                    "key": "hardware",
                    "on": "sale",
                    "when": {"product": {"in": ["p0", "p1", "p2"]}},
                    "pay": {"percent": "3%"},
                },
                {
                    "key": "volume",
                    "on": "sale",
                    "pay": {
                        "tiers": {
                            "measure": "volume",
                            "per": "month",
                            "mode": "marginal",
                            "steps": [
                                {"from": "0", "percent": "6%"},
                                {"from": "500.00", "percent": "8%"},
                                {"from": "2000.00", "percent": "10.5%"},
                            ],
                        }
                    },
                    "cap": {"period": {"amount": "2500.00", "per": "month"}},
                },
            ],
            "overrides": [{"level": 1, "percent": "5%"}],
            "clawback": {"days": 90},
        },
        "premium": {
            "rules": [
                {
                    "key": "premium",
                    "on": "sale",
                    "pay": {"schedule": [{"months": 6, "percent": "15%"}, {"percent": "7.5%"}]},
                    "cap": {"customer": "400.00"},
                    "floor": "0.25",
                },
                {"key": "lead", "on": "lead", "pay": {"flat": "2.00"}},
            ],
            "overrides": [{"level": 1, "percent": "10%"}],
        },
    },
}


def write_world(folder: Path, conversions: int, *, native: bool = False, seed: int = 7, groups: int = 1) -> Path:
    """Write the facts into a folder and `program.json` beside it; returns the program's path.

    `native`: instants as timestamps and money as decimals, in place of the texts that JSON has. `groups`: so many parts
    of the world have no customer, partner or recruiter in common.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = folder.with_name(folder.name + ".program.json")
    program.write_text(json.dumps(PROGRAM, indent=1))
    writer = _World(folder, conversions, default_rng(seed), native=native, groups=groups)
    writer.people()
    writer.touches()
    writer.conversions()
    return program


class _World:
    def __init__(self, folder: Path, conversions: int, chance: Generator, *, native: bool, groups: int) -> None:
        self._groups = groups
        self._folder, self._chance, self._native = folder, chance, native
        self._sales, self._leads = conversions * 85 // 100, conversions // 10
        self._refunds = conversions - self._sales - self._leads
        self._count = conversions
        self._customers, self._partners = max(conversions * 3 // 10, 1), max(conversions // 100, 3)

    def people(self) -> None:
        """Partners, a tenth of them recruited; their agreements; and customers."""
        partners, customers = np.arange(self._partners), np.arange(self._customers)
        parent = self._chance.integers(0, np.maximum(partners, 1))
        parent = self._in_group(parent, partners, partners)
        recruited = (self._chance.random(self._partners) < 0.1) & (partners > 0) & (parent >= 0)
        email = pc.binary_join_element_wise("sales@firm", pc.cast(partners, pa.string()), ".example", "")
        columns = {"id": _ids("p", partners), "parent": _ids("p", parent, recruited), "emails": _lists(email)}
        self._write("partner", iter([columns]))
        starts = pa.array(np.full(self._partners, "2024-01-01"))
        terms = pa.DictionaryArray.from_arrays(partners % len(TERMS), pa.array(TERMS)).cast(pa.string())
        columns = {"id": _ids("a", partners), "partner": _ids("p", partners), "terms": terms, "starts": starts}
        self._write("agreement", iter([columns]))
        country = pa.DictionaryArray.from_arrays(
            self._chance.integers(0, len(COUNTRIES), self._customers), pa.array(COUNTRIES)
        )
        existing = pa.array(self._chance.random(self._customers) < 0.02)
        columns = {"id": _ids("c", customers), "country": country.cast(pa.string()), "existing": existing}
        self._write("customer", iter([columns]))

    def touches(self) -> None:
        """A touch for every conversion, by time; a customer's partners are few."""
        self._write("touch", self._touches())

    def _touches(self) -> Iterator[dict[str, Any]]:
        for numbers, at in self._moments(self._count):
            customer = self._chance.integers(0, self._customers, len(numbers))
            partner = (customer * 31 + self._chance.integers(0, 3, len(numbers)) * 17) % self._partners
            partner = self._in_group(partner, customer, self._partners)
            channel = self._chance.choice([0, 0, 0, 0, 1, 2], len(numbers))
            words = pa.DictionaryArray.from_arrays(channel, pa.array(["link", "form", "manual"])).cast(pa.string())
            yield {
                "id": _ids("t", numbers),
                "at": self._at(at),
                "partner": _ids("p", partner),
                "customer": _ids("c", customer),
                "channel": words,
            }

    def _in_group(self, partner: Any, member: Any, below: Any) -> Any:
        """A partner near this one, of the member's group and below a number; below 0 where there is none."""
        found = partner - partner % self._groups + member % self._groups
        return np.where(found >= below, found - self._groups, found)

    def conversions(self) -> None:
        """Sales by time, leads, and refunds of some sales."""
        back: list[np.ndarray[Any, Any]] = []
        self._write("sale", self._sale_rows(back))
        self._write("event", self._lead_rows())
        number, at, amount = (np.concatenate(parts)[: self._refunds] for parts in zip(*back, strict=True))
        at += self._chance.integers(0, 80 * 86_400, len(at))
        part = np.maximum(amount * self._chance.integers(10, 101, len(at)) // 100, 1)
        columns = {"id": _ids("r", number), "at": self._at(at), "sale": _ids("s", number), "amount": self._money(part)}
        self._write("refund", iter([columns]))

    def _sale_rows(self, back: list[Any]) -> Iterator[dict[str, Any]]:
        for numbers, at in self._moments(self._sales):
            n = len(numbers)
            amount = np.minimum(self._chance.lognormal(8.6, 0.9, n).astype(np.int64) + 500, 5_000_000)
            tax = amount // 6 * (self._chance.random(n) < 0.5)
            product = pa.array([f"p{i}" for i in range(PRODUCTS)])
            returned = self._chance.random(n) < self._refunds / self._sales * 1.2 + 10 / n
            back.append((numbers[returned], at[returned], amount[returned]))
            yield {
                "id": _ids("s", numbers),
                "at": self._at(at),
                "customer": _ids("c", self._chance.integers(0, self._customers, n)),
                "currency": pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array(["USD"])).cast(pa.string()),
                "amount": self._money(amount),
                "tax": self._money(tax),
                "product": pa.DictionaryArray.from_arrays(self._chance.integers(0, PRODUCTS, n), product).cast(
                    pa.string()
                ),
            }

    def _lead_rows(self) -> Iterator[dict[str, Any]]:
        for numbers, at in self._moments(self._leads):
            names = pa.DictionaryArray.from_arrays(np.zeros(len(numbers), np.int32), pa.array(["lead"]))
            yield {
                "id": _ids("e", numbers),
                "at": self._at(at),
                "name": names.cast(pa.string()),
                "customer": _ids("c", self._chance.integers(0, self._customers, len(numbers))),
            }

    def _moments(self, count: int) -> Iterator[tuple[Any, Any]]:
        """Numbers and ascending seconds, some rows at a time."""
        for lo in range(0, count, ROWS):
            numbers = np.arange(lo, min(lo + ROWS, count))
            yield (
                numbers,
                np.sort(self._chance.integers(*(np.array([lo, numbers[-1] + 1]) * SECONDS // count), len(numbers))),
            )

    def _at(self, seconds: Any) -> pa.Array:
        moments = pa.array((START + seconds).astype("datetime64[us]")).cast(pa.timestamp("us", "UTC"))
        return moments if self._native else pc.strftime(moments.cast(pa.timestamp("s", "UTC")), "%Y-%m-%dT%H:%M:%SZ")

    def _money(self, minor: Any) -> pa.Array:
        cents = pa.DictionaryArray.from_arrays(minor % 100, pa.array([f"{i:02}" for i in range(100)])).cast(pa.string())
        texts = pc.binary_join_element_wise(pc.cast(minor // 100, pa.string()), cents, ".")
        return texts.cast(pa.decimal128(18, 2)) if self._native else texts

    def _write(self, fact: str, batches: Iterator[dict[str, Any]]) -> None:
        writer = None
        for columns in batches:
            table = pa.table(columns)
            writer = writer or pq.ParquetWriter(self._folder / f"{fact}.parquet", table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()


def _ids(prefix: str, numbers: Any, given: Any = None) -> pa.Array:
    texts = pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")
    return texts if given is None else pc.if_else(pa.array(given), texts, None)


def _lists(texts: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(np.arange(len(texts) + 1, dtype=np.int32), texts)


if __name__ == "__main__":
    print(write_world(Path(sys.argv[1]), int(sys.argv[2]), native="native" in sys.argv))
