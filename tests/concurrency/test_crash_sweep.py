"""The worker is killed at every database statement of a small scenario; every run recovers from the kill before.

The scenario holds new sales (F03) and a refund that takes commission back (F05).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
def test_f03_f05_a_worker_killed_at_any_statement_ends_with_the_books_of_one_that_was_not(database_url):
    done = subprocess.run(
        [sys.executable, str(ROOT / "campaigns" / "crash_sweep.py"), "--small"],
        env=os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    counted = json.loads(done.stdout)
    assert counted["kills"] == counted["statements"] > 30
