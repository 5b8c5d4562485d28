"""Terraform, with the provider as HashiCorp ships it, brings up a bus, its rules and their targets.

See `test_terraform_iam` for what it needs.
"""

import json
from pathlib import Path
from typing import Final

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_events"
ACCOUNT: Final = "555544442222"


def test_buses_are_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", aws, module=MODULE, account=ACCOUNT)
    events = aws.client("events", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    assert terraform.outputs() == {"rule": f"arn:aws:events:us-east-1:{ACCOUNT}:rule/terraform-orders/placed"}
    rule = events.describe_rule(Name="placed", EventBusName="terraform-orders")
    assert json.loads(rule["EventPattern"])["source"] == ["shop"]
    assert rule["State"] == "ENABLED"

    change = ["-var", "schedule=cron(0 12 ? * MON-FRI *)", "-var", "state=DISABLED"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    assert events.describe_rule(Name="placed", EventBusName="terraform-orders")["State"] == "DISABLED"
    assert events.describe_rule(Name="often")["ScheduleExpression"] == "cron(0 12 ? * MON-FRI *)"

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default"]
    assert events.list_rules()["Rules"] == []
