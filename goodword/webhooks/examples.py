"""An example of every message, as docs/webhooks.md prints it. A test holds them to the schemas and the page to them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from goodword.domain.webhook_schedule import WAITS
from goodword.webhooks.catalog import KINDS, TEST, UNASKED, VERSION, Kind

_ID: Final = "01kb3v5qg2fnr8xw0c7m4s9dze"
_PARTNER: Final = f"prt_{_ID}"
_WHEN: Final = "2026-11-20T09:30:00Z"
_APPLICATION: Final = {
    "id": f"app_{_ID}", "name": "Alder Advice", "contact_name": "Alice Alder", "email": "alice@alder.example",
    "website": "https://alder.example", "country": "DE", "audience": "Small law firms", "promotion": "A newsletter",
    "status": "approved", "submitted_at": "2026-11-19T16:02:11Z", "decided_at": _WHEN, "partner": _PARTNER,
}  # fmt: skip
_PARTNER_DATA: Final = {
    "id": _PARTNER, "external_id": "4711", "name": "Alder Advice", "kind": "firm", "status": "active", "group": "gold",
    "contact_name": "Alice Alder", "email": "alice@alder.example", "emails": [], "domains": ["alder.example"],
    "website": "https://alder.example", "country": "DE", "joined_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
_AGREEMENT: Final = {
    "id": f"agr_{_ID}", "partner": _PARTNER, "terms": "standard@2", "starts_at": _WHEN, "for_cause": False,
}  # fmt: skip
_LINK: Final = {
    "id": f"lnk_{_ID}", "partner": _PARTNER, "key": "alder", "url": "https://partners.example.com/r/acme/alder",
    "destination": "https://shop.example/", "label": "Newsletter", "created_at": "2026-11-01T08:00:00Z",
}  # fmt: skip
_CODE: Final = {
    "id": f"cod_{_ID}", "partner": _PARTNER, "key": "alder10", "offer": "10% off", "created_at": "2026-11-01T08:00:00Z",
}  # fmt: skip
_SEEN: Final = {"recorded_at": "2026-11-20T09:30:01Z", "source": "api"}
_CUSTOMER: Final = {
    "key": f"cus_{_ID}", **_SEEN, "id": "c-88", "name": "Birch Ltd", "email": "ben@birch.example", "existing": False,
}  # fmt: skip
_SALE: Final = {
    "key": f"cnv_{_ID}", **_SEEN, "id": "order-1001", "customer": "c-88", "at": _WHEN, "currency": "EUR",
    "amount": "119.00", "tax": "19.00", "code": "alder10",
}  # fmt: skip
_EVENT: Final = {"key": f"cnv_{_ID}", **_SEEN, "id": "lead-77", "name": "lead", "customer": "c-88", "at": _WHEN}
_REFUND: Final = {
    "key": f"rfd_{_ID}", **_SEEN, "id": "refund-12", "sale": "order-1001", "at": _WHEN, "currency": "EUR",
    "amount": "20.00", "reason": "damaged",
}  # fmt: skip
_CANCEL: Final = {"key": f"can_{_ID}", **_SEEN, "id": "cancel-3", "sale": "order-1001", "at": _WHEN}
_LINE: Final = {
    "line": "order-1001/all", "partner": _PARTNER, "conversion": "order-1001", "conversion_at": _WHEN,
    "customer": "c-88", "kind": "commission", "rule": "all", "terms": "standard@2", "currency": "EUR", "share": "100%",
    "basis": "100.00", "rate": "20%", "amount": "20.00", "matures_on": "2026-12-20",
    "matures_at": "2026-12-19T23:00:00Z", "reasons": [],
}  # fmt: skip
_WITHDRAWN: Final = {"line": "order-1001/all", "partner": _PARTNER, "currency": "EUR", "amount": "0.00"}
_PAYOUT: Final = {
    "id": f"pay_{_ID}", "run": f"run_{_ID}", "partner": _PARTNER, "state": "paid", "currency": "EUR",
    "amount": "184.20", "reference": "ACME-0007-0003", "settled_at": _WHEN,
}  # fmt: skip
_IMPORT: Final = {
    "id": f"imp_{_ID}", "kind": "sales", "file_name": "november.csv", "rows": 412, "imported_at": _WHEN,
}  # fmt: skip
_NOT_SETTLED: Final = {name: value for name, value in _PAYOUT.items() if name != "settled_at"}
_BY_OBJECT: Final[Mapping[str, Mapping[str, Any]]] = {
    "application": _APPLICATION, "partner": _PARTNER_DATA, "agreement": _AGREEMENT, "link": _LINK, "code": _CODE,
    "customer": _CUSTOMER, "sale": _SALE, "event": _EVENT, "refund": _REFUND, "cancel": _CANCEL, "commission": _LINE,
    "payout": _PAYOUT, "import": _IMPORT, "bulk": {"type": "sale.recorded", "count": 4821, "at": _WHEN},
    "endpoint": {"endpoint": f"whe_{_ID}", "message": "This is a test. Nothing happened."},
}  # fmt: skip
_BY_KIND: Final[Mapping[str, Mapping[str, Any]]] = {
    "application.submitted": {
        **{name: value for name, value in _APPLICATION.items() if name not in {"decided_at", "partner"}},
        "status": "submitted",
    },
    "application.rejected": {
        **{name: value for name, value in _APPLICATION.items() if name != "partner"},
        "status": "rejected",
        "reason": "We work with firms in the EU only.",
    },
    "partner.paused": {**_PARTNER_DATA, "status": "paused", "status_reason": "We wait for an answer."},
    "partner.ended": {**_PARTNER_DATA, "status": "ended", "status_reason": "The firm has closed."},
    "agreement.ended": {**_AGREEMENT, "ends_at": "2026-12-31T23:00:00Z", "end_reason": "New terms from January"},
    "link.revoked": {**_LINK, "revoked_at": _WHEN},
    "code.revoked": {**_CODE, "revoked_at": _WHEN},
    "commission.reduced": {**_LINE, "basis": "80.00", "amount": "16.00"},
    "commission.withdrawn": _WITHDRAWN,
    "payout.approved": {**_NOT_SETTLED, "state": "approved"},
    "payout.sent": {**_NOT_SETTLED, "state": "exported"},
    "payout.returned": {**_PAYOUT, "state": "returned"},
    "payout.cancelled": {**_PAYOUT, "state": "cancelled"},
    "import.undone": {**_IMPORT, "undone_at": _WHEN},
}


def example_data(kind: str) -> dict[str, Any]:
    """The `data` of an example of this kind of event."""
    return dict(_BY_KIND.get(kind) or _BY_OBJECT[kind.partition(".")[0]])


def example(kind: str) -> dict[str, Any]:
    """A whole message of this kind."""
    head = {"type": kind, "id": f"evt_{_ID}", "timestamp": _WHEN, "version": VERSION}
    return {**head, "data": example_data(kind)}


def event_pages() -> str:
    """The part of docs/webhooks.md that lists the events."""
    return "\n".join(_page(kind) for kind in [*KINDS.values(), *UNASKED.values()])


def _page(kind: Kind) -> str:
    asked = "" if kind.name in KINDS else " It comes without being chosen."
    if kind.name == TEST:
        asked = " It goes to one endpoint, whatever that one chose."
    text = json.dumps(example(kind.name), ensure_ascii=False, indent=2)
    return f"### `{kind.name}`\n\n{kind.about}{asked}\n\n```json\n{text}\n```\n"


def retry_table() -> str:
    """The part of docs/webhooks.md that says when a message is tried again."""
    rows = ["| Try | After the one before | After the first |", "| --- | --- | --- |", "| 1 | – | at once |"]
    return "\n".join([*rows, *_retries()]) + "\n"


def _retries() -> Iterator[str]:
    total = 0
    for number, pause in enumerate(WAITS, start=2):
        seconds = int(pause.total_seconds())
        total += seconds
        yield f"| {number} | {_spell(seconds)} | {_spell(total)} |"


def _spell(seconds: int) -> str:
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
