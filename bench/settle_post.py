"""How fast facts become booked commissions, beside inserting the same rows one by one.

`./run.sh bench settle_post [CONVERSIONS]`: one program with that many sales (70,000), touches and refunds is settled
whole: facts read, settled, lines and outcomes written, the ledger posted and proved. Then the lines, transactions and
entries of some of them are inserted again, each by its own statement. Everything is rolled back.
"""

import sys

from bench import _ground


def main(conversions: int = 70_000, alone: int = 2_000) -> None:
    with _ground.product():
        from bench import _settling

        rates = _settling.rates(conversions, alone)
    _ground.tell("settle_post", {name: [rate] for name, rate in rates.items()}, unit="a second")
    bulk, single = rates["rows/s, settle and post"], rates["rows/s, the same rows one by one"]
    print(f"settle_post: {bulk / single:.1f} times as many rows a second as one by one")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
