"""What the application may do to old clicks, and to those of one visitor: by these functions alone, nothing else."""

from django.db import migrations

# A month goes as a whole, once it is 13 months over and all its clicks are counted (and so have become touches, as far
# as they are anybody's). The floor is here, so that nobody who speaks through the application drops a younger one.
DROP = """
CREATE FUNCTION referrals_click_drop(before timestamptz) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    floor timestamptz := least(before, now() - interval '13 months');
    held record;
    found record;
    waits boolean;
    gone integer := 0;
BEGIN
    SELECT * INTO held FROM referrals_clickcursor;
    FOR found IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'referrals_click'::regclass AND c.relname ~ '^referrals_click_[0-9]{4}_[0-9]{2}$'
          AND (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month')::timestamp AT TIME ZONE 'UTC' <= floor
        ORDER BY 1
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE batch >= $1 OR batch = ANY ($2))', found.relname)
            INTO waits USING held.upto, held.but;
        IF NOT waits THEN
            EXECUTE format('ALTER TABLE referrals_click DETACH PARTITION %I', found.relname);
            EXECUTE format('DROP TABLE %I', found.relname);
            gone := gone + 1;
        END IF;
    END LOOP;
    DELETE FROM referrals_click_rest
     WHERE at < date_trunc('month', floor, 'UTC') AND batch < held.upto AND batch <> ALL (held.but);
    RETURN gone;
END $$;
"""
# Clicks and touches stay, and with them what they earned; who it was is gone, and what was kept of address and browser.
ERASE = """
CREATE FUNCTION referrals_click_erase(in_program uuid, of_visitor varchar) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    nobody varchar := 'erased-' || replace(gen_random_uuid()::text, '-', '');
    clicks integer;
BEGIN
    UPDATE referrals_click SET visitor = nobody, network = '', address_hash = NULL, agent = '', agent_hash = NULL
     WHERE program_id = in_program AND visitor = of_visitor;
    GET DIAGNOSTICS clicks = ROW_COUNT;
    UPDATE referrals_touch SET visitor = nobody WHERE program_id = in_program AND visitor = of_visitor;
    UPDATE referrals_customer SET visitors = array_replace(visitors, of_visitor, nobody)
     WHERE program_id = in_program AND visitors @> ARRAY[of_visitor];
    UPDATE referrals_knownbrowser SET visitor = nobody WHERE program_id = in_program AND visitor = of_visitor;
    RETURN clicks;
END $$;
"""
PATHS = """
DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION referrals_click_drop SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION referrals_click_erase SET search_path = %I, pg_temp', current_schema());
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("referrals", "0010_click_cursor")]

    operations = [migrations.RunSQL(DROP + ERASE + PATHS)]
