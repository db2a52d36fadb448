"""The rules that the database itself keeps: see "What the database refuses" in docs/ledger.md."""

from django.db import migrations

RULES = r"""
-- Rows that may not have changed -------------------------------------------------------------------------------------
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: the ledger is append-only, a mistake is reversed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_append_only BEFORE DELETE OR TRUNCATE ON ledger_chain
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

-- An account opens at zero, and only the trigger on entries (a trigger inside a trigger: depth 2) moves it.
CREATE FUNCTION ledger_guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.balance_minor <> 0 THEN
        RAISE EXCEPTION 'an account opens with a balance of 0' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (pg_trigger_depth() < 2 OR (OLD.id, OLD.program_id, OLD.kind, OLD.owner, OLD.currency)
            IS DISTINCT FROM (NEW.id, NEW.program_id, NEW.kind, NEW.owner, NEW.currency)) THEN
        RAISE EXCEPTION 'an account changes only with its entries' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_account();

-- Balance ------------------------------------------------------------------------------------------------------------
-- Every statement that inserts leaves one row here naming the transactions it touched; the deferred constraint trigger
-- on this table proves them all in one query at commit (or at SET CONSTRAINTS ... IMMEDIATE). The event is queued with
-- the row: deleting the row takes nothing back.
CREATE TABLE ledger_unproved (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, transactions uuid[] NOT NULL);

CREATE FUNCTION ledger_note_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM fresh LEFT JOIN ledger_account account ON account.id = fresh.account_id
               WHERE account.id IS NULL OR account.currency <> fresh.currency
                  OR account.program_id <> fresh.program_id) THEN
        RAISE EXCEPTION 'an entry has the currency and the program of its account' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE ledger_account account SET balance_minor = account.balance_minor + moved.net
      FROM (SELECT account_id, sum(debit_minor) - sum(credit_minor) AS net FROM fresh GROUP BY account_id) moved
     WHERE account.id = moved.account_id AND moved.net <> 0;
    INSERT INTO ledger_unproved (transactions)
        SELECT array_agg(DISTINCT transaction_id) FROM fresh HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_entries_noted AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_note_entries();

CREATE FUNCTION ledger_note_transactions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO ledger_unproved (transactions) SELECT array_agg(id) FROM fresh HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_transactions_noted AFTER INSERT ON ledger_transaction REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_note_transactions();

CREATE FUNCTION ledger_prove() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    bad uuid;
BEGIN
    SELECT transaction.id INTO bad
      FROM ledger_transaction transaction
      LEFT JOIN ledger_entry entry ON entry.transaction_id = transaction.id
     WHERE transaction.id = ANY (NEW.transactions)
     GROUP BY transaction.id
    HAVING count(entry.id) < 2 OR count(entry.id) <> transaction.legs
        OR bool_or(entry.program_id <> transaction.program_id)
     LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % has not the entries it was posted with (two or more, all of its program)', bad
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT transaction_id INTO bad FROM ledger_entry WHERE transaction_id = ANY (NEW.transactions)
     GROUP BY transaction_id, currency HAVING sum(debit_minor) <> sum(credit_minor) LIMIT 1;
    IF bad IS NOT NULL THEN
        RAISE EXCEPTION 'transaction % does not balance: debits and credits differ in a currency', bad
            USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM ledger_unproved WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_unproved DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_prove();

-- Rights -------------------------------------------------------------------------------------------------------------
-- A role for the running application that may add to the books and never change them. Made where this server lets us.
REVOKE ALL ON ledger_transaction, ledger_entry, ledger_account, ledger_chain, ledger_unproved FROM PUBLIC;
DO $$
BEGIN
    IF (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user) THEN
        BEGIN
            CREATE ROLE goodword_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'goodword_app') THEN
        BEGIN
            EXECUTE format('GRANT USAGE ON SCHEMA %I TO goodword_app', current_schema());
            GRANT SELECT, INSERT ON ledger_transaction, ledger_entry, ledger_account TO goodword_app;
            GRANT SELECT, INSERT, UPDATE ON ledger_chain TO goodword_app;
            -- Foreign keys of other rows lock the row they point to: that needs the right on one column.
            GRANT USAGE ON SEQUENCE ledger_entry_id_seq TO goodword_app;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'the rights of goodword_app could not be set: the triggers alone keep the ledger append-only';
        END;
    END IF;
END $$;
"""

UNDO = """
DROP TABLE ledger_unproved;
DROP TRIGGER ledger_append_only ON ledger_transaction;
DROP TRIGGER ledger_append_only ON ledger_entry;
DROP TRIGGER ledger_append_only ON ledger_account;
DROP TRIGGER ledger_append_only ON ledger_chain;
DROP TRIGGER ledger_account_guard ON ledger_account;
DROP TRIGGER ledger_entries_noted ON ledger_entry;
DROP TRIGGER ledger_transactions_noted ON ledger_transaction;
DROP FUNCTION ledger_refuse(), ledger_guard_account(), ledger_note_entries(), ledger_note_transactions(), ledger_prove();
"""


class Migration(migrations.Migration):

    dependencies = [("ledger", "0002_chain_and_legs")]

    operations = [migrations.RunSQL(RULES, UNDO)]
