"""How states of lines, channels of touches and sources of facts are said: `{% load lines %}`."""

from typing import Any

from django import template

from goodword.insights.lines import STATE_WORDS, StateWords
from goodword.insights.outcomes import CHANNELS, SOURCES
from goodword.insights.wording import money_text

register = template.Library()


@register.simple_tag
def state_of(state: str) -> StateWords:
    """The words, colour and next step of a state."""
    return STATE_WORDS[state]


@register.filter
def channel(name: str) -> str:
    """How a partner left its trace."""
    return CHANNELS.get(name, f"by {name}")


@register.filter
def source(name: str) -> str:
    """How we learned of a fact."""
    return SOURCES.get(name, f"by {name}")


@register.filter
def paid_as(line: Any) -> str:
    """How a line's amount came about, in short: a share of something, or a fixed sum."""
    if line.rate.endswith("%"):
        return f"{line.rate} of {money_text(line.basis_minor, line.currency)}"
    return "fixed amount"
