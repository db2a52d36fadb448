"""How JSON with exact numbers goes into the database, comes back, and is answered: `1.50` stays 1.50."""

import json
from decimal import Decimal
from typing import Any

from goodword.domain.settlement.strict_json import json_text


class ExactEncoder(json.JSONEncoder):
    """Writes a Decimal as the number it is."""

    def encode(self, o: Any) -> str:
        return json_text(o)


class ExactDecoder(json.JSONDecoder):
    """Reads a number with a point as a Decimal."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "parse_float": Decimal})


def plain_numbers(value: Any) -> Any:
    """The same with numbers that any writer of JSON can write. One too long for that becomes a text, never another."""
    if isinstance(value, dict):
        return {key: plain_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain_numbers(part) for part in value]
    if not isinstance(value, Decimal):
        return value
    return float(value) if Decimal(repr(float(value))) == value else str(value)
