"""Which policy rows an address has, read from the router. A system check fails when the two differ."""

from collections.abc import Iterator, Mapping
from functools import cache

from django.core.checks import CheckMessage, Error
from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, get_resolver

from goodword.accounts.policy import POLICY
from goodword.accounts.rules import Rule


def named_routes() -> Iterator[tuple[str, str]]:
    """Every address as (route, url name). Operations of the API that share a route come one by one."""
    yield from _below(get_resolver(), "", "")


def _below(resolver: URLResolver, route: str, namespace: str) -> Iterator[tuple[str, str]]:
    for pattern in resolver.url_patterns:
        inner = _join(route, str(pattern.pattern))
        if isinstance(pattern, URLPattern):
            yield inner, f"{namespace}{pattern.name or ''}"
        else:
            inside = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _below(pattern, inner, inside)


def _join(outer: str, inner: str) -> str:
    return outer + inner.removeprefix("^") if outer else inner


@cache
def _rules_by_route() -> Mapping[str, Mapping[str, Rule]]:
    table: dict[str, dict[str, Rule]] = {}
    for route, name in named_routes():
        methods = table.setdefault(route, {})
        if rule := POLICY.get(name):
            for method in rule.allows:
                methods.setdefault(method, rule)
    return table


def rules_of(request: HttpRequest) -> Mapping[str, Rule]:
    """The rules of the matched address by method; empty when the policy table does not know it."""
    match = request.resolver_match
    assert match is not None, "called before the address was resolved"
    return _rules_by_route().get(match.route, {})


def differences() -> list[str]:
    """What the router and the policy table disagree on."""
    names = {name for _, name in named_routes()}
    unlisted = sorted(names - POLICY.keys())
    stale = sorted(POLICY.keys() - names)
    return [f"{name or '(an address without a name)'} is not in the policy table" for name in unlisted] + [
        f"{name} is in the policy table, but no address has this name" for name in stale
    ]


def check_policy(app_configs: object = None, **kwargs: object) -> list[CheckMessage]:  # noqa: ARG001
    """System check: every address stands in the policy table, and every row has an address."""
    return [Error(f"{text}: edit goodword/accounts/policy.py", id="accounts.E001") for text in differences()]
