"""When the worker's periodic jobs are due. In a schedule with six fields the seconds are the last one."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from croniter import croniter
from procrastinate.contrib.django import app

EVERY = {
    "commissions.settle_due": timedelta(seconds=15),
    "commissions.look_for_missed": timedelta(seconds=20),
    "server.take_up_lost_jobs": timedelta(seconds=10),
    "connections.judge_due": timedelta(seconds=10),
    "connections.catch_up": timedelta(minutes=10),
    "webhooks.gather": timedelta(seconds=5),
    "webhooks.deliver": timedelta(seconds=5),
    "goodword.mail.tasks.deliver": timedelta(minutes=1),
}


def schedules():
    return {task.task.name: task.cron for task in app.periodic_registry.periodic_tasks.values()}


@pytest.mark.parametrize("name", EVERY)
def test_a_job_is_due_as_often_as_it_says(name):
    due = croniter(schedules()[name], datetime(2026, 11, 23, 6, 51, 3, tzinfo=UTC))
    moments = [due.get_next(datetime) for _ in range(200)]
    assert {later - earlier for earlier, later in pairwise(moments)} == {EVERY[name]}


def test_every_other_job_is_one_of_the_night():
    due = {name: croniter(cron, datetime(2026, 11, 23, 12, tzinfo=UTC)) for name, cron in schedules().items()}
    for name in due.keys() - EVERY.keys():
        moments = [due[name].get_next(datetime) for _ in range(5)]
        assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(days=1)}
        assert moments[0].hour < 5
