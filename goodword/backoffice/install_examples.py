"""What the installation page gives to copy: tags, calls and policies with this program's own addresses. Text only."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from goodword.accounts.models import Program
from goodword.insights.tracking_script import script_address

KEY: Final = "YOUR_KEY"
"""Stands where the key belongs: a key is shown once, when it is made, and never on this page."""


@dataclass(frozen=True, slots=True)
class Example:
    """A piece of text to copy, and what it is."""

    label: str
    text: str


def script_tag(program: Program, key: str = "") -> str:
    """The script as the program needs it: this version, consent asked for, kept as long as a click counts.

    With a `key` for web pages it tells of direct links and leads.
    """
    days = max(1, min(400, int((program.attribution or {}).get("window_days", 90))))
    told = f' data-key="{key}"' if key else ""
    return f'<script src="{script_address()}"{told} data-consent="required" data-days="{days}" async></script>'


def lead_call() -> str:
    return 'Goodword.lead({ customer: { id: "ann@example.com", email: "ann@example.com" } });'


def consent_calls() -> str:
    return "Goodword.consent(true);   // when the visitor agrees\nGoodword.consent(false);  // when they do not"


def click_field() -> str:
    return (
        '<form method="post" action="/checkout">\n  <!-- goodword.js adds: -->\n'
        '  <input type="hidden" name="gw_click" value="tch_…">\n</form>'
    )


def security_policy() -> str:
    return f"Content-Security-Policy: script-src 'self' {settings.BASE_URL}; connect-src 'self' {settings.BASE_URL}"


def api_address(path: str) -> str:
    return f"{settings.BASE_URL}/api/v1/{path}"


def server_calls(program: Program) -> list[Example]:
    """A customer with the click, a lead and a sale, in the languages that shops are written in."""
    return [
        Example("curl", _curl(program)),
        Example("Python", _python(program)),
        Example("JavaScript", _javascript(program)),
        Example("PHP", _php(program)),
    ]


def _curl(program: Program) -> str:
    head = f'-H "Authorization: Bearer {KEY}" -H "Content-Type: application/json"'
    sold = f'"currency": "{program.currency}", "amount": "60.00"'
    facts = {
        "customers": '{"id": "4711", "email": "ann@example.com", "visitors": ["CLICK"]}',
        "events": '{"id": "lead-4711", "name": "lead", "customer": "4711", "at": "2026-11-23T10:00:00Z"}',
        "sales": f'{{"id": "order-1", "customer": "4711", "at": "2026-11-23T10:05:00Z", {sold}}}',
    }
    return "\n".join(f"curl {api_address(path)} {head} \\\n  -d '{body}'" for path, body in facts.items())


def _python(program: Program) -> str:
    return f"""import json
from datetime import datetime, timezone
from urllib.request import Request, urlopen

def send(path, fact):
    head = {{"Authorization": "Bearer {KEY}", "Content-Type": "application/json"}}
    urlopen(Request("{api_address("")}" + path, json.dumps(fact).encode(), head), timeout=10).read()

now = datetime.now(timezone.utc).isoformat()
send("customers", {{"id": "4711", "email": "ann@example.com", "visitors": [form["gw_click"]]}})
send("events", {{"id": "lead-4711", "name": "lead", "customer": "4711", "at": now}})
sale = {{"id": "order-1", "customer": "4711", "at": now, "currency": "{program.currency}", "amount": "60.00"}}
send("sales", sale)"""


def _javascript(program: Program) -> str:
    return f"""const send = (path, fact) => fetch("{api_address("")}" + path, {{
  method: "POST",
  headers: {{ Authorization: "Bearer {KEY}", "Content-Type": "application/json" }},
  body: JSON.stringify(fact),
}});

const at = new Date().toISOString();
await send("customers", {{ id: "4711", email: "ann@example.com", visitors: [form.gw_click] }});
await send("events", {{ id: "lead-4711", name: "lead", customer: "4711", at }});
await send("sales", {{ id: "order-1", customer: "4711", at, currency: "{program.currency}", amount: "60.00" }});
// On your server only: a key in a page is everybody's."""


def _php(program: Program) -> str:
    return f"""function send($path, $fact) {{
  $call = curl_init("{api_address("")}" . $path);
  curl_setopt_array($call, [
    CURLOPT_POST => true, CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 10,
    CURLOPT_HTTPHEADER => ["Authorization: Bearer {KEY}", "Content-Type: application/json"],
    CURLOPT_POSTFIELDS => json_encode($fact),
  ]);
  curl_exec($call);
}}

send("customers", ["id" => "4711", "email" => "ann@example.com", "visitors" => [$_POST["gw_click"]]]);
send("events", ["id" => "lead-4711", "name" => "lead", "customer" => "4711", "at" => gmdate("c")]);
send("sales", ["id" => "order-1", "customer" => "4711", "at" => gmdate("c"),
  "currency" => "{program.currency}", "amount" => "60.00"]);"""
