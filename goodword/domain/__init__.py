"""The rules of the trade as pure functions on frozen values: no framework, no clock, no input or output."""
