"""Double entry: accounts, transactions, entries. Knows no commission.

`services.post` and `services.reverse` are the only writers.
"""
