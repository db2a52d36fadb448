"""Compiles the rules for bulk runs, and runs the very same source uncompiled where 64 bits are not enough.

`@rule` compiles a function with Numba. Rules reach their tables through a `world`: compiled, it is one record that
holds
the address of every table, so that a rule takes one argument and not dozens (which would take minutes to compile);
uncompiled it holds the same tables, read and written as Python integers without bounds. `uncompiled(f)` is `f` as
ordinary Python, and so is every rule that it calls. Knows nothing of commissions.
"""

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic

from goodword.domain.settlement.rules.kept import keep_compiled_rules

keep_compiled_rules()
F = TypeVar("F", bound=Callable[..., Any])
_plain: dict[Any, Callable[..., Any]] = {}
_WORD = ir.IntType(64)
# What Numba says of its own types leaves out what is used here: options that rules are compiled with, kinds of types.
_types: Any = types
_njit: Any = numba.njit
_cgutils: Any = cgutils
_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}


def rule(function: F) -> F:
    """Compile a function that other rules call: 64-bit integers, no interpreter lock, kept on disk between runs."""
    compiled: F = _njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_OPTIONS)(function)
    _compile_once(compiled)
    return compiled


def _compile_once(compiled: Any) -> None:
    """Compile a rule once for all integers that others pass it, not anew for every width and constant."""
    template = compiled.get_call_template

    def widened(arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        return template(tuple(map(_wide, arguments)), {name: _wide(kind) for name, kind in keywords.items()})

    compiled.get_call_template = widened


def _wide(kind: Any) -> Any:
    plain = _types.unliteral(kind)
    return types.int64 if getattr(plain, "signed", False) else plain


def entry(function: F) -> F:
    """Compile a function that Python may call, too."""
    compiled: F = _njit(**_OPTIONS)(function)
    return compiled


def uncompiled(function: Any) -> Callable[..., Any]:
    """A rule as ordinary Python, down to every rule that it calls."""
    if function not in _plain:
        source = function.py_func
        scope = dict(source.__globals__)
        _plain[function] = FunctionType(source.__code__, scope, source.__name__, source.__defaults__)
        for name in _names_in(source.__code__) & scope.keys():
            scope[name] = _as_plain(scope[name])
    return _plain[function]


def _as_plain(value: Any) -> Any:
    if isinstance(value, ModuleType):
        return _PlainModule(value)
    if isinstance(value, Dispatcher):
        return uncompiled(value)
    return getattr(value, "plain", value)


class _PlainModule:
    """A module whose tables and rules are uncompiled."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return _as_plain(getattr(self._module, name))


def _names_in(code: Any) -> set[str]:
    inner = (part for part in code.co_consts if hasattr(part, "co_names"))
    return set(code.co_names).union(*(_names_in(part) for part in inner))


def world_type(tables: Mapping[str, np.dtype[Any]]) -> np.dtype[Any]:
    """The record that holds the address and the length (`NAME_n`) of every table."""
    return np.dtype([(name + end, np.int64) for name in tables for end in ("", "_n")])


def world_of(tables: Mapping[str, Any], kind: np.dtype[Any]) -> Any:
    """The world of these tables for compiled rules: an array of one record. The tables must be kept alive."""
    world = np.zeros(1, kind)
    for name, table in tables.items():
        world[name], world[f"{name}_n"] = table.ctypes.data, len(table)
    return world


def _offset(world: np.dtype[Any], name: str) -> int:
    assert world.fields is not None, "a world is a record"
    return world.fields[name][1]


def table(name: str, row: np.dtype[Any], world: np.dtype[Any]) -> Any:
    """The function `f(world, at)` that gives the row of a table, its columns as attributes."""

    def access(world: Any, at: int) -> Any:
        return getattr(world, name)[at]

    record, size, offset = numba.from_dtype(row), row.itemsize, ir.Constant(_WORD, _offset(world, name))

    @intrinsic
    def compiled(typing: Any, world: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            at = context.cast(builder, arguments[1], signature.args[1], types.int64)
            return _row_at(context, builder, (arguments[0], offset), at, (record, size))

        return record(world, at), generate

    return _either(compiled, access)


def tables(names: Sequence[str], row: np.dtype[Any], world: np.dtype[Any]) -> tuple[Any, Any]:
    """`f(world, which, at)` and `n(world, which)`: a row, and the number of rows, of one of several tables of a kind.

    The tables stand side by side in the world, in this order.
    """

    def access(world: Any, which: int, at: int) -> Any:
        return getattr(world, names[which])[at]

    def length(world: Any, which: int) -> int:
        return len(getattr(world, names[which]))

    record, size, offset = numba.from_dtype(row), row.itemsize, _offset(world, names[0])

    def place(context: Any, builder: Any, signature: Any, arguments: Any, start: int) -> Any:
        which = context.cast(builder, arguments[1], signature.args[1], types.int64)
        return builder.add(ir.Constant(_WORD, start), builder.mul(which, ir.Constant(_WORD, 16)))

    @intrinsic
    def row_of(typing: Any, world: Any, which: Any, at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            at = context.cast(builder, arguments[2], signature.args[2], types.int64)
            where = place(context, builder, signature, arguments, offset)
            return _row_at(context, builder, (arguments[0], where), at, (record, size))

        return record(world, which, at), generate

    @intrinsic
    def rows_of(typing: Any, world: Any, which: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return _word_of_world(builder, arguments[0], place(context, builder, signature, arguments, offset + 8))

        return types.int64(world, which), generate

    return _either(row_of, access), _either(rows_of, length)


def array(name: str, item: np.dtype[Any], world: np.dtype[Any]) -> Any:
    """The function `f(world)` that gives a whole table of plain numbers: `f(world)[at]`, to be read and written."""

    def access(world: Any) -> Any:
        return getattr(world, name)

    numbers, offset = _types.CPointer(numba.from_dtype(item)), ir.Constant(_WORD, _offset(world, name))

    @intrinsic
    def compiled(typing: Any, world: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            start = _word_of_world(builder, arguments[0], offset)
            return builder.inttoptr(start, context.get_value_type(numbers))

        return numbers(world), generate

    return _either(compiled, access)


def _either(compiled: Any, plain: Callable[..., Any]) -> Any:
    """What compiled rules call, with what uncompiled ones call in its place."""
    compiled.plain = plain
    return compiled


def _row_at(context: Any, builder: Any, where: tuple[Any, Any], at: Any, kind: tuple[Any, int]) -> Any:
    record, size = kind
    address = builder.add(_word_of_world(builder, *where), builder.mul(at, ir.Constant(_WORD, size)))
    return builder.inttoptr(address, context.get_value_type(record))


def _copy_row(to: Any, row: Any) -> None:
    for name in row.names():
        setattr(to, name, getattr(row, name))


@intrinsic  # type: ignore[misc, unused-ignore]
def copy_row(typing: Any, to: Any, row: Any) -> Any:
    """Write every column of a row over those of another row of the same kind."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        size = ir.Constant(_WORD, signature.args[1].size)
        _cgutils.raw_memcpy(builder, arguments[0], arguments[1], size, 1)
        return context.get_dummy_value()

    return types.void(to, row), generate


_either(copy_row, _copy_row)


@intrinsic  # type: ignore[misc, unused-ignore]
def fetch_ahead(typing: Any, row: Any) -> Any:
    """Have a row that is needed soon on its way from memory, without waiting for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        fetch(builder, arguments[0])
        return context.get_dummy_value()

    return types.void(row), generate


def fetch(builder: Any, place: Any) -> None:
    """The instruction that has memory fetched ahead."""
    address = builder.bitcast(place, ir.IntType(8).as_pointer())
    number = ir.IntType(32)
    kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
    instruction = builder.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
    builder.call(instruction, [address, number(0), number(3), number(1)])  # to be read, kept near, data


_either(fetch_ahead, lambda _row: None)


def _word_of_world(builder: Any, world: Any, offset: Any) -> Any:
    start = builder.ptrtoint(world, _WORD)
    return builder.load(builder.inttoptr(builder.add(start, offset), ir.PointerType(_WORD)))


class _Row:
    """A row of a table, its columns as attributes that are Python integers."""

    __slots__ = ("_at", "_columns")
    _at: int
    _columns: dict[str, Any]

    def __init__(self, columns: dict[str, Any], at: int) -> None:
        object.__setattr__(self, "_columns", columns)
        object.__setattr__(self, "_at", at)

    def names(self) -> list[str]:
        return list(self._columns)

    def __getattr__(self, name: str) -> int:
        return int(self._columns[name][self._at])

    def __setattr__(self, name: str, value: int) -> None:
        self._columns[name][self._at] = value


class ByHand:
    """A table for uncompiled rules: the same memory, read and written as Python integers."""

    def __init__(self, table: Any) -> None:
        self._columns = {name: table[name] for name in table.dtype.names}
        self._length = len(table)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: int) -> _Row:
        return _Row(self._columns, at)


class Unbounded:
    """A table for uncompiled rules whose figures may need more than 64 bits: kept beside, and gone with it."""

    def __init__(self, columns: Sequence[str], length: int) -> None:
        self._columns = {name: [0] * length for name in columns}
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, at: int) -> _Row:
        return _Row(self._columns, at)


class WorldByHand:
    """The tables as attributes, and their lengths as `NAME_n`."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        for name, rows in tables.items():
            setattr(self, name, rows)
            setattr(self, f"{name}_n", len(rows))
