"""What a load balancer asks: does the process live, and may it take writes? Says nothing about people or money."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from goodword.ingest.losses import loss_of
from goodword.ingest.places import LOSSES_NAME
from goodword.server import doctor, embedded


@never_cache
@require_safe
def live(_: HttpRequest) -> JsonResponse:
    """The process answers. Touches no database, so that a database outage does not make every process restart."""
    return JsonResponse({"product": "goodword", "status": "ok"})


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when writes are safe, 503 when they are not; who asks on this machine is told what failed."""
    failed = {finding.name for finding in _findings() if finding.level == "fail"}
    answer: dict[str, object] = {"product": "goodword", "status": "unavailable" if failed else "ok"}
    if _is_near(request):
        answer["failed"] = sorted(failed)
        if loss := loss_of(embedded.data_folder() / LOSSES_NAME):
            answer["clicks_not_kept"] = {"clicks": loss.clicks, "last": loss.last.isoformat()}
    return JsonResponse(answer, status=503 if failed else 200)


def _is_near(request: HttpRequest) -> bool:
    """Whether somebody on this machine asks, and no proxy for somebody else: strangers are told no details."""
    forwarded = any(request.headers.get(name) for name in ("X-Forwarded-For", "Forwarded"))
    return request.META.get("REMOTE_ADDR", "") in ("127.0.0.1", "::1") and not forwarded


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
