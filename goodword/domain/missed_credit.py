"""Which partner an uncredited sale may be due to, and how strongly its facts say so. Rules alone: no rows, no clock.

Nothing here credits anybody. A suggestion says what was found and why it does not count by rule; a person decides.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from goodword.domain.links import skeleton
from goodword.domain.settlement.identity import PUBLIC_MAIL

WEAK, LIKELY, STRONG = 1, 2, 3
STRENGTHS: Final[Mapping[int, str]] = {STRONG: "strong", LIKELY: "likely", WEAK: "weak"}
CUSTOMERS_OF_DOMAIN_MAX: Final = 20
"""A domain that more customers share than this is a mail provider or a whole country's school: it tells nothing."""
MENTIONS_MAX: Final = 20
"""A word that stands in more uncredited sales than this is a word of the trade, not a hint at a partner."""
SLIP_LENGTH_MIN: Final = 5
MENTION_LENGTH_MIN: Final = 4
_MORE_MAIL = """
aim.com alice.it arcor.de bluewin.ch bol.com.br btinternet.com centrum.cz comcast.net cox.net duck.com email.com
facebook.com foxmail.com free.fr freenet.de gmx.at gmx.ch gmx.fr hotmail.co.uk hotmail.de hotmail.es hotmail.fr
hotmail.it hushmail.com inbox.com inbox.lv interia.pl laposte.net libero.it list.ru live.co.uk live.fr live.nl
mail.ch mailbox.org mailfence.com naver.com o2.pl online.de op.pl orange.fr outlook.de outlook.es outlook.fr
pm.me posteo.de rambler.ru rediffmail.com rocketmail.com sbcglobal.net seznam.cz sfr.fr sky.com startmail.com
t-online.de talktalk.net terra.com.br tiscali.it tuta.com tutanota.com uol.com.br ukr.net verizon.net virgilio.it
virginmedia.com wanadoo.fr wp.pl yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk yahoo.de yahoo.es yahoo.fr yahoo.it
ya.ru yeah.net zoho.eu
"""
MAIL_PROVIDERS: Final = PUBLIC_MAIL | frozenset(_MORE_MAIL.split())
"""Domains that anybody can have an address at. The settlement's own list is shorter; this one only guides a search."""
_REFERRING = re.compile(
    r"(affil|aff$|campaign|code|coupon|heard|partner|promo|recommend|ref$|refer|source|utm|via|voucher)", re.IGNORECASE
)
_WORD = re.compile(r"[\w-]+")
_DIGITS = re.compile(r"[0-9]")


class Evidence(NamedTuple):
    """One thing that points to a partner: what sort of thing, how strongly, and what it is about."""

    kind: str
    strength: int
    about: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that stands for a partner: one of its codes, or the key of one of its links."""

    partner: str
    kind: str
    key: str
    revoked: date | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    """A partner's entry of a customer by a registration or form, under the id that it was given."""

    partner: str
    customer: str
    on: date


@dataclass(frozen=True, slots=True)
class Doubted:
    """What is looked at of a sale that credited nobody. `texts` are (where it stands, the text)."""

    customer: str
    email: str = ""
    domain: str = ""
    code: str = ""
    texts: Sequence[tuple[str, str]] = ()


@dataclass(slots=True)
class Signs:
    """Codes and link keys of all partners, ready to be looked up by what looks like them."""

    alike: dict[str, list[Sign]] = field(default_factory=lambda: defaultdict(list))
    near: dict[str, list[Sign]] = field(default_factory=lambda: defaultdict(list))
    exact: dict[str, Sign] = field(default_factory=dict)


@lru_cache(maxsize=200_000)
def folded(text: str) -> str:
    """A word with everything that looks alike folded into one; kept, since words return."""
    return skeleton(text)


def signs_of(signs: Iterable[Sign]) -> Signs:
    """The look-up of these signs."""
    found = Signs()
    for sign in signs:
        found.alike[folded(sign.key)].append(sign)
        if sign.kind == "code":
            found.exact[sign.key] = sign
            bare = _bare(sign.key)
            if len(bare) >= SLIP_LENGTH_MIN:
                for part in {bare, *_shorter(bare)}:
                    found.near[part].append(sign)
    return found


def _bare(key: str) -> str:
    """As it is typed, but for capitals and hyphens. Look-alikes are not folded: 1 and 2 must stay digits."""
    return re.sub(r"[-_. ]", "", key.casefold())


def _shorter(text: str) -> Iterator[str]:
    return (text[:at] + text[at + 1 :] for at in range(len(text)))


def one_slip(one: str, other: str) -> bool:
    """Whether one typing slip leads from one to the other: a letter wrong, missing, too many, or two swapped.

    A digit for another digit is no slip: SPRING10 and SPRING20 are two codes.

    >>> one_slip("riverside", "rivreside"), one_slip("riverside", "rverside"), one_slip("spring10", "spring20")
    (True, True, False)
    """
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        return longer[1:] == shorter and not (longer[:1].isdigit() and not shorter)
    swapped = len(a) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return swapped or (a[1:] == b[1:] and not (a[0].isdigit() and b[0].isdigit()))


def by_code(code: str, signs: Signs) -> Iterator[tuple[str, Evidence]]:
    """Partners whose code this sale's code looks like, was, or nearly is."""
    known = signs.exact.get(code)
    if known:
        if known.revoked:
            about = {"code": known.key, "on": known.revoked.isoformat()}
            yield known.partner, Evidence("code_revoked", STRONG, about)
        return
    shape = folded(code)
    same = signs.alike.get(shape, [])
    for sign in same:
        kind, strength = ("code_alike", STRONG) if sign.kind == "code" else ("code_is_link", LIKELY)
        yield sign.partner, Evidence(kind, strength, {"given": code, "code": sign.key})
    bare = _bare(code)
    if not same and len(bare) >= SLIP_LENGTH_MIN:
        close = {sign for part in {bare, *_shorter(bare)} for sign in signs.near.get(part, [])}
        for sign in sorted(close, key=lambda each: each.key):
            if one_slip(bare, _bare(sign.key)):
                yield sign.partner, Evidence("code_slip", LIKELY, {"given": code, "code": sign.key})


def by_words(texts: Sequence[tuple[str, str]], signs: Signs) -> Iterator[tuple[str, Evidence]]:
    """Partners whose code or link key stands as a word in these texts."""
    seen = set()
    for where, text in texts:
        for word in dict.fromkeys([text.strip(), *_WORD.findall(text)]):
            if len(word) < MENTION_LENGTH_MIN or len(word) > 40:
                continue
            for sign in signs.alike.get(folded(word), []):
                if len(sign.key) >= MENTION_LENGTH_MIN and (sign.partner, sign.key, where) not in seen:
                    seen.add((sign.partner, sign.key, where))
                    about = {"given": word, "where": where, "what": sign.kind, "key": sign.key}
                    yield sign.partner, Evidence("mention", _weight(where, word), about)


def _weight(where: str, word: str) -> int:
    """A property that asks for the referrer says more than a product that is called the same."""
    if not where.startswith("property "):
        return WEAK
    telling = _REFERRING.search(where.removeprefix("property "))
    return LIKELY if telling or (_DIGITS.search(word) and len(word) >= SLIP_LENGTH_MIN) else WEAK


def own_domain(email: str, domain: str) -> str:
    """The domain that a customer has to itself; empty when there is none, or when anybody can have it.

    >>> own_domain("ann@acme.example", ""), own_domain("ann@gmail.com", ""), own_domain("", "www.acme.example")
    ('acme.example', '', 'acme.example')
    """
    found = (domain or email.rpartition("@")[2]).strip().lower().removeprefix("www.")
    return "" if found in MAIL_PROVIDERS or "." not in found else found


def plain_id(text: str) -> str:
    """An id or address without the capital letters and spaces that people put in by mistake."""
    return "".join(text.casefold().split())


class Promises:
    """Registrations and forms of all partners, ready to be looked up by what the customer is called."""

    def __init__(self, promises: Iterable[Promise]) -> None:
        self._plain: dict[str, list[Promise]] = defaultdict(list)
        self._folded: dict[str, list[Promise]] = defaultdict(list)
        self._domains: dict[str, list[Promise]] = defaultdict(list)
        for one in promises:
            plain = plain_id(one.customer)
            self._plain[plain].append(one)
            self._folded[folded(plain)].append(one)
            if domain := own_domain(plain if "@" in plain else "", "" if "@" in plain else plain):
                self._domains[domain].append(one)

    def evidence(self, sale: Doubted, on: date) -> Iterator[tuple[str, Evidence]]:
        """Partners who named this customer before the sale, in another writing."""
        told: set[tuple[str, str]] = set()
        for kind, strength, found in self._ways(sale):
            for one in found:
                if one.on <= on and one.customer != sale.customer and (one.partner, one.customer) not in told:
                    told.add((one.partner, one.customer))
                    yield one.partner, Evidence(kind, strength, {"named": one.customer, "on": one.on.isoformat()})

    def _ways(self, sale: Doubted) -> Iterator[tuple[str, int, list[Promise]]]:
        names = [plain_id(name) for name in (sale.customer, sale.email) if name]
        yield "registered_id", STRONG, self._plain.get(names[0], [])
        if sale.email:
            yield "registered_email", STRONG, self._plain.get(names[-1], [])
        for name in names:
            yield "registered_alike", LIKELY, self._folded.get(folded(name), [])
        if domain := own_domain(sale.email, sale.domain):
            yield "registered_domain", LIKELY, self._domains.get(domain, [])


def strength_of(evidence: Sequence[Evidence]) -> int:
    """How strong a suggestion is: as its strongest evidence, and strong where two likely things agree."""
    most = max((one.strength for one in evidence), default=0)
    likely = {one.kind for one in evidence if one.strength == LIKELY}
    return STRONG if most == LIKELY and len(likely) > 1 else most


def too_common(evidence: Evidence, times: int) -> bool:
    """Whether this was found in so many sales that it tells nothing of one partner. Named properties always tell."""
    return evidence.kind == "mention" and evidence.strength == WEAK and times > MENTIONS_MAX


def weakened(evidence: Evidence, times: int) -> Evidence:
    """A slip that so many make is a code of the company's own: it is kept, as a weak hint."""
    common = evidence.kind == "code_slip" and times > MENTIONS_MAX
    return evidence._replace(strength=WEAK) if common else evidence
