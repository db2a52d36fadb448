"""The hot path: referral links and tracked events, answered by an application of its own in front of the pages."""
