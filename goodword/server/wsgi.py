"""The WSGI application that Granian serves behind the front, and any other server by itself."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from goodword.ingest.handing import CLIENT_HEADER, SCHEME_HEADER
from goodword.ingest.places import PAGES_VARIABLE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "goodword.server.settings")
_CLIENT, _SCHEME = (f"HTTP_{name.upper().replace('-', '_')}" for name in (CLIENT_HEADER, SCHEME_HEADER))
_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Django, told who really asks. What the front says of that is believed only on the socket that is the front's."""
    client, scheme = environ.pop(_CLIENT, ""), environ.pop(_SCHEME, "")
    if PAGES_VARIABLE in os.environ and client:
        environ["REMOTE_ADDR"], environ["wsgi.url_scheme"] = client, scheme
    answered: Iterable[bytes] = _django(environ, start_response)
    return answered
