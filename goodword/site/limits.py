"""How often the same sender may do something on a public page. One statement counts and answers, across all workers."""

from datetime import datetime, timedelta

from allauth.account.adapter import get_adapter
from django.db import connection
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from goodword.accounts.models import Program
from goodword.site.models import Attempts

_COUNT = """
    INSERT INTO goodword_site_attempts (program_id, what, sender, hour, count) VALUES (%s, %s, %s, %s, 1)
    ON CONFLICT (program_id, what, sender, hour) DO UPDATE SET count = goodword_site_attempts.count + 1
    RETURNING count
"""


def within_limits(
    request: HttpRequest, program: Program, what: str, *, per_sender: int, in_all: int, now: datetime
) -> bool:
    """Count this attempt; False when this hour's are used up, for this sender or for everybody together."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    mine = _count(program, what, _sender(request), hour)
    everybody = _count(program, what, "", hour)
    if mine == 1:
        Attempts.unscoped.filter(program=program, what=what, hour__lt=hour - timedelta(hours=1)).delete()
    return mine <= per_sender and everybody <= in_all


def _count(program: Program, what: str, sender: str, hour: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [program.pk, what, sender, hour])
        return int(cursor.fetchone()[0])


def _sender(request: HttpRequest) -> str:
    address = get_adapter().get_client_ip(request) or ""
    return salted_hmac("goodword.site.sender", address, algorithm="sha256").hexdigest()
