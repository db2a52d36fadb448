"""Template filters about access."""
