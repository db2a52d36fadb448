"""The doctor names receivers on this machine that webhooks are let through to."""

from goodword.server import doctor


def test_the_doctor_warns_of_receivers_that_are_let_through(monkeypatch):
    monkeypatch.setenv("GOODWORD_WEBHOOK_LOOPBACK", "127.0.0.1:9000")
    (finding,) = doctor.check_webhooks()
    assert (finding.level, "127.0.0.1:9000" in finding.text) == ("warn", True)
    monkeypatch.delenv("GOODWORD_WEBHOOK_LOOPBACK")
    assert list(doctor.check_webhooks()) == []
