"""Public pages: programs, applications, the referral redirect, the browser script."""
