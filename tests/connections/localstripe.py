"""`localstripe`, a server with Stripe's API that nobody here wrote, run as a process of its own on loopback.

What it does otherwise than Stripe's public documents say: its events are all test events (`livemode` false); a paid
invoice is told by `invoice.payment_succeeded` alone, not by `invoice.paid`; a refund is told by no event at all; its
signature has the time of the event, not of the delivery; it never tries a delivery twice; its list of events begins
with the oldest. It keeps a copy of its store in the system's folder for temporary files.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

from tests.server.waiting import until

KEY = "sk_test_12345678"


class LocalStripe:
    """The running server: `create("customers", email=...)` asks it for things."""

    def __init__(self, port: int) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"

    def call(self, method: str, path: str, **given: Any) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(given), headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body) if body else None

    def create(self, path: str, **given: Any) -> Any:
        return self.call("POST", f"/v1/{path}", **given)

    def send_to(self, url: str, secret: str) -> None:
        """Register a webhook. It is a path of its own, not one of Stripe's."""
        self.call("POST", "/_config/webhooks/goodword", url=url, secret=secret)

    def subscribed(self, **customer: Any) -> Any:
        """A customer who pays EUR 100.00 and 20% tax a month by card; the subscription as the server shows it."""
        card = {"card[number]": "4242424242424242", "card[exp_month]": 12, "card[exp_year]": 2030, "card[cvc]": 123}
        method = self.create("payment_methods", type="card", **card)
        buyer = self.create("customers", **{"email": "ann@buyer.example", "name": "Ann Buyer"} | customer)
        self.create(f"payment_methods/{method['id']}/attach", customer=buyer["id"])
        self.create(f"customers/{buyer['id']}", **{"invoice_settings[default_payment_method]": method["id"]})
        tax = self.create("tax_rates", display_name="VAT", percentage=20, inclusive="false")
        plan = self.create("plans", amount=10000, currency="eur", interval="month", **{"product[name]": "Pro"})
        chosen = {"items[0][plan]": plan["id"], "default_tax_rates[0]": tax["id"]}
        return self.create("subscriptions", customer=buyer["id"], **chosen)


@contextmanager
def running() -> Iterator[LocalStripe]:
    """The server, from its start to its end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is None and _answers(port), seconds=120)
        yield LocalStripe(port)
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
