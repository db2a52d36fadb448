"""Partner pages, phone first."""
