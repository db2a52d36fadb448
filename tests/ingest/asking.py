"""Requests to a front that really runs, by the standard library, over the network of this machine."""

import json
import urllib.error
import urllib.request

from tests.ingesting import BROWSER


class NoFollow(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def ask(address, body=None, **headers):
    """Status, headers and body of one request."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    request = urllib.request.Request(address, data, headers)
    try:
        answer = urllib.request.build_opener(NoFollow).open(request, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    text = answer.read()
    return answer.status, answer.headers, json.loads(text) if text[:1] in (b"{", b"[") else text


def followed(front, path="/r/acme/spring"):
    status, headers, _ = ask(front + path, **{"User-Agent": BROWSER})
    assert status == 302
    return headers["Location"].partition("gw_click=")[2]
