"""Webhooks that we send: who listens, what they are told, and what became of every message."""
