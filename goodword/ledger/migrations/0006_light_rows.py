"""Less work for each row that is posted: evidence kept as text, slimmer indexes, each set proved once.

Until here a set that was whole within its statement was proved when its entries came, and again at commit.
"""

import django.db.models.deletion
import goodword.ledger.models
from django.db import migrations, models

FUNCTIONS = r"""
-- The header that an entry belongs to has been listed when it was written, in most cases in this transaction and not
-- proved yet: only what is not on the list is added to it.
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
        SELECT array_agg(transaction_id)
          FROM (SELECT transaction_id FROM fresh EXCEPT SELECT unnest(transactions) FROM ledger_unproved) unlisted
        HAVING count(*) > 0;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_shared_cache'),
        ('ledger', '0005_steady_plans'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='transaction',
            name='transaction_cause_once',
        ),
        migrations.RemoveIndex(
            model_name='entry',
            name='entry_by_subject',
        ),
        migrations.AlterField(
            model_name='entry',
            name='subject',
            field=models.CharField(blank=True, db_collation='C', help_text='the commission line this is about', max_length=80),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='cause_id',
            field=models.CharField(db_collation='C', max_length=120),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='evidence',
            field=goodword.ledger.models.CanonicalJson(default=dict, help_text='line, terms version and steps as they were when it was posted'),
        ),
        migrations.AlterField(
            model_name='transaction',
            name='reverses',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['subject'], name='entry_by_subject'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=models.UniqueConstraint(fields=('cause_id', 'program', 'cause_kind', 'kind'), name='transaction_cause_once'),
        ),
        migrations.AddConstraint(
            model_name='transaction',
            constraint=models.UniqueConstraint(condition=models.Q(('reverses__isnull', False)), fields=('reverses',), name='transaction_reversed_once'),
        ),
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
    ]
