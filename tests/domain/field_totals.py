"""Worked cases of the field as a table: terms, what one referred customer did, and what all of it pays."""

from tests.domain.worlds import event, flat, line, monthly, percent, refund, sale, terms, tiers

SLAB = [{"from": "0", "percent": "5%"}, {"from": "50000.00", "percent": "8%"}, {"from": "100000.00", "percent": "12%"}]
ORDERS = [{"from": "0", "percent": "4%"}, {"from": "200.00", "percent": "6%"}, {"from": "400.00", "percent": "8%"}]


TOTALS = {
    "C01 flat per won deal": (terms(flat("500.00")), [sale(f"s{i}", "9000.00") for i in range(3)], "1500.00"),
    "C02 per qualified lead": (
        terms(flat("50.00", on="qualified")),
        [event(f"e{i}", "qualified" if i < 7 else "submitted") for i in range(12)],
        "350.00",
    ),
    "C03 first-year value": (terms(percent("15%")), [sale("s", "24000.00")], "3600.00"),
    "C04 as cash arrives": (terms(percent("10%")), monthly("3000.00", 4), "1200.00"),
    "C05 recurring, 12 months": (terms(percent("20%", lasts={"months": 12})), monthly("99.00", 13), "237.60"),
    "C06 recurring for life": (terms(percent("10%")), monthly("250.00", 31), "775.00"),
    "C07 decaying": (
        terms(
            {
                "key": "years",
                "pay": {
                    "schedule": [
                        {"months": 12, "percent": "30%"},
                        {"months": 12, "percent": "20%"},
                        {"months": 12, "percent": "10%"},
                    ]
                },
            }
        ),
        monthly("1000.00", 37),
        "7200.00",
    ),
    "C08 bounty and recurring": (
        terms(
            flat("100.00", "bounty", lasts={"payments": 1}), percent("10%", "rec", lasts={"months": 6}), choose="sum"
        ),
        monthly("80.00", 8),
        "148.00",
    ),
    "C09 plan bounties stack": (
        terms(flat("250.00", "s", when={"product": "Starter"}), flat("500.00", "p", when={"product": "Pro"})),
        [sale("s", "700.00", lines=[line("Starter", "200.00"), line("Pro", "500.00")])],
        "750.00",
    ),
    "C10 per-product rates": (
        terms(percent("4%", "h", when={"product": "hardware"}), percent("20%", "s", when={"product": "software"})),
        [sale("s", "3000.00", lines=[line("hardware", "2000.00"), line("software", "1000.00")])],
        "280.00",
    ),
    "C11 product exclusion": (
        terms(percent("10%", when={"category": {"ne": "services"}})),
        [
            sale(
                "s",
                "1300.00",
                lines=[line("a", "1000.00", category="goods"), line("b", "300.00", category="services")],
            )
        ],
        "100.00",
    ),
    "C12 setup-fee exclusion": (
        terms(percent("20%", when={"product": {"in": ["subscription"]}})),
        [sale("s", "1700.00", lines=[line("setup", "1200.00"), line("subscription", "500.00")])],
        "100.00",
    ),
    "C13 tax and shipping": (
        terms(percent("10%")),
        [sale("s", "238.00", tax="38.00", shipping="20.00")],
        "18.00",
    ),
    "C14 after discount": (terms(percent("15%")), [sale("s", "300.00", discount="100.00")], "45.00"),
    "C14 on list": (
        terms(percent("15%", base={"plus": ["discount"]})),
        [sale("s", "300.00", discount="100.00")],
        "60.00",
    ),
    "C15 net of fees": (
        terms(percent("30%", base={"less": ["tax", "fees"]})),
        [sale("s", "100.00", fees="3.20")],
        "29.04",
    ),
    "C16 of margin": (
        terms(percent("12%", base={"less": ["tax", "shipping", "cost"]})),
        [sale("s", "10000.00", cost="6500.00")],
        "420.00",
    ),
    "C17 marginal": (terms(tiers(SLAB)), [sale("s", "120000.00")], "8900.00"),
    "C18 whole": (terms(tiers(SLAB, "whole")), [sale("s", "120000.00")], "14400.00"),
    "C18 below the cliff": (terms(tiers(SLAB, "whole")), [sale("s", "99999.99")], "8000.00"),
    "C18 on the cliff": (terms(tiers(SLAB, "whole")), [sale("s", "100000.00")], "12000.00"),
    "C19 true-up": (
        terms(tiers(SLAB, "whole", "year")),
        [sale("s1", "40000.00"), sale("s2", "70000.00", "2026-02-10")],
        "13200.00",
    ),
    "C20 split": (terms(tiers(ORDERS)), [sale(f"s{i}", f"{x}.00") for i, x in enumerate([150, 150, 200])], "28.00"),
    "C20 total after": (
        terms(tiers(ORDERS, "after")),
        [sale(f"s{i}", f"{x}.00") for i, x in enumerate([150, 150, 200])],
        "31.00",
    ),
    "C20 total before": (
        terms(tiers(ORDERS, "before")),
        [sale(f"s{i}", f"{x}.00") for i, x in enumerate([150, 150, 200])],
        "24.00",
    ),
    "C21 count tiers": (
        terms(
            tiers(
                [{"from": "0", "flat": "100.00"}, {"from": "5", "flat": "150.00"}, {"from": "10", "flat": "200.00"}],
                measure="count",
            )
        ),
        [sale(f"s{i:02}", "9.00") for i in range(12)],
        "1650.00",
    ),
    "C24 accelerator": (
        terms(tiers([{"from": "0", "percent": "10%"}, {"from": "50000.00", "percent": "15%"}])),
        [sale("s", "65000.00")],
        "7250.00",
    ),
    "C25 decelerator": (
        terms(tiers([{"from": "0", "percent": "10%"}, {"from": "100000.00", "percent": "5%"}], per="conversion")),
        [sale("s", "250000.00")],
        "17500.00",
    ),
    "C26 cap per deal": (terms(percent("20%", cap={"sale": "10000.00"})), [sale("s", "90000.00")], "10000.00"),
    "C29 floor": (terms(percent("5%", floor="50.00")), [sale("s", "600.00")], "50.00"),
    "C30 too small": (terms(percent("10%", when={"amount": {"gte": "1000.00"}})), [sale("s", "999.99")], "0.00"),
    "C30 large enough": (terms(percent("10%", when={"amount": {"gte": "1000.00"}})), [sale("s", "1000.00")], "100.00"),
    "C35 new and existing": (
        terms(percent("20%", "new", when={"customer": "new"}), percent("5%", "old", when={"customer": "existing"})),
        [sale("s1", "1000.00"), sale("s2", "1000.00", "2026-01-11")],
        "250.00",
    ),
    "C38 downgrade": (
        terms(percent("20%")),
        [sale("s1", "100.00"), sale("s2", "60.00", "2026-02-10")],
        "32.00",
    ),
    "C39 renewal": (
        terms(percent("15%", "first", when={"customer_nth": 1}), percent("5%", "renewal")),
        [sale("s1", "20000.00"), sale("s2", "22000.00", "2027-01-10")],
        "4100.00",
    ),
    "C41 ended early": (terms(percent("20%")), [sale("s", "1200.00"), refund("s", "700.00", "2026-06-10")], "100.00"),
    "C42 first year only": (
        terms(percent("10%", lasts={"months": 12})),
        [sale(f"y{year}", "12000.00", f"{year}-01-10") for year in (2026, 2027, 2028)],
        "1200.00",
    ),
    "C42 on the total": (terms(percent("10%")), [sale("s", "36000.00")], "3600.00"),
    "C43 usage": (terms(percent("8%")), [sale("s", "1234.56")], "98.76"),
    "C44 residual share of net": (
        terms(percent("40%", base={"less": ["cost"]})),
        [sale("s", "100000.00", cost="99400.00")],
        "240.00",
    ),
    "C45 collected only": (terms(percent("10%")), [sale("s", "10000.00")], "1000.00"),
    "C46 full refund": (terms(percent("15%")), [sale("s", "200.00"), refund("s", "200.00")], "0.00"),
    "C47 partial refund": (terms(percent("15%")), [sale("s", "200.00"), refund("s", "50.00")], "22.50"),
    "C80 per sale": (terms(percent("10%")), [sale(f"s{i}", "0.25") for i in range(3)], "0.09"),
    "C80 per invoice": (
        terms(percent("10%")),
        [sale("s", "0.75", lines=[line("a", "0.25"), line("b", "0.25"), line("c", "0.25")])],
        "0.08",
    ),
    "C85 linear and threshold": (
        terms(flat("5.00"), bonuses=[{"key": "tenth", "measure": "count", "reaches": "10", "flat": "50.00"}]),
        [sale(f"s{i:02}", "9.00") for i in range(12)],
        "110.00",
    ),
}
