"""The demo: real purchases, simulated partners, through the same importer that a customer uses.

`command.run` is all that the command line knows of it.
"""
