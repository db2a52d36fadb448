"""Whose conversion it is: touches, windows, self-referral, priority, weights, credits, locks and assists."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

from tests.oracle.dates import add_months, instant
from tests.oracle.numbers import MILLION, percent, round_to, share_out
from tests.oracle.standing import CAUSE, standing_of
from tests.oracle.workings import Known

PUBLIC_MAIL = set(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com "
    "aol.com proton.me protonmail.com gmx.com gmx.de gmx.net web.de mail.com zoho.com yandex.com yandex.ru mail.ru "
    "qq.com 163.com 126.com hey.com fastmail.com".split()
)


@dataclass
class Memory:
    """What earlier conversions leave behind."""

    locks: dict = field(default_factory=dict)  # customer -> Lock
    first_credited: dict = field(default_factory=dict)  # (customer, partner) -> instant
    nth: Counter = field(default_factory=Counter)  # (partner, on)
    components: list = field(default_factory=list)


@dataclass
class Lock:
    conversion: object
    shares: list
    touched: dict


@dataclass
class Touch:
    at: datetime
    order: tuple
    partner: str
    channel: str
    until: datetime | None
    own: bool  # the conversion's own code


@dataclass
class Attribution:
    shares: list  # [(partner, ppm)] in credit order
    touched: dict  # partner -> instant of its earliest credited touch
    assisting: list
    reason: str | None  # why nobody was credited
    how: str
    known: dict = field(default_factory=dict)  # partner -> what the step about its share shows


def attribute(book, memory, conversion):
    """Decide one conversion and remember its lock."""
    left, reason = _candidates(book, memory, conversion)
    credit, lock = _credit_fact(book, conversion), _running_lock(book, memory, conversion)
    if credit is not None:
        shares = [(share["partner"], int(percent(share["percent"]) * MILLION)) for share in credit["shares"]]
        shares = [(partner, ppm) for partner, ppm in shares if ppm]
        found = Attribution(shares, {}, [], None if shares else "credit_denied", "credit")
        found.known = _known_shares(shares, words=(credit["id"],))
        book.saw("credit fact", "conversion" if "conversion" in credit else "customer", "of", len(shares))
    elif lock:
        found = Attribution(lock.shares, lock.touched, [], None, "lock")
        found.known = _known_shares(lock.shares, words=(lock.conversion.id,))
    elif reason:
        found = Attribution([], {}, [], reason, "touches")
    else:
        found = _weigh(book, _first_class(book, left), conversion)
    if found.shares and not lock and book.locks:
        memory.locks[conversion.customer] = Lock(conversion, found.shares, found.touched)
    if lock and credit is not None:
        book.saw("credit inside a lock")
    found.assisting = _assisting(book, conversion, left, found.shares)
    book.saw("decided by", found.how)
    return found


def _credit_fact(book, conversion):
    for name, wanted in (("conversion", conversion.id), ("customer", conversion.customer)):
        fit = [row for row in book.credits if row.get(name) == wanted]
        if fit:
            return max(fit, key=lambda row: (instant(row["at"]), row["id"]))
    return None


def _running_lock(book, memory, conversion):
    lock = memory.locks.get(conversion.customer)
    if lock is None:
        return None
    if book.lock_months is None:
        return lock
    end = add_months(lock.conversion.day, book.lock_months)
    book.border("lock end", conversion.day, end)
    return lock if conversion.day < end else None


# candidates


def _candidates(book, memory, conversion):
    """The touches whose partners could be paid, and the step that took the last one (None: some may be credited)."""
    touches = _touches(book, conversion)
    if not touches:
        return [], "no_touch"
    inside = [touch for touch in touches if _in_window(book, touch, conversion)]
    if not inside:
        return [], "outside_window"
    if book.self_referral == "block":
        inside = [touch for touch in inside if not _refers_itself(book, touch.partner, conversion)]
    if not inside:
        return [], "self_referral"
    found = {touch.partner: standing_of(book, memory, touch.partner, conversion) for touch in inside}
    left = [touch for touch in inside if found[touch.partner] not in (None, CAUSE)]
    if book.customer(conversion).get("existing") and book.existing_customers in ("exclude", "assist"):
        return left, "existing_customer"
    if not left:
        return [], "ended_for_cause" if CAUSE in found.values() else "no_agreement"
    return left, None


def _touches(book, conversion):
    """In order: recorded touches by (at, id), after them the codes of sales of the same instant."""
    visitors = book.customer(conversion).get("visitors", [])
    found = []
    for row in book.touches:
        at = instant(row["at"])
        if at <= conversion.at and (row.get("customer") == conversion.customer or row.get("visitor") in visitors):
            until = instant(row["until"]) if row["channel"] == "registration" and "until" in row else None
            found.append(Touch(at, (at, 0, row["id"]), row["partner"], row["channel"], until, own=False))
    for sale in book.conversions:
        mine = sale.is_sale and sale.customer == conversion.customer and sale.place <= conversion.place
        if mine and sale.fact.get("code") in book.codes:
            partner, own = book.codes[sale.fact["code"]], sale is conversion
            found.append(Touch(sale.at, (sale.at, 1, sale.id), partner, "code", None, own))
    return sorted(found, key=lambda touch: touch.order)


def _in_window(book, touch, conversion):
    if touch.own:
        return True
    if touch.until is not None:
        book.border("registration's end", conversion.at, touch.until)
        return conversion.at < touch.until
    days = book.windows.get(touch.channel, book.window_days)
    end = touch.at + timedelta(days=days)
    if days:
        book.border("window's end", conversion.at, end)
    if touch.channel == "code" and conversion.at < end:
        book.saw("code of an earlier sale or touch")
    return conversion.at < end


def _refers_itself(book, partner, conversion):
    ours, theirs = book.partners.get(partner, {}), book.customer(conversion)
    emails = [email.lower() for email in ours.get("emails", [])]
    email = theirs.get("email", "").lower()
    if email and email in emails:
        book.saw("self-referral by e-mail")
        return True
    our_domains = {one.lower() for one in ours.get("domains", [])} | {one.rpartition("@")[2] for one in emails}
    their_domains = {theirs.get("domain", "").lower(), email.rpartition("@")[2]} - {""}
    shared = our_domains & their_domains
    if shared and not shared - PUBLIC_MAIL:
        book.saw("shared public mail domain")
    for domain in shared - PUBLIC_MAIL:
        ours_from = "domains" if domain in map(str.lower, ours.get("domains", [])) else "e-mail"
        theirs_from = "domain" if domain == theirs.get("domain", "").lower() else "e-mail"
        book.saw("self-referral by", theirs_from, "in", ours_from)
    return bool(shared - PUBLIC_MAIL)


def _assisting(book, conversion, left, shares):
    """Partners with a candidate left that got nothing, in first-touch order; sales only."""
    special = book.existing_customers == "assist" and book.customer(conversion).get("existing")
    if not conversion.is_sale or not (book.assist or special):
        return []
    credited = {partner for partner, _ in shares}
    return [partner for partner in dict.fromkeys(touch.partner for touch in left) if partner not in credited]


# weights


def _first_class(book, left):
    named = {channel for channels in book.priority for channel in channels}
    for place, channels in enumerate(book.priority):
        fit = [touch for touch in left if touch.channel in channels]
        if fit:
            book.saw("priority class", min(place, 2))
            return fit
    book.saw("priority class unnamed")
    return [touch for touch in left if touch.channel not in named]


def _weigh(book, touches, conversion):
    weights = _weights(book, touches, conversion)
    sums, touched = defaultdict(Fraction), {}
    for touch, weight in zip(touches, weights, strict=True):
        sums[touch.partner] += weight
        if weight:
            touched.setdefault(touch.partner, touch.at)
    ppm = share_out(MILLION, list(sums.values()))
    shares = [(partner, share) for partner, share in zip(sums, ppm, strict=True) if share]
    book.saw("model", book.model, "touches", min(len(touches), 4))
    book.saw("model", book.model, "partners", min(len(shares), 3))
    found = Attribution(shares, touched, [], None, "touches")
    if book.model in ("last", "first"):
        found.known = _known_shares(shares, words=(book.model,))
    else:
        found.known = _known_shares(shares, values={partner: sums[partner] / sum(sums.values()) for partner in sums})
    return found


def _known_shares(shares, words=(), values=None):
    return {
        partner: Known(words=words, value=values and Fraction(values[partner]), gives=Fraction(ppm, MILLION))
        for partner, ppm in shares
    }


def _weights(book, touches, conversion):
    count = len(touches)
    if book.model == "last":
        return [0] * (count - 1) + [1]
    if book.model == "first":
        return [1] + [0] * (count - 1)
    if book.model == "linear":
        return [Fraction(1)] * count
    if book.model == "position":
        middle = [Fraction(20, count - 2)] * (count - 2) if count > 2 else []
        return {1: [100], 2: [50, 50]}.get(count, [40, *middle, 40])
    weights = [_decay(conversion.at - touch.at, book.half_life_days) for touch in touches]
    if not any(weights):
        book.saw("every decay weight 0")
        return [0] * (count - 1) + [1]
    return weights


def _decay(age, half_life_days):
    """2^(-age / half-life), half up to millionths."""
    lives = Fraction(age // timedelta(microseconds=1), 86_400_000_000 * half_life_days)
    with localcontext(prec=60):
        exact = Decimal(2) ** -(Decimal(lives.numerator) / Decimal(lives.denominator))
    return Fraction(round_to(Fraction(exact) * MILLION, "half_up"), MILLION)
