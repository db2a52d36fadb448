"""No foreign key crosses programs, and no role in one program is given by another company."""

from django.db import migrations

from goodword.accounts.tenancy import TieToProgram

MEMBERSHIP = """
ALTER TABLE accounts_program ADD CONSTRAINT program_of_organization UNIQUE (organization_id, id);
ALTER TABLE accounts_membership ADD CONSTRAINT membership_in_organization
    FOREIGN KEY (organization_id, program_id) REFERENCES accounts_program (organization_id, id)
    DEFERRABLE INITIALLY DEFERRED;
"""
UNDO = """
ALTER TABLE accounts_membership DROP CONSTRAINT membership_in_organization;
ALTER TABLE accounts_program DROP CONSTRAINT program_of_organization;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_audit_is_append_only"),
        ("ledger", "0001_initial"),
        ("partners", "0001_initial"),
        ("referrals", "0001_initial"),
        ("commissions", "0001_initial"),
        ("payouts", "0001_initial"),
        ("mail", "0001_initial"),
        ("goodword_site", "0001_initial"),
    ]

    operations = [migrations.RunSQL(MEMBERSHIP, UNDO), TieToProgram()]
