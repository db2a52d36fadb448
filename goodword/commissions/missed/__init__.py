"""Missed credit: uncredited sales whose facts point to a partner. Judged by `domain/missed_credit.py`."""
