"""Terraform, with the provider as HashiCorp ships it, brings up log groups with all that belongs to them.

See `test_terraform_iam` for what it needs.
"""

from pathlib import Path
from typing import Final

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server
from tests.support.functions import archive

MODULE: Final = Path(__file__).parent / "terraform_logs"
ACCOUNT: Final = "555544443333"


def test_groups_are_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", aws, module=MODULE, account=ACCOUNT)
    (tmp_path / "module" / "code.zip").write_bytes(archive("def handler(event, context):\n    return event\n"))
    logs = aws.client("logs", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    assert terraform.outputs() == {"arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/terraform/main"}
    [group] = logs.describe_log_groups(logGroupNamePrefix="/terraform")["logGroups"]
    assert (group["retentionInDays"], group["metricFilterCount"]) == (7, 2)

    change = ["-var", "retention=0", "-var", "pattern=ERROR"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    [group] = logs.describe_log_groups(logGroupNamePrefix="/terraform")["logGroups"]
    assert "retentionInDays" not in group
    [subscription] = logs.describe_subscription_filters(logGroupName="/terraform/main")["subscriptionFilters"]
    assert subscription["filterPattern"] == "ERROR"

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert logs.describe_log_groups(logGroupNamePrefix="/terraform")["logGroups"] == []
    assert logs.describe_resource_policies()["resourcePolicies"] == []
    assert logs.describe_query_definitions()["queryDefinitions"] == []
