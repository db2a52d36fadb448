"""The settlement worker: facts in, commission lines and ledger differences out; holds; explanation of any line."""
