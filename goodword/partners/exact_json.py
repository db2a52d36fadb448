"""How JSON with exact numbers goes into the database and comes back: `1.50` stays 1.50. Nothing else lives here."""

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
