"""The AWS CLI takes a tour through CloudWatch.

Needs `aws` on the PATH, of version 1 or 2; nothing is installed for it.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.test_aws_cli_iam import Cli
from tests.conftest import Server

ACCOUNT: Final = "666666666666"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed"),
]


def test_a_tour(aws: Server, tmp_path: Path) -> None:
    """Metrics, an alarm and its history, a dashboard."""
    cli = Cli(aws, tmp_path, account=ACCOUNT)

    def cloudwatch(*arguments: str) -> dict[str, Any]:
        done = cli.run("cloudwatch", *arguments)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout or "{}")
        return answer

    metric = ("--namespace", "Shop", "--metric-name", "Orders", "--dimensions")
    cloudwatch("put-metric-data", *metric, "Host=a,Zone=b", "--value", "42", "--unit", "Count")
    now = datetime.now(UTC)
    points = cloudwatch(
        *("get-metric-statistics", *metric, "Name=Host,Value=a", "Name=Zone,Value=b", "--period", "3600"),
        *("--statistics", "Sum", "--start-time", (now - timedelta(hours=1)).isoformat()),
        *("--end-time", (now + timedelta(hours=1)).isoformat()),
    )["Datapoints"]
    assert [(point["Sum"], point["Unit"]) for point in points] == [(42.0, "Count")]
    [listed] = cloudwatch("list-metrics", "--namespace", "Shop")["Metrics"]
    assert listed["MetricName"] == "Orders"

    cloudwatch(
        *("put-metric-alarm", "--alarm-name", "few", *metric, "Name=Host,Value=a", "Name=Zone,Value=b"),
        *("--statistic", "Sum", "--period", "60", "--evaluation-periods", "1", "--threshold", "10"),
        *("--comparison-operator", "LessThanThreshold", "--treat-missing-data", "breaching"),
    )
    cloudwatch("set-alarm-state", "--alarm-name", "few", "--state-value", "OK", "--state-reason", "by hand")
    [alarm] = cloudwatch("describe-alarms", "--alarm-names", "few")["MetricAlarms"]
    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    history = cloudwatch("describe-alarm-history", "--alarm-name", "few")["AlarmHistoryItems"]
    assert "Alarm updated from INSUFFICIENT_DATA to OK" in [item["HistorySummary"] for item in history]
    cloudwatch("delete-alarms", "--alarm-names", "few")

    body = tmp_path / "body.json"
    body.write_text('{"widgets": []}')
    cloudwatch("put-dashboard", "--dashboard-name", "main", "--dashboard-body", f"file://{body}")
    assert cloudwatch("get-dashboard", "--dashboard-name", "main")["DashboardBody"] == '{"widgets": []}'
    cloudwatch("delete-dashboards", "--dashboard-names", "main")
    done = cli.run("cloudwatch", "get-dashboard", "--dashboard-name", "main")
    assert "(ResourceNotFound)" in done.stderr
