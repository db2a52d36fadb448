"""Paying partners: where to, in which run, decided by whom, with what result.

One locked state machine moves all of it.
"""
