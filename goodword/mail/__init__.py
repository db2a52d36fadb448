"""Letters: the audit trail is the outbox; what it says that somebody should hear becomes a mail, sent once."""
