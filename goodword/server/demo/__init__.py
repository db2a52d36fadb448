"""The demo: real purchases, simulated partners, through the same importer that a customer uses."""
