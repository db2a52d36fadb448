"""Why a sale pays nobody, how customers came and facts arrived, as a person would say it. Words only."""

from collections.abc import Mapping
from typing import NamedTuple


class OutcomeWords(NamedTuple):
    """A reason in two words, and in a sentence."""

    short: str
    why: str


OUTCOMES: Mapping[str, OutcomeWords] = {
    "no_touch": OutcomeWords("No partner", "No partner had referred this customer before the sale."),
    "bad_click": OutcomeWords(
        "Bad click", "The click that came with this customer is none of this program's, or too many customers carry it."
    ),
    "outside_window": OutcomeWords("Too late", "A partner had referred this customer, but too long before the sale."),
    "self_referral": OutcomeWords("Self-referral", "The partner and the customer are the same person or firm."),
    "existing_customer": OutcomeWords(
        "Known before", "This customer was yours before any partner referred it, and the program pays for new ones."
    ),
    "no_agreement": OutcomeWords("No agreement", "The partner had no agreement in force at the time of the sale."),
    "ended_for_cause": OutcomeWords("Ended for cause", "The partner's agreement had been ended for cause."),
    "no_rule": OutcomeWords("No rule", "A partner is credited, but no rule of its terms applies to this sale."),
    "lasts_over": OutcomeWords(
        "Time over", "A partner is credited, but the rule pays only for a time, and that is over for this customer."
    ),
    "fx_pending": OutcomeWords("No rate yet", "The sale waits for an exchange rate into the program's currency."),
    "credit_denied": OutcomeWords("Denied by a person", "A person decided that nobody is credited for this sale."),
}


def outcome_words(outcome: str) -> OutcomeWords:
    """The words for an outcome; a new one shows its own name rather than nothing."""
    name = outcome.replace("_", " ")
    return OUTCOMES.get(outcome, OutcomeWords(name.capitalize(), f"The reason given is: {name}."))


CHANNELS: Mapping[str, str] = {
    "link": "through a link",
    "code": "with a code",
    "form": "through a form",
    "registration": "registered the deal",
    "manual": "entered by hand",
}
SOURCES: Mapping[str, str] = {
    "api": "through the API",
    "import": "from a file",
    "page": "by hand",
    "demo": "from the demo's data",
    "redirect": "from a click",
    "track": "from your server, as it happened",
    "browser": "from a web page",
}
