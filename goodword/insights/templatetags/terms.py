"""Sentences of an agreement as they are set on a page: `{% load terms %}`."""

import re

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

register = template.Library()
_MONEY = r"(?:[A-Z]{3}[ \u00a0]|[€£$¥₹₩₪₴₫])?"
_UNIT = r"(?: (?:days?|months?|years?|sales?|payments?)\b)?"
_FIGURE = re.compile(rf"{_MONEY}\d[\d,]*(?:\.\d+)?%?{_UNIT}")


@register.filter
def figures_marked(sentence: str) -> SafeString:
    """The figures of a sentence stand out: `<mark>12%</mark> of what the customer paid`."""
    marked, done = [], 0
    for found in _FIGURE.finditer(sentence):
        marked += [escape(sentence[done : found.start()]), format_html("<mark>{}</mark>", found[0])]
        done = found.end()
    return SafeString("".join([*marked, escape(sentence[done:])]))
