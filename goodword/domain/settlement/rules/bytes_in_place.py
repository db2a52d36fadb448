"""Writes texts into buffers: a constant, or a stretch of another buffer. A buffer is the start of its bytes in compiled
rules, and anything that takes `buffer[at] = byte` in uncompiled ones. The caller sees to it that there is room.

The compiled forms are one move of memory each, so that the hundreds of places that write a word stay small.
"""

from collections.abc import Callable
from typing import Any, Final

import numba
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

from goodword.domain.settlement.rules.compiling import fetch

_WORD: Final = ir.IntType(64)
types: Any = numba.types
move: Any = cgutils.raw_memcpy


def _put(buffer: Any, at: int, text: str) -> int:
    codes = text.encode()
    for i, code in enumerate(codes):
        buffer[at + i] = code
    return at + len(codes)


@intrinsic(prefer_literal=True)  # type: ignore[misc, unused-ignore]
def _compiled_put(typing: Any, buffer: Any, at: Any, text: Any) -> Any:
    codes = text.literal_value.encode()

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        start = context.cast(builder, arguments[1], signature.args[1], types.int64)
        source, size = context.insert_const_bytes(builder.module, codes), ir.Constant(_WORD, len(codes))
        move(builder, _place(builder, arguments[0], start), source, size, 1)
        return builder.add(start, size)

    return types.int64(buffer, at, text), generate


def _copy(buffer: Any, at: int, source: Any, start: int, end: int) -> int:
    for i in range(start, end):
        buffer[at + i - start] = source[i]
    return at + end - start


@intrinsic  # type: ignore[misc, unused-ignore]
def _compiled_copy(typing: Any, buffer: Any, at: Any, source: Any, start: Any, end: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first, start, end = (context.cast(builder, arguments[i], signature.args[i], types.int64) for i in (1, 3, 4))
        size = builder.sub(end, start)
        into = _place(builder, arguments[0], first)
        move(builder, into, _place(builder, arguments[2], start), size, 1)
        return builder.add(first, size)

    return types.int64(buffer, at, source, start, end), generate


@intrinsic  # type: ignore[misc, unused-ignore]
def _compiled_start(typing: Any, array: Any) -> Any:
    numbers = types.CPointer(array.dtype)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return numbers(array), generate


@intrinsic  # type: ignore[misc, unused-ignore]
def _compiled_fetch(typing: Any, start: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        at = context.cast(builder, arguments[1], signature.args[1], types.int64)
        fetch(builder, _place(builder, arguments[0], at))
        return context.get_dummy_value()

    return types.void(start, at), generate


def _place(builder: Any, start: Any, at: Any) -> Any:
    return builder.gep(start, [at])


def _either(compiled: Any, plain: Callable[..., Any]) -> Any:
    compiled.plain = plain
    return compiled


put: Final[Callable[[Any, int, str], int]] = _either(_compiled_put, _put)
"""Writes a constant text into a buffer; gives where it ends."""
copy: Final[Callable[[Any, int, Any, int, int], int]] = _either(_compiled_copy, _copy)
"""Writes the bytes from one place to another of a buffer into another buffer; gives where they end."""
start_of: Final[Callable[[Any], Any]] = _either(_compiled_start, lambda array: array)
"""An array's numbers, as buffers are."""
fetch_place: Final[Callable[[Any, Any], None]] = _either(_compiled_fetch, lambda _start, _at: None)
"""Has a place of a buffer that is needed soon on its way from memory, without waiting for it."""
