"""Counting clicks in tests: inside a test's own transaction, where nothing is ever committed."""

from django.db import connection

from goodword.referrals.counting import Counted, Window, count_window


def count_anew() -> Counted:
    """Forget all counts and count every click there is, those of this transaction included."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM referrals_clicksbyhour")
        cursor.execute("DELETE FROM referrals_clicksbyday")
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        done = count_window(cursor, Window(0, (), cursor.fetchone()[0] + 1, ()))
        cursor.execute("UPDATE referrals_clickcursor SET upto = '0', but = '{}'")
        return done
