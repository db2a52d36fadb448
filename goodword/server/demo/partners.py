"""The demo's simulated partners: who they are (`data/partners.csv`), how far they reach, on which terms. Pure."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

SOURCE: Final = Path(__file__).resolve().parent.parent / "data" / "partners.csv"
LEAD_TIME: Final = timedelta(weeks=18)
"""The program begins this long before the first purchase, so that some touches can be too old to count."""
DEBTOR: Final = "P060"
"""The partner whose only commission is taken back after it was paid."""

GROUPS: Final = {
    "gold": ("Gold", "Our closest partners"),
    "silver": ("Silver", "Partners who bring clients every month"),
    "community": ("Community", "Everybody else who speaks well of us"),
}


class DemoPartner(NamedTuple):
    """A partner as the import file has it. `reach` weighs how many customers it brings."""

    number: str
    name: str
    kind: str
    contact: str
    email: str
    website: str
    country: str
    group: str
    terms: str
    joined: date
    reach: int

    @property
    def code(self) -> str:
        """The code it hands out, if its terms are those for codes."""
        return self.name.split()[0].lower().strip("'") + "10" if self.terms == "codes" else ""


def read_partners(first_purchase: date, path: Path = SOURCE) -> Sequence[DemoPartner]:
    """All sixty, in the order of the file."""
    begin = first_purchase - LEAD_TIME
    with path.open(encoding="utf-8", newline="") as file:
        return [_partner(row, begin) for row in csv.DictReader(file)]


def _partner(row: dict[str, str], begin: date) -> DemoPartner:
    return DemoPartner(
        row["Number"],
        row["Name"],
        row["Kind"],
        row["Contact"],
        row["E-mail"],
        row["Website"],
        row["Country"],
        row["Group"],
        row["Terms"],
        begin + timedelta(weeks=int(row["Joined week"])),
        int(row["Reach"]),
    )


def _terms(*rules: dict[str, Any], clawback_days: int = 60, **more: Any) -> dict[str, Any]:
    return {"rules": list(rules), "choose": "first", "clawback": {"days": clawback_days}, **more}


def _rule(key: str, pay: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"key": key, "on": "sale", **more, "pay": pay}


def _tiers(mode: str, per: str, *steps: tuple[str, str]) -> dict[str, Any]:
    rows = [{"from": start, "percent": percent} for start, percent in steps]
    return {"tiers": {"measure": "volume", "per": per, "mode": mode, "steps": rows}}


RECRUITS: Final = {"P002": ("P013", "P027", "P045"), "P005": ("P020", "P046")}
"""Who brought whom into the program; their terms pay an override for the first year."""
STANDARD_LATER: Final = _terms(
    _rule("large-order", {"percent": "10%"}, when={"amount": {"gte": "100.00"}}, lasts={"months": 12}),
    _rule("first-year", {"percent": "8%"}, when={"customer_months": {"lt": 12}}),
    _rule("loyal-customer", {"percent": "3%"}),
)
TERMS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "standard": ("Standard", _terms(_rule("first-year", {"percent": "8%"}, lasts={"months": 12}))),
    "welcome": (
        "Welcome bonus",
        _terms(
            _rule(
                "welcome", {"flat": "6.00"}, when={"customer": "new", "amount": {"gt": "0.00"}}, lasts={"payments": 1}
            )
        ),
    ),
    "loyal": (
        "Long run",
        _terms(
            _rule(
                "by-year",
                {"schedule": [{"months": 6, "percent": "12%"}, {"months": 6, "percent": "8%"}, {"percent": "4%"}]},
            ),
            overrides=[{"level": 1, "percent": "10%", "of": "commission", "lasts": {"months": 12}}],
        ),
    ),
    "volume": (
        "Growing share",
        _terms(_rule("by-volume", _tiers("marginal", "month", ("0", "6%"), ("500.00", "9%"), ("2000.00", "12%")))),
    ),
    "season": (
        "Season",
        _terms(_rule("by-season", _tiers("whole", "quarter", ("0", "5%"), ("1500.00", "8%")))),
    ),
    "press": (
        "Press and radio",
        _terms(
            _rule("new-customer", {"percent": "12%"}, when={"customer": "new"}),
            _rule("full-basket", {"percent": "6%"}, when={"amount": {"gte": "50.00"}}, cap={"sale": "10.00"}),
            _rule("returning", {"percent": "4%"}),
            bonuses=[
                {
                    "key": "fifty-orders",
                    "on": "sale",
                    "measure": "count",
                    "reaches": "50",
                    "per": "quarter",
                    "flat": "75.00",
                    "if_undone": "reverse",
                }
            ],
        ),
    ),
    "codes": (
        "Codes",
        _terms(
            _rule("with-code", {"percent": "4%"}, when={"code": True}),
            _rule("after-code", {"percent": "2%"}, cap={"customer": "10.00"}),
        ),
    ),
    "first-order": (
        "First order",
        _terms(_rule("first-order", {"percent": "15%"}, lasts={"payments": 1}), clawback_days=150),
    ),
}
"""Name and first version of each terms; `standard` gets `STANDARD_LATER` as its second half-way through."""
