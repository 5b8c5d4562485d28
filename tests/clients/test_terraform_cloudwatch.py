"""Terraform, with the provider as HashiCorp ships it, brings up alarms and a dashboard.

See `test_terraform_iam` for what it needs.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_cloudwatch"
ACCOUNT: Final = "444433332222"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "module"


def test_alarms_are_applied_changed_and_destroyed(aws: Server, folder: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(folder, aws, module=MODULE, account=ACCOUNT)
    client = aws.client("cloudwatch", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    outputs = terraform.outputs()
    assert outputs["simple_arn"] == f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:terraform-simple"
    assert outputs["dashboard_arn"] == f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/terraform-main"

    change = ["-var", "threshold=7", "-var", "team=blue"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    [simple] = client.describe_alarms(AlarmNames=["terraform-simple"])["MetricAlarms"]
    assert simple["Threshold"] == 7.0
    assert client.list_tags_for_resource(ResourceARN=simple["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "blue"}]

    terraform("destroy", "-input=false", "-auto-approve", *change)
    left = client.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert (left["MetricAlarms"], left["CompositeAlarms"]) == ([], [])
    assert client.list_dashboards()["DashboardEntries"] == []
