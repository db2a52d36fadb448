"""A company's own site for browser tests: on another host than Goodword, with the script, a form, and a server behind.

It does what docs/script.md and docs/browser.md tell people to do, and answers `/echo`, which shows what cookies a
browser sends to it from pages of other sites.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs
from urllib.request import Request, urlopen

PAGE = """<!doctype html><html lang="en"><title>The shop</title>
<script src="{goodword}/goodword.js" data-key="{publishable}" data-consent="required" async></script>
<script src="/shop.js" defer></script>
<h1>The shop</h1><button id="agree">Agree to cookies</button>
<form method="post" action="/order"><label>E-mail <input name="email"></label><button>Order</button></form>
<button id="ask">Ask for an offer</button><p id="said"></p>"""
SCRIPT = """
agree.onclick = () => { said.textContent = "agreed: " + Goodword.consent(true); };
ask.onclick = () => Goodword.lead({ customer: { id: "ann@example.com", email: "ann@example.com" } })
  .then((told) => { said.textContent = "lead: " + told.state; })
  .catch((error) => { said.textContent = error.code + ": " + error.message; });
"""


class Shop(BaseHTTPRequestHandler):
    """One request. What the company has set up stands in `server.setup`."""

    server: Any

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        setup = self.server.setup
        if path == "/shop.js":
            self._answer(SCRIPT, "text/javascript")
        elif path == "/echo":
            self._echo()
        else:
            policy = f"default-src 'self'; script-src 'self' {setup['goodword']}; connect-src * "
            self._answer(PAGE.format(**setup), "text/html; charset=utf-8", {"Content-Security-Policy": policy})

    def do_POST(self) -> None:
        given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._tell_of_sale(given["email"][0], given.get("gw_click", [""])[0])
        self._answer("<!doctype html><html lang=en><title>Thanks</title><h1>Thank you</h1>", "text/html")

    def _tell_of_sale(self, email: str, click: str) -> None:
        setup = self.server.setup
        sale = {"id": "order-1", "customer": {"id": email, "email": email}, "currency": "EUR", "amount": "60.00"}
        body = json.dumps(sale | ({"click_id": click} if click else {})).encode()
        head = {"Authorization": f"Bearer {setup['secret']}", "Content-Type": "application/json"}
        with urlopen(Request(f"{setup['goodword']}/v1/track/sale", body, head), timeout=20) as answer:
            self.server.told.append(json.load(answer))

    def _echo(self) -> None:
        allow = {
            "Access-Control-Allow-Origin": self.headers.get("Origin", "*"),
            "Access-Control-Allow-Credentials": "true",
        }
        cookie = {"Set-Cookie": "elsewhere=1; SameSite=None; Secure; Path=/"}
        self._answer(self.headers.get("Cookie", ""), "text/plain", allow | cookie)

    def _answer(self, text: str, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": kind, **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def open_shop(**setup: str) -> Iterator[Any]:
    """The shop at `http://127.0.0.1:<port>`, `.url`; `.told` is what its server was answered."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.setup, server.told = setup, []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
