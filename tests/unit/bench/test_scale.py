"""The comparison of a small table with a large one runs, so that it is there when somebody wants millions."""

from pathlib import Path

import msgspec
import pytest

from bench.scale import Report, main


def test_two_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both are filled whole (the last batch is not), loaded without a failure, and compared."""
    output = tmp_path / "scale.json"
    sizes = ["--items", "30", "--items", "110"]
    load = ["--seconds", "0.2", "--generator", "asyncio", "--folder", str(tmp_path), "--output", str(output)]
    assert main([*sizes, *load]) == 0
    report = msgspec.json.decode(output.read_bytes(), type=Report)
    assert [scale.items for scale in report.scales] == [30, 110]
    assert all(cost.rate_per_s > 0 for scale in report.scales for cost in (scale.get, scale.put))
    assert all(10 < scale.loaded_mb < 500 for scale in report.scales)
    assert "times the smallest table's" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [output], "the data is gone"
