"""The demo's data as the CSV files a company would bring, and how each is to be read."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from goodword.referrals.importing.layout import Layout
from goodword.server.demo.partners import DemoPartner
from goodword.server.demo.purchases import Purchase
from goodword.server.demo.simulation import Story

ZONE: Final = "America/New_York"
LAYOUTS: Final[dict[str, Layout]] = {
    "partners": Layout(
        {
            "id": "Number",
            "name": "Name",
            "kind": "Kind",
            "contact_name": "Contact",
            "email": "E-mail",
            "website": "Website",
            "country": "Country",
            "group": "Group",
            "domains": "Domain",
            "terms": "Terms",
            "starts": "Since",
        },
        zone=ZONE,
    ),
    "codes": Layout({"code": "Code", "partner": "Partner", "offer": "Offer"}),
    "customers": Layout({"id": "Customer", "email": "E-mail", "existing": "Known before"}),
    "touches": Layout(
        {
            "id": "Touch",
            "at": "Time",
            "partner": "Partner",
            "customer": "Customer",
            "channel": "Channel",
            "until": "Until",
        },
        zone=ZONE,
    ),
    "sales": Layout(
        {
            "id": "Order",
            "at": "Date",
            "customer": "Customer",
            "amount": "Total",
            "code": "Code",
            "properties.discs:number": "CDs",
        },
        {"currency": "USD"},
        dates="compact",
        zone=ZONE,
    ),
    "refunds": Layout(
        {"id": "Refund", "at": "Date", "sale": "Order", "amount": "Amount", "reason": "Reason"},
        dates="compact",
        zone=ZONE,
    ),
}
"""The kinds in the order in which they are imported."""


def write_files(
    folder: Path, purchases: Sequence[Purchase], partners: Sequence[DemoPartner], story: Story
) -> dict[str, Path]:
    """Write one file for each kind and say where they are."""
    tables: dict[str, tuple[str, Iterable[Sequence[Any]]]] = {
        "partners": (
            "Number,Name,Kind,Contact,E-mail,Website,Country,Group,Domain,Terms,Since",
            (
                (
                    p.number,
                    p.name,
                    p.kind,
                    p.contact,
                    p.email,
                    p.website,
                    p.country,
                    p.group,
                    p.website[8:],
                    p.terms,
                    p.joined,
                )
                for p in partners
            ),
        ),
        "codes": (
            "Code,Partner,Offer",
            ((p.code, p.number, "10% off the first order") for p in partners if p.code),
        ),
        "customers": (
            "Customer,E-mail,Known before",
            ((c.key, c.email, "yes" if c.existing else "") for c in story.customers),
        ),
        "touches": (
            "Touch,Time,Partner,Customer,Channel,Until",
            ((t.key, t.at, t.partner, t.customer, t.channel, t.until or "") for t in story.touches),
        ),
        "sales": (
            "Order,Customer,Date,CDs,Total,Code",
            (
                (p.order, p.customer, f"{p.day:%Y%m%d}", p.discs, p.amount, story.codes.get(p.order, ""))
                for p in purchases
            ),
        ),
        "refunds": (
            "Refund,Order,Date,Amount,Reason",
            ((r.key, r.order, f"{r.day:%Y%m%d}", r.amount, r.reason) for r in story.refunds),
        ),
    }
    return {kind: _write(folder / f"{kind}.csv", *table) for kind, table in tables.items()}


def _write(path: Path, header: str, rows: Iterable[Sequence[Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path
