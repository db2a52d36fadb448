"""The counting of clicks is killed at every database statement; every run recovers from the kill before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
def test_counting_killed_at_any_statement_counts_every_click_once(database_url):
    done = subprocess.run(
        [sys.executable, str(ROOT / "campaigns" / "crash_sweep.py"), "--clicks"],
        env=os.environ | {"DATABASE_URL": database_url, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert (found["kills"] > 15, found["touches"]) == (True, 4)
