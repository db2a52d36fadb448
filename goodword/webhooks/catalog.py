"""Everything that a webhook can tell of: the kinds of events, what each means, and the form of its `data`.

The forms are those of the REST API, so that one object reads the same by every way out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ninja import Field, Schema

from goodword.objects.schemas import (
    FACTS,
    AgreementAnswer,
    Answered,
    ApplicationAnswer,
    CodeAnswer,
    LineAnswer,
    LinkAnswer,
    PartnerAnswer,
    PayoutAnswer,
)

VERSION: Final = 1
"""Of the form of messages. Fields may come within a version; one that goes or changes its meaning makes a new one."""
ALL: Final = "*"
EACH_MAX: Final = 1000
"""More changes of one kind than this, made at once, are told of in one event."""
BULK: Final = "bulk.changed"
TEST: Final = "endpoint.test"


class WithdrawnLine(Answered):
    """A commission line that settlement no longer knows: what was booked of it is taken back."""

    line: str
    partner: str
    currency: str
    amount: str = Field(..., description="always zero")


class ImportTold(Answered):
    """A file that was imported, and whether that was undone."""

    id: str
    kind: str = Field(..., description="what the file held, such as sales")
    file_name: str
    rows: int = Field(..., description="how many were recorded, or taken back")
    imported_at: datetime
    undone_at: datetime | None = None


class BulkChanged(Answered):
    """More changes at once than are told of one by one. Read them by the API."""

    type: str = Field(..., description="the event that would have come for each")
    count: int
    at: datetime = Field(..., description="when they were made")


class TestMessage(Answered):
    """A message that somebody asked for, to see whether messages arrive."""

    endpoint: str
    message: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event: what has happened when it is sent, and the form of its data."""

    name: str
    about: str
    data: type[Schema]


_LIST: Final = (
    Kind("application.submitted", "Somebody applied to become a partner.", ApplicationAnswer),
    Kind("application.approved", "An application was approved; the partner exists.", ApplicationAnswer),
    Kind("application.rejected", "An application was turned down.", ApplicationAnswer),
    Kind("partner.created", "A partner was added, by approval, by hand, by API or by import.", PartnerAnswer),
    Kind("partner.changed", "What is known about a partner changed.", PartnerAnswer),
    Kind("partner.paused", "A partner was paused: new clicks stop counting.", PartnerAnswer),
    Kind("partner.resumed", "A paused partner is active again.", PartnerAnswer),
    Kind("partner.ended", "The partnership ended.", PartnerAnswer),
    Kind(
        "agreement.started",
        "A partner was put on other terms; the first ones come with the new partner.",
        AgreementAnswer,
    ),
    Kind("agreement.ended", "An agreement got an end.", AgreementAnswer),
    Kind("link.created", "A partner has a new referral link.", LinkAnswer),
    Kind("link.revoked", "A referral link was taken out of use.", LinkAnswer),
    Kind("code.created", "A partner has a new code.", CodeAnswer),
    Kind("code.revoked", "A code was taken out of use.", CodeAnswer),
    Kind("customer.recorded", "A customer was recorded for the first time.", FACTS["customer"]),
    Kind("sale.recorded", "A sale was recorded.", FACTS["sale"]),
    Kind("event.recorded", "An event that is no sale was recorded: a lead, a signup, a meeting.", FACTS["event"]),
    Kind("refund.recorded", "A refund was recorded.", FACTS["refund"]),
    Kind("cancel.recorded", "The early end of a subscription was recorded.", FACTS["cancel"]),
    Kind("commission.earned", "A partner earned commission on a conversion.", LineAnswer),
    Kind("commission.changed", "A commission was corrected, up or down.", LineAnswer),
    Kind("commission.reduced", "Commission was taken back in part or whole, as after a refund.", LineAnswer),
    Kind("commission.withdrawn", "A commission is gone: nothing is due on it any more.", WithdrawnLine),
    Kind("commission.matured", "A commission is due: it can be paid.", LineAnswer),
    Kind("commission.held", "A commission is held: it is not paid until it is released.", LineAnswer),
    Kind("commission.released", "A held commission goes its way again.", LineAnswer),
    Kind("payout.approved", "A second person approved a payout.", PayoutAnswer),
    Kind("payout.sent", "The order to pay has left for the bank.", PayoutAnswer),
    Kind("payout.paid", "The bank has paid.", PayoutAnswer),
    Kind("payout.returned", "A payment came back; it is payable again.", PayoutAnswer),
    Kind("payout.cancelled", "A payout was cancelled before it was sent; it is payable again.", PayoutAnswer),
    Kind("import.finished", "A file was imported.", ImportTold),
    Kind("import.undone", "An import was undone: its facts no longer count.", ImportTold),
)
KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in _LIST}
"""The events that an endpoint can choose."""
UNASKED: Final[Mapping[str, Kind]] = {
    BULK: Kind(
        BULK, f"More than {EACH_MAX:,} changes of a chosen kind were made at once, as by an import.", BulkChanged
    ),
    TEST: Kind(TEST, "Somebody pressed “Send a test event”.", TestMessage),
}
"""The events that come without being chosen."""


def is_wanted(chosen: list[str], kind: str) -> bool:
    """Whether an endpoint that chose these wants an event of this kind."""
    return ALL in chosen or kind in chosen
