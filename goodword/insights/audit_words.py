"""What an action of the audit trail is called: by who did it ("paused Alder Advice"), and as news on the page of the
thing it was done to ("Paused: new clicks stop counting"). One table for both.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from goodword.accounts.models import AuditEntry
from goodword.insights.wording import money_text


class Words(NamedTuple):
    """`done` goes behind a name; `news` stands alone, and is made of `done` when left out. {it}: the object's label."""

    done: str
    news: str | Callable[[AuditEntry], str] = ""
    tone: str = ""


def done(entry: AuditEntry) -> str:
    """What was done, without who and when: "paused Alder Advice"."""
    return words_of(entry).done.replace("{it}", entry.object_label).strip()


def news(entry: AuditEntry) -> str:
    """What happened, as the page of that object tells it: "Paused: new clicks stop counting"."""
    told = words_of(entry).news
    if callable(told):
        return told(entry)
    return told.replace("{it}", entry.object_label) if told else _capital(done(entry))


def words_of(entry: AuditEntry) -> Words:
    """The words of an action; one that has none reads as its own name: `group.created`, "created group"."""
    thing, _, verb = entry.action.partition(".")
    return _WORDS.get(entry.action) or Words(f"{verb} {thing} {{it}}".replace("_", " "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _after(entry: AuditEntry, name: str) -> Any:
    return (entry.after or {}).get(name, "")


def _terms(entry: AuditEntry) -> str:
    """`standard@2` as people say it."""
    key, _, number = str(_after(entry, "terms")).rpartition("@")
    return f"the {key} terms, version {number}" if key else "new terms"


def _changed(entry: AuditEntry) -> str:
    names = sorted(name.removesuffix("_id").replace("_", " ") for name in (entry.after or {}))
    return f"Changed: {', '.join(names)}" if names else "Changed"


def _amount(entry: AuditEntry) -> str:
    minor, currency = _after(entry, "amount_minor"), _after(entry, "currency")
    return f" {money_text(minor, currency)}" if isinstance(minor, int) and currency else ""


_WORDS: Mapping[str, Words] = {
    "access.denied": Words("was refused {it}: the role does not allow it"),
    "agreement.ended": Words("ended the agreement of {it}", "The agreement ended"),
    "agreement.started": Words("put {it} on an agreement", lambda e: f"New agreement on {_terms(e)}"),
    "application.approved": Words("approved the application of {it}", "The application was approved", tone="good"),
    "application.rejected": Words("turned down the application of {it}", "The application was turned down", tone="bad"),
    "application.submitted": Words("applied to become a partner: {it}", "Applied to join"),
    "code.created": Words("created code {it}", "New code {it}"),
    "code.revoked": Words("revoked code {it}", "Code {it} revoked"),
    "commission.clawed_back": Words(
        "took commission back from {it} because of refunds", "Commission taken back after a refund", tone="bad"
    ),
    "connection.event_replayed": Words("judged the event {it} again"),
    "connection.key_forgotten": Words("took the key to Stripe's list from {it}"),
    "connection.key_given": Words("gave {it} a key to Stripe's list"),
    "connection.made": Words("connected {it}"),
    "connection.secret_rotated": Words("gave {it} a new secret"),
    "connection.switched_off": Words("turned {it} off", tone="bad"),
    "connection.switched_on": Words("turned {it} on", tone="good"),
    "debt.proposed": Words("proposed what to do about a debt: {it}", "Proposed what to do about the debt"),
    "debt.confirmed": Words(
        "confirmed what to do about a debt: {it}",
        lambda e: f"Debt {'asked back in money' if _after(e, 'kind') == 'claim' else 'given up'}:{_amount(e)}",
    ),
    "debt.refused": Words("left a debt as it is: {it}", "The debt stays as it is"),
    "group.created": Words("created the group {it}"),
    "hold.placed": Words(
        "placed a hold on {it}", "Hold placed: nothing of it is paid until somebody lets go", tone="warn"
    ),
    "hold.released": Words("released the hold on {it}", "Hold released"),
    "import.finished": Words("imported {it}"),
    "import.undone": Words("undid the import {it}"),
    "key.created": Words("made the API key {it}"),
    "key.exposed": Words("sent the API key {it} inside an address; it must be replaced"),
    "key.revoked": Words("revoked the API key {it}"),
    "link.created": Words("created link {it}", "New link {it}"),
    "link.revoked": Words("revoked link {it}", "Link {it} revoked"),
    "customer.bodies_erased": Words("erased a visitor from received webhooks", "A visitor was erased from webhooks"),
    "customer.visitor_erased": Words("erased a visitor", "A visitor was erased"),
    "live_test.started": Words("sent a test click through the link {it}"),
    "page_lead.confirmed": Words("confirmed a lead that a web page told: {it}", tone="good"),
    "page_lead.refused": Words("refused a lead that a web page told: {it}", tone="bad"),
    "missed_credit.credited": Words("credited a missed sale: {it}"),
    "missed_credit.not_theirs": Words("said that a sale is not theirs: {it}"),
    "partner.changed": Words("changed partner {it}", _changed),
    "partner.created": Words("created partner {it}", lambda e: f"Became a partner on {_terms(e)}", tone="good"),
    "partner.paused": Words("paused {it}", "Paused: new clicks stop counting", tone="warn"),
    "partner.resumed": Words("let {it} go on", "Active again", tone="good"),
    "partner.ended": Words("ended the partnership with {it}", "The partnership ended", tone="bad"),
    "payout.paid": Words("confirmed the payout to {it}", lambda e: f"Paid{_amount(e)}", tone="good"),
    "payout.returned": Words(
        "recorded that the payout came back: {it}", lambda e: f"Payout came back:{_amount(e)}", tone="bad"
    ),
    "payout_method.changed": Words("changed the payout account of {it}", "Changed where payouts go"),
    "payout_run.approved": Words("approved {it}", "Approved"),
    "payout_run.cancelled": Words("cancelled {it}", "Cancelled"),
    "payout_run.closed": Words(
        "closed {it}: every payout has its answer", "Finished: the bank has answered for every payout"
    ),
    "payout_run.exported": Words("marked {it} as sent to the bank", "Sent to the bank"),
    "payout_run.file_read": Words("downloaded the payout file of {it}", "The payout file was downloaded"),
    "payout_run.prepared": Words("prepared {it}", "Prepared"),
    "program.changed": Words("changed the settings of {it}"),
    "program.paused": Words("paused the program"),
    "program.resumed": Words("opened the program again"),
    "program.verified": Words("checked the books of {it}"),
    "rate.approved": Words("approved the exchange rate {it}"),
    "rate.held": Words("held back the exchange rate {it} until somebody has looked at it"),
    "rate.refused": Words("refused the exchange rate {it}"),
    "refund.withdrawn": Words("withdrew the refund {it}", "Withdrawn: it did not happen"),
    "sale.withdrawn": Words("withdrew the sale {it}", "Withdrawn: it was told anew"),
    "seat.invited": Words("invited seat {it}", lambda e: f"Invited {_after(e, 'email')} to the partner pages"),
    "team.invited": Words("invited {it} to the team"),
    "team.left": Words("took {it} off the team"),
    "team.role_changed": Words("changed the role of {it}"),
    "terms.created": Words("began the terms {it}", "Created"),
    "terms.published": Words("published {it}", "Published {it}"),
    "webhook.changed": Words("changed the webhook {it}"),
    "webhook.created": Words("made the webhook {it}"),
    "webhook.disabled": Words("switched the webhook {it} off: it takes nothing any more", tone="bad"),
    "webhook.removed": Words("removed the webhook {it}"),
    "webhook.replayed": Words("sent messages of the webhook {it} again"),
    "webhook.secret_rotated": Words("made a new secret for the webhook {it}"),
    "webhook.switched_off": Words("switched the webhook {it} off"),
    "webhook.switched_on": Words("switched the webhook {it} on"),
    "webhook.tested": Words("sent a test message to the webhook {it}"),
    "terms.second_person_asked": Words("asked a second person to publish {it}", "A second person was asked"),
}
