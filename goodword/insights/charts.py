"""Charts as Vega-Lite specifications, drawn as SVG on the server. Colours are the theme's tokens, put in afterwards.

A chart never stands alone: its page shows the same rows as a table beside it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString

# Vega wants plain colours; these stand for tokens until the drawing is done.
_TOKENS = {
    "#010101": "var(--series-1)",
    "#020202": "var(--series-2)",
    "#030303": "var(--ink-soft)",
    "#040404": "var(--line)",
}
_FIRST, _SECOND, _TEXT, _GRID = _TOKENS


@dataclass(frozen=True, slots=True)
class Week:
    """One row of a chart over time: the day it begins on and two counts."""

    starts: date
    first: int
    second: int


def weekly_chart(
    weeks: Sequence[Week], *, first: str, second: str, narrow: bool = False, per: str = "week"
) -> SafeString:
    """Two counts over time: the first as an area, the second as a dashed line, each named at its end.

    `narrow` is drawn for a phone, so that its words keep their size; `per` says what one row stands for.
    """
    values = [
        {"week": week.starts.isoformat(), "series": name, "count": count}
        for week in weeks
        for name, count in ((first, week.first), (second, week.second))
    ]
    return _drawn(json.dumps(_weekly(values, first, second, 238 if narrow else 540, f"per {per}")))


@lru_cache(maxsize=256)
def _drawn(spec: str) -> SafeString:
    import vl_convert  # noqa: PLC0415  (a second to load: only pages with a chart pay for it)

    svg = vl_convert.vegalite_to_svg(spec, vl_version="5.21")
    for colour, token in _TOKENS.items():
        svg = svg.replace(colour, token)
    return SafeString(svg)


def _weekly(values: list[dict[str, Any]], first: str, second: str, width: int, title: str) -> dict[str, Any]:
    apart = _apart(values)
    x = {
        "field": "week",
        "type": "temporal",
        "title": None,
        "axis": _axis(format="%-d %b", tickCount=6 if width > 400 else 3, grid=False),
    }
    y = {"field": "count", "type": "quantitative", "title": title, "axis": _axis(tickCount=4), "stack": None}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "height": 232,
        "padding": {"left": 0, "right": 84, "top": 8, "bottom": 0},
        "autosize": {"type": "pad", "contains": "padding"},
        "background": None,
        "data": {"values": values},
        "encoding": {"x": x, "y": y},
        "layer": [
            _only(first, {"type": "area", "color": _FIRST, "opacity": 0.1}),
            _only(first, {"type": "line", "color": _FIRST, "strokeWidth": 2}),
            _only(second, {"type": "line", "color": _SECOND, "strokeWidth": 2, "strokeDash": [5, 3]}),
            _label(first, _FIRST, apart),
            _label(second, _SECOND, -apart),
        ],
        "config": {"view": {"stroke": None}, "font": "Arial", "axis": {"labelFontSize": 13, "titleFontSize": 13}},
    }


def _axis(**more: Any) -> dict[str, Any]:
    quiet = {"domain": False, "ticks": False, "labelColor": _TEXT, "titleColor": _TEXT, "gridColor": _GRID}
    return {**quiet, "labelPadding": 8, "titleFontWeight": "normal", **more}


def _only(series: str, mark: dict[str, Any]) -> dict[str, Any]:
    return {"transform": [{"filter": {"field": "series", "equal": series}}], "mark": mark}


def _apart(values: list[dict[str, Any]]) -> int:
    """How far the first name moves down (the second moves up) where both lines end at nearly the same height."""
    *_, first, second = [value["count"] for value in values]
    tallest = max(value["count"] for value in values) or 1
    if abs(first - second) * 10 > tallest:
        return 0
    return 9 if first < second else -9


def _label(series: str, colour: str, dy: int) -> dict[str, Any]:
    """The series' name at its last point, so that no legend is needed."""
    return {
        "transform": [
            {"filter": {"field": "series", "equal": series}},
            {"window": [{"op": "rank", "as": "from_end"}], "sort": [{"field": "week", "order": "descending"}]},
            {"filter": "datum.from_end == 1"},
        ],
        "mark": {
            "type": "text",
            "align": "left",
            "dx": 6,
            "dy": dy,
            "color": colour,
            "fontSize": 13,
            "fontWeight": "bold",
        },
        "encoding": {"text": {"value": series}},
    }
