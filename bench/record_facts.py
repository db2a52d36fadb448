"""How fast facts are recorded: a file of sales in one go, batches of 1,000 as the API takes them, and one by one."""

from datetime import UTC, datetime

from bench._ground import interleaved, product, seconds, tell

FILE, BATCH, SINGLE = 20_000, 1_000, 100
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def main() -> None:
    with product():
        tell("record-facts", _measured(), unit="sales/s", against="one by one")


def _measured() -> dict[str, list[float]]:
    from goodword.accounts.actors import SYSTEM
    from goodword.referrals.services import record_facts
    from tests import cast

    program = cast.program(currency="USD")
    made = iter(range(10**9))

    def sale() -> dict[str, str]:
        number = next(made)
        at = f"2026-{number % 9 + 1:02d}-{number % 27 + 1:02d}T09:30:00Z"
        customer, amount = f"c-{number % 9000}", f"{number % 90 + 1}.99"
        return {"id": f"s-{number}", "customer": customer, "currency": "USD", "amount": amount, "at": at}

    def rate(count: int, size: int, source: str) -> float:
        """Sales a second when `count` of them are recorded `size` at a time, each time in a transaction of its own."""
        batches = [[sale() for _ in range(size)] for _ in range(count // size)]

        def record() -> None:
            for batch in batches:
                record_facts(program, "sale", batch, source=source, actor=SYSTEM, now=NOW)

        return count / seconds(record)

    return interleaved(
        {
            "one by one": lambda: rate(SINGLE, 1, "api"),
            "batches of 1,000": lambda: rate(5 * BATCH, BATCH, "api"),
            "one file": lambda: rate(FILE, FILE, "import"),
        }
    )


if __name__ == "__main__":
    main()
