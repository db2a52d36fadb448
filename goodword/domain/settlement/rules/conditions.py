"""Whether a rule applies (section 4 of the contract): its conditions, seen by one partner on one line of a sale."""

from goodword.domain.settlement.rules import tables as t
from goodword.domain.settlement.rules.compiling import rule
from goodword.domain.settlement.rules.dates import whole_months
from goodword.domain.settlement.rules.exact import products_order
from goodword.domain.settlement.rules.layout import (
    AGE,
    AMOUNT,
    ASSIST,
    AT,
    CATEGORY,
    CODE_USED,
    COUNTRY,
    CUSTOMER_MONTHS,
    CUSTOMER_NTH,
    EQ,
    EXISTING,
    EXISTS,
    GROUP,
    GT,
    GTE,
    IN,
    KIND,
    LT,
    LTE,
    NE,
    NEW,
    NONE,
    NOT_IN,
    NTH,
    PARTNER_COUNTRY,
    PRODUCT,
    SALE,
    Row,
)
from goodword.domain.settlement.rules.tables import World


@rule
def holds(
    w: World,
    one: Row,
    case: Row,
    conversion: Row,
    product: int,
    category: int,
    customer: Row,
    history: Row,
    party: Row,
    partner: Row,
    rate: Row,
) -> bool:
    """Whether every condition of the rule `one` is true."""
    for at in range(one.condition_lo, one.condition_lo + one.condition_n):
        condition = t.conditions(w, at)
        if condition.field < AMOUNT:
            code = _code(w, condition, one, conversion, product, category, customer, history, partner)
            if not t.truths(w, condition.lo + code).value:
                return False
        elif condition.field == AMOUNT:
            if not _amount_fits(w, condition, conversion, rate):
                return False
        else:
            value = _number(w, condition, conversion, history, party)
            if not _number_fits(w, condition, value):
                return False
    return True


@rule
def _code(
    w: World,
    condition: Row,
    one: Row,
    conversion: Row,
    product: int,
    category: int,
    customer: Row,
    history: Row,
    partner: Row,
) -> int:
    field = condition.field
    if field == PRODUCT:
        return product
    if field == CATEGORY:
        return category
    if field == KIND:
        return conversion.kind
    if field == COUNTRY:
        return customer.country
    if field == PARTNER_COUNTRY:
        return partner.country
    if field == GROUP:
        return partner.group
    if field == CODE_USED:
        return conversion.has_code
    if field == AGE:
        return age(one, conversion, customer, history)
    if conversion.property_row == NONE:
        return 0
    return t.properties(w, conversion.property_row * w.columns_n + condition.column).value


@rule
def age(one: Row, conversion: Row, customer: Row, history: Row) -> int:
    """NEW or EXISTING; a customer whose last sale is more than `lapsed_days` back is new again."""
    last = history.last_sale_day
    if last == 0:
        return EXISTING if customer.existing else NEW
    return NEW if one.lapsed_days != NONE and conversion.day - last > one.lapsed_days else EXISTING


@rule
def _number(w: World, condition: Row, conversion: Row, history: Row, party: Row) -> int:
    """A number that a condition looks at; NONE when it is missing."""
    field = condition.field
    if field == NTH:
        return party.nth
    if field == CUSTOMER_NTH:
        on = SALE if party.on == ASSIST else party.on
        return t.customer_nth(w, conversion.customer * w.ons_n + on).value + 1
    if field == CUSTOMER_MONTHS:
        if history.first_sale_day == 0:
            return 0 if conversion.is_sale else NONE
        return whole_months(history.first_sale_day, conversion.day)
    if field == AT:
        return conversion.day
    return conversion.day - t.agreements(w, party.agreement).start_day


@rule
def _number_fits(w: World, condition: Row, value: int) -> bool:
    if condition.op == EXISTS:
        return (value != NONE) == (condition.n == 1)
    if value == NONE:
        return False
    for at in range(condition.lo, condition.lo + condition.n):
        operand = t.operands(w, at).value
        order = (value > operand) - (value < operand)
        if condition.op == IN and order == 0:
            return True
        if condition.op == NOT_IN and order == 0:
            return False
        if condition.op != IN and condition.op != NOT_IN:
            return _order_fits(condition.op, order)
    return condition.op == NOT_IN


@rule
def _amount_fits(w: World, condition: Row, conversion: Row, rate: Row) -> bool:
    """The sale's amount (an event's value) as made, exactly in the program's currency, against the operands."""
    if condition.op == EXISTS:
        return conversion.has_value == (condition.n == 1)
    if not conversion.has_value:
        return False
    for at in range(condition.lo, condition.lo + condition.n):
        order = products_order(conversion.amount, rate.numerator, t.operands(w, at).value, rate.denominator)
        if condition.op == IN and order == 0:
            return True
        if condition.op == NOT_IN and order == 0:
            return False
        if condition.op != IN and condition.op != NOT_IN:
            return _order_fits(condition.op, order)
    return condition.op == NOT_IN


@rule
def _order_fits(op: int, order: int) -> bool:
    if op == EQ:
        return order == 0
    if op == NE:
        return order != 0
    if op == GT:
        return order > 0
    if op == GTE:
        return order >= 0
    if op == LT:
        return order < 0
    return op == LTE and order <= 0
