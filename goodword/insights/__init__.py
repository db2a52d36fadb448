"""Reports for decisions: reads facts, lines and ledger, writes nothing."""
