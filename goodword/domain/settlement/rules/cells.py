"""Hash tables in rows of numbers, and the chain of what a customer has with each partner. No rule of commissions here.

A table of cells has a power of two of rows and is never full: the fold asks for more room before a conversion begins.
"""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.compiling import entry, rule
from goodword.domain.settlement.rules.layout import NONE, U_TIES
from goodword.domain.settlement.rules.tables import World

_MIX = 0x1E3779B97F4A7C15
_BITS = (1 << 62) - 1


@rule
def find(w: World, table: int, key: int) -> int:
    """The row of a key in a hash table, or the empty row where it belongs."""
    rows = t.cells_n(w, table) - 1
    at = (((key * _MIX) & _BITS) >> 20) & rows
    while t.cells(w, table, at).key != key and t.cells(w, table, at).key != NONE:
        at = (at + 1) & rows
    return at


@rule
def take(w: World, table: int, key: int, counter: int) -> int:
    """The row of a key, made when it is new; `g` is its number in order of making."""
    at = find(w, table, key)
    cell = t.cells(w, table, at)
    if cell.key == NONE:
        cell.key = key
        cell.g = t.used(w, counter).value
        t.used(w, counter).value += 1
    return at


@rule
def period_key(owner: int, kind: int, period: int) -> int:
    """The key of what an owner has in a period of a kind."""
    return ((owner * 4 + kind) << 18) | period


@rule
def find_tie(w: World, head: int, partner: int, key: int) -> int:
    """The row of a customer's tie with a partner and rule key, from the head of its chain; NONE when there is none."""
    at = head
    while at != NONE and (t.ties(w, at).partner != partner or t.ties(w, at).key != key):
        at = t.ties(w, at).next
    return at


@rule
def add_tie(w: World, head: int, partner: int, key: int) -> int:
    """A new tie before the others of its chain."""
    at = t.used(w, U_TIES).value
    t.used(w, U_TIES).value += 1
    tie = t.ties(w, at)
    tie.partner = partner
    tie.key = key
    tie.next = head
    tie.day = 0
    tie.count = 0
    tie.paid = 0
    tie.at = 0
    return at


@entry
def rehash(w: World, table: int, wider: int) -> None:
    """Copy the cells of one table into another, larger and empty one."""
    for at in range(t.cells_n(w, table)):
        cell = t.cells(w, table, at)
        if cell.key != NONE:
            copy = t.cells(w, wider, find(w, wider, cell.key))
            copy.key = cell.key
            copy.a, copy.b, copy.c, copy.d = cell.a, cell.b, cell.c, cell.d
            copy.e, copy.f, copy.g, copy.h = cell.e, cell.f, cell.g, cell.h
