"""From a conversion to its components: who is paid under which terms, which rules the lines pick, on what basis."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.attribution import attribute
from tests.oracle.basis import FIGURES, base_of, kept_of, lines_of
from tests.oracle.book import Agreement, Conversion
from tests.oracle.conditions import Situation, holds
from tests.oracle.numbers import MILLION, checked, round_to, share_out
from tests.oracle.pay import is_over, worth
from tests.oracle.standing import CAUSE, Standing, standing_of
from tests.oracle.workings import Known, Workings

ASSISTS = Known(gives=Fraction(1), words=("assisted",))


@dataclass
class Payee:
    """A partner that can be paid for a conversion."""

    place: int
    partner: str
    ppm: int
    standing: Standing
    agreement: Agreement  # whose terms are used
    assists: bool
    known: Known  # of its share


@dataclass(eq=False)
class Component:
    """One (conversion, partner, rule). Money in minor units of the program's currency."""

    conversion: Conversion
    payee: Payee
    rule: dict
    terms: dict
    lines: list
    kept: Fraction
    whole_made: int  # the rule's whole basis as made,
    whole: int  # and as kept
    made: int  # this partner's part of each
    basis: int
    earned: Fraction = Fraction(0)  # before the tail percent and after it
    exact: Fraction = Fraction(0)
    steps_paid: list = field(default_factory=list)
    slices: list = field(default_factory=list)  # how much of a volume lies in each step
    amount: int = 0
    reasons: list = field(default_factory=list)
    known: Workings | None = None

    @property
    def partner(self):
        return self.payee.partner

    @property
    def ppm(self):
        return self.payee.ppm


def components_of(book, memory, conversion):
    """(components in credit and rule order, why there are none)."""
    found = attribute(book, memory, conversion)
    payees, cause = _payees(book, memory, conversion, found)
    if not found.shares and not found.assisting:
        return [], found.reason
    if not payees:
        return [], "ended_for_cause" if cause else "no_agreement"
    rate = book.rate_for(conversion)
    if rate is None:
        return [], "fx_pending"
    made, over = [], False
    for payee in payees:
        mine, some_over = _of_payee(book, memory, conversion, payee, found.shares, rate)
        made, over = made + mine, over or some_over
    return made, None if made else "lasts_over" if over else "no_rule"


def _payees(book, memory, conversion, found):
    """Credited partners, then assisting ones, as far as an agreement or tail serves them."""
    payees, cause = [], False
    for place, (partner, ppm) in enumerate(found.shares):
        standing = standing_of(book, memory, partner, conversion)
        if standing in (None, CAUSE):
            book.saw("share paid to nobody")
            cause = cause or standing == CAUSE
            continue
        agreement = _terms_agreement(book, standing, found.touched.get(partner), partner)
        payees.append(Payee(place, partner, ppm, standing, agreement, assists=False, known=found.known[partner]))
    for place, partner in enumerate(found.assisting, start=len(found.shares)):
        standing = standing_of(book, memory, partner, conversion)
        payees.append(Payee(place, partner, MILLION, standing, standing.agreement, assists=True, known=ASSISTS))
    for partner, _ in found.shares:
        memory.first_credited.setdefault((conversion.customer, partner), conversion.at)
    for payee in payees:
        memory.nth[payee.partner, _on(payee, conversion)] += 1
        _saw_payee(book, payee, found)
    return payees, cause


def _saw_payee(book, payee, found):
    role = "assist" if payee.assists else "credit"
    book.saw(role, "in force" if payee.standing.in_force else "in a tail")
    if payee.assists:
        book.saw("assist beside", found.how, found.reason or "credited")
    if payee.agreement is not payee.standing.agreement:
        book.saw("terms of the touch")


def _terms_agreement(book, standing, touched_at, partner):
    then = None
    if book.terms_at == "credit" and touched_at is not None:
        then = book.in_force(partner, touched_at)
        if then is None:
            book.saw("no agreement at the touch")
    return then or standing.agreement


def _on(payee, conversion):
    return "assist" if payee.assists else conversion.on


def _of_payee(book, memory, conversion, payee, shares, rate):
    terms = book.terms[payee.agreement.terms]
    on = _on(payee, conversion)
    nth = memory.nth[payee.partner, on]
    situation = Situation(book, conversion, payee.partner, since=payee.agreement.starts, nth=nth, rate=rate)
    picked = {}
    for line in lines_of(conversion):
        fit = [rule for rule in terms["rules"] if rule["on"] == on and holds(book, rule, line, situation)]
        for rule in _pick(book, memory, terms, fit, line, payee, conversion, rate):
            picked.setdefault(rule["key"], []).append(line)
    made, over = [], False
    for rule in terms["rules"]:
        if rule["key"] not in picked:
            continue
        if is_over(book, memory, rule, payee.partner, conversion):
            over = True
            continue
        made.append(_component(book, conversion, payee, rule, terms, picked[rule["key"]], shares, rate))
    return made, over


def _pick(book, memory, terms, fit, line, payee, conversion, rate):
    """The chosen rule or rules of one line, and those that add."""
    plain, adds = [rule for rule in fit if not rule.get("adds")], [rule for rule in fit if rule.get("adds")]
    choose = terms.get("choose", "first")
    if len(plain) > 1:
        book.saw("choose", choose)
    if choose == "first":
        plain = plain[:1]
    elif choose == "best" and len(plain) > 1:
        values = [worth(book, memory, rule, line, payee.partner, conversion, rate) for rule in plain]
        if len(set(values)) < len(values):
            book.saw("choose best tie")
        plain = [plain[values.index(max(values))]]
        book.saw("choose best takes", next(iter(plain[0]["pay"])))
    if adds:
        book.saw("adds")
    return [*plain, *adds]


def _component(book, conversion, payee, rule, terms, lines, shares, rate):
    kept = kept_of(book, conversion, terms)
    exact = max(Fraction(0), sum(base_of(rule, line) for line in lines)) * rate * book.scale
    whole_made, whole = checked(round_to(exact, book.mode)), round_to(exact * kept, book.mode)
    for figure in {exact, exact * kept}:
        if figure.denominator == 2:
            book.saw("rounding tie of a basis", book.mode)
    made, basis = (_part(payee, shares, figure) for figure in (whole_made, whole))
    known = _known(book, conversion, payee, rule, kept=kept, rate=rate, exact=exact * kept, whole=whole, basis=basis)
    return Component(conversion, payee, rule, terms, lines, kept, whole_made, whole, made, basis, known=known)


def _known(book, conversion, payee, rule, *, kept, rate, exact, whole, basis):
    found, fact = Workings(book.scale), conversion.fact
    tail = ("tail",) if payee.standing.tail is not None else ()
    found["share"] = payee.known
    found.plain("agreement", gives=payee.agreement.terms, words=(payee.agreement.id, *tail))
    found.plain("rule", gives=rule["key"], words=(payee.agreement.terms,))
    labels = {name: Fraction(fact[name]) for name in FIGURES if name in fact}
    labels[f"{book.currency} per {fact.get('currency')}"] = rate
    first = [] if fact.get("lines") else [Fraction(fact.get("amount", fact.get("value", 0)))]
    if conversion.is_sale:
        labels["kept"] = Fraction(fact["amount"])  # what was kept of it
    found.money("basis", value=exact, gives=whole, also=first, labels=labels)
    found.money("split", whole, also=[Fraction(payee.ppm, MILLION)], gives=basis)
    return found


def _part(payee, shares, whole):
    """A partner's part of its rule's whole basis; the uncredited rest comes last; an assist has it all."""
    if payee.assists:
        return whole
    ppms = [ppm for _, ppm in shares]
    return share_out(whole, [*ppms, MILLION - sum(ppms)])[payee.place]
