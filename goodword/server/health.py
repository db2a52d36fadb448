"""What a load balancer asks: does the process live, and may it take writes? Says nothing about people or money."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from goodword.server import doctor, embedded


@never_cache
@require_safe
def live(_: HttpRequest) -> JsonResponse:
    """The process answers. Touches no database, so that a database outage does not make every process restart."""
    return JsonResponse({"product": "goodword", "status": "ok"})


@never_cache
@require_safe
def ready(_: HttpRequest) -> JsonResponse:
    """200 when writes are safe, 503 with the names of what failed when they are not."""
    failed = {finding.name for finding in _findings() if finding.level == "fail"}
    answer = {"product": "goodword", "status": "unavailable" if failed else "ok", "failed": sorted(failed)}
    return JsonResponse(answer, status=503 if failed else 200)


def _findings() -> list[doctor.Finding]:
    findings = [doctor.check_disk(embedded.data_folder())]
    fresh = connection.copy()
    try:
        with fresh.cursor() as cursor:
            findings += [check(cursor) for check in doctor.READY_CHECKS]
        findings += doctor.check_schema()
    except DatabaseError:
        findings.append(doctor.Finding("database", "fail", "cannot be reached or written"))
    finally:
        fresh.close()
    return findings
