"""The worker part: runs the jobs that the product has put aside, those that are due by the clock, and counts clicks."""

from goodword.server.process_tree import end_with_parent

FINISH_SECONDS_MAX = 30


def run_worker(*, concurrency: int) -> None:
    """Run jobs until told to stop; jobs that run then may finish."""
    end_with_parent()
    from procrastinate.contrib.django import app

    from goodword.server.click_loop import ClickLoop
    from goodword.server.tasks import HEARTBEAT_SECONDS, SILENT_SECONDS_MAX

    worker = app.replace_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    with worker as worker_app, ClickLoop():
        worker_app.run_worker(
            name="goodword",
            concurrency=concurrency,
            shutdown_graceful_timeout=FINISH_SECONDS_MAX,
            delete_jobs="successful",
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=SILENT_SECONDS_MAX,
        )
