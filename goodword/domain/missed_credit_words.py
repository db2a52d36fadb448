"""What was found about an uncredited sale, in plain words. E-mail addresses are never spelt out: readers differ."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from goodword.domain.emails import mask_email
from goodword.domain.missed_credit import Evidence

_SENTENCES: Final[Mapping[str, str]] = {
    "same_email": "The customer has the same e-mail address as customer {other}, whom {partner} had referred on {on}.",
    "same_domain": "{domain} is also the domain of customer {other}, whom {partner} had referred on {on}.",
    "registered_id": "{partner} named this customer on {on}, in other capital letters or with spaces: {named}.",
    "registered_email": "{partner} named the customer's e-mail address on {on}; the sale came under another id.",
    "registered_alike": "{partner} named {named} on {on}; that looks the same as this customer.",
    "registered_domain": "{partner} named {named} on {on}; the customer has the same domain.",
    "code_revoked": "The sale carries the code {code} of {partner}, which was revoked on {on}.",
    "code_alike": "The sale carries the code {given}, which looks the same as {code}, a code of {partner}.",
    "code_is_link": "The sale carries {given} as its code; that is the key of a link of {partner}.",
    "code_slip": "The sale carries the code {given}, one typing slip away from {code}, a code of {partner}.",
    "mention": "{given} stands in the {where}; that is {what} of {partner}.",
    "click": "A browser of the customer followed a link of {partner} on {on}. By rule it does not count: {why}.",
}
_WHAT: Final[Mapping[str, str]] = {"code": "a code", "link": "the key of a link"}
WHY_NOT: Final[Mapping[str, str]] = {
    "inactive": "the link was revoked, or the partner or the program paused",
    "embedded": "the address was loaded by a page, not followed by a person",
    "prefetch": "the browser loaded the address ahead, without a person",
    "head": "only the head of the page was asked for, as programs do",
    "reused_click": "too many customers carried the same click id",
}


def evidence_words(evidence: Evidence, partner: str) -> str:
    """One sentence, with the partner's name and the date as people write it."""
    about = dict(evidence.about)
    if "on" in about:
        on = date.fromisoformat(about["on"])
        about["on"] = f"{on.day} {on:%B %Y}"
    about["what"] = _WHAT.get(about.get("what", ""), "")
    about["why"] = WHY_NOT.get(about.get("why", ""), "it was not a person's visit")
    for name in ("named", "other"):
        about[name] = mask_email(about.get(name, "").strip())
    return _SENTENCES[evidence.kind].format_map({**about, "partner": partner})
