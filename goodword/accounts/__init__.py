"""Who is who: organizations, programs (the tenants), people, their roles, API keys, and the audit trail."""
