"""The table of Django's database cache: limits on sign-in attempts count for all workers together."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_tie_to_program")]

    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE accounts_cache (
                cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
            );
            CREATE INDEX accounts_cache_expires ON accounts_cache (expires);
            """,
            "DROP TABLE accounts_cache",
        )
    ]
