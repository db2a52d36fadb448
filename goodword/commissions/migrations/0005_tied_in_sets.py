"""Lines and outcomes are tied in sets: one check for each statement in the place of one for each row."""

import django.db.models.deletion
from django.db import migrations, models

# A key locks the row it points to against being deleted, so that nobody takes it away before the commit: so do these.
# The other half stands on the rows that are pointed to, and looks when their transaction ends.
RULES = r"""
DO $$
DECLARE
    key record;
BEGIN
    FOR key IN SELECT conrelid::regclass AS place, conname FROM pg_constraint WHERE contype = 'f'
                AND conrelid IN ('commissions_line'::regclass, 'commissions_outcome'::regclass) LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', key.place, key.conname);
    END LOOP;
END $$;

CREATE FUNCTION commissions_tie_lines() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    wanted bigint;
    found bigint;
BEGIN
    SELECT count(*) INTO wanted FROM (SELECT DISTINCT program_id, partner_id FROM fresh) named;
    PERFORM 1 FROM partners_partner partner
      WHERE (partner.program_id, partner.id) IN (SELECT program_id, partner_id FROM fresh) FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> wanted THEN
        RAISE EXCEPTION 'a line belongs to a partner of its program (in_program)'
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER commissions_lines_tied AFTER INSERT ON commissions_line REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION commissions_tie_lines();
CREATE TRIGGER commissions_lines_stay_tied AFTER UPDATE ON commissions_line REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION commissions_tie_lines();

CREATE FUNCTION commissions_tie_outcomes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    wanted bigint;
    found bigint;
BEGIN
    SELECT count(DISTINCT program_id) INTO wanted FROM fresh;
    PERFORM 1 FROM accounts_program program WHERE program.id IN (SELECT program_id FROM fresh) FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> wanted THEN
        RAISE EXCEPTION 'an outcome belongs to a program' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER commissions_outcomes_tied AFTER INSERT ON commissions_outcome REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION commissions_tie_outcomes();
CREATE TRIGGER commissions_outcomes_stay_tied AFTER UPDATE ON commissions_outcome REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION commissions_tie_outcomes();

CREATE FUNCTION commissions_keep_partner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM commissions_line line
                WHERE line.program_id = OLD.program_id AND line.partner_id = OLD.id)
       AND NOT EXISTS (SELECT 1 FROM partners_partner partner
                        WHERE partner.program_id = OLD.program_id AND partner.id = OLD.id) THEN
        RAISE EXCEPTION 'partner % has commission lines (in_program)', OLD.id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER commissions_partner_stays AFTER DELETE OR UPDATE OF id, program_id ON partners_partner
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commissions_keep_partner();

CREATE FUNCTION commissions_keep_program() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM commissions_outcome outcome WHERE outcome.program_id = OLD.id)
       AND NOT EXISTS (SELECT 1 FROM accounts_program program WHERE program.id = OLD.id) THEN
        RAISE EXCEPTION 'program % has conversions with an outcome', OLD.id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER commissions_program_stays AFTER DELETE OR UPDATE OF id ON accounts_program
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION commissions_keep_program();
"""
UNDO = """
DROP TRIGGER commissions_partner_stays ON partners_partner;
DROP TRIGGER commissions_program_stays ON accounts_program;
DROP TRIGGER commissions_lines_tied ON commissions_line;
DROP TRIGGER commissions_lines_stay_tied ON commissions_line;
DROP TRIGGER commissions_outcomes_tied ON commissions_outcome;
DROP TRIGGER commissions_outcomes_stay_tied ON commissions_outcome;
DROP FUNCTION commissions_tie_lines(), commissions_tie_outcomes(), commissions_keep_partner(), commissions_keep_program();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_shared_cache'),
        ('commissions', '0004_lighter_keys'),
        ('partners', '0002_agreements_one_at_a_time'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='line',
            name='line_by_partner',
        ),
        migrations.RemoveIndex(
            model_name='line',
            name='line_by_time',
        ),
        migrations.AlterField(
            model_name='line',
            name='partner',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='partners.partner'),
        ),
        migrations.AlterField(
            model_name='outcome',
            name='program',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.program'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(fields=['program', 'partner', 'conversion_at'], name='line_by_partner'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(fields=['program', 'conversion_at'], name='line_by_time'),
        ),
        migrations.RunSQL(RULES, UNDO),
    ]
