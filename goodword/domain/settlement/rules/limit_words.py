"""Puts into words what raised or lowered an amount: floor, caps, guardrail and budget."""

from goodword.domain.settlement.rules import sheet
from goodword.domain.settlement.rules.basis_words import put_remainder, put_rounding
from goodword.domain.settlement.rules.bytes_in_place import put
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.exact import mul_div
from goodword.domain.settlement.rules.layout import (
    CAP_CUSTOMER,
    CAP_SALE,
    DOWN,
    FLOOR,
    WHOLE_PPM,
    Row,
)
from goodword.domain.settlement.rules.layout import GUARDRAIL as GUARDED
from goodword.domain.settlement.rules.sheet import (
    AT_FROM,
    CAP_PER_CUSTOMER,
    CAP_PER_PERIOD,
    CAP_PER_SALE,
    GUARDRAIL,
    LIMIT_ON_ALL,
    Sheet,
    comes_to_money,
    said,
)
from goodword.domain.settlement.rules.sheet import FLOOR as AT_LEAST
from goodword.domain.settlement.rules.writing import put_money, put_percent


@rule
def write_stage(p: Sheet, stage: Row, share_ppm: int, guardrail: int, places: int, mode: int) -> None:
    """One stage of a commission."""
    if stage.what == GUARDED:
        _write_guardrail(p, stage, guardrail, places)
    elif stage.what == FLOOR:
        _write_share_of_limit(p, AT_LEAST, stage, share_ppm, places, mode)
    elif stage.what == CAP_SALE:
        _write_share_of_limit(p, CAP_PER_SALE, stage, share_ppm, places, mode)
    else:
        do = CAP_PER_CUSTOMER if stage.what == CAP_CUSTOMER else CAP_PER_PERIOD
        write_room(p, do, stage.before, stage.after, stage.a, stage.b, places)


@rule
def _write_share_of_limit(p: Sheet, do: int, stage: Row, share_ppm: int, places: int, mode: int) -> None:
    """A floor or a cap per sale, which go by the share."""
    froms, at = sheet.froms(p), sheet.pen(p)[AT_FROM]
    at = put(froms, at, "max(") if do == AT_LEAST else put(froms, at, "min(")
    at = put_money(froms, at, stage.before, places)
    at = put(froms, at, ", ")
    at = put_money(froms, at, stage.a, places)
    if share_ppm != WHOLE_PPM:
        at = put(froms, at, " * ")
        at = put_percent(froms, at, share_ppm)
    at = put(froms, at, ")")
    _, rest = mul_div(stage.a, share_ppm, WHOLE_PPM)
    if rest:
        at = put_rounding(froms, at, mode)
    said(p, do, at)
    comes_to_money(p, stage.after, places)


@rule
def write_room(p: Sheet, do: int, before: int, after: int, limit: int, used: int, places: int) -> None:
    """A limit of which something was used before."""
    froms = sheet.froms(p)
    at = put(froms, sheet.pen(p)[AT_FROM], "min(")
    at = put_money(froms, at, before, places)
    at = put(froms, at, ", ") if used <= limit else put(froms, at, ", max(")
    at = put_money(froms, at, limit, places)
    at = put(froms, at, " - ")
    at = put_money(froms, at, used, places)
    if used > limit:
        at = put(froms, at, ", ")
        at = put_money(froms, at, 0, places)
        at = put(froms, at, ")")
    said(p, do, put(froms, at, ")"))
    comes_to_money(p, after, places)


@rule
def _write_guardrail(p: Sheet, stage: Row, guardrail: int, places: int) -> None:
    froms = sheet.froms(p)
    at = put_percent(froms, sheet.pen(p)[AT_FROM], guardrail)
    at = put(froms, at, " * ")
    at = put_money(froms, at, stage.c, places)
    _, rest = mul_div(stage.c, guardrail, WHOLE_PPM)
    if rest:
        at = put_rounding(froms, at, DOWN)
    said(p, LIMIT_ON_ALL, at)
    comes_to_money(p, stage.a, places)
    write_pro_rata(p, GUARDRAIL, stage.before, stage.after, stage.a, stage.b, places)


@rule
def write_pro_rata(p: Sheet, do: int, before: int, after: int, most: int, total: int, places: int) -> None:
    """A part of the most that all get together."""
    froms = sheet.froms(p)
    at = put_money(froms, sheet.pen(p)[AT_FROM], before, places)
    at = put(froms, at, " * ")
    at = put_money(froms, at, most, places)
    at = put(froms, at, " / ")
    at = put_money(froms, at, total, places)
    whole, rest = mul_div(before, most, total)
    said(p, do, put_remainder(froms, at, after - whole, rest))
    comes_to_money(p, after, places)
