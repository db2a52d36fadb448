"""`{% if request|may:"backoffice:partner-approve" %}`: hides what the caller cannot use."""

from django import template
from django.http import HttpRequest

from goodword.accounts import access

register = template.Library()


@register.filter
def may(request: HttpRequest, name: str) -> bool:
    return access.may(request, name)
