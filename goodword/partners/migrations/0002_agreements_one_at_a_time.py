"""No partner stands under two agreements at once, and a published terms version stays as it is."""

import django.contrib.postgres.constraints
import goodword.partners.models
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations

FREEZE = """
CREATE FUNCTION partners_terms_version_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published terms version is never changed or deleted' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER terms_version_is_final BEFORE UPDATE OR DELETE ON partners_termsversion
    FOR EACH ROW EXECUTE FUNCTION partners_terms_version_is_final();
"""
THAW = """
DROP TRIGGER terms_version_is_final ON partners_termsversion;
DROP FUNCTION partners_terms_version_is_final();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_audit_is_append_only'),
        ('partners', '0001_initial'),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.RunSQL(FREEZE, THAW),
        migrations.AddConstraint(
            model_name='agreement',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('partner', '='), (goodword.partners.models.InForce('starts_at', 'ends_at'), '&&')], name='agreement_one_at_a_time'),
        ),
    ]
