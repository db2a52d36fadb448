"""The bench of the settlement, with few conversions: it writes its world once, and tells every figure it promises."""

from bench import settlement


def test_every_figure_is_measured_on_a_small_world(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(settlement, "KEPT", tmp_path)
    monkeypatch.setattr(settlement, "SAMPLE", 60)
    monkeypatch.setattr(settlement, "BY_HAND", 20)
    monkeypatch.setattr(settlement, "ROUNDS", {1: 2, 1_000: 2})
    found = settlement.measured(settlement.world_of(2_000), 2_000, cold=False)
    assert {*settlement.TARGETS, "conversions/s", "times the uncompiled rules", "GiB written"} <= found.keys()
    assert all(value > 0 for value in found.values())
    assert found["lines"] > 1_000
    written = (tmp_path / "2000" / "whole").stat().st_mtime_ns
    settlement.world_of(2_000)
    assert (tmp_path / "2000" / "whole").stat().st_mtime_ns == written
    told = capsys.readouterr().out
    assert "(target 45)" in told
