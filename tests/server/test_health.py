"""The two addresses that load balancers ask."""

import pytest
from django.db import connection

from goodword.server import doctor
from goodword.server.doctor import Finding


def test_a_living_process_says_so_without_a_database(client):
    answer = client.get("/health/live")
    assert answer.status_code == 200
    assert answer.json() == {"product": "goodword", "status": "ok"}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db(transaction=True)
def test_a_process_that_may_write_is_ready(client):
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["failed"]) == (200, [])


@pytest.mark.django_db
def test_a_process_without_a_database_is_not_ready(client, monkeypatch, tmp_path):
    monkeypatch.setitem(connection.settings_dict, "HOST", str(tmp_path))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["failed"]) == (503, ["database"])


@pytest.mark.django_db
def test_a_full_disk_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(doctor, "check_disk", lambda _: Finding("disk", "fail", "0 GB free"))
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["failed"]) == (503, ["disk"])


def test_health_is_read_only(client):
    assert client.post("/health/live").status_code == 405


def test_strangers_and_those_behind_a_proxy_are_told_no_details(client):
    for stranger in ({"REMOTE_ADDR": "203.0.113.9"}, {"headers": {"X-Forwarded-For": "203.0.113.9"}}):
        answer = client.get("/health/ready", **stranger)
        assert (answer.status_code, set(answer.json())) == (200, {"product", "status"})
