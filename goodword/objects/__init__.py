"""The objects of a program as its systems read them, by API and webhook alike."""
