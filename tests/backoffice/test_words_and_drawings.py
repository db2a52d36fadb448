"""How figures, dates, colours, bands and charts are shown: pure functions, no database."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from goodword.commissions.selectors import Figures, Maturity
from goodword.domain import colours
from goodword.insights.band import WIDTH, band_of
from goodword.insights.charts import Week, weekly_chart
from goodword.insights.home import trends
from goodword.insights.icons import ICONS
from goodword.insights.qr import qr_svg
from goodword.insights.wording import change_text, count_text, day_text, exact_text, money_text, percent_text, when_text

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (128420, "EUR", "€1,284.20"),
        (-300, "USD", "−$3.00"),
        (1200, "CHF", "CHF\u00a012.00"),
        (1234567, "JPY", "¥1,234,567"),
        (5, "KWD", "KWD\u00a00.005"),
        (0, "GBP", "£0.00"),
    ],
)
def test_money_has_its_currency_its_decimals_and_a_real_minus(minor, currency, shown):
    assert money_text(minor, currency) == shown


@pytest.mark.parametrize(("ppm", "shown"), [(125_000, "12.5%"), (1_000_000, "100%"), (333_333, "33.3333%"), (0, "0%")])
def test_percents_lose_nothing_and_show_no_empty_decimals(ppm, shown):
    assert percent_text(ppm) == shown


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (datetime(2026, 11, 20, 9, 43, tzinfo=UTC), "today, 10:43"),
        (datetime(2026, 11, 19, 22, 30, tzinfo=UTC), "yesterday, 23:30"),
        (datetime(2026, 11, 18, 23, 30, tzinfo=UTC), "yesterday, 00:30"),
        (datetime(2026, 1, 4, 8, 0, tzinfo=UTC), "4 January, 09:00"),
        (datetime(2024, 12, 14, 8, 0, tzinfo=UTC), "14 December 2024"),
    ],
)
def test_a_moment_reads_as_people_say_it_in_the_programs_zone(at, shown):
    assert when_text(at, NOW, BERLIN) == shown


def test_the_exact_instant_names_zone_and_utc():
    at = datetime(2026, 7, 4, 8, 0, 5, tzinfo=UTC)
    assert exact_text(at, BERLIN) == "4 July 2026, 10:00:05 Europe/Berlin (08:00:05 UTC)"


def test_days_of_other_years_say_so_and_counts_have_one_and_many():
    assert day_text(date(2026, 12, 14), NOW.date()) == "14 December"
    assert day_text(date(2027, 1, 4), NOW.date()) == "4 January 2027"
    assert (count_text(1, "sale"), count_text(1204, "sale")) == ("1 sale", "1,204 sales")


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(112, 100, "12% more than in May"), (80, 100, "20% fewer than in May"), (7, 7, "as many as in May"), (3, 0, "")],
)
def test_a_change_is_said_in_words(now, before, said):
    assert change_text(now, before, "May") == said


def test_trends_compare_the_second_half_with_the_first():
    weeks = [Week(date(2026, 1, 5), 10, 4), Week(date(2026, 1, 12), 20, 2)]
    referrals, conversions = trends(weeks)
    assert (referrals.count, referrals.change) == (20, "100% more than in the 1 weeks before")
    assert (conversions.count, conversions.change) == (2, "50% fewer than in the 1 weeks before")


@pytest.mark.parametrize("colour", ["#0f766e", "#ffe600", "#ff0000", "#000000", "#ffffff", "#7c3aed", "nonsense"])
def test_any_colour_of_a_program_can_be_read_in_light_and_dark_and_as_a_button(colour):
    light, dark = colours.accents(colour)
    assert colours.contrast(light, colours.LIGHT_PAPER) >= 4.5
    assert colours.contrast(dark, colours.DARK_PAPER) >= 4.5
    for accent in (light, dark):
        assert colours.contrast(colours.ink_on(accent), accent) >= 4.5


def test_a_readable_colour_stays_as_it_is():
    assert colours.accents("#123456")[0] == "#123456"


def figures(**given) -> Figures:
    empty = dict.fromkeys(
        ("pending", "held", "payable", "in_payout", "paid", "withheld", "clawed_back", "debt", "lines"), 0
    )
    return Figures(currency="EUR", **{**empty, "next_maturities": (), **given})


def test_the_band_shows_each_part_however_small_and_never_leaves_its_width():
    soon = Maturity(date(2026, 12, 1), 100, 1)
    band = band_of(figures(paid=10**9, payable=1, pending=500, next_maturities=(soon,)), date(2026, 12, 14))
    assert [(part.label, part.minor) for part in band.parts] == [
        ("Paid", 10**9),
        ("Payable", 1),
        ("Not yet safe, next", 100),
        ("Not yet safe, later", 400),
    ]
    assert all(part.width > 0 for part in band.parts)
    assert band.parts[-1].x + band.parts[-1].width <= WIDTH
    assert [part.until for part in band.parts[2:]] == [date(2026, 12, 1), date(2026, 12, 14)]


def test_without_money_there_is_no_band():
    assert band_of(figures(), None) is None


@pytest.mark.parametrize("narrow", [False, True])
def test_a_chart_names_its_lines_takes_its_colours_from_the_theme_and_obeys_the_page_policy(narrow):
    weeks = [Week(date(2026, 1, 5 + 7 * n), 10 * n, 3) for n in range(4)]
    drawn = weekly_chart(weeks, first="Referrals", second="Conversions", narrow=narrow)
    assert "Referrals" in drawn
    assert "var(--series-1)" in drawn
    for forbidden in ("style=", "<style", "<script", "#010101"):
        assert forbidden not in drawn


def test_icons_are_paths_and_qr_codes_are_svg():
    assert all(path[0] == "M" for path in ICONS.values())
    assert qr_svg("https://shop.example/").startswith("<svg")
