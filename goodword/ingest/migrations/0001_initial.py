from django.db import migrations, models

TRIGGERS = """
ALTER TABLE ingest_change ALTER COLUMN at SET DEFAULT statement_timestamp();
ALTER TABLE ingest_change ADD COLUMN batch xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX ingest_change_batch ON ingest_change (batch);

CREATE FUNCTION ingest_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'STATEMENT' THEN
        INSERT INTO ingest_change (kind) VALUES ('all');
    ELSE
        INSERT INTO ingest_change (kind, target) VALUES (TG_ARGV[0], NEW.id);
    END IF;
    PERFORM pg_notify('goodword_ingest', '');
    RETURN NULL;
END $$;

CREATE TRIGGER ingest_tell_new AFTER INSERT ON referrals_link FOR EACH ROW EXECUTE FUNCTION ingest_tell('link');
CREATE TRIGGER ingest_tell_changed AFTER UPDATE ON referrals_link FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ingest_tell('link');
CREATE TRIGGER ingest_tell_changed AFTER UPDATE ON partners_partner FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION ingest_tell('partner');
CREATE TRIGGER ingest_tell_changed AFTER UPDATE ON accounts_program FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION ingest_tell('program');
CREATE TRIGGER ingest_tell_new AFTER INSERT ON accounts_program FOR EACH ROW EXECUTE FUNCTION ingest_tell('program');
CREATE TRIGGER ingest_tell_changed AFTER UPDATE ON accounts_apikey FOR EACH ROW
    WHEN ((OLD.revoked_at, OLD.expires_at, OLD.scopes) IS DISTINCT FROM (NEW.revoked_at, NEW.expires_at, NEW.scopes))
    EXECUTE FUNCTION ingest_tell('key');
CREATE TRIGGER ingest_tell_emptied AFTER TRUNCATE ON referrals_link FOR EACH STATEMENT EXECUTE FUNCTION ingest_tell();
"""
UNDO = """
DROP FUNCTION ingest_tell() CASCADE;
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0006_shared_cache'),
        ('partners', '0001_initial'),
        ('referrals', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(help_text='link, partner, program, key, or all', max_length=10)),
                ('target', models.UUIDField(null=True)),
                ('at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Spool',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('place', models.BigIntegerField(default=0, help_text='bytes of the file that are in the database')),
                ('moved_at', models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.RunSQL(TRIGGERS, UNDO),
    ]
