"""Conversions and marks are tied to their program in sets: one check for each statement, not one for each row."""

import django.db.models.deletion
from django.db import migrations, models

from goodword.accounts.tenancy import TieToProgram

# As commissions/migrations/0005 does it for lines: the rows pointed to are locked against being deleted, as a key would
# lock them, and the other half stands on them and looks when their transaction ends.
RULES = r"""
CREATE FUNCTION referrals_tie_facts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    wanted bigint;
    found bigint;
BEGIN
    SELECT count(DISTINCT program_id) INTO wanted FROM fresh;
    PERFORM 1 FROM accounts_program program WHERE program.id IN (SELECT program_id FROM fresh) FOR KEY SHARE;
    GET DIAGNOSTICS found = ROW_COUNT;
    IF found <> wanted THEN
        RAISE EXCEPTION 'a fact belongs to a program' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER referrals_conversions_tied AFTER INSERT ON referrals_conversion REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION referrals_tie_facts();
CREATE TRIGGER referrals_conversions_stay_tied AFTER UPDATE ON referrals_conversion REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION referrals_tie_facts();
CREATE TRIGGER referrals_marks_tied AFTER INSERT ON referrals_unsettledfact REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION referrals_tie_facts();

CREATE FUNCTION referrals_keep_program() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF (EXISTS (SELECT 1 FROM referrals_conversion one WHERE one.program_id = OLD.id)
        OR EXISTS (SELECT 1 FROM referrals_unsettledfact one WHERE one.program_id = OLD.id))
       AND NOT EXISTS (SELECT 1 FROM accounts_program program WHERE program.id = OLD.id) THEN
        RAISE EXCEPTION 'program % has conversions', OLD.id USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER referrals_program_stays AFTER DELETE OR UPDATE OF id ON accounts_program
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION referrals_keep_program();
"""
UNDO = """
DROP TRIGGER referrals_program_stays ON accounts_program;
DROP TRIGGER referrals_conversions_tied ON referrals_conversion;
DROP TRIGGER referrals_conversions_stay_tied ON referrals_conversion;
DROP TRIGGER referrals_marks_tied ON referrals_unsettledfact;
DROP FUNCTION referrals_tie_facts(), referrals_keep_program();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_shared_cache'),
        ('referrals', '0013_told_by_pages'),
    ]

    operations = [
        migrations.AlterField(
            model_name='conversion',
            name='imported_in',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='referrals.import'),
        ),
        migrations.AlterField(
            model_name='conversion',
            name='program',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.program'),
        ),
        migrations.AlterField(
            model_name='unsettledfact',
            name='program',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.program'),
        ),
        migrations.AddIndex(
            model_name='conversion',
            index=models.Index(condition=models.Q(('imported_in__isnull', False)), fields=['imported_in'], name='conversion_by_import'),
        ),
        migrations.RunSQL(RULES, UNDO),
        TieToProgram(),
    ]
