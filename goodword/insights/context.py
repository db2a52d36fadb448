"""What every template may use without its view passing it."""

from typing import Any

from django.http import HttpRequest


def nonce(request: HttpRequest) -> dict[str, Any]:
    """`csp_nonce`, the name that htmx's tag looks for; making it also puts it into the policy header."""
    return {"csp_nonce": getattr(request, "csp_nonce", "")}
