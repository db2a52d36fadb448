"""The four people of the demo and what they may look at. No framework: the process that serves reads it, too."""

from collections.abc import Callable
from typing import Final, NamedTuple

SLUG: Final = "harbour-lane"
HOST: Final = "harbour-lane.example"


class Login(NamedTuple):
    """One of the four people. The passwords are public: the demo listens on this machine only."""

    email: str
    password: str
    name: str
    role: str
    partner: str = ""


LOGINS: Final = {
    "manager": Login("maya@harbour-lane.example", "demo-manager-1997", "Maya Lindgren", "owner"),
    "finance": Login("felix@harbour-lane.example", "demo-finance-1997", "Felix Amato", "finance"),
    "harriet": Login("harriet@liner-notes-weekly.example", "demo-partner-1997", "Harriet Moss", "owner", "P001"),
    "iris": Login("iris@paper-sleeve.example", "demo-partner-1998", "Iris Novak", "owner", "P060"),
}

SIGHTS: Final = (
    ("/p/{slug}/", "what needs a decision: a payout run that waits, an application, money on hold"),
    ("/p/{slug}/lines", "every commission, with the arithmetic behind it"),
    ("/p/{slug}/imports", "the six files this demo was loaded from"),
    ("/p/{slug}/settings/outbox", "the letters that went out"),
    ("/portal/{slug}/", "the partner's side; Iris Novak owes money back, and the page says why"),
    ("/programs/{slug}/", "the public page of the program"),
    ("/demo-shop/{slug}/", "where partners' links lead: buy something there and see whom it pays"),
)


def tell_where_to_look(home: str, say: Callable[[str], None]) -> None:
    """The address, the four people, and what is worth a look."""
    say("")
    say(f"Open {home} and sign in as one of:")
    for login in LOGINS.values():
        where = f"of partner {login.partner}" if login.partner else "at Harbour Lane Music"
        say(f"  {login.email:<38} {login.password:<18} {login.name}, {login.role} {where}")
    say("These passwords are public, so the demo listens on this machine only.")
    say("")
    say("Look at:")
    for path, what in SIGHTS:
        say(f"  {home}{path.format(slug=SLUG):<28} {what}")
