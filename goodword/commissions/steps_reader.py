"""An independent reader of steps: does again, from the words alone, the sums that a stranger with a calculator could.

Shares no code with the engine that wrote the steps; money and rounding come from `domain/money.py`.
"""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

from goodword.domain.money import Rounding, rounded, to_decimal

_NUMBER = r"\d+(?:\.\d+)?"
_SUM = re.compile(rf"{_NUMBER}(?: [a-z]+)*(?: [-+] {_NUMBER}(?: [a-z]+)*)*")
_TERM = re.compile(rf"(?:([-+]) )?({_NUMBER})")
_PERCENT_OF = re.compile(rf"({_NUMBER})% \* ({_NUMBER})")
_ROUND = re.compile(rf"({_NUMBER})(?:, rounded [a-z ]+)?")


Judged = dict[tuple[str, str, str], str]
"""Steps that were judged, and what is wrong with each: thousands of lines repeat the same sums."""


def faults(
    steps: Iterable[Mapping[str, str]],
    *,
    basis: int,
    amount: int,
    currency: str,
    rounding: Rounding,
    judged: Judged | None = None,
) -> list[str]:
    """What in these steps does not add up, or does not lead to this basis and amount.

    `judged` spares redoing a sum that stood in an earlier line, word for word: keep it for one rounding only.
    """
    judged = {} if judged is None else judged
    found, last = [], ""
    for step in steps:
        words = step.get("do", ""), step.get("from", ""), step.get("is", "")
        if words not in judged:
            judged[words] = _fault(*words, rounding)
        if judged[words]:
            found.append(judged[words])
        last = words[2] if words[0] == "amount" else last
    if last != to_decimal(amount, currency):
        found.append(f"the steps end with {last or 'nothing'}, the line says {to_decimal(amount, currency)}")
    if basis < 0 or amount < 0:
        found.append("basis or amount is below nought")
    return found


def _fault(do: str, source: str, result: str, rounding: Rounding) -> str:
    again = _redone(do, source, result, rounding)
    return f"{do}: {source} is not {result}" if again is not None and again != Fraction(result) else ""


def _redone(do: str, source: str, result: str, rounding: Rounding) -> Fraction | None:
    """The sum of one step, or none where it is more than a sum of numbers."""
    if not re.fullmatch(_NUMBER, result):
        return None
    if do == "basis" and _SUM.fullmatch(source):
        return sum((-1 if sign == "-" else 1) * Fraction(number) for sign, number in _TERM.findall(source)) + Fraction(
            0
        )
    if do == "rate" and (match := _PERCENT_OF.fullmatch(source)):
        return Fraction(match[1]) * Fraction(match[2]) / 100
    if do == "round" and (match := _ROUND.fullmatch(source)):
        scale = 10 ** len(result.partition(".")[2])
        return Fraction(rounded(Fraction(match[1]) * scale, rounding), scale)
    return None
