"""Does the benchmark of the engine still run? How long it takes is for a quiet machine to say."""

import pytest

from bench import policy


def test_the_benchmark_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One decision per case, so that it never rots."""
    monkeypatch.setattr(policy, "_DECISIONS", 1)
    monkeypatch.setattr(policy, "_ROUNDS", 1)
    policy.main()
    assert capsys.readouterr().out.count(" us  ") == len(policy._CASES)
