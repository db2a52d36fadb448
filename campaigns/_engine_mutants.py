# ruff: noqa: E501
"""The faults that `engine_mutations.py` puts into the engine, one at a time. Only the list lives here.

`file` is a name inside `goodword/domain/settlement/`; `old` must stand there exactly once; `new` takes its place; `by` says
what has to notice.
"""

from dataclasses import dataclass

WORLDS = "worlds"  # the rules uncompiled, on the oracle's worlds; what survives them meets the tables of cases, too
COMPILED = "compiled worlds"  # what only compiled rules have
TABLES = "tables"  # what worlds do not reach: files in columns, ids, JSON


@dataclass(frozen=True)
class Mutant:
    """One fault, in words and in text."""

    what: str
    file: str
    old: str
    new: str
    by: str = WORLDS


BUDGET_LAST = """    if program.levels:
        status = pay_recruiters(w, lo, case.line_n, program.levels, conversion, number, program.rounding)
        if status != DONE:
            return status
    if w.bonuses_n:
        pay_bonuses(w, lo, case.line_n, conversion, number, w.bonuses_n, NONE)
    put_out(w, program, conversion.day, lo)
"""
_PUT_OUT = "    put_out(w, program, conversion.day, lo)\n"
BUDGET_FIRST = _PUT_OUT + BUDGET_LAST.removesuffix(_PUT_OUT)
# The fewest that say anything about the oracle; fewer make the campaign fail.
MUTANTS_MIN = 40
MUTANTS = [
    # attribution
    Mutant("an agreement starts a moment late", "rules/attribution.py", ".starts <= at <", ".starts < at <"),
    Mutant("an agreement holds at its end", "rules/attribution.py", "<= at < t.agreements(w, row).ends", "<= at <= t.agreements(w, row).ends"),
    Mutant("the cause of an end is forgotten", "rules/attribution.py", "if ended.cause:", "if False:"),
    Mutant("a tail serves who was credited after the end", "rules/attribution.py", "t.ties(w, first).at < ended.ends", "True"),
    Mutant("a tail lasts a month longer", "rules/attribution.py", "if months < t.tails(w, row).months:", "if months <= t.tails(w, row).months:"),
    Mutant("a lock lasts a day longer", "rules/attribution.py", "day < add_months(history.lock_day, program.lock_months)", "day <= add_months(history.lock_day, program.lock_months)"),
    Mutant("no lock is ever set", "rules/attribution.py", "if program.locks and (not lock_runs", "if False and (not lock_runs"),
    Mutant("a lock moves on with every conversion", "rules/attribution.py", "if program.locks and (not lock_runs(program, history, conversion.day)):", "if program.locks:"),
    Mutant("a partner may refer itself", "rules/attribution.py", "if program.blocks_self and refers_itself", "if False and refers_itself"),
    Mutant("a window includes its end", "rules/attribution.py", "(at >= touch.expires and touch.conversion != number)", "(at > touch.expires and touch.conversion != number)"),
    Mutant("existing customers are credited", "rules/attribution.py", "customer.existing and (program.existing != COUNT_THEM)", "False and (program.existing != COUNT_THEM)"),
    Mutant("priority is turned round", "rules/attribution.py", "top = min(top,", "top = max(top,"),
    Mutant("first and last are the same", "rules/attribution.py", "(found == NONE or program.model == LAST)", "(found == NONE or program.model != LAST)"),
    Mutant("position gives the middle too much", "rules/attribution.py", "else 20", "else 30"),
    Mutant("of two decisions the customer's outranks", "rules/attribution.py", "conversion.credit if conversion.credit != NONE else customer.credit", "customer.credit if customer.credit != NONE else conversion.credit"),
    Mutant("terms at credit are not looked at", "rules/attribution.py", "if program.at_credit and share.touched != NEVER:", "if False:"),
    Mutant("who is credited assists as well", "rules/attribution.py", "        if t.stamps(w, who).value == 4 * number + 3:\n            continue", "        if False:\n            continue"),
    Mutant("nth begins at 0", "rules/attribution.py", "who * w.ons_n + party.on).value + 1", "who * w.ons_n + party.on).value"),
    # components and their basis
    Mutant("best takes the least", "rules/components.py", "products_order(numerator, under, over, denominator) > 0", "products_order(numerator, under, over, denominator) < 0"),
    Mutant("of equals best takes the last", "rules/components.py", "products_order(numerator, under, over, denominator) > 0", "products_order(numerator, under, over, denominator) >= 0"),
    Mutant("the uncredited rest is forgotten", "rules/components.py", "    if rest:\n", "    if False:\n"),
    Mutant("a rule that is over goes on", "rules/components.py", "            if ppm == OVER:", "            if False:"),
    Mutant("units are not counted", "rules/components.py", "    if one.each_unit:", "    if False:"),
    Mutant("a refund at the very end comes too late", "rules/basis.py", "<= conversion.at + terms.clawback", "< conversion.at + terms.clawback"),
    Mutant("graded months are not bounded", "rules/basis.py", "return min(whole_months(conversion.day, conversion.cancel_day), terms.graded)", "return whole_months(conversion.day, conversion.cancel_day)"),
    Mutant("a refund does not lower the basis", "rules/basis.py", "    if returned:\n", "    if False:\n"),
    Mutant("fees are added", "rules/basis.py", "extra -= conversion.fees", "extra += conversion.fees"),
    Mutant("a discount is taken off twice", "rules/basis.py", "extra = conversion.discount if one.discount", "extra = -conversion.discount if one.discount"),
    # pay
    Mutant("one payment too many", "rules/rates.py", "count >= payments", "count > payments"),
    Mutant("lasts a day longer", "rules/rates.py", "day < add_months(first or day, months)", "day <= add_months(first or day, months)"),
    Mutant("a schedule's step lasts a month longer", "rules/rates.py", "left < step.months", "left <= step.months"),
    Mutant("a tier's from is not inclusive", "rules/rates.py", "t.steps(w, row).start * per > total", "t.steps(w, row).start * per >= total"),
    Mutant("slices leave out where they start", "rules/rates.py", "start = max(low, t.steps(w, row).start * per)", "start = t.steps(w, row).start * per"),
    Mutant("best counts no line in an after tier", "rules/rates.py", "            total += basis", "            total += 0"),
    Mutant("flats are not shared", "rules/rates.py", "whole = flat * line.share_ppm * line.quantity", "whole = flat * WHOLE_PPM * line.quantity"),
    Mutant("thirteen months trail", "rules/tallies.py", "_TRAILING_MONTHS = 12", "_TRAILING_MONTHS = 13"),
    Mutant("eleven months trail", "rules/tallies.py", "_TRAILING_MONTHS = 12", "_TRAILING_MONTHS = 11"),
    Mutant("refunds never reduce a volume", "rules/tallies.py", "return cell.b if one.reduce else cell.a", "return cell.a"),
    Mutant("a refunded sale still counts under reduce", "rules/tallies.py", "    if one.reduce and kept == 0:", "    if False:"),
    Mutant("each deal is not told from the whole", "rules/tallies.py", "return line.whole if one.reduce else line.whole_made", "return line.whole"),
    # rounding and limits
    Mutant("half even rounds like half up", "rules/exact.py", "(mode == HALF_UP or quotient % 2 == 1)", "True"),
    Mutant("half up rounds like half even", "rules/exact.py", "(mode == HALF_UP or quotient % 2 == 1)", "(quotient % 2 == 1)"),
    Mutant("down rounds up", "rules/exact.py", "if rest == 0 or mode == DOWN:", "if rest == 0:"),
    Mutant("ties of the largest remainder go to the last", "rules/exact.py", "t.rests(w, i).value > t.rests(w, best).value", "t.rests(w, i).value >= t.rests(w, best).value"),
    Mutant("a floor is not × share", "rules/limits.py", "floor = part_of(one.floor, line.share_ppm, mode)", "floor = one.floor"),
    Mutant("a floor lifts where nothing was earned", "rules/limits.py", "one.floor != NONE and line.basis > 0", "one.floor != NONE"),
    Mutant("the cap per sale is dropped", "rules/limits.py", "if one.cap_sale != NONE:", "if False:"),
    Mutant("the cap per customer is dropped", "rules/limits.py", "if one.cap_customer != NONE:", "if False:"),
    Mutant("the cap per period is dropped", "rules/limits.py", "if one.cap_period != NONE:", "if False:"),
    Mutant("caps forget what was paid", "rules/limits.py", "room = max(cap - so_far, 0)", "room = cap"),
    Mutant("the guardrail stays without tax", "rules/limits.py", "net = conversion.amount - conversion.tax - conversion.shipping", "net = conversion.amount - conversion.shipping"),
    Mutant("the guardrail is dropped", "rules/limits.py", "if basis == 0 or total <= most:", "if True:"),
    Mutant("rules are rounded each for itself", "rules/limits.py", "        if members == 1:\n            status", "        if True:\n            status"),
    # dates, overrides, bonuses
    Mutant("months are not clamped", "rules/dates.py", "min(of_month, days_in(year, month))", "of_month"),
    Mutant("no leap day", "rules/dates.py", "return 29 if year % 4 == 0", "return 29 if False"),
    Mutant("quarters have four months", "rules/dates.py", "month // 3 if per == QUARTER", "month // 4 if per == QUARTER"),
    Mutant("an override also counts what adds", "rules/recruits.py", "(one.of_sale and t.rules(w, child.rule).adds)", "False"),
    Mutant("a flat override that paid nothing uses up its payments", "rules/recruits.py", "if one.flat == NONE or child.amount > 0:", "if True:"),
    Mutant("an override is of the commission always", "rules/recruits.py", "figure = child.basis if one.of_sale else child.amount", "figure = child.amount"),
    Mutant("a bonus is paid again and again", "rules/bonuses.py", "if cell.b or cell.a < one.reaches:", "if cell.a < one.reaches:"),
    Mutant("a bonus waits for one more", "rules/bonuses.py", "cell.a < one.reaches:", "cell.a <= one.reaches:"),
    Mutant("a bonus counts in a tail", "rules/bonuses.py", "if not line.in_tail:", "if True:"),
    Mutant("what was refunded counts for a bonus", "rules/bonuses.py", "(one.reverse and kept == 0)", "False"),
    # the order of operations
    Mutant("the budget comes before overrides and bonuses", "rules/fold.py", BUDGET_LAST, BUDGET_FIRST),
    Mutant("after looks at the total before", "rules/fold.py", "line.before = line.after", "line.before = line.before"),
    Mutant("a tail pays all", "rules/fold.py", "tailed(numerator, denominator, line.tail_ppm)", "tailed(numerator, denominator, 1_000_000)"),
    Mutant("what is over is said to have no rule", "rules/fold.py", "LASTS_OVER if case.over else NO_RULE", "NO_RULE"),
    Mutant("the budget forgets what it did not pay", "rules/fold.py", "cell.a += line.amount", "cell.a += line.unbudgeted"),
    Mutant("bonuses stand before overrides", "rules/fold.py", "return one.kind < other.kind", "return one.kind > other.kind"),
    Mutant("caps count what was earned before them", "rules/fold.py", "t.ties(w, at).paid += line.amount", "t.ties(w, at).paid += line.first"),
    Mutant("a sale does not count for who comes back", "rules/fold.py", "history.last_sale_day = conversion.day", "history.last_sale_day = history.first_sale_day"),
    Mutant("a tail begins with a share after the end", "rules/fold.py", "t.ties(w, history.tie).at = conversion.at", "t.ties(w, history.tie).at = 0"),
    Mutant("a code does not serve its own sale", "rules/attribution.py", "touch.conversion <= number)", "touch.conversion < number)"),
    Mutant("where every decay weight is 0 nobody is credited", "rules/attribution.py", "if place == in_class and total + weight == 0:", "if False:"),
    Mutant("what adds must be chosen", "rules/components.py", "if one.adds or choose == CHOOSE_SUM:", "if choose == CHOOSE_SUM:"),
    Mutant("the basis as made is what was kept", "rules/components.py", "made = basis_of(exact, line.figure_per, 1, 1, rate, mode)", "made = basis_of(exact, line.figure_per, kept, kept_of, rate, mode)"),
    Mutant("a basis is always rounded half up", "rules/basis.py", "return rounded(quotient, rest, under, mode)", "return rounded(quotient, rest, under, 0)"),
    Mutant("lines do not share what belongs to the sale", "rules/basis.py", "return (part, net + extra, net)", "return (part + extra, 1, 1)"),
    Mutant("flats are paid on what came back", "rules/rates.py", "return (whole * kept, WHOLE_PPM * kept_of, True)", "return (whole, WHOLE_PPM, True)"),
    Mutant("whole tiers look at the total so far", "rules/rates.py", "t.cells(w, t.FINALS, find(w, t.FINALS, ", "t.cells(w, t.TALLIES, find(w, t.TALLIES, "),
    Mutant("a part of 0 as made looks at the total after", "rules/rates.py", "return line.made == 0 and line.basis > 0", "return False"),
    Mutant("the guardrail is rounded up", "rules/limits.py", "most, _ = mul_div(basis, ppm, WHOLE_PPM)", "most = -(-basis * ppm // WHOLE_PPM)"),
    Mutant("everybody's recruiter is the parent", "rules/recruits.py", "for _ in range(level):", "for _ in range(1):"),
    Mutant("overrides are rounded down", "rules/recruits.py", "rounded(quotient, rest, WHOLE_PPM, mode)", "quotient"),
    Mutant("a bonus counts each conversion twice", "rules/bonuses.py", "        cell.a += 1\n", "        cell.a += 2\n"),
    Mutant("a pro rata budget goes by the month", "rules/budget_parts.py", "period_of(day, per)", "period_of(day, 0)"),
    Mutant("a pro rata budget gives all the same", "rules/budget_parts.py", 'int(program["budget"]), weights)', 'int(program["budget"]), [1] * len(weights))'),
    Mutant("rules of one customer are not told apart", "rules/cells.py", "(t.ties(w, at).partner != partner or t.ties(w, at).key != key)", "t.ties(w, at).partner != partner"),
    Mutant("earlier ties are lost", "rules/cells.py", "tie.next = head", "tie.next = NONE"),
    # conditions
    Mutant("ne holds where the number is missing", "rules/conditions.py", "    if value == NONE:\n        return False", "    if value == NONE:\n        return condition.op == NE"),
    Mutant("ne holds where the amount is missing", "rules/conditions.py", "    if not conversion.has_value:\n        return False", "    if not conversion.has_value:\n        return condition.op == NE"),
    Mutant("ne holds where the text is missing", "rules/prepare_terms.py", 'missing = condition.operator == "exists" and not condition.operand', 'missing = condition.operator == "ne" or (condition.operator == "exists" and not condition.operand)'),
    Mutant("gt is gte", "rules/conditions.py", "return order > 0", "return order >= 0"),
    Mutant("lte is lt", "rules/conditions.py", "return op == LTE and order <= 0", "return op == LTE and order < 0"),
    Mutant("an amount from abroad is not converted", "rules/conditions.py", "products_order(conversion.amount, rate.numerator, t.operands(w, at).value, rate.denominator)", "products_order(conversion.amount, 1, t.operands(w, at).value, 1)"),
    Mutant("lapsed on the day itself", "rules/conditions.py", "conversion.day - last > one.lapsed_days", "conversion.day - last >= one.lapsed_days"),
    Mutant("customer_nth of an assist counts nothing", "rules/conditions.py", "on = SALE if party.on == ASSIST else party.on", "on = party.on"),
    Mutant("partner_days begins with 1", "rules/conditions.py", "return conversion.day - t.agreements(w, party.agreement).start_day", "return conversion.day - t.agreements(w, party.agreement).start_day + 1"),
    # facts and program as tables
    Mutant("the latest cancel counts", "rules/prepare_conversions.py", "first[row] = min(cancel.at,", "first[row] = max(cancel.at,"),
    Mutant("the codes of sales are lost", "rules/prepare_conversions.py", "[code is not None for code in given]", "[False for code in given]"),
    Mutant("an event without a value has one", "rules/prepare_conversions.py", "[event.value is not None for event in events]", "[True for event in events]"),
    Mutant("a refund of all there was is too much", "rules/prepare_tables.py", "order[amount > left]", "order[amount >= left]"),
    Mutant("refunds may come to more than the sale", "rules/prepare_tables.py", "np.minimum(amount, left)", "amount"),
    Mutant("a rate does not serve its own instant", "rules/prepare_tables.py", 'at[foreign[its]], "right")', 'at[foreign[its]], "left")'),
    Mutant("decimals of currencies are turned round", "rules/prepare_tables.py", "(decimals(target) - decimals(source))", "(decimals(source) - decimals(target))"),
    Mutant("until is looked at on every channel", "rules/prepare_people.py", "if touch.channel == REGISTRATION and touch.until is not None:", "if touch.until is not None:"),
    Mutant("e-mail addresses are told apart by case", "rules/prepare_people.py", "address = email.lower()", "address = email"),
    Mutant("the first credit wins", "rules/prepare_people.py", 'sorted(credits_, key=attrgetter("at", "id"))', 'sorted(credits_, key=attrgetter("at", "id"), reverse=True)'),
    Mutant("channels that are not named come first", "rules/prepare_terms.py", "ranks.get(channel, last)", "ranks.get(channel, -1)"),
    Mutant("every conversion has the properties of the first", "rules/prepare_texts.py", "rows[record] = len(found)", "rows[record] = 0"),
    Mutant("ids of one instant are compared in no order", "rules/prepare_texts.py", "found[sorted(range(len(asked)), key=asked.__getitem__)] = np.arange(len(asked))", "found[:] = np.arange(len(asked))[::-1]"),
    Mutant("a fact at as_of comes too late", "rules/prepare.py", "compress(group, at <= bound)", "compress(group, at < bound)"),
    Mutant("the clock changes a second late", "rules/local_days.py", 'np.searchsorted(since, seconds, "right")', 'np.searchsorted(since, seconds, "left")'),
    Mutant("what matures at as_of is pending", "rules/publish.py", "prepared.as_of >= prepared.zone.first_instant(day)", "prepared.as_of > prepared.zone.first_instant(day)"),
    # the words: a stranger must get the same figure
    Mutant("a flat override is told without how often", "rules/words.py", "comes_to_money(p, override.flat * line.before, places)", "comes_to_money(p, override.flat, places)"),
    Mutant("a weight is told of another total", "rules/words.py", "at = put_number(froms, at, total)\n    if model == LINEAR", "at = put_number(froms, at, weight)\n    if model == LINEAR"),
    Mutant("a bonus tells the total before twice", "rules/words.py", "line.after, places))", "line.before, places))"),
    Mutant("the split is told of the partner's own basis", "rules/basis_words.py", "at = put_money(froms, sheet.pen(p)[AT_FROM], line.whole, places)", "at = put_money(froms, sheet.pen(p)[AT_FROM], line.basis, places)"),
    Mutant("what was kept is told as all", "rules/basis_words.py", "at = put_money(froms, at, conversion.amount - line.returned, places)", "at = put_money(froms, at, conversion.amount, places)"),
    Mutant("a rounding is not told", "rules/basis_words.py", 'return put(buffer, at, ", rounded half even")', 'return put(buffer, at, ", rounded half up")'),
    Mutant("a figure that ends is called rounded", "rules/basis_words.py", "    if kept == 0 or months == 0:\n        return False", "    if kept == 0 or months == 0:\n        return True"),
    Mutant("slices are told one size too large", "rules/pay_words.py", "at = put_money(buffer, at, end - start, places)", "at = put_money(buffer, at, end, places)"),
    Mutant("the total of a tier is told as the one after", "rules/pay_words.py", "put_total(froms, at, one.measure, line.before, places))", "put_total(froms, at, one.measure, line.after, places))"),
    Mutant("a cap is told without what was used", "rules/limit_words.py", "at = put_money(froms, at, used, places)", "at = put_money(froms, at, 0, places)"),
    Mutant("a pro rata part is told of the whole limit", "rules/limit_words.py", "at = put_money(froms, at, total, places)", "at = put_money(froms, at, most, places)"),
    Mutant("percents lose their last decimal", "rules/writing.py", "    if part:\n        buffer[at] = 46", "    if part >= 10:\n        buffer[at] = 46"),
    # what only the compiled rules have
    Mutant("products beyond 64 bits are thought to fit", "rules/exact.py", "return b == 0 or a <= _BOUND // b\n\n    return compiled", "return True\n\n    return compiled", COMPILED),
    Mutant("a wide product loses a carry", "rules/exact.py", "return high + (cross >> _32) + (other >> _32) + (middle >> _32),", "return high + (cross >> _32) + (other >> _32),", COMPILED),
    Mutant("decay gives up too early", "rules/exact.py", "if halvings > 20:", "if halvings > 1:", COMPILED),
    Mutant("amounts below one unit lose a digit", "rules/writing.py", "whole = max(_digits_of(np.uint64(minor)) - places, 1)", "whole = max(_digits_of(np.uint64(minor)) - places, 0)", COMPILED),
    Mutant("a conversion done by hand is skipped", "rules/run.py", "self.next, self.next + 1, only_totals)", "self.next + 1, self.next + 1, only_totals)", COMPILED),
    Mutant("a line told by hand loses its last step", "rules/telling.py", "steps, line = own.pen[AT_STEP], int(pen[AT_LINE]) + 1", "steps, line = own.pen[AT_STEP] - 1, int(pen[AT_LINE]) + 1", COMPILED),
    # files in columns, ids and JSON: their tables of cases
    Mutant("properties of events are those of sales", "rules/column_properties.py", "start += len(with_some)", "start += 0", TABLES),
    Mutant("until is looked at on every channel of a column", "rules/column_people.py", "(channel == channels.index(REGISTRATION)) & (until != MISSING)", "(until != MISSING)", TABLES),
    Mutant("a column of amounts may be too large", "rules/text_values.py", "_AMOUNT_LIMIT: Final = 10**15", "_AMOUNT_LIMIT: Final = 10**16", TABLES),
    Mutant("offsets of a column go the other way", "rules/text_values.py", "return away if data[at] == 43 else -away", "return away if data[at] != 43 else -away", TABLES),
    Mutant("events of a column have no value", "rules/column_conversions.py", 'table["has_value"][rows] = kept != MISSING', 'table["has_value"][rows] = 0', TABLES),
    Mutant("the cancel of another sale counts", "rules/columns.py", 'conversions.table["cancel_day"][ended[known]] = days', 'conversions.table["cancel_day"][ended[known]] = days[::-1]', TABLES),
    Mutant("decimal columns are not scaled up", "rules/column_texts.py", "minor: Array = unscaled * up", "minor: Array = unscaled * 1", TABLES),
    Mutant("the at sign belongs to the domain", "rules/text_columns.py", "found[row] = at + 1", "found[row] = at", TABLES),
    Mutant("flags that are missing are true", "rules/plain_rows.py", "pc.fill_null(found, False)", "pc.fill_null(found, True)", TABLES),
    Mutant("agreements in columns never end", "rules/column_records.py", "None if end == NEVER else end for", "None for", TABLES),
    Mutant("ids take one round of mixing less", "rules/line_ids.py", "for row in range(12):", "for row in range(11):", TABLES),
    Mutant("JSON does not escape quotes", "rules/json_text.py", "byte not in (34, 92):", "byte not in (35, 92):", TABLES),
    Mutant("reasons are read from the second bit on", "rules/line_columns.py", "if (bits[i] >> kind) & 1:", "if (bits[i] >> kind) & 2:", TABLES),
]  # fmt: skip
