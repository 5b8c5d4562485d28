"""Does the whole benchmark still run? Small, so that it never rots."""

from pathlib import Path

import msgspec
import pytest

from bench import cases, objects
from bench.__main__ import main
from bench.measurements import Report
from bench.table import OURS


def test_small_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every case gives a number; only that there is one is asserted, since how large it is says nothing here."""
    output = tmp_path / "result.json"
    status = main(["--small", "--seconds", "0.2", "--generator", "asyncio", "--output", str(output)])
    shown = capsys.readouterr().out
    assert status == 0, shown
    report = msgspec.json.decode(output.read_bytes(), type=Report)
    assert list(dict.fromkeys(one.case for one in report.measurements)) == list(cases.CASES)
    assert all((one.value > 0 or one.skipped) and not one.failed for one in report.measurements if one.target in OURS)
    assert {one.case for one in report.measurements if one.skipped} <= {"invoke-node"}
    assert {one.case for one in report.measurements if one.target == "moto"} == {
        "get-item", "put-item", "update-item", "query", "batch-write", "transact-write", "get-caller-identity",
        "sqs-send", "sqs-send-batch", "sqs-fifo-send", "sns-publish", "sns-publish-raw", "sqs-receive-delete",
        "sqs-long-poll", *objects.CASES,
    }  # fmt: skip
    assert report.commit in shown


def test_unknown_case(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the keyboard is one line, with the names there are."""
    assert main(["--only", "get-itme"]) == 2
    assert "get-item" in capsys.readouterr().err
