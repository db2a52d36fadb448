"""The worker's own upkeep: what a worker was doing when it was killed goes back into the queue.

A killed worker leaves its job marked as running, and with it the job's lock: until somebody takes the mark away, its
program is not settled, and no letter is sent. Every job can be done twice: one that was finished does no harm.
"""

from contextlib import suppress
from typing import Final

from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

HEARTBEAT_SECONDS: Final = 5.0
SILENT_SECONDS_MAX: Final = 20.0
"""A worker that was not heard of for so long is gone: its heart beats while its jobs work, in a thread of its own."""
ATTEMPTS_MAX: Final = 5
"""A job that was lost so often is what kills the workers."""


@app.periodic(cron="* * * * * */10")
@app.task(name="server.take_up_lost_jobs", queueing_lock="take_up_lost_jobs", pass_context=True)
async def take_up_lost_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001  (the scheduler gives it)
    """Every ten seconds: put back the jobs whose worker is gone."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS_MAX):
        if job.id != context.job.id:
            await _put_back(manager, job)


async def _put_back(manager: JobManager, job: Job) -> None:
    with suppress(ConnectorException):  # another worker was quicker
        if job.attempts + 1 >= ATTEMPTS_MAX:
            await manager.finish_job(job, Status.FAILED, delete_job=False)
            return
        try:
            await manager.retry_job(job)
        except UniqueViolation:  # the same work was asked for again and waits already
            await manager.finish_job(job, Status.ABORTED, delete_job=True)
