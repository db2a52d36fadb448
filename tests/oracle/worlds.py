"""Small random programs with facts that meet each other often: few people, few days, many features. Seeded."""

import random
from datetime import UTC, datetime, timedelta

CURRENCIES = ["USD", "EUR", "JPY", "KWD"]
ZONES = ["UTC", "America/New_York", "Europe/Berlin", "Pacific/Kiritimati", "Australia/Lord_Howe"]
DECIMALS = {"JPY": 0, "KWD": 3}
PARTNERS = ["p1", "p2", "p3", "p4"]
CUSTOMERS = ["c1", "c2", "c3"]
VISITORS = ["v1", "v2"]
CHANNELS = ["link", "code", "form", "registration", "manual"]


class Maker:
    """Makes one world from one seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.currency = self.r.choice(CURRENCIES)
        # Around a change of clocks, a leap day or a year's end, so that days and months are not all alike.
        self.start = self.r.choice(
            [datetime(2024, 2, 27, tzinfo=UTC), datetime(2026, 3, 28, tzinfo=UTC), datetime(2025, 12, 20, tzinfo=UTC)]
        )
        self.span = self.r.choice([3, 40, 400])

    def maybe(self, share=0.5):
        return self.r.random() < share

    def at(self, *, early=False):
        minutes = self.r.randrange(self.span * 1440)
        moment = self.start + timedelta(minutes=minutes // 4 if early else minutes)
        if self.maybe(0.3):
            moment = moment.replace(hour=0, minute=0)
        return moment.isoformat().replace("+00:00", self.r.choice(["Z", "+00:00"]))

    def money(self, most=200, currency=None):
        places = DECIMALS.get(currency or self.currency, 2)
        minor = self.r.choice([self.r.randrange(most * 10**places), self.r.randrange(1, 12), 10 * 10**places])
        return self.decimal(minor, places)

    @staticmethod
    def decimal(minor, places):
        text = str(minor).rjust(places + 1, "0")
        return f"{text[:-places]}.{text[-places:]}" if places else text

    def percent(self, most=60):
        return self.r.choice(
            [f"{self.r.randrange(most)}%", f"{self.r.randrange(most)}.{self.r.randrange(1, 9999):04d}%", "10%"]
        )

    def program(self):
        r = self.r
        att = {"model": r.choice(["last", "first", "linear", "position", "decay", "last", "first"])}
        if self.maybe():
            att["window_days"] = r.choice([1, 30, 90, 400])
        if self.maybe(0.4):
            att["windows"] = {c: r.choice([0, 1, 30]) for c in r.sample(CHANNELS, 2)}
        if self.maybe(0.4):
            att["priority"] = r.choice(
                [[["code"], ["link"]], [["link", "form", "code", "registration"]], [["registration"]]]
            )
        if self.maybe(0.6):
            att["lock"] = r.choice([None, {"months": None}, {"months": 1}, {"months": 3}])
        if self.maybe(0.3):
            att["half_life_days"] = r.choice([1, 7, 30])
        if self.maybe(0.3):
            att["existing_customers"] = "exclude"
        program = {"program": "acme", "currency": self.currency, "timezone": r.choice(ZONES), "attribution": att}
        program["terms"] = {f"t{i}": self.terms() for i in range(1, 4)}
        for name, values in (
            ("rounding", ["half_up", "half_even", "down"]),
            ("terms_at", ["conversion", "credit"]),
            ("self_referral", ["block", "allow"]),
            ("hold_days", [0, 14, 30]),
        ):
            if self.maybe():
                program[name] = r.choice(values)
        return program

    def terms(self):
        r = self.r
        terms = {"rules": [self.rule(f"r{i}") for i in range(r.randrange(1, 4))]}
        if self.maybe():
            terms["choose"] = r.choice(["first", "best", "sum"])
        if self.maybe(0.5):
            terms["clawback"] = {"days": r.choice([None, 1, 30])}
            if self.maybe(0.3):
                terms["clawback"]["graded_months"] = 12
        if self.maybe(0.4):
            terms["tail"] = [
                {"months": r.choice([1, 2]), "percent": r.choice(["100%", "50%", "33.3333%"])} for _ in range(2)
            ]
        return terms

    def rule(self, key):
        r = self.r
        rule = {"key": key, "on": r.choice(["sale", "sale", "sale", "lead"]), "pay": self.pay()}
        if self.maybe(0.35):
            rule["when"] = dict([self.condition() for _ in range(r.randrange(1, 3))])
            if "customer" in rule["when"] and self.maybe():
                rule["lapsed_days"] = r.choice([0, 5, 30])
        if self.maybe(0.3):
            less = r.sample(["tax", "shipping", "fees", "cost"], r.randrange(4))
            rule["base"] = {"less": less} | ({"plus": ["discount"]} if self.maybe() else {})
        if self.maybe(0.35):
            rule["lasts"] = r.choice([{"payments": 1}, {"payments": 2}, {"months": 1}, {"months": 12}])
        if self.maybe(0.2):
            rule["adds"] = True
        if self.maybe(0.2):
            rule["hold_days"] = r.choice([0, 3, 60])
        if self.maybe(0.2):
            rule["floor"] = self.money(20)
        if self.maybe(0.3):
            per = r.choice(["month", "quarter", "year", "lifetime"])
            kinds = {
                "sale": self.money(20),
                "customer": self.money(30),
                "period": {"amount": self.money(40), "per": per},
            }
            rule["cap"] = {k: kinds[k] for k in r.sample(list(kinds), r.randrange(1, 4))}
        return rule

    def pay(self):
        kind = self.r.randrange(5)
        if kind == 0:
            return {"flat": self.money(50)} | ({"each": "unit"} if self.maybe(0.3) else {})
        if kind == 1:
            steps = [
                {"months": self.r.choice([1, 12]), "percent": self.percent()} for _ in range(self.r.randrange(1, 3))
            ]
            return {"schedule": steps + ([{"percent": self.percent()}] if self.maybe() else [])}
        return {"percent": self.percent()}

    def condition(self):
        r = self.r
        name = r.choice(
            "product category kind country amount code customer nth customer_nth customer_months partner_days "
            "partner_country group at properties.seats properties.plan".split()
        )
        if name == "code":
            return name, self.maybe()
        if name == "customer":
            return name, r.choice(["new", "existing"])
        if self.maybe(0.1):
            return name, {"exists": self.maybe()}
        if name == "amount":
            return name, {r.choice(["gt", "gte", "lt", "lte"]): self.money(150)}
        if name == "at":
            day = (self.start + timedelta(days=r.randrange(self.span))).date().isoformat()
            return name, {r.choice(["gte", "lt", "eq"]): day}
        if name in ("nth", "customer_nth", "customer_months", "partner_days", "properties.seats"):
            most = 40 if name == "partner_days" else 4
            return name, {r.choice(["eq", "ne", "gt", "gte", "lt", "lte"]): r.randrange(most)}
        choices = {"country": ["US", "DE"], "partner_country": ["US", "DE"], "group": ["gold", "silver"]}.get(
            name, ["a", "b"]
        )
        if self.maybe(0.4):
            return name, {r.choice(["in", "not_in"]): r.sample(choices, r.randrange(1, 3))}
        return name, r.choice([choices[0], {"ne": choices[0]}])

    def facts(self):
        r = self.r
        found = [self.partner(p) for p in PARTNERS]
        for p in PARTNERS[: r.randrange(3, 5)]:
            found += self.agreements(p)
        found += [{"fact": "code", "id": c, "partner": r.choice([*PARTNERS, "nobody"])} for c in ("SAVE", "MORE")]
        found += [self.customer(c) for c in CUSTOMERS if self.maybe(0.8)]
        found += [self.touch(i) for i in range(r.randrange(3, 12))]
        sales = [self.sale(i) for i in range(r.randrange(1, 9))]
        found += sales
        found += [self.event(i) for i in range(r.randrange(3))]
        found += [self.refund(i, sales) for i in range(r.randrange(4))]
        found += [
            {"fact": "cancel", "id": f"x{i}", "sale": r.choice(sales)["id"], "at": self.at()}
            for i in range(r.randrange(2))
        ]
        found += [self.credit(i, sales) for i in range(r.choice([0, 0, 1, 2]))]
        foreign = sorted({s["currency"] for s in sales} - {self.currency})
        found += [
            {
                "fact": "rate",
                "id": f"q{i}",
                "from": c,
                "to": self.currency,
                "at": self.at(),
                "rate": r.choice(["0.91", "1.0837", "150"]),
            }
            for i, c in enumerate(foreign * 2)
            if self.maybe(0.8)
        ]
        return found

    def partner(self, key):
        fact = {"fact": "partner", "id": key}
        if self.maybe(0.4):
            fact["emails"] = [f"{key}@{self.r.choice(['firm.example', 'gmail.com'])}", "Ann@shared.example"][
                : self.r.randrange(1, 3)
            ]
        if self.maybe(0.3):
            fact["domains"] = [self.r.choice(["firm.example", "Shop.example"])]
        if self.maybe():
            fact["country"] = self.r.choice(["US", "DE"])
        if self.maybe():
            fact["group"] = self.r.choice(["gold", "silver"])
        return fact

    def agreements(self, partner):
        r, found = self.r, []
        day = (self.start - timedelta(days=r.choice([5, 5, 30, 400]))).date() + timedelta(days=r.randrange(4))
        for i in range(r.randrange(1, 3)):
            fact = {"fact": "agreement", "id": f"a-{partner}-{i}", "partner": partner, "terms": f"t{r.randrange(1, 4)}"}
            fact["starts"] = day.isoformat() if self.maybe() else f"{day.isoformat()}T05:00:00+02:00"
            day += timedelta(days=r.choice([6, 20, 200, 900]))
            if i == 0 or self.maybe():
                fact["ends"] = day.isoformat() if self.maybe() else f"{day.isoformat()}T23:30:00-05:00"
                if self.maybe(0.2):
                    fact["cause"] = True
            day += timedelta(days=r.choice([2, 3, 30]))
            found.append(fact)
        return found

    def customer(self, key):
        fact = {"fact": "customer", "id": key}
        if self.maybe(0.4):
            fact["email"] = self.r.choice(["ann@shared.example", "x@firm.example", "y@gmail.com", "P1@firm.example"])
        if self.maybe(0.3):
            fact["domain"] = self.r.choice(["shop.example", "gmail.com", "other.example"])
        if self.maybe():
            fact["country"] = self.r.choice(["US", "DE"])
        if self.maybe(0.2):
            fact["existing"] = True
        if self.maybe():
            fact["visitors"] = self.r.sample(VISITORS, self.r.randrange(1, 3))
        return fact

    def touch(self, i):
        fact = {"fact": "touch", "id": f"k{i}", "partner": self.r.choice(PARTNERS), "channel": self.r.choice(CHANNELS)}
        fact["at"] = self.at(early=self.maybe(0.7))
        if self.maybe(0.75):
            fact["customer"] = self.r.choice(CUSTOMERS)
        if "customer" not in fact or self.maybe(0.2):
            fact["visitor"] = self.r.choice(VISITORS)
        if fact["channel"] == "registration" and self.maybe(0.7):
            fact["until"] = self.at()
        return fact

    def sale(self, i):
        r = self.r
        currency = r.choice(CURRENCIES) if self.maybe(0.15) else self.currency
        places = DECIMALS.get(currency, 2)
        amounts = [r.randrange(300 * 10**places) if self.maybe(0.9) else 0 for _ in range(r.randrange(1, 4))]
        extra = {name: r.randrange(20 * 10**places) for name in ("tax", "shipping") if self.maybe(0.35)}
        fact = {"fact": "sale", "id": f"s{i}", "at": self.at(), "customer": r.choice(CUSTOMERS), "currency": currency}
        fact["amount"] = self.decimal(sum(amounts) + sum(extra.values()), places)
        fact |= {name: self.decimal(minor, places) for name, minor in extra.items()}
        if self.maybe(0.5):
            fact["lines"] = [self.line(amount, places) for amount in amounts]
        elif self.maybe():
            fact["product"] = r.choice("ab")
        for name in ("discount", "fees", "cost"):
            if self.maybe(0.2):
                fact[name] = self.decimal(r.randrange(30 * 10**places), places)
        if self.maybe(0.3):
            fact["code"] = r.choice(["SAVE", "MORE", "UNKNOWN"])
        if self.maybe(0.3):
            fact["kind"] = r.choice("ab")
        if self.maybe(0.4):
            fact["properties"] = {"seats": r.randrange(5), "plan": r.choice("ab")}
        return fact

    def line(self, minor, places):
        fact = {"product": self.r.choice("ab"), "amount": self.decimal(minor, places)}
        if self.maybe():
            fact["category"] = self.r.choice("ab")
        if self.maybe(0.4):
            fact["quantity"] = self.r.randrange(1, 5)
        return fact

    def event(self, i):
        fact = {"fact": "event", "id": f"e{i}", "name": "lead", "at": self.at(), "customer": self.r.choice(CUSTOMERS)}
        if self.maybe():
            fact["value"] = self.money(100)
        return fact

    def refund(self, i, sales):
        sale = self.r.choice(sales)
        places = DECIMALS.get(sale["currency"], 2)
        whole = int(sale["amount"].replace(".", "")) if places else int(sale["amount"])
        minor = self.r.choice([max(whole, 1), max(whole // 3, 1), max(whole // 2, 1)])
        return {
            "fact": "refund",
            "id": f"f{i}",
            "sale": sale["id"],
            "amount": self.decimal(minor, places),
            "at": self.at(),
        }

    def credit(self, i, sales):
        shares = self.r.choice(
            [[], [("p1", "100%")], [("p2", "60%"), ("p1", "40%")], [("p3", "33.3333%"), ("p2", "33.3333%")]]
        )
        fact = {"fact": "credit", "id": f"d{i}", "at": self.at(), "reason": "decided"}
        fact["shares"] = [{"partner": p, "percent": s} for p, s in shares]
        return fact | (
            {"conversion": self.r.choice(sales)["id"]} if self.maybe() else {"customer": self.r.choice(CUSTOMERS)}
        )


def world(seed):
    """(program, facts, as_of) of one seed; facts are shuffled, some twice."""
    maker = Maker(seed)
    program, facts = maker.program(), maker.facts()
    facts += maker.r.sample(facts, min(2, len(facts)))
    maker.r.shuffle(facts)
    as_of = maker.at() if maker.maybe(0.3) else None
    return program, facts, as_of
