"""Facts note themselves for whoever tells of them: in their own transaction, and only where somebody listens.

Facts have no chain of numbers that a reader could follow, as the audit trail and the ledger have.
"""

from django.db import migrations

from goodword.accounts.tenancy import TieToProgram

# One row for each statement, kind and program. Above the limit the keys are left out: such a batch is told of in sum.
RULES = """
CREATE FUNCTION webhooks_note_facts() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT FROM webhooks_reading) THEN
        INSERT INTO webhooks_recordedfacts (program_id, kind, keys, count, batch, at)
        SELECT fresh.program_id, TG_ARGV[0],
               CASE WHEN count(*) <= 1000 THEN array_agg(fresh.id ORDER BY fresh.external_id) ELSE '{}' END,
               count(*), pg_current_xact_id()::text::bigint, max(fresh.recorded_at)
        FROM fresh JOIN webhooks_reading reading ON reading.program_id = fresh.program_id
        GROUP BY fresh.program_id;
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION webhooks_note_conversions() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT FROM webhooks_reading) THEN
        INSERT INTO webhooks_recordedfacts (program_id, kind, keys, count, batch, at)
        SELECT fresh.program_id, CASE fresh.name WHEN 'sale' THEN 'sale' ELSE 'event' END,
               CASE WHEN count(*) <= 1000 THEN array_agg(fresh.id ORDER BY fresh.external_id) ELSE '{}' END,
               count(*), pg_current_xact_id()::text::bigint, max(fresh.recorded_at)
        FROM fresh JOIN webhooks_reading reading ON reading.program_id = fresh.program_id
        GROUP BY fresh.program_id, 2;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER webhooks_conversions AFTER INSERT ON referrals_conversion REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhooks_note_conversions();
CREATE TRIGGER webhooks_customers AFTER INSERT ON referrals_customer REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhooks_note_facts('customer');
CREATE TRIGGER webhooks_refunds AFTER INSERT ON referrals_refund REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhooks_note_facts('refund');
CREATE TRIGGER webhooks_cancels AFTER INSERT ON referrals_cancel REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION webhooks_note_facts('cancel');
"""
UNDO = """
DROP TRIGGER webhooks_cancels ON referrals_cancel;
DROP TRIGGER webhooks_refunds ON referrals_refund;
DROP TRIGGER webhooks_customers ON referrals_customer;
DROP TRIGGER webhooks_conversions ON referrals_conversion;
DROP FUNCTION webhooks_note_conversions();
DROP FUNCTION webhooks_note_facts();
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial"), ("referrals", "0007_checkpoints")]
    operations = [migrations.RunSQL(RULES, UNDO), TieToProgram()]
