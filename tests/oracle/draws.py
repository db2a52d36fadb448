"""Draws for small worlds: instants that meet each other and borders, money that ties when rounded."""

from datetime import UTC, date, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.oracle.dates import add_months, first_instant
from tests.oracle.numbers import money_text, places_of

CURRENCIES = ["USD", "EUR", "GBP", "JPY", "KWD"]
# (zone, a day near which something happens there: clocks change, a leap day, a month or year ends, a day is skipped)
SCENES = [
    ("UTC", date(2024, 2, 28)),
    ("UTC", date(2026, 1, 30)),
    ("America/New_York", date(2026, 3, 7)),
    ("America/New_York", date(2025, 10, 31)),
    ("Europe/Berlin", date(2024, 3, 30)),
    ("Europe/Berlin", date(2025, 10, 25)),
    ("Asia/Kathmandu", date(2025, 12, 30)),
    ("Asia/Kathmandu", date(2024, 2, 27)),
    ("Pacific/Apia", date(2011, 12, 28)),
    ("Pacific/Apia", date(2024, 1, 31)),
    ("America/Sao_Paulo", date(2018, 11, 2)),
    ("Australia/Lord_Howe", date(2026, 4, 3)),
    ("Africa/Casablanca", date(2026, 2, 14)),
]
SPANS = [2, 3, 10, 40, 40, 120, 400, 400, 800]
RATES = ["0.5", "2", "1.0837", "150", "0.0067", "0.91", "1.25"]
# Rates with as many decimals as may be written, so that fractions get long.
LONG_RATES = ["0.333333333333333333", "0.000000123456789012", "1.000000000000000001", "0.010101010101010101"]
# A sale has at most three lines of such sums, and its tax and shipping.
SUMS_MAX = [3 * 10**13, 3 * 10**13, 10**14, 29 * 10**13]
AMOUNT_MAX = 10**15 - 1
# What a few worlds lean to, so that what needs several things at once is met; all else stays as random as it is.
THEMES = [*[""] * 14, "moves", "leaves", "recruits", "recruits", *["questions"] * 4]
PERCENTS = [
    "10%",
    "10.00%",
    "2.50%",
    "50%",
    "12.5%",
    "2.5%",
    "5%",
    "33.3333%",
    "100%",
    "0%",
    "20%",
    "7.5%",
    "0.0001%",
    "66.6667%",
]


class Draw:
    """One source of chance and what all parts of a world share: zone, days, currency and a pool of instants."""

    def __init__(self, random):
        self.r = random
        name, self.start = self.one(SCENES)
        self.zone_name = name if self.maybe(0.9) else self.one(SCENES)[0]
        self.zone = ZoneInfo(self.zone_name)
        self.span = self.one(SPANS)
        self.currency = self.one(CURRENCIES)
        self.foreign = self.one([one for one in CURRENCIES if one != self.currency])
        self.calm = self.maybe(0.6)  # people who stay: most conversions get as far as the money
        # Sums so long that their products leave 64 bits; 0 in most worlds.
        self.large = self.one(SUMS_MAX) if self.maybe(0.12) else 0
        self.theme = self.one(THEMES)
        # Months, days and sums that the program names: facts then lie exactly at their borders more often.
        self.named = {"months": [], "days": [], "sums": []}
        self.pool = [self._fresh() for _ in range(self.below(5) + 3)]

    def maybe(self, share=0.5):
        return self.r.random() < share

    def below(self, bound):
        return self.r.randrange(bound)

    def one(self, options):
        return options[self.r.randrange(len(options))]

    def names(self, what, value):
        """Remember what the program names."""
        self.named[what].append(value)
        return value

    def near(self, what, options):
        """One that the program names, or one of the options."""
        named = self.named[what]
        return self.one(named) if named and self.maybe() else self.one(options)

    def some(self, options, most=None):
        count = 1 + self.below(min(most or len(options), len(options)))
        left, found = list(options), []
        for _ in range(count):
            found.append(left.pop(self.below(len(left))))
        return found

    def shuffled(self, options):
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in options]

    # instants

    def _fresh(self):
        """An instant of the scene: somewhere, at a day's first instant, or a second beside it."""
        day = self.start + timedelta(days=self.below(self.span))
        if self.maybe(0.2):
            day = add_months(self.start, self.below(max(1, self.span // 28)))
        at = first_instant(day, self.zone)
        kind = self.below(5)
        if kind == 0:
            return at
        if kind == 1:
            return at - timedelta(seconds=1)
        if kind == 2:
            return at + timedelta(hours=self.below(24), microseconds=self.below(2))
        return at + timedelta(minutes=self.below(1440))

    def moment(self):
        """Mostly one of few instants of this world, or one a round distance from it."""
        kind = self.below(10)
        if kind < 6:
            return self.one(self.pool)
        if kind < 7:
            days = self.one([1, 1, 5, 7, 14, 30, 30, 90])
            return self.one(self.pool) + timedelta(days=days, seconds=self.one([0, 0, 0, -1, 1]))
        if kind < 9:
            return self.months_on(self.one(self.pool))
        at = self._fresh()
        self.pool.append(at)
        return at

    def months_on(self, at):
        """A round number of local months later: on the day itself, or the evening before."""
        months = self.near("months", [1, 1, 2, 3, 6, 12] if self.span < 100 else [1, 3, 6, 11, 12, 12, 13])
        midnight = first_instant(add_months(self.day(at), months), self.zone)
        return midnight + self.one([timedelta(0), timedelta(seconds=-1), timedelta(hours=self.below(24))])

    def early(self):
        """An instant likely before most others."""
        if self.maybe(0.3):
            return self.moment()
        return min(self.pool) - timedelta(days=self.one([0, 0, 0, 1, 1, 7, 14, 30, 60]))

    def text(self, at):
        """RFC 3339 with one of several offsets."""
        offset = self.one([0, 0, 0, 120, -300, 345])
        text = (
            at.astimezone(timezone(timedelta(minutes=offset))).isoformat() if offset else at.astimezone(UTC).isoformat()
        )
        return text.replace("+00:00", "Z") if self.maybe() else text

    def at(self):
        return self.text(self.moment())

    def day(self, at=None):
        return (at or self.moment()).astimezone(self.zone).date()

    def edge(self, at):
        """A start or end: the local date, its first instant, or the instant."""
        return self.day(at).isoformat() if self.maybe() else self.text(at)

    # money

    def minor(self, places):
        """Round sums (they add up to tier borders), tiny ones (every rounding shows), and sums that end in 5."""
        unit = 10**places
        kind = self.below(10)
        if self.large and kind < 8:
            return self.below(self.large)
        if kind < 4:
            return 50 * unit * (1 + self.below(4))
        if kind < 6:
            return self.below(12)
        if kind < 8:
            return 5 + 10 * self.below(20 * unit)
        return self.below(200 * unit)

    def money(self, currency=None, *, least=0):
        places = places_of(currency or self.currency)
        return money_text(max(least, self.minor(places)), places)

    def small(self, most=20):
        """A sum of the program's currency for limits, flats and floors."""
        places = places_of(self.currency)
        if self.large and self.maybe():
            return money_text(self.below(self.one([10**12, 10**12, self.large])), places)
        return money_text(self.one([0, 1, 5 * 10**places, self.below(most * 10**places), 10 * 10**places]), places)

    def percent(self):
        if self.maybe(0.7):
            return self.one(PERCENTS)
        return f"{self.below(40)}.{self.below(10_000):04d}%"

    def number(self):
        """A number for properties: whole or decimal."""
        return self.one([0, 1, 2, 3, Decimal("1.5"), Decimal("2.0"), Decimal("0.1")])
