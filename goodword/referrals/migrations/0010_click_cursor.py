"""Up to where clicks are counted, transaction by transaction; and what to do about that in a restored database."""

import django.db.models.deletion
from django.db import migrations, models

CURSOR = """
DROP TABLE referrals_clickcursor;
CREATE TABLE referrals_clickcursor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    upto xid8 NOT NULL,
    but xid8[] NOT NULL
);
INSERT INTO referrals_clickcursor (upto, but) VALUES ('0', '{}');
"""
# Counts grow again and again: room on the page keeps the indexes out of it.
ROOM = """
ALTER TABLE referrals_clicksbyhour SET (fillfactor = 60);
ALTER TABLE referrals_clicksbyday SET (fillfactor = 60);
"""
# One key for each count is enough: that of its link, which carries the program.
KEYS = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT conrelid::regclass AS counts, conname FROM pg_constraint WHERE contype = 'f'
        AND conrelid IN ('referrals_clicksbyhour'::regclass, 'referrals_clicksbyday'::regclass)
        AND confrelid <> 'referrals_link'::regclass
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.counts, found.conname); END LOOP;
END $$;
"""
# Transaction ids of another server mean nothing here. A row that was stored by this server carries its own id; one
# that came in by a restore does not: it was counted before the cursor then, or waits.
RENUMBER = """
CREATE FUNCTION referrals_click_renumber() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM referrals_clickcursor FOR UPDATE;
    IF held.upto <= pg_snapshot_xmax(pg_current_snapshot()) THEN
        RETURN;
    END IF;
    UPDATE referrals_click
       SET batch = CASE WHEN batch < held.upto AND batch <> ALL (held.but) THEN '0'::xid8 ELSE '1'::xid8 END
     WHERE xmin <> batch::xid AND batch > '0'::xid8;
    UPDATE referrals_clickcursor SET upto = '1', but = '{}';
END $$;
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION referrals_click_renumber SET search_path = %I, pg_temp', current_schema());
END $$;
"""


def key(to):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to, db_index=False, db_constraint=False
    )


class Migration(migrations.Migration):
    dependencies = [("referrals", "0009_clicks_tied")]

    operations = [
        migrations.RunSQL(CURSOR + ROOM + RENUMBER),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(KEYS)],
            state_operations=[
                migrations.AlterField(model, name, key(to))
                for model in ("clicksbyday", "clicksbyhour")
                for name, to in (("program", "accounts.program"), ("partner", "partners.partner"))
            ],
        ),
        migrations.RemoveIndex("clicksbyday", "clicks_of_partner_by_day"),
        migrations.RemoveIndex("clicksbyday", "clicks_of_program_by_day"),
        migrations.AddIndex(
            "clicksbyday",
            models.Index(fields=["partner", "day"], name="clicks_of_partner_by_day", condition=models.Q(aspect="")),
        ),
        migrations.AddIndex(
            "clicksbyday",
            models.Index(fields=["program", "day"], name="clicks_of_program_by_day", condition=models.Q(aspect="")),
        ),
        migrations.AlterField(
            "clicksbyday",
            "aspect",
            models.CharField(
                choices=[
                    ("", "all"),
                    ("sub", "sub-id"),
                    ("host", "host"),
                    ("source", "utm_source"),
                    ("campaign", "utm_campaign"),
                    ("why", "why it does not count"),
                ],
                max_length=8,
                blank=True,
            ),
        ),
    ]
