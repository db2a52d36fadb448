"""How long the search for missed credit takes, for programs of several sizes: it must grow no faster than the sales.

    ./run.sh bench missed_credit [SALES ...]       20,000 and 100,000 uncredited sales, when none are named

One customer in five shares an address with a customer that a partner brought, one in ten a firm's own domain, one sale
in ten carries a mistyped code, all have a property of free text. As many credited customers stand beside them.
"""

import sys
import time
from datetime import UTC, datetime
from typing import Any

from bench._ground import product, tell

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PARTNERS = 300
_FACTS = "program_id, id, external_id, payload_hash, recorded_at, source"
_MADE = "%(program)s, gen_random_uuid(), {name}, '', now(), 'bench'"
_CUSTOMERS = f"""
INSERT INTO referrals_customer ({_FACTS}, name, email, domain, country, existing, visitors)
SELECT {_MADE.format(name="kind || n")}, 'Customer ' || n,
       CASE WHEN kind = 'b-' THEN 'p' || n || '@firm' || n / 3 || '.example'
            WHEN n %% 5 = 0 THEN 'P' || n || '@firm' || n / 3 || '.example'
            WHEN n %% 10 = 1 THEN 'q' || n || '@firm' || n / 3 || '.example' ELSE 'q' || n || '@gmail.com' END,
       '', '', false, '{{}}'
  FROM generate_series(1, %(sales)s) n, (VALUES ('b-'), ('u-')) AS kinds (kind)
"""
_TOUCHES = f"""
INSERT INTO referrals_touch ({_FACTS}, partner_id, customer, visitor, channel, at)
SELECT {_MADE.format(name="'t-' || n")}, (%(partners)s::uuid[])[1 + n %% %(count)s], 'b-' || n, '', 'link',
       %(now)s - interval '90 days'
  FROM generate_series(1, %(sales)s) n
"""
_SALES = f"""
INSERT INTO referrals_conversion ({_FACTS}, name, customer, at, currency, amount_minor, tax_minor, shipping_minor,
                                  discount_minor, fees_minor, cost_minor, product, code, subscription, kind, properties)
SELECT {_MADE.format(name="'s-' || n")}, 'sale', 'u-' || n, %(now)s - interval '1 day', 'EUR', 5000, 0, 0, 0, 0, 0,
       'Record ' || n %% 50, CASE WHEN n %% 10 = 7 THEN 'partnre-code-' || n %% %(count)s ELSE '' END, '', '',
       jsonb_build_object('note', 'order ' || n || ' heard of it from a friend')
  FROM generate_series(1, %(sales)s) n
"""
_OUTCOMES = """
INSERT INTO commissions_outcome (program_id, conversion, outcome)
SELECT %(program)s, 's-' || n, 'no_touch' FROM generate_series(1, %(sales)s) n
"""


def main() -> None:
    """Search each size twice: the second look finds everything kept already."""
    sizes = [int(size) for size in sys.argv[1:]] or [20_000, 100_000]
    with product():
        results = {f"{sales:,} sales": _measured(sales) for sales in sizes}
        tell("missed_credit", results, unit="s", against=f"{sizes[0]:,} sales")


def _measured(sales: int) -> list[float]:
    from goodword.commissions.missed.looking import look_through
    from goodword.commissions.models import MissedCredit

    program = _filled(sales)
    taken = []
    for _ in range(2):
        began = time.perf_counter()
        look = look_through(program, now=NOW)
        taken.append(time.perf_counter() - began)
        assert look.sales == sales, f"{look.sales} of {sales} were looked at"
    found = MissedCredit.unscoped.filter(program=program).count()
    assert found > sales // 5, f"only {found} suggestions: the search did not find what is there"
    print(f"{sales:,} sales: {found:,} suggestions, {taken[0]:.1f} s, again {taken[1]:.1f} s", flush=True)
    return taken


def _filled(sales: int) -> Any:
    from django.db import connection

    from goodword.server import rights
    from tests import cast

    program = cast.program(slug=f"bench-{sales}")
    partners = [cast.partner(program) for _ in range(PARTNERS)]
    for number, partner in enumerate(partners):
        cast.code(partner, key=f"partner-code-{number}")
    given = {
        "program": program.pk, "sales": sales, "now": NOW, "count": PARTNERS,
        "partners": [partner.pk for partner in partners],
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in (_CUSTOMERS, _TOUCHES, _SALES, _OUTCOMES):
            cursor.execute(statement, given)
    with rights.as_owner(), connection.cursor() as cursor:  # nobody else may: it would be passed over in silence
        cursor.execute("ANALYZE")
    return program


if __name__ == "__main__":
    main()
