"""Where rules find their tables: `t.agreements(w, row)` is a row of the agreements of the world `w`."""

from typing import Any, Final, TypeAlias

import numpy as np

from goodword.domain.settlement.rules import layout
from goodword.domain.settlement.rules.compiling import table, tables, world_type

_NUMBERS_32 = np.dtype([("value", np.int32)])
_NUMBERS_64 = np.dtype([("value", np.int64)])
_FLAGS = np.dtype([("value", np.int8)])
_HASHED: Final = ("tallies", "members", "paid", "recruited", "reached", "budget", "finals")
TALLIES, MEMBERS, PAID, RECRUITED, REACHED, BUDGET, FINALS = range(7)
"""The hash tables: `t.cells(w, t.PAID, row)`, `t.cells_n(w, t.PAID)` rows."""

ROWS: Final = {
    "program": layout.Program,
    "terms": layout.Terms,
    "rules": layout.Rule,
    "keys": layout.Key,
    "conditions": layout.Condition,
    "operands": _NUMBERS_64,
    "truths": _FLAGS,
    "schedules": layout.Schedule,
    "steps": layout.Step,
    "tails": layout.Schedule,
    "overrides": layout.Override,
    "bonuses": layout.Bonus,
    "partners": layout.Partner,
    "agreements": layout.Agreement,
    "tokens": _NUMBERS_32,
    "customers": layout.Customer,
    "touches": layout.Touch,
    "conversions": layout.Conversion,
    "sale_lines": layout.SaleLine,
    "properties": _NUMBERS_32,
    "refunds": layout.Refund,
    "rates": layout.Rate,
    "places": _NUMBERS_32,
    "credits": layout.Credit,
    "credit_shares": layout.CreditShare,
    "used": _NUMBERS_64,
    "histories": layout.History,
    "customer_nth": _NUMBERS_32,
    "partner_nth": _NUMBERS_32,
    "partner_last": _NUMBERS_32,
    "shares": layout.Share,
    "ties": layout.Tie,
    "nodes": layout.Node,
    **dict.fromkeys(_HASHED, layout.Cell),
    "lines": layout.Line,
    "stages": layout.Stage,
    "picks": _NUMBERS_64,
    "outcomes": _FLAGS,
    "case": layout.Case,
    "parties": layout.Party,
    "candidates": _NUMBERS_64,
    "line_rules": _NUMBERS_64,
    "stamps": _NUMBERS_64,
    "slots": _NUMBERS_64,
    "weights": _NUMBERS_64,
    "parts": _NUMBERS_64,
    "rests": _NUMBERS_64,
    "numerators": _NUMBERS_64,
    "denominators": _NUMBERS_64,
    "kepts": _NUMBERS_64,
    "kept_ofs": _NUMBERS_64,
    "spare": layout.Line,
    "wanted": _NUMBERS_64,
    "sizes": _NUMBERS_64,
    "columns": _NUMBERS_64,
    "ons": _NUMBERS_64,
}
"""Every table and the type of its rows. Of `columns` and `ons` only the length counts: so many columns `properties`
has, so many codes of `on` there are."""

World: TypeAlias = Any
"""All tables of one settlement."""
WORLD: Final = world_type(ROWS)


def _table(name: str) -> Any:
    return table(name, ROWS[name], WORLD)


program = _table("program")
terms = _table("terms")
rules = _table("rules")
keys = _table("keys")
conditions = _table("conditions")
operands = _table("operands")
truths = _table("truths")
schedules = _table("schedules")
steps = _table("steps")
tails = _table("tails")
overrides = _table("overrides")
bonuses = _table("bonuses")
partners = _table("partners")
agreements = _table("agreements")
tokens = _table("tokens")
customers = _table("customers")
touches = _table("touches")
conversions = _table("conversions")
sale_lines = _table("sale_lines")
properties = _table("properties")
refunds = _table("refunds")
rates = _table("rates")
places = _table("places")
credits = _table("credits")
credit_shares = _table("credit_shares")
used = _table("used")
histories = _table("histories")
customer_nth = _table("customer_nth")
partner_nth = _table("partner_nth")
partner_last = _table("partner_last")
shares = _table("shares")
ties = _table("ties")
nodes = _table("nodes")
lines = _table("lines")
stages = _table("stages")
picks = _table("picks")
outcomes = _table("outcomes")
case = _table("case")
parties = _table("parties")
candidates = _table("candidates")
line_rules = _table("line_rules")
stamps = _table("stamps")
slots = _table("slots")
weights = _table("weights")
parts = _table("parts")
rests = _table("rests")
numerators = _table("numerators")
denominators = _table("denominators")
kepts = _table("kepts")
kept_ofs = _table("kept_ofs")
spare = _table("spare")
wanted = _table("wanted")
sizes = _table("sizes")
cells, cells_n = tables(_HASHED, layout.Cell, WORLD)
