"""Clicks in a table of their own for each month, and the tables of what is counted of them.

`referrals_click_months` makes the tables of months ahead. It runs as the owner of the tables, since the application
may make none. A month without a table loses nothing: its rows wait in `referrals_click_rest`.
"""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

MANAGERS = [
    ("objects", django.db.models.manager.Manager()),
    ("unscoped", django.db.models.manager.Manager()),
]
OPTIONS = {"base_manager_name": "unscoped", "default_manager_name": "objects"}
UNTIE = """
DO $$
DECLARE key text;
BEGIN
    FOR key IN SELECT conname FROM pg_constraint WHERE contype = 'f'
        AND conrelid = 'referrals_touch'::regclass AND confrelid = 'referrals_click'::regclass
    LOOP EXECUTE format('ALTER TABLE referrals_touch DROP CONSTRAINT %I', key); END LOOP;
END $$;
"""
TABLE = """
ALTER TABLE referrals_click RENAME TO referrals_click_before;
CREATE TABLE referrals_click (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    program_id uuid NOT NULL,
    partner_id uuid NOT NULL,
    link_id uuid NOT NULL,
    visitor varchar(64) NOT NULL,
    not_attributable varchar(20) NOT NULL DEFAULT '',
    via_qr boolean NOT NULL DEFAULT false,
    privacy_signal boolean NOT NULL DEFAULT false,
    repeated boolean NOT NULL DEFAULT false,
    sub_id varchar(200) NOT NULL DEFAULT '',
    referrer_host varchar(253) NOT NULL DEFAULT '',
    utm_source varchar(200) NOT NULL DEFAULT '',
    utm_campaign varchar(200) NOT NULL DEFAULT '',
    dropped varchar(20)[] NOT NULL DEFAULT '{}',
    network varchar(39) NOT NULL DEFAULT '',
    address_hash bytea,
    agent varchar(40) NOT NULL DEFAULT '',
    agent_hash bytea,
    batch xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT referrals_click_key PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX click_by_batch ON referrals_click (batch);
CREATE INDEX click_by_visitor ON referrals_click (visitor) WHERE not_attributable = '';
CREATE TABLE referrals_click_rest PARTITION OF referrals_click DEFAULT;
"""
MONTHS = """
CREATE FUNCTION referrals_click_months(first timestamptz, last timestamptz) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    month timestamp := date_trunc('month', first AT TIME ZONE 'UTC');
    part text;
    opens timestamptz;
    closes timestamptz;
    made integer := 0;
BEGIN
    IF last > first + interval '50 years' THEN
        RAISE EXCEPTION 'too many months from % to %', first, last;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('referrals_click_months', 0));
    WHILE month <= last AT TIME ZONE 'UTC' LOOP
        part := 'referrals_click_' || to_char(month, 'YYYY_MM');
        opens := month AT TIME ZONE 'UTC';
        closes := (month + interval '1 month') AT TIME ZONE 'UTC';
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE referrals_click INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
            IF EXISTS (SELECT FROM referrals_click_rest WHERE at >= opens AND at < closes) THEN
                LOCK TABLE referrals_click_rest IN ACCESS EXCLUSIVE MODE;
                EXECUTE format('WITH moved AS (DELETE FROM referrals_click_rest WHERE at >= $1 AND at < $2 RETURNING *)'
                               ' INSERT INTO %I SELECT * FROM moved', part) USING opens, closes;
            END IF;
            EXECUTE format('ALTER TABLE referrals_click ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                           part, opens, closes);
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$;
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION referrals_click_months SET search_path = %I, pg_temp', current_schema());
END $$;
"""
ROWS = """
SELECT referrals_click_months(coalesce(min(at), now()), greatest(max(at), now()) + interval '3 months')
  FROM referrals_click_before;
INSERT INTO referrals_click (id, at, program_id, partner_id, link_id, visitor, not_attributable, via_qr, privacy_signal,
                             sub_id, referrer_host, dropped)
SELECT id, at, program_id, partner_id, link_id, visitor, not_attributable, via_qr, privacy_signal,
       sub_id, referrer_host, dropped FROM referrals_click_before;
DROP TABLE referrals_click_before;
"""
CURSOR = """
CREATE TABLE referrals_clickcursor (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    batch xid8 NOT NULL
);
INSERT INTO referrals_clickcursor (batch) VALUES ('0');
"""

def key(to, **options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=options.pop("name", "+"), to=to,
        db_index=False, **options,
    )  # fmt: skip


def counts():
    return [
        ("program", key("accounts.program")),
        ("partner", key("partners.partner")),
        ("link", key("referrals.link")),
        ("people", models.BigIntegerField(default=0)),
        ("by_qr", models.BigIntegerField(default=0, help_text="of people")),
        ("repeated", models.BigIntegerField(default=0)),
        ("machines", models.BigIntegerField(default=0, help_text="bots, previews, HEAD, embedded, out of use")),
    ]


def composite(*names):
    return models.CompositePrimaryKey(*names, blank=True, editable=False, primary_key=True, serialize=False)


STATE = [
    migrations.RemoveIndex("click", "click_by_partner"),
    migrations.RemoveField("touch", "click"),
    migrations.AddField(
        "touch",
        "click_id",
        models.UUIDField(null=True, unique=True, help_text="the click it was made of; it outlives that"),
    ),
    migrations.AlterField("click", "program", key("accounts.program", db_constraint=False)),
    migrations.AlterField("click", "partner", key("partners.partner", db_constraint=False)),
    migrations.AlterField("click", "link", key("referrals.link", name="clicks", db_constraint=False)),
    migrations.AddField("click", "utm_source", models.CharField(max_length=200, blank=True)),
    migrations.AddField("click", "utm_campaign", models.CharField(max_length=200, blank=True)),
    migrations.AddField(
        "click", "network", models.CharField(max_length=39, blank=True, help_text="the address cut to /24 or /48")
    ),
    migrations.AddField(
        "click",
        "address_hash",
        models.BinaryField(null=True, help_text="keyed with the month's salt; see domain/click_privacy.py"),
    ),
    migrations.AddField(
        "click",
        "agent",
        models.CharField(max_length=40, blank=True, help_text="family of the browser, such as Firefox on Windows"),
    ),
    migrations.AddField(
        "click", "agent_hash", models.BinaryField(null=True, help_text="keyed with the month's salt")
    ),
    migrations.AddField(
        "click",
        "repeated",
        models.BooleanField(
            default=False, help_text="the same visitor followed the same link seconds before: counted once"
        ),
    ),
    migrations.AddIndex(
        "click",
        models.Index(fields=["visitor"], name="click_by_visitor", condition=models.Q(not_attributable="")),
    ),
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_shared_cache"),
        ("partners", "0004_terms_drafts"),
        ("referrals", "0007_checkpoints"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(UNTIE + TABLE + MONTHS + ROWS + CURSOR)], state_operations=STATE
        ),
        migrations.CreateModel(
            "ClickSalt",
            [
                ("month", models.DateField(help_text="its first day, UTC", primary_key=True, serialize=False)),
                ("salt", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            "ClicksByHour",
            [("pk", composite("link_id", "hour")), *counts(), ("hour", models.DateTimeField())],
            options={
                **OPTIONS,
                "indexes": [
                    models.Index(fields=["partner", "hour"], name="clicks_of_partner_by_hour"),
                    models.Index(fields=["program", "hour"], name="clicks_of_program_by_hour"),
                ],
            },
            managers=MANAGERS,
        ),
        migrations.CreateModel(
            "ClicksByDay",
            [
                ("pk", composite("link_id", "day", "aspect", "value")),
                *counts(),
                ("day", models.DateField()),
                (
                    "aspect",
                    models.CharField(
                        choices=[
                            ("", "all"), ("sub", "sub-id"), ("host", "host"), ("source", "utm_source"),
                            ("campaign", "utm_campaign"),
                        ],
                        max_length=8,
                        blank=True,
                    ),
                ),
                ("value", models.CharField(max_length=253, blank=True)),
            ],
            options={
                **OPTIONS,
                "indexes": [
                    models.Index(fields=["partner", "aspect", "day"], name="clicks_of_partner_by_day"),
                    models.Index(fields=["program", "aspect", "day"], name="clicks_of_program_by_day"),
                ],
            },
            managers=MANAGERS,
        ),
        migrations.CreateModel(
            "KnownBrowser",
            [
                ("pk", composite("program_id", "visitor")),
                ("program", key("accounts.program")),
                ("visitor", models.CharField(max_length=64)),
                ("look_again", models.BooleanField(default=True)),
            ],
            options={
                **OPTIONS,
                "indexes": [
                    models.Index(fields=["program"], name="browsers_to_look_at", condition=models.Q(look_again=True))
                ],
            },
            managers=MANAGERS,
        ),
    ]  # fmt: skip
