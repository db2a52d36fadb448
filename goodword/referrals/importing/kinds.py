"""What can be imported: the fields of each kind, and the names that other systems give them in their headers."""

import re
from dataclasses import dataclass
from typing import Final, Literal

Form = Literal["text", "number", "figure", "moment", "yes_no", "list"]
"""How a cell is read: `number` is money as text, `figure` a number that conditions of rules can compare."""
PROPERTY: Final = "properties."
FIGURE: Final = ":number"


@dataclass(frozen=True, slots=True)
class Column:
    """One field that a column of the file can fill."""

    name: str
    label: str
    form: Form = "text"
    required: bool = False
    also: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: which fact its rows become, and which fields they have."""

    name: str
    fact: str
    title: str
    columns: tuple[Column, ...]
    properties: bool = False
    made_id: bool = False

    @property
    def one(self) -> str:
        """What one row becomes."""
        return "cancellation" if self.fact == "cancel" else self.fact

    def column(self, name: str) -> Column | None:
        """The field of this name; `properties.NAME` (or `properties.NAME:number`) where properties are free."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None and self.properties and name.startswith(PROPERTY) and name != PROPERTY:
            shown = name.removeprefix(PROPERTY).removesuffix(FIGURE)
            return Column(name, shown, "figure" if name.endswith(FIGURE) else "text")
        return found


def _id(*also: str, hint: str = "") -> Column:
    return Column("id", "Id", required=True, also=("id", "external id", *also), hint=hint)


_AT: Final = Column(
    "at",
    "Date and time",
    "moment",
    required=True,
    also=(
        "at",
        "date",
        "time",
        "created",
        "created at",
        "created (utc)",
        "occurred at",
        "timestamp",
        "paid at",
        "order date",
    ),
    hint="e.g. 2026-05-01 10:00",
)
_CUSTOMER: Final = Column(
    "customer",
    "Customer",
    required=True,
    also=("customer", "customer id", "client", "client id", "account", "account id", "user id"),
    hint="your own id of the customer",
)
_PARTNER: Final = Column(
    "partner",
    "Partner",
    required=True,
    also=("partner", "partner id", "affiliate", "affiliate id", "referrer", "ref"),
    hint="the partner's id here, or your own number for it",
)
_CURRENCY: Final = Column("currency", "Currency", also=("currency", "currency code", "iso currency"))
_REASON: Final = Column("reason", "Reason", also=("reason", "note", "comment"))


def _money(name: str, label: str, *also: str, required: bool = False, hint: str = "") -> Column:
    return Column(name, label, "number", required=required, also=(name, *also), hint=hint)


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "partners",
            "partner",
            "Partners",
            (
                _id("partner id", "affiliate id", "number", hint="your own number for the partner"),
                Column("name", "Name", required=True, also=("name", "partner", "company", "firm", "partner name")),
                Column("kind", "Firm or person", also=("kind", "type")),
                Column("contact_name", "Contact", also=("contact", "contact name", "person")),
                Column("email", "E-mail", also=("email", "e-mail", "mail", "contact email")),
                Column("website", "Website", also=("website", "site", "url", "homepage")),
                Column("country", "Country", also=("country", "country code")),
                Column("group", "Group", also=("group", "tier", "segment"), hint="the key of a group that exists"),
                Column("domains", "Domains", "list", also=("domains", "domain"), hint="for self-referral"),
                Column("terms", "Terms", also=("terms", "plan", "agreement"), hint="the key of published terms"),
                Column(
                    "starts", "On these terms from", "moment", also=("starts", "start", "joined", "since", "start date")
                ),
            ),
        ),
        Kind(
            "codes",
            "code",
            "Codes",
            (
                Column("code", "Code", required=True, also=("code", "coupon", "coupon code", "promo code", "voucher")),
                _PARTNER,
                Column("offer", "What the customer gets", also=("offer", "description", "discount")),
            ),
        ),
        Kind(
            "customers",
            "customer",
            "Customers",
            (
                _id("customer", "customer id", "client id", "account id", "user id"),
                Column("name", "Name", also=("name", "customer name", "company", "full name")),
                Column("email", "E-mail", also=("email", "e-mail", "mail", "customer email")),
                Column("domain", "Domain", also=("domain", "company domain")),
                Column("country", "Country", also=("country", "country code")),
                Column("existing", "Was a customer before", "yes_no", also=("existing", "existing customer")),
                Column("visitors", "Visitor ids", "list", also=("visitors", "visitor", "visitor id")),
            ),
        ),
        Kind(
            "touches",
            "touch",
            "Touches",
            (
                Column("id", "Id", also=("id", "touch id", "click id"), hint="made from the row when there is none"),
                _AT,
                _PARTNER,
                Column("customer", "Customer", also=_CUSTOMER.also, hint="customer or visitor"),
                Column("visitor", "Visitor", also=("visitor", "visitor id"), hint="customer or visitor"),
                Column(
                    "channel",
                    "Channel",
                    required=True,
                    also=("channel", "source"),
                    hint="link, code, form, registration, manual",
                ),
                Column("until", "Protected until", "moment", also=("until", "expires", "protected until")),
            ),
            made_id=True,
        ),
        Kind(
            "sales",
            "sale",
            "Sales",
            (
                _id(
                    "order",
                    "order id",
                    "order number",
                    "order no",
                    "sale",
                    "sale id",
                    "invoice",
                    "invoice id",
                    "charge id",
                ),
                _AT,
                _CUSTOMER,
                _money("amount", "Amount charged", "total", "gross", "price", "revenue", "order total", required=True),
                Column("currency", "Currency", required=True, also=_CURRENCY.also),
                _money("tax", "Tax in it", "vat", "sales tax", "taxes"),
                _money("shipping", "Shipping in it", "postage", "delivery"),
                _money("discount", "Discount, already off"),
                _money("fees", "Fees", "fee", "payment fee"),
                _money("cost", "Cost of goods", "cogs"),
                Column("product", "Product", also=("product", "sku", "item", "plan")),
                Column("code", "Code used", also=("code", "coupon", "coupon code", "promo code", "voucher")),
                Column("subscription", "Subscription", also=("subscription", "subscription id", "contract")),
                Column("kind", "Kind of sale", also=("kind", "type", "order type")),
            ),
            properties=True,
        ),
        Kind(
            "events",
            "event",
            "Events",
            (
                _id("event id"),
                _AT,
                Column(
                    "name",
                    "Event",
                    required=True,
                    also=("name", "event", "event name", "type"),
                    hint="lead, signup ...",
                ),
                _CUSTOMER,
                _money("value", "Value", "amount"),
                _CURRENCY,
            ),
            properties=True,
        ),
        Kind(
            "refunds",
            "refund",
            "Refunds",
            (
                _id("refund", "refund id", "credit note"),
                _AT,
                Column(
                    "sale", "Sale", required=True, also=("sale", "sale id", "order", "order id", "charge id", "invoice")
                ),
                _money("amount", "Amount given back", "total", "refunded", "refund amount", required=True),
                _CURRENCY,
                _REASON,
            ),
        ),
        Kind(
            "cancels",
            "cancel",
            "Cancellations",
            (
                _id("cancel id", "cancellation"),
                _AT,
                Column("sale", "Sale", required=True, also=("sale", "sale id", "subscription", "contract", "order id")),
            ),
        ),
    )
}


def folded(header: str) -> str:
    """A header name as it is compared: lower case, runs of anything but letters and digits as one space."""
    return re.sub(r"[^a-z0-9()]+", " ", header.lower()).strip()


def proposal(kind: Kind, header: tuple[str, ...]) -> dict[str, str]:
    """Which column of the file most likely fills which field: field -> header name, each header once.

    Exact names come first, then the names other systems use, in the order in which the kind lists its fields.
    """
    free = {folded(name): name for name in reversed(header)}
    chosen: dict[str, str] = {}
    for exact in (True, False):
        for column in kind.columns:
            names = (column.name, column.label) if exact else column.also
            hit = next((key for key in map(folded, names) if key in free), None)
            if hit is not None and column.name not in chosen:
                chosen[column.name] = free.pop(hit)
    return chosen
