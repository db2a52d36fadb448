"""The audit trail is only ever added to: the database itself refuses to change, delete or truncate entries."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION accounts_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_refuse_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON accounts_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_refuse_change();
CREATE FUNCTION accounts_head_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.sequence <> OLD.sequence + 1 OR NEW.program_id IS DISTINCT FROM OLD.program_id THEN
        RAISE EXCEPTION 'the end of an audit chain only moves on by one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_head_moves_on BEFORE UPDATE OR DELETE ON accounts_audithead
    FOR EACH ROW EXECUTE FUNCTION accounts_head_moves_on();
"""
BACKWARD = """
DROP TRIGGER audit_head_moves_on ON accounts_audithead;
DROP FUNCTION accounts_head_moves_on();
DROP TRIGGER audit_no_truncate ON accounts_auditentry;
DROP TRIGGER audit_append_only ON accounts_auditentry;
DROP FUNCTION accounts_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_keys_and_audit_chain")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
