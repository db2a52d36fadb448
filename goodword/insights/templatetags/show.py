"""How figures, dates, icons and colours are shown on every page: `{% load show %}`. Nothing is computed here."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from goodword.accounts.models import Program
from goodword.accounts.scope import active_or_none
from goodword.domain import colours
from goodword.domain.emails import mask_email
from goodword.domain.money import to_minor
from goodword.insights.icons import ICONS
from goodword.insights.wording import count_text, day_text, exact_text, money_text, percent_text, when_text

register = template.Library()


def _zone() -> ZoneInfo:
    program = active_or_none()
    return ZoneInfo(program.timezone if program else "UTC")


@register.filter
def money(minor: int | None, currency: str) -> str:
    """`{{ line.amount_minor|money:line.currency }}` -> €1,284.20 in figures of one width."""
    if minor is None:
        return format_html('<span class="faint">{}</span>', "none")
    return format_html('<span class="money">{}</span>', money_text(minor, currency))


@register.filter
def money_plain(minor: int | None, currency: str) -> str:
    """The same without markup: for titles, options and attributes."""
    return "" if minor is None else money_text(minor, currency)


@register.filter
def decimal_money(amount: str, currency: str) -> str:
    """An amount that is kept as a decimal, such as the totals of an import, as every page writes amounts."""
    return money_text(to_minor(amount, currency), currency)


@register.filter
def country_name(code: str) -> str:
    """`DE` as people say it; a code that nobody knows as it is."""
    return str(Locale("en").territories.get(code, code))


@register.filter
def negative(minor: int) -> int:
    """An amount that went the other way."""
    return -minor


@register.filter
def when(at: datetime | None) -> str:
    """The moment as people say it, the exact instant on hover."""
    if at is None:
        return ""
    zone = _zone()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.astimezone(UTC).isoformat(),
        exact_text(at, zone),
        when_text(at, timezone.now(), zone),
    )


@register.filter
def day(value: date | datetime | None) -> str:
    """The day as people say it, in the program's zone."""
    if value is None:
        return ""
    zone = _zone()
    today = timezone.now().astimezone(zone).date()
    if isinstance(value, datetime):
        return format_html(
            '<time datetime="{}" title="{}">{}</time>',
            value.astimezone(UTC).isoformat(),
            exact_text(value, zone),
            day_text(value.astimezone(zone).date(), today),
        )
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        f"{value.day} {value:%B %Y}",
        day_text(value, today),
    )


@register.filter
def percent(ppm: int | None) -> str:
    """Millionths as a percent: 125000 -> 12.5%."""
    return "" if ppm is None else percent_text(ppm)


@register.filter
def count(number: int, words: str) -> str:
    """`{{ n|count:"sale,sales" }}` -> 1,204 sales."""
    one, _, many = words.partition(",")
    return count_text(number, one, many)


@register.simple_tag
def count_words(number: int, words: str) -> str:
    """The same as a tag, for `as`."""
    return count(number, words)


@register.filter
def named(label: str) -> str:
    """The name of a field before what is said of it: `Amount:`, but `Why?` stays a question."""
    text = str(label)
    return text if text.endswith(("?", ":")) else f"{text}:"


@register.filter
def masked(email: str, role: str) -> str:
    """An e-mail address as this role may see it: a viewer sees only where it leads."""
    return mask_email(email) if role == "viewer" else email


@register.filter
def initials(name: str) -> str:
    """Up to two letters that stand for a name."""
    words = [word for word in name.replace("@", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()[:2]


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """`{% icon "home" %}` beside a word, `{% icon "copy" "Copy the link" %}` alone."""
    about = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" viewBox="0 0 20 20" {}><path d="{}"/></svg>',
        (" icon-small" if size == "small" else "") + (" icon-turns" if name in {"left", "right"} else ""),
        about,
        ICONS[name],
    )


@register.simple_tag
def accent_style(program: Program | None, nonce: str = "") -> SafeString:
    """The program's colour, made readable in light and dark, as custom properties."""
    if not program:
        return SafeString("")
    light, dark = colours.accents(program.accent)
    values = [
        ("accent-light", light),
        ("accent-dark", dark),
        ("on-accent-light", colours.ink_on(light)),
        ("on-accent-dark", colours.ink_on(dark)),
    ]
    properties = format_html_join("", "--{}:{};", values)
    return format_html('<style nonce="{}">:root{{{}}}</style>', nonce, properties)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: str | int | None) -> str:
    """The page's query string with some values changed, dropped (empty) or added; paging starts anew."""
    values = context["request"].GET.copy()
    for name in ("after", "before", *changes):
        values.pop(name, None)
    for name, value in changes.items():
        if value not in (None, ""):
            values[name] = str(value)
    encoded = values.urlencode()
    return f"?{encoded}" if encoded else "?"


@register.simple_tag(takes_context=True)
def query_for(context: template.Context, key: str, value: str) -> str:
    """The same for one value whose name is only known to the caller: `{% query_for filter.key choice.value %}`."""
    return str(query(context, **{key: value}))


@register.simple_tag
def theme_of(request: object) -> str:
    """The theme a person chose with the switch: light, dark, or empty for the system's."""
    chosen = getattr(request, "COOKIES", {}).get("theme", "")
    return chosen if chosen in ("light", "dark") else ""
