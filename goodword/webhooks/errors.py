"""Refusals of this package."""

from goodword.domain.errors import DomainError


class EndpointOff(DomainError):
    """Nothing is sent to an endpoint that is switched off."""

    code = "endpoint_off"


class EndpointOn(DomainError):
    """The endpoint is on already."""

    code = "endpoint_on"


class TooManyEndpoints(DomainError):
    """A program has as many endpoints as it may have."""

    code = "too_many_endpoints"


class UrlTaken(DomainError):
    """The program sends to this address already."""

    code = "url_taken"


def endpoint_off() -> EndpointOff:
    """The refusal of sending to an endpoint that is off."""
    return EndpointOff("this endpoint is switched off", field="endpoint", remedy="switch it on first")
