"""ISO 4217: which currencies exist, which have gone, and how many decimals each has."""

from datetime import date

# Decimals ("minor unit" in ISO 4217, list one). A currency that is not named here has two.
_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}

ACTIVE = frozenset(
    """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
    CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD
    GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
    LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR
    PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
    SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF
    XPF YER ZAR ZMW ZWG""".split()
)

# Last day of legal tender (or of the changeover) of currencies that data may still name.
RETIRED = {
    "HRK": date(2022, 12, 31),
    "BGN": date(2025, 12, 31),
    "LTL": date(2014, 12, 31),
    "LVL": date(2013, 12, 31),
    "EEK": date(2010, 12, 31),
    "SKK": date(2008, 12, 31),
    "MTL": date(2007, 12, 31),
    "CYP": date(2007, 12, 31),
    "SIT": date(2006, 12, 31),
    "DEM": date(2001, 12, 31),
    "FRF": date(2001, 12, 31),
    "ITL": date(2001, 12, 31),
    "ESP": date(2001, 12, 31),
    "NLG": date(2001, 12, 31),
    "ATS": date(2001, 12, 31),
    "BEF": date(2001, 12, 31),
    "FIM": date(2001, 12, 31),
    "IEP": date(2001, 12, 31),
    "PTE": date(2001, 12, 31),
    "GRD": date(2000, 12, 31),
    "ANG": date(2025, 6, 30),
    "CUC": date(2020, 12, 31),
    "SLL": date(2023, 12, 31),
    "VEF": date(2018, 8, 19),
    "ZWL": date(2024, 8, 31),
}


def decimals(currency: str) -> int:
    """How many decimals amounts in this currency have (JPY 0, USD 2, KWD 3).

    >>> decimals("JPY"), decimals("EUR"), decimals("KWD")
    (0, 2, 3)
    """
    return _DECIMALS.get(currency, 2)


def is_active(currency: str) -> bool:
    """Whether the code is a currency that money is paid in today; only exact upper-case codes are."""
    return currency in ACTIVE
