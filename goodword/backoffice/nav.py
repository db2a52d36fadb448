"""The rail of the back office: what stands in it and in which order. No queries here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One entry: the url name it opens, its word and icon, the url names that count as being there, its parts."""

    name: str
    label: str
    icon: str = ""
    covers: tuple[str, ...] = ()
    parts: tuple["Place", ...] = ()


PLACES = (
    Place("home", "Home", "home"),
    Place(
        "partners",
        "Partners",
        "partners",
        parts=(
            Place("partners", "All partners", covers=("partner", "link", "code")),
            Place("applications", "Applications", covers=("application",)),
            Place("groups", "Groups", covers=("group",)),
            Place("terms-list", "Terms", covers=("terms",)),
            Place("agreements", "Agreements", covers=("agreement",)),
        ),
    ),
    Place(
        "conversions",
        "Referrals",
        "referrals",
        parts=(
            Place("conversions", "Conversions", covers=("conversion",)),
            Place("customers", "Customers", covers=("customer",)),
            Place("refunds", "Refunds", covers=("refund",)),
            Place("rates", "Exchange rates", covers=("rate",)),
            Place("signals", "Signs of fraud"),
            Place("page-leads", "Leads from web pages", covers=("page-lead",)),
            Place("missed", "Missed credit", covers=("missed",)),
            Place("imports", "Imports", covers=("import",)),
        ),
    ),
    Place(
        "lines",
        "Commissions",
        "commissions",
        parts=(
            Place("lines", "Lines", covers=("line",)),
            Place("holds", "Holds", covers=("hold",)),
        ),
    ),
    Place("payouts", "Payouts", "payouts", covers=("payout",)),
    Place(
        "settings",
        "Settings",
        "settings",
        parts=(
            Place("settings", "Program"),
            Place("team", "Team", covers=("team",)),
            Place("keys", "API keys", covers=("key",)),
            Place("install", "Installation", covers=("install", "live-test", "live-tests")),
            Place("connections", "Connections", covers=("connection",)),
            Place("webhooks", "Webhooks", covers=("webhook",)),
            Place("audit", "Audit trail", covers=("audit",)),
            Place("outbox", "Mail outbox", covers=("outbox",)),
        ),
    ),
)


def is_here(place: Place, current: str) -> bool:
    """Whether a url name lies in this place: its own name, or one that starts with a name it covers."""
    covered = any(current == name or current.startswith(f"{name}-") for name in place.covers)
    return current == place.name or covered or any(is_here(part, current) for part in place.parts)
