"""Partners and what was agreed with them: applications, groups, agreements, terms and their versions."""
