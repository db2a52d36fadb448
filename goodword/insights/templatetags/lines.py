"""How the state of a commission line is said: `{% load lines %}`."""

from django import template

from goodword.insights.lines import STATE_WORDS, StateWords

register = template.Library()


@register.simple_tag
def state_of(state: str) -> StateWords:
    """The words, colour and next step of a state."""
    return STATE_WORDS[state]
