"""The facts: links, codes, clicks, touches, customers, conversions, refunds, cancels, credits, rates.

Stored, never edited.
"""
