"""Import of CSV files: read, checked and shown before anything is written; undone as a whole.

A row becomes the same fact that the API takes, and is judged by the same rules.
"""
