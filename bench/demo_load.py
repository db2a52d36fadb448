"""How fast does the importer take the demo's real purchases, and how much faster than the same rows one by one?

`./run.sh bench demo_load`. A slice of the purchases goes through the importer (read, check, judge, store) and, in turn,
row by row through the same service; both in transactions that are rolled back, on a durable database.
"""

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from bench import _ground

CUSTOMERS, ONE_BY_ONE, ROUNDS = 3_000, 300, 3
NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)


def main() -> None:
    """Both ways in turn, then rates and their ratio."""
    with _ground.product():
        from goodword.server.demo.purchases import read_purchases

        purchases = read_purchases(NOW.date(), customers=CUSTOMERS).rows
        program = _program()
        ways = {
            "row by row": lambda: _row_by_row(program, purchases[:ONE_BY_ONE]),
            "importer": lambda: _imported(program, purchases),
        }
        results = _ground.interleaved(ways, rounds=ROUNDS)
        _ground.tell("demo_load", results, unit="rows/s", against="row by row")


def _program() -> Any:
    from goodword.accounts.models import Organization, Program

    organization = Organization.objects.create(name="Bench")
    return Program.objects.create(
        organization=organization, slug="bench", name="Bench", currency="USD", timezone="America/New_York"
    )


@contextmanager
def _taken_back() -> Iterator[None]:
    from django.db import connection, transaction

    with transaction.atomic():
        yield
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")
        transaction.set_rollback(True)


def _imported(program: Any, purchases: Sequence[Any]) -> float:
    from goodword.accounts.actors import SYSTEM
    from goodword.referrals.importing.files import inspect
    from goodword.referrals.importing.services import File, import_file
    from goodword.server.demo.files import LAYOUTS

    text = "Order,Customer,Date,CDs,Total,Code\n"
    text += "".join(f"{p.order},{p.customer},{p.day:%Y%m%d},{p.discs},{p.amount},\n" for p in purchases)
    content = io.BytesIO(text.encode())
    file = File("sales", content, "sales.csv", inspect(content, size_max=1 << 30).content_hash, LAYOUTS["sales"])
    with _taken_back():
        began = time.perf_counter()
        import_file(program, file, actor=SYSTEM, now=NOW)
        return len(purchases) / (time.perf_counter() - began)


def _row_by_row(program: Any, purchases: Sequence[Any]) -> float:
    from goodword.accounts.actors import SYSTEM
    from goodword.referrals.services import record_facts

    with _taken_back():
        began = time.perf_counter()
        for p in purchases:
            sale = {"id": p.order, "customer": p.customer, "at": f"{p.day}T05:00:00Z", "currency": "USD"}
            items = [sale | {"amount": p.amount, "properties": {"discs": p.discs}}]
            record_facts(program, "sale", items, source="import", actor=SYSTEM, now=NOW)
        return len(purchases) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
