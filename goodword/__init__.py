"""Goodword: the self-hosted platform for a company's referral partner program."""

__version__ = "0.1.0"
