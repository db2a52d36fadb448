"""The proofs look rows up one by one through their keys, whatever the planner knows of the tables.

A session keeps the plan of a trigger's query: made for a large load it would read whole tables for a single posting.
"""

from django.db import migrations

PROOFS = r"""
CREATE OR REPLACE FUNCTION ledger_note_transactions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT program_id FROM fresh) found
               LEFT JOIN ledger_chain chain ON chain.program_id = found.program_id WHERE chain.program_id IS NULL) THEN
        RAISE EXCEPTION 'a transaction belongs to a program with a chain' USING ERRCODE = 'foreign_key_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM fresh WHERE fresh.reverses_id IS NOT NULL AND fresh.program_id IS DISTINCT FROM
                   (SELECT original.program_id FROM ledger_transaction original WHERE original.id = fresh.reverses_id)) THEN
        RAISE EXCEPTION 'a reversal reverses a transaction of its program' USING ERRCODE = 'foreign_key_violation';
    END IF;
    INSERT INTO ledger_unproved (transactions) SELECT array_agg(id) FROM fresh HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION ledger_note_entries() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT account_id, currency, program_id FROM fresh) found
               LEFT JOIN ledger_account account ON account.id = found.account_id
               WHERE account.id IS NULL OR account.currency <> found.currency
                  OR account.program_id <> found.program_id) THEN
        RAISE EXCEPTION 'an entry has the currency and the program of its account' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE ledger_account account SET balance_minor = account.balance_minor + moved.net
      FROM (SELECT account_id, sum(debit_minor) - sum(credit_minor) AS net FROM fresh GROUP BY account_id) moved
     WHERE account.id = moved.account_id AND moved.net <> 0;
    INSERT INTO ledger_unproved (transactions)
        SELECT array_agg(found.transaction_id) FROM (
            SELECT transaction_id, min(program_id::text) AS program, max(program_id::text) AS other,
                   min(currency) = max(currency) AND sum(debit_minor) = sum(credit_minor) AS balances, count(*) AS legs
              FROM fresh GROUP BY transaction_id) found
          LEFT JOIN LATERAL (SELECT posted.id, posted.legs, posted.program_id FROM ledger_transaction posted
                              WHERE posted.id = found.transaction_id LIMIT 1) header ON true
         WHERE header.id IS NULL OR NOT found.balances OR found.legs <> header.legs OR found.legs < 2
            OR found.program <> found.other OR found.program <> header.program_id::text
        HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION ledger_prove() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    bad record;
BEGIN
    SELECT wanted.id, sums.legs, header.legs AS posted, sums.crosses INTO bad
      FROM unnest(NEW.transactions) AS wanted(id)
      LEFT JOIN LATERAL (SELECT found.legs, found.program_id FROM ledger_transaction found
                          WHERE found.id = wanted.id LIMIT 1) header ON true
     CROSS JOIN LATERAL (SELECT count(*) AS legs, min(entry.currency) = max(entry.currency) AS alike,
                                sum(entry.debit_minor) = sum(entry.credit_minor) AS balances,
                                bool_or(entry.program_id <> header.program_id) AS crosses
                           FROM ledger_entry entry WHERE entry.transaction_id = wanted.id) sums
     WHERE header.legs IS NULL OR sums.legs < 2 OR sums.legs <> header.legs OR sums.crosses OR NOT sums.balances
        OR (NOT sums.alike AND EXISTS (SELECT 1 FROM ledger_entry entry WHERE entry.transaction_id = wanted.id
                                        GROUP BY entry.currency
                                       HAVING sum(entry.debit_minor) <> sum(entry.credit_minor)))
     LIMIT 1;
    IF FOUND THEN
        IF bad.posted IS NULL OR bad.legs < 2 OR bad.legs <> bad.posted OR bad.crosses THEN
            RAISE EXCEPTION 'transaction % has not the entries it was posted with (two or more, all of its program)',
                bad.id USING ERRCODE = 'check_violation';
        END IF;
        RAISE EXCEPTION 'transaction % does not balance: debits and credits differ in a currency', bad.id
            USING ERRCODE = 'check_violation';
    END IF;
    DELETE FROM ledger_unproved WHERE id = NEW.id;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [("ledger", "0004_lighter_keys")]

    operations = [migrations.RunSQL(PROOFS, migrations.RunSQL.noop)]
