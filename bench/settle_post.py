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
    print(f"ratio {rates['settle and post'] / rates['the same rows one by one']:.1f} x")
    _ground.tell("settle_post", {name: [rate] for name, rate in rates.items()}, unit="conversions/s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
