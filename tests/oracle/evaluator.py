"""A second reading of `settlement`: naive, in exact fractions, written from the contract alone. Slow on purpose.

It shares nothing with the engine: plain dictionaries in, `(lines, outcomes)` out, compared field by field. Not read
here: tiers, guardrail, budget, overrides, bonuses and assists.
"""

from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from zoneinfo import ZoneInfo

EXPONENT = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
PUBLIC_MAIL = set(
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com "
    "aol.com proton.me protonmail.com gmx.com gmx.de gmx.net web.de mail.com zoho.com yandex.com yandex.ru mail.ru "
    "qq.com 163.com 126.com hey.com fastmail.com".split()
)
MILLION = 1_000_000


def instant(text):
    return datetime.fromisoformat(text)


def add_months(day, months):
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (31, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError


def whole_months(first, day):
    months = 0
    while add_months(first, months + 1) <= day:
        months += 1
    return months


def round_to(exact, mode):
    sign = -1 if exact < 0 else 1
    exact = abs(exact)
    floor = exact.numerator // exact.denominator
    rest = exact - floor
    if mode == "half_up":
        floor += rest >= Fraction(1, 2)
    elif mode == "half_even":
        floor += rest > Fraction(1, 2) or (rest == Fraction(1, 2) and floor % 2 == 1)
    return sign * floor


def share_out(total, weights):
    """Largest remainder; ties by order."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    quotas = [Fraction(total) * w / whole for w in weights]
    parts = [q.numerator // q.denominator for q in quotas]
    order = sorted(range(len(weights)), key=lambda i: (-(quotas[i] - parts[i]), i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def percent(text):
    return Fraction(text.rstrip("%")) / 100


class World:
    def __init__(self, program, facts, as_of=None):
        self.p = program
        self.zone = ZoneInfo(program["timezone"])
        self.exp = EXPONENT.get(program["currency"], 2)
        self.mode = program.get("rounding", "half_up")
        att = program.get("attribution", {})
        self.model = att.get("model", "last")
        self.window = att.get("window_days", 90)
        self.windows = {"code": 0, **att.get("windows", {})}
        self.priority = att.get("priority", [["registration"], ["code"], ["link", "form"]])
        self.lock = att.get("lock", {"months": None})
        self.half_life = att.get("half_life_days", 7)
        self.existing_rule = att.get("existing_customers", "exclude")
        by = defaultdict(dict)
        for fact in facts:
            by[fact["fact"]][fact["id"]] = fact
        dated = [f for kind in by.values() for f in kind.values() if "at" in f]
        self.as_of = instant(as_of) if as_of else max((instant(f["at"]) for f in dated), default=None)
        self.f = {
            kind: [f for f in rows.values() if "at" not in f or instant(f["at"]) <= self.as_of]
            for kind, rows in by.items()
        }

    def rows(self, kind):
        return self.f.get(kind, [])

    def day(self, at):
        return at.astimezone(self.zone).date()

    def prepare(self):
        self.partners = {r["id"]: r for r in self.rows("partner")}
        self.customers = {r["id"]: r for r in self.rows("customer")}
        self.codes = {r["id"]: r["partner"] for r in self.rows("code")}
        self.agreements = defaultdict(list)
        for row in self.rows("agreement"):
            starts, ends = self.edge(row["starts"]), self.edge(row["ends"]) if row.get("ends") else None
            self.agreements[row["partner"]].append((starts, ends, row))
        conversions = self.rows("sale") + self.rows("event")
        self.conversions = sorted(conversions, key=lambda c: (instant(c["at"]), c["id"]))
        self.of_customer = defaultdict(list)
        for conv in self.conversions:
            self.of_customer[conv["customer"]].append(conv)
        self.refunds, self.cancels = defaultdict(list), defaultdict(list)
        for row in self.rows("refund"):
            self.refunds[row["sale"]].append(row)
        for row in self.rows("cancel"):
            self.cancels[row["sale"]].append(instant(row["at"]))

    def edge(self, text):
        if "T" in text:
            return instant(text)
        return datetime.fromisoformat(text).replace(tzinfo=self.zone)

    # attribution

    def touches(self, conv):
        """(sort key, partner, channel, at, touch-or-sale) of everything not after the conversion."""
        at = instant(conv["at"])
        visitors = set(self.customers.get(conv["customer"], {}).get("visitors", []))
        found = [
            ((instant(t["at"]), 0, t["id"]), t["partner"], t["channel"], instant(t["at"]), t)
            for t in self.rows("touch")
            if (t.get("customer") == conv["customer"] or t.get("visitor") in visitors) and instant(t["at"]) <= at
        ]
        for sale in self.rows("sale"):
            own = sale["customer"] == conv["customer"] and (instant(sale["at"]), sale["id"]) <= (at, conv["id"])
            if own and sale.get("code") in self.codes:
                key = (instant(sale["at"]), 1, sale["id"])
                found.append((key, self.codes[sale["code"]], "code", instant(sale["at"]), sale))
        return sorted(found, key=lambda t: t[0])

    def inside(self, touch, conv):
        _, _, channel, at, source = touch
        now = instant(conv["at"])
        if channel == "registration" and source.get("until"):
            return now < instant(source["until"])
        if source is conv:
            return True
        return now < at + timedelta(days=self.windows.get(channel, self.window))

    def refers_itself(self, partner, customer):
        p, c = self.partners.get(partner, {}), self.customers.get(customer, {})
        emails = {e.lower() for e in p.get("emails", [])}
        mail = c.get("email", "").lower()
        if mail and mail in emails:
            return True
        theirs = {c.get("domain", "").lower(), mail.rpartition("@")[2]} - {""} - PUBLIC_MAIL
        ours = {d.lower() for d in p.get("domains", [])} | {e.rpartition("@")[2] for e in emails}
        return bool(theirs & ours)

    def in_force(self, partner, at):
        for starts, ends, row in self.agreements[partner]:
            if starts <= at and (ends is None or at < ends):
                return starts, row
        return None

    def tail(self, partner, conv):
        """(percent, starts, agreement) of a running tail; "cause" or None."""
        at = instant(conv["at"])
        over = [
            (ends, starts, row) for starts, ends, row in self.agreements[partner] if ends is not None and ends <= at
        ]
        if not over:
            return None
        ends, starts, row = max(over, key=lambda x: x[0])
        if row.get("cause"):
            return "cause"
        first = self.first_credit.get((conv["customer"], partner))
        if first is None or not first < ends:
            return None
        months = 0
        for step in self.p["terms"][row["terms"]].get("tail", []):
            months += step["months"]
            if self.day(at) < add_months(self.day(ends), months):
                return percent(step["percent"]), starts, row
        return None

    def serving(self, partner, conv):
        """(agreement start, agreement row, tail percent) that pays, or "cause" or None."""
        if now := self.in_force(partner, instant(conv["at"])):
            return (*now, Fraction(1))
        tail = self.tail(partner, conv)
        return tail if tail in (None, "cause") else (tail[1], tail[2], tail[0])

    def credit_of(self, conv):
        for name, key in (("conversion", conv["id"]), ("customer", conv["customer"])):
            found = [c for c in self.rows("credit") if c.get(name) == key]
            if found:
                return max(found, key=lambda c: (instant(c["at"]), c["id"]))
        return None

    def attribute(self, conv):
        """([(partner, ppm)], {partner: touch at}, reason)."""
        credit = self.credit_of(conv)
        lock = self.locks.get(conv["customer"])
        running = lock and (
            self.lock["months"] is None or self.day(instant(conv["at"])) < add_months(lock[0], self.lock["months"])
        )
        if credit is not None:
            shares = [(s["partner"], int(percent(s["percent"]) * MILLION)) for s in credit["shares"]]
            result = (shares, {}, None if shares else "credit_denied")
        elif running:
            result = (lock[1], lock[2], None)
        else:
            result = self.weigh(conv)
        if result[0] and not running and self.lock is not None:
            self.locks[conv["customer"]] = (self.day(instant(conv["at"])), result[0], result[1])
        return result

    def weigh(self, conv):
        left = self.touches(conv)
        if not left:
            return [], {}, "no_touch"
        left = [t for t in left if self.inside(t, conv)]
        if not left:
            return [], {}, "outside_window"
        if self.p.get("self_referral", "block") != "allow":
            left = [t for t in left if not self.refers_itself(t[1], conv["customer"])]
        if not left:
            return [], {}, "self_referral"
        existing = self.customers.get(conv["customer"], {}).get("existing")
        if existing and self.existing_rule in ("exclude", "assist"):
            return [], {}, "existing_customer"
        serving = {t[1]: self.serving(t[1], conv) for t in left}
        kept = [t for t in left if serving[t[1]] not in (None, "cause")]
        if not kept:
            return [], {}, "ended_for_cause" if "cause" in serving.values() else "no_agreement"
        classes = [*self.priority, None]
        named = {c for group in self.priority for c in group}
        for group in classes:
            chosen = [t for t in kept if (t[2] in group if group is not None else t[2] not in named)]
            if chosen:
                break
        return self.shares(chosen, instant(conv["at"]))

    def shares(self, touches, at):
        n = len(touches)
        if self.model == "last":
            weights = [Fraction(0)] * (n - 1) + [Fraction(1)]
        elif self.model == "first":
            weights = [Fraction(1)] + [Fraction(0)] * (n - 1)
        elif self.model == "linear":
            weights = [Fraction(1)] * n
        elif self.model == "position":
            middle = Fraction(20, n - 2) if n > 2 else 0
            weights = (
                [Fraction(100)]
                if n == 1
                else [Fraction(50)] * 2
                if n == 2
                else [Fraction(40), *[middle] * (n - 2), Fraction(40)]
            )
        else:
            weights = [self.decay(at - t[3]) for t in touches]
            if not any(weights):
                weights[-1] = Fraction(1)
        sums, first = defaultdict(Fraction), {}
        for touch, weight in zip(touches, weights, strict=True):
            sums[touch[1]] += weight
            if weight:
                first.setdefault(touch[1], touch[3])
        people = list(sums)
        ppm = share_out(MILLION, [sums[p] for p in people])
        return [(p, s) for p, s in zip(people, ppm, strict=True) if s], first, None

    def decay(self, age):
        days = Fraction(age // timedelta(microseconds=1), 86_400_000_000)
        with localcontext(prec=60):
            exact = Decimal(2) ** -(Decimal(days.numerator) / Decimal(days.denominator) / Decimal(str(self.half_life)))
            return Fraction(round_to(Fraction(exact) * MILLION, "half_up"), MILLION)

    # rules

    def rate_to_program(self, conv):
        currency = conv.get("currency", self.p["currency"])
        if currency == self.p["currency"] or (conv["fact"] == "event" and "value" not in conv):
            return Fraction(1)
        pairs = [
            r
            for r in self.rows("rate")
            if r["from"] == currency and r["to"] == self.p["currency"] and instant(r["at"]) <= instant(conv["at"])
        ]
        return Fraction(max(pairs, key=lambda r: (instant(r["at"]), r["id"]))["rate"]) if pairs else None

    def sale_lines(self, conv):
        """Each line as (product, category, quantity, net amount, its exact part of each sale-level figure)."""
        if conv["fact"] == "event":
            return [(None, None, 1, Fraction(conv.get("value", "0")), defaultdict(Fraction))]
        figure = {k: Fraction(conv.get(k, "0")) for k in ("tax", "shipping", "discount", "fees", "cost")}
        if not conv.get("lines"):
            net = Fraction(conv["amount"]) - figure["tax"] - figure["shipping"]
            return [(conv.get("product"), None, 1, net, figure)]
        total = sum(Fraction(line["amount"]) for line in conv["lines"])
        count = len(conv["lines"])
        return [
            (
                line.get("product"),
                line.get("category"),
                line.get("quantity", 1),
                Fraction(line["amount"]),
                {k: v * (Fraction(line["amount"]) / total if total else Fraction(1, count)) for k, v in figure.items()},
            )
            for line in conv["lines"]
        ]

    def basis_of(self, rule, line):
        net, figure = line[3], line[4]
        base = rule.get("base", {})
        less = base.get("less", ["tax", "shipping"])
        exact = net
        for name in ("tax", "shipping"):
            if name not in less:
                exact += figure[name]
        exact -= sum(figure[name] for name in less if name in ("fees", "cost"))
        if "discount" in base.get("plus", []):
            exact += figure["discount"]
        return exact

    def kept(self, conv, terms):
        if conv["fact"] == "event":
            return Fraction(1)
        amount, at = Fraction(conv["amount"]), instant(conv["at"])
        clawback = terms.get("clawback", {})
        days = clawback.get("days")
        back = sum(
            Fraction(r["amount"])
            for r in self.refunds[conv["id"]]
            if days is None or instant(r["at"]) <= at + timedelta(days=days)
        )
        kept = (amount - min(back, amount)) / amount if amount else Fraction(1)
        if clawback.get("graded_months") and self.cancels[conv["id"]]:
            ended = min(self.cancels[conv["id"]])
            months = whole_months(self.day(at), self.day(ended)) if ended > at else 0
            kept *= min(Fraction(1), Fraction(months, clawback["graded_months"]))
        return kept

    def facts_of(self, conv, line, partner, start, rate):
        customer = self.customers.get(conv["customer"], {})
        at, day = instant(conv["at"]), self.day(instant(conv["at"]))
        own = self.of_customer[conv["customer"]]
        here = (at, conv["id"])
        earlier = [c for c in own if c["fact"] == "sale" and (instant(c["at"]), c["id"]) < here]
        on = conv.get("name", "sale")
        same = [c for c in own if c.get("name", "sale") == on and (instant(c["at"]), c["id"]) <= here]
        first_sale = earlier[0] if earlier else conv if on == "sale" else None
        amount = conv.get("amount") if on == "sale" else conv.get("value")
        who = self.partners.get(partner, {})
        values = {
            "product": line[0] if conv.get("lines") else conv.get("product"),
            "category": line[1],
            "kind": conv.get("kind"),
            "country": customer.get("country"),
            "amount": Fraction(amount) * rate if amount is not None else None,
            "code": bool(conv.get("code")),
            "nth": self.nth[partner, on],
            "customer_nth": len(same),
            "customer_months": whole_months(self.day(instant(first_sale["at"])), day) if first_sale else None,
            "partner_days": (day - self.day(start)).days,
            "partner_country": who.get("country"),
            "group": who.get("group"),
            "at": day,
            "customer": (earlier, bool(customer.get("existing")), day),
        }
        values.update({f"properties.{k}": v for k, v in conv.get("properties", {}).items()})
        return values

    def matches(self, rule, values):
        for name, wanted in rule.get("when", {}).items():
            tests = wanted if isinstance(wanted, dict) else {"eq": wanted}
            if not all(self.test(rule, name, op, arg, values) for op, arg in tests.items()):
                return False
        return True

    def test(self, rule, name, op, arg, values):
        if name == "customer":
            earlier, flag, day = values["customer"]
            if earlier:
                lapsed = rule.get("lapsed_days")
                new = lapsed is not None and (day - self.day(instant(earlier[-1]["at"]))).days > lapsed
            else:
                new = not flag
            value = "new" if new else "existing"
        else:
            value = values.get(name)
        if op == "exists":
            return (value is not None) == arg
        if value is None:
            return False
        if name == "amount":
            arg = [Fraction(a) for a in arg] if isinstance(arg, list) else Fraction(arg)
        elif name == "at":
            arg = [date.fromisoformat(a) for a in arg] if isinstance(arg, list) else date.fromisoformat(arg)
        if op in ("in", "not_in"):
            hits = [self.test_one(value, "eq", a) for a in arg]
            return any(hits) if op == "in" else all(self.test_one(value, "ne", a) for a in arg)
        return self.test_one(value, op, arg)

    @staticmethod
    def test_one(value, op, arg):
        def sort(v):
            return (
                "bool"
                if isinstance(v, bool)
                else "text"
                if isinstance(v, str)
                else "date"
                if isinstance(v, date)
                else "n"
            )

        if sort(value) != sort(arg) or (sort(value) == "bool" and op not in ("eq", "ne")):
            return False
        if sort(value) == "n":
            value, arg = (
                Fraction(str(value)) if isinstance(value, float) else Fraction(value),
                Fraction(str(arg)) if isinstance(arg, float) else Fraction(arg),
            )
        return {
            "eq": value == arg,
            "ne": value != arg,
            "gt": value > arg,
            "gte": value >= arg,
            "lt": value < arg,
            "lte": value <= arg,
        }[op]

    # one conversion

    def is_over(self, rule, partner, conv):
        """Whether lasts or schedule have run out, and the schedule's rate otherwise."""
        key = (conv["customer"], partner, rule["key"])
        day = self.day(instant(conv["at"]))
        first, count = self.components.get(key, (day, 0))
        lasts = rule.get("lasts", {})
        if "payments" in lasts and count >= lasts["payments"]:
            return True, None
        if "months" in lasts and day >= add_months(first, lasts["months"]):
            return True, None
        if "schedule" in rule["pay"]:
            months, bound = whole_months(first, day), 0
            for step in rule["pay"]["schedule"]:
                if "months" not in step:
                    return False, percent(step["percent"])
                bound += step["months"]
                if months < bound:
                    return False, percent(step["percent"])
            return True, None
        return False, None

    def pick(self, rules, conv, line, values, terms, partner, fx):
        """The rules of one line: the chosen one(s), then what adds."""
        fit = [r for r in rules if r["on"] == conv.get("name", "sale") and self.matches(r, values)]
        plain, adds = [r for r in fit if not r.get("adds")], [r for r in fit if r.get("adds")]
        choose = terms.get("choose", "first")
        if choose == "first":
            plain = plain[:1]
        elif choose == "best" and plain:
            plain = [max(plain, key=lambda r: (self.worth(r, conv, line, partner, fx), -plain.index(r)))]
        return [*plain, *adds]

    def worth(self, rule, conv, line, partner, fx):
        over, scheduled = self.is_over(rule, partner, conv)
        if over:
            return Fraction(0)
        if "flat" in rule["pay"]:
            return Fraction(rule["pay"]["flat"]) * 10**self.exp * (line[2] if rule["pay"].get("each") == "unit" else 1)
        rate = scheduled if scheduled is not None else percent(rule["pay"]["percent"])
        return max(Fraction(0), self.basis_of(rule, line)) * fx * 10**self.exp * rate

    def convert(self, conv):
        shares, touched, reason = self.attribute(conv)
        on = conv.get("name", "sale")
        paying = []
        for place, (partner, ppm) in enumerate(shares):
            serving = self.serving(partner, conv)
            if serving not in (None, "cause"):
                self.nth[partner, on] += 1
                paying.append((place, partner, ppm, serving))
        for partner, _ in shares:
            self.first_credit.setdefault((conv["customer"], partner), instant(conv["at"]))
        if not shares:
            return [], reason
        if not paying:
            causes = [self.serving(p, conv) for p, _ in shares]
            return [], "ended_for_cause" if "cause" in causes else "no_agreement"
        fx = self.rate_to_program(conv)
        if fx is None:
            return [], "fx_pending"
        return self.components_of(conv, shares, touched, paying, fx)

    def components_of(self, conv, shares, touched, paying, fx):
        groups, over = defaultdict(list), False
        for place, partner, ppm, (start, agreement, tail) in paying:
            name, since = agreement["terms"], start
            if self.p.get("terms_at") == "credit" and partner in touched:
                then = self.in_force(partner, touched[partner])
                if then:
                    since, name = then[0], then[1]["terms"]
            terms = self.p["terms"][name]
            picked = defaultdict(list)
            for line in self.sale_lines(conv):
                values = self.facts_of(conv, line, partner, since, fx)
                for rule in self.pick(terms["rules"], conv, line, values, terms, partner, fx):
                    picked[rule["key"]].append(line)
            for rule in terms["rules"]:
                if rule["key"] in picked:
                    done, scheduled = self.is_over(rule, partner, conv)
                    over = over or done
                    if not done:
                        item = (place, partner, ppm, tail, scheduled, picked[rule["key"]])
                        groups[name, rule["key"]].append((rule, terms, item))
        if not groups:
            return [], "lasts_over" if over else "no_rule"
        lines = []
        for (name, key), items in groups.items():
            lines += self.group_lines(conv, shares, name, key, items, fx)
        return lines, None

    def group_lines(self, conv, shares, name, key, items, fx):
        scale = 10**self.exp
        ppms = [ppm for _, ppm in shares]
        exact, bases = [], []
        for rule, terms, (place, _, ppm, tail, scheduled, picked) in items:
            kept = self.kept(conv, terms)
            whole = max(Fraction(0), sum(self.basis_of(rule, line) for line in picked)) * kept * fx * scale
            parts = share_out(round_to(whole, self.mode), [*ppms, MILLION - sum(ppms)])
            bases.append(parts[place])
            if "flat" in rule["pay"]:
                units = sum(line[2] for line in picked) if rule["pay"].get("each") == "unit" else 1
                pay = Fraction(rule["pay"]["flat"]) * scale * Fraction(ppm, MILLION) * kept * units
            else:
                pay = parts[place] * (scheduled if scheduled is not None else percent(rule["pay"]["percent"]))
            exact.append(pay * tail)
        amounts = share_out(round_to(sum(exact), self.mode), exact)
        lines = []
        for (rule, _, (place, partner, ppm, *_)), basis, whole in zip(items, bases, amounts, strict=True):
            amount, reasons = self.limit(rule, partner, conv, ppm, basis, whole)
            when = (conv["customer"], partner, key)
            first, count = self.components.get(when, (self.day(instant(conv["at"])), 0))
            self.components[when] = (first, count + 1)
            matures = self.day(instant(conv["at"])) + timedelta(days=rule.get("hold_days", self.p.get("hold_days", 30)))
            midnight = datetime(matures.year, matures.month, matures.day, tzinfo=self.zone)
            lines.append(
                {
                    "conversion": conv["id"],
                    "partner": partner,
                    "rule": key,
                    "terms": name,
                    "kind": "commission",
                    "currency": self.p["currency"],
                    "share_ppm": ppm,
                    "basis": self.text(basis),
                    "amount": self.text(amount),
                    "matures_on": matures.isoformat(),
                    "state": "payable" if midnight <= self.as_of else "pending",
                    "reasons": reasons,
                    "sort": (instant(conv["at"]), conv["id"], place, "commission", key),
                }
            )
        return lines

    def limit(self, rule, partner, conv, ppm, basis, amount):
        reasons, share, scale = [], Fraction(ppm, MILLION), 10**self.exp
        if "floor" in rule and basis > 0:
            floor = round_to(Fraction(rule["floor"]) * scale * share, self.mode)
            if amount < floor:
                amount, reasons = floor, ["floor"]
        cap = rule.get("cap", {})
        if "sale" in cap:
            most = round_to(Fraction(cap["sale"]) * scale * share, self.mode)
            if amount > most:
                amount = most
                reasons.append("capped_sale")
        if "customer" in cap:
            room = max(
                0,
                int(Fraction(cap["customer"]) * scale) - self.paid[partner, rule["key"], "customer", conv["customer"]],
            )
            if amount > room:
                amount = room
                reasons.append("capped_customer")
        if "period" in cap:
            period = self.period(cap["period"]["per"], self.day(instant(conv["at"])))
            room = max(
                0, int(Fraction(cap["period"]["amount"]) * scale) - self.paid[partner, rule["key"], "period", period]
            )
            if amount > room:
                amount = room
                reasons.append("capped_period")
        for key in [("customer", conv["customer"])] + [
            ("period", self.period(per, self.day(instant(conv["at"]))))
            for per in ("month", "quarter", "year", "lifetime")
        ]:
            self.paid[partner, rule["key"], *key] += amount
        return amount, reasons

    @staticmethod
    def period(per, day):
        return {
            "month": ("m", day.year, day.month),
            "quarter": ("q", day.year, (day.month - 1) // 3),
            "year": ("y", day.year),
            "lifetime": ("l",),
        }[per]

    def text(self, minor):
        if self.exp == 0:
            return str(minor)
        digits = str(minor).rjust(self.exp + 1, "0")
        return f"{digits[: -self.exp]}.{digits[-self.exp :]}"

    def run(self):
        self.locks, self.first_credit, self.components = {}, {}, {}
        self.nth, self.paid = defaultdict(int), defaultdict(int)
        lines, outcomes = [], {}
        if self.as_of is None:
            return [], {}
        self.prepare()
        for conv in self.conversions:
            made, reason = self.convert(conv)
            lines += made
            if not made:
                outcomes[conv["id"]] = reason
        lines.sort(key=lambda line: line["sort"])
        for line in lines:
            del line["sort"]
        return lines, outcomes


def evaluate(program, facts, as_of=None):
    """The lines (without rate, id and steps) in output order, and the outcome of each conversion that has none."""
    return World(program, facts, as_of).run()
