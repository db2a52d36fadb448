"""Keys of the counts carry the program, and the visitors of customers recorded so far are known."""

from django.db import migrations

from goodword.accounts.tenancy import TieToProgram

KNOWN = """
INSERT INTO referrals_knownbrowser (program_id, visitor, look_again)
SELECT DISTINCT program_id, unnest(visitors), true FROM referrals_customer WHERE retracted_at IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0008_clicks_by_month")]

    operations = [TieToProgram(), migrations.RunSQL(KNOWN)]
