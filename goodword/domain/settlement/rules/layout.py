"""The tables that the rules work on: a row per fact, rule or line, its columns, and what their codes mean.

Everything is an integer: texts are numbers into a list of texts, instants microseconds, days ordinals of local dates,
money minor units, rates millionths. `NONE` (-1) stands for "not given" wherever 0 or more would be a value. Nothing is
computed here. The tables are filled by `prepare.py` and put into words by `words.py`.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

NONE: Final = -1
NEVER: Final = 2**62
"""Later than every instant."""
WHOLE_PPM: Final = 1_000_000
DAY: Final = 86_400_000_000
AMOUNT_LIMIT: Final = 10**15
VOLUME_LIMIT: Final = 10**18

HALF_UP, HALF_EVEN, DOWN = 0, 1, 2
LAST, FIRST, LINEAR, POSITION, DECAY = 0, 1, 2, 3, 4
EXCLUDE, COUNT_THEM, ASSIST_THEM = 0, 1, 2
"""What an existing customer's touches do."""
SALE, ASSIST, FIRST_EVENT = 0, 1, 2
"""Codes of what a rule is `on`; events have codes from FIRST_EVENT on."""
CHOOSE_FIRST, CHOOSE_BEST, CHOOSE_SUM = 0, 1, 2
PERCENT, FLAT, SCHEDULE, TIERS = 0, 1, 2, 3
VOLUME, COUNT, CUSTOMERS = 0, 1, 2
MONTH, QUARTER, YEAR, LIFETIME, CONVERSION, TRAILING = 0, 1, 2, 3, 4, 5
MARGINAL, BEFORE, AFTER, WHOLE = 0, 1, 2, 3
TAX, SHIPPING, FEES, COST = 1, 2, 4, 8
"""Bits of `rule.less`."""

# What a condition looks at, and how it compares.
PRODUCT, CATEGORY, KIND, COUNTRY, PARTNER_COUNTRY, GROUP, CODE_USED, PROPERTY, AGE = 0, 1, 2, 3, 4, 5, 6, 7, 8
AMOUNT, NTH, CUSTOMER_NTH, CUSTOMER_MONTHS, PARTNER_DAYS, AT = 9, 10, 11, 12, 13, 14
EQ, NE, IN, NOT_IN, GT, GTE, LT, LTE, EXISTS = 0, 1, 2, 3, 4, 5, 6, 7, 8
NEW, EXISTING = 0, 1
"""Codes of `customer` in a condition."""

BY_MODEL, BY_CREDIT, BY_LOCK, BY_ASSIST = 0, 1, 2, 3
"""What decided a share (`Line.how`)."""
COMMISSION, OVERRIDE, BONUS = 0, 1, 2
FLOOR, CAP_SALE, CAP_CUSTOMER, CAP_PERIOD, GUARDRAIL, BUDGET, BUDGET_PRO_RATA = 0, 1, 2, 3, 4, 5, 6
"""What raised or lowered an amount (`Stage.what`)."""
REASONS: Final = ("floor", "capped_sale", "capped_customer", "capped_period", "guardrail", "budget")
"""The words of the bits of `Line.reasons`, lowest first."""

OUTCOMES: Final = (
    "", "no_touch", "outside_window", "self_referral", "existing_customer", "ended_for_cause", "no_agreement",
    "fx_pending", "lasts_over", "no_rule", "credit_denied",
)  # fmt: skip
(
    HAS_LINES, NO_TOUCH, OUTSIDE_WINDOW, SELF_REFERRAL, EXISTING_CUSTOMER, ENDED_FOR_CAUSE, NO_AGREEMENT, FX_PENDING,
    LASTS_OVER, NO_RULE, CREDIT_DENIED,
) = range(11)  # fmt: skip

DONE, MORE_ROOM, BY_HAND, AMOUNT_TOO_LARGE, VOLUME_TOO_LARGE = 0, 1, 2, 3, 4
"""How a run of conversions stopped: at the end; for want of room in a table; at a conversion whose figures need more
than 64 bits (the same rules then do it uncompiled); at an amount or volume beyond the contract's limits."""


def _row(**columns: str) -> np.dtype[Any]:
    """A row type: columns grouped by width (`i8="a b", i4="c"`)."""
    return np.dtype([(name, width) for width, names in columns.items() for name in names.split()], align=True)


Program = _row(
    i8="as_of half_life guardrail budget lock_months hold_days",
    i4="model locks existing assist blocks_self at_credit budget_per budget_pro_rata rounding ons levels places",
)
"""One row. `half_life` in microseconds; guardrail, budget, lock_months: NONE when not set (`locks` 0: no lock at all).
`ons`: how many codes of `on` there are; `levels`: the highest level of an override; `places`: the currency's
decimals."""
Terms = _row(
    i8="clawback",
    i4="rule_lo rule_n tail_lo tail_n bonus_lo bonus_n override_lo override_n choose graded has_conditions",
)
"""A version of terms. `clawback`: microseconds or NONE; `graded`: months or 0. `x_lo`, `x_n`: its rows in table x."""
Rule = _row(
    i8="flat floor cap_sale cap_customer cap_period",
    i4="""terms key on pay ppm each_unit schedule_lo schedule_n measure per mode reduce step_lo step_n condition_lo
    condition_n lapsed_days less discount net payments months cap_per adds hold_days listed""",
)
"""A rule, in the order listed. `key`: rank of its key among all rule keys (sorted by code point), so it also sorts.
`net` 1: the default base. payments, months, floor, cap_x, hold_days, lapsed_days: NONE when not given."""
Key = _row(i4="tallies paid_customer paid_periods starts trailing")
"""What is to be counted for a rule key. `tallies`, `paid_periods`: bits 1 << MONTH ... 1 << LIFETIME."""
Condition = _row(i4="field op lo n column")
"""AMOUNT and later fields are numbers: their operands stand in `operands[lo : lo + n]` (EXISTS: `n` is the truth asked
for, 1 or 0). Fields before AMOUNT are codes (0: missing): `truths[lo + code]` says whether the condition holds, missing
included. `column`: of `properties`."""
Schedule = _row(i8="months ppm")
Step = _row(i8="start ppm flat")
Override = _row(i8="flat", i4="level ppm of_sale payments months")
Bonus = _row(i8="reaches flat", i4="key on measure per reverse")
"""`key`: rank among all bonus keys."""

Partner = _row(i4="agreement_lo agreement_n parent country group token_lo token_n")
Agreement = _row(i8="starts ends", i4="terms start_day end_day cause rank")
"""By partner, then (starts, id). `rank`: of its id among all agreements; `end_day` of NEVER is unused."""
Customer = _row(i4="touch_lo touch_n token_lo token_n country existing known credit")
"""`known`: there is a customer fact. `credit`: the row of a person's decision about all its conversions."""
Touch = _row(i8="at expires", i4="partner rank conversion")
"""By customer, then (at, recorded touches before codes on sales, id). `conversion`: for a code, the sale it stood on:
it serves later conversions until it expires, and its own always. `rank`: its class in the priority."""
Conversion = _row(
    i8="at amount tax shipping discount fees cost",
    i4="""day customer on rate product kind line_lo line_n refund_lo refund_n cancel_day credit property_row
    currency""",
    i1="is_sale has_code has_value",
)
"""In (at, id) order. An event's value stands in `amount`. `rate`: NONE while it waits, 0 in the program's currency.
`cancel_day`, `property_row`, `credit`: NONE when there is none. `currency`: 0 is the program's; `places` has its
decimals."""
SaleLine = _row(i8="amount quantity", i4="product category")
Refund = _row(i8="at amount")
"""By sale, in (at, id) order, cut to what was left of the sale's amount."""
Rate = _row(i8="numerator denominator")
"""Minor units of the program's currency for one of another, exactly, in lowest terms. Row 0 is 1/1. A numerator of
NONE: too large for 64 bits; the uncompiled rules read the exact one from a list beside it."""
Credit = _row(i4="share_lo share_n")
CreditShare = _row(i4="partner ppm")
"""Only shares above 0."""

Share = _row(i8="weight total touched", i4="partner ppm")
"""A partner's part of a conversion's credit. `weight` of `total`: 0 when the model needed none."""
History = _row(i4="seen_lo lock_conversion lock_day lock_lo lock_n first_sale_day last_sale_day tie last")
"""What is known of a customer so far. Days are 0 and `lock_conversion`, `tie`, `last` (conversion) NONE as long as
there is none."""
Tie = _row(i8="at paid", i4="partner key next day count")
"""A customer with a partner (`key` NONE: since when) and a rule key: when it started, how often and what it paid."""
Cell = _row(i8="key a b c d e f g h")
"""A row of a hash table; `key` NONE: empty. Tallies: volume, kept volume, count, kept count, customers, kept customers
as a to f. `g`: its number; `h`: the first of its customers."""
Node = _row(i4="customer next kept")
"""A customer of a tally, chained (for trailing windows)."""
Party = _row(i4="partner order ppm share agreement terms tail_ppm in_tail on nth")
"""A partner that an agreement or tail pays for this conversion. `share`: row in shares; NONE for who only assists."""
Case = _row(i8="kept kept_of", i4="how because share_lo share_n fresh reason left party_n line_n over")
"""One row: what was found out about the conversion in hand. `fresh`: the shares are new rows; `left`: candidates left
before priority; kept, kept_of: what was kept, as a ratio."""

Stage = _row(i8="before after a b c", i4="what")
"""What raised or lowered a line's amount, from `before` to `after`. FLOOR: a the floor. CAP_SALE: a the cap.
CAP_CUSTOMER,
CAP_PERIOD: a the cap, b used before. GUARDRAIL: a most for all, b total of all, c the conversion's basis."""
Line = _row(
    i8="""figure figure_times figure_per returned whole whole_made basis made quantity before after rounded first
    amount unbudgeted spent""",
    i4="""conversion partner rule terms agreement share ppm tail_ppm share_ppm hold_days pick_lo pick_n stage_lo stage_n
    because kept_months months child level order""",
    i1="kind how in_tail reasons together guarded",
)
"""A line. Its exact figure is `figure * figure_times / figure_per`; what was kept of it (amount - returned) / amount,
and kept_months of the terms' graded months (NONE: not graded). `rule`: row of the rule (commission: its own; override:
the recruits'; bonus: the row of the bonus). `share`: row in shares (NONE: assist). `ppm`: the percent or schedule's
rate, or an override's. `rounded`: what its rule's partners get together; `together` 1: they are several; `first`: its
part, before stages. `unbudgeted`: the amount before the budget; `spent`: what the budget had spent (or, pro rata, all
lines came to). Override: `child` the row of the override, `before` how many flats, `figure` what its percent is of.
Bonus: before and after the totals. `pick_lo`, `pick_n`: rows of the sale's lines in picks (0: all of it); of an
override the figures that its percent is of, one for each commission below. `months`: whole months in a schedule."""

Table: TypeAlias = NDArray[Any]
Row: TypeAlias = Any
"""One row of a table: its columns are attributes."""


class Facts(NamedTuple):
    """What is settled: the program's rules and the facts; only read."""

    program: Table
    terms: Table
    rules: Table
    keys: Table
    conditions: Table
    operands: Table
    truths: Table
    schedules: Table
    steps: Table
    tails: Table
    overrides: Table
    bonuses: Table
    partners: Table
    agreements: Table
    tokens: Table
    customers: Table
    touches: Table
    conversions: Table
    sale_lines: Table
    properties: Table
    refunds: Table
    rates: Table
    places: Table
    credits: Table
    credit_shares: Table


class State(NamedTuple):
    """What grows while conversions are taken in order. `used`: rows in use, see the U_ constants."""

    used: Table
    histories: Table
    customer_nth: Table
    partner_nth: Table
    partner_last: Table
    shares: Table
    ties: Table
    nodes: Table
    tallies: Table
    members: Table
    paid: Table
    recruited: Table
    reached: Table
    budget: Table
    finals: Table


# Rows of the tables `used`, `wanted` and `sizes`; U_COMPONENTS is the room in scratch for one conversion.
(
    U_SHARES, U_TIES, U_NODES, U_TALLIES, U_MEMBERS, U_PAID, U_RECRUITED, U_REACHED, U_BUDGET, U_LINES, U_STAGES,
    U_PICKS, U_COMPONENTS,
) = range(13)  # fmt: skip
