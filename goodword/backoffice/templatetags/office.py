"""What the back office's frame asks for: its rail, its program switcher, its addresses."""

from typing import Any

from django import template
from django.urls import reverse

from goodword.accounts import access
from goodword.accounts.models import Program
from goodword.backoffice.nav import PLACES, Place, is_here

register = template.Library()


def _entry(request: Any, place: Place, current: str) -> dict[str, Any]:
    children = [_entry(request, part, current) for part in place.parts if _open(request, part)]
    return {
        "href": reverse(f"backoffice:{place.name}", args=[request.program.slug]),
        "label": place.label,
        "icon": place.icon,
        "here": is_here(place, current),
        "exact": current == place.name and not children,
        "children": children,
    }


def _open(request: Any, place: Place) -> bool:
    """Whether the caller's role lets them in: what they cannot open does not stand in the rail."""
    return access.may(request, f"backoffice:{place.name}")


@register.simple_tag(takes_context=True)
def office_nav(context: template.Context) -> list[dict[str, Any]]:
    """The rail's entries, with the one we are in marked."""
    request = context["request"]
    match = request.resolver_match
    current = match.url_name if match else ""
    return [_entry(request, place, current or "") for place in PLACES if _open(request, place)]


@register.simple_tag(takes_context=True)
def office_url(context: template.Context, name: str, *args: str) -> str:
    """`{% office_url "partner" partner.public_id %}`: an address in this program's back office."""
    return reverse(f"backoffice:{name}", args=[context["request"].program.slug, *args])


@register.simple_tag(takes_context=True)
def office_programs(context: template.Context) -> list[Program]:
    """The programs of the person's organization that they may open, by name."""
    membership = context["request"].membership
    programs = Program.objects.filter(organization_id=membership.organization_id)
    if membership.program_id:
        programs = programs.filter(pk=membership.program_id)
    return list(programs.order_by("name"))
