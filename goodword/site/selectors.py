"""Reads of the public pages. Only what a program shows to everybody."""

from goodword.accounts.models import Program
from goodword.accounts.scope import active_program
from goodword.insights.offer import Offer, offer_of_version
from goodword.insights.receipts import ReceiptRow
from goodword.partners.selectors import default_version

EXAMPLE = (
    ReceiptRow("Sale", "238.00 − 38.00 tax − 20.00 shipping", "180.00"),
    ReceiptRow("Commission", "20% of 180.00", "36.00"),
    ReceiptRow("Earned", "", "€36.00"),
)
"""The picture on the front page: what a commission looks like here."""


def open_programs() -> list[Program]:
    """The live programs of this server: those that take applications first, then by name."""
    live = Program.objects.filter(status="live").order_by("name")
    return sorted(live, key=lambda program: program.recruiting != "open")


def offer_of(program: Program) -> Offer | None:
    """What a new partner of the program would get; None while it has no published terms."""
    with active_program(program):
        version = default_version(program)
        return offer_of_version(program, version) if version else None
