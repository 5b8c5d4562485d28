"""Terraform, with the provider as HashiCorp ships it, brings up queues with all that belongs to them.

See `test_terraform_iam` for what it needs.
"""

import json
from pathlib import Path
from typing import Final

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_sqs"
ACCOUNT: Final = "555544443334"


def test_queues_are_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", aws, module=MODULE, account=ACCOUNT)
    sqs = aws.client("sqs", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    outputs = terraform.outputs()
    assert outputs["fifo_arn"] == f"arn:aws:sqs:us-east-1:{ACCOUNT}:terraform.fifo"
    url = outputs["main_url"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (told["VisibilityTimeout"], told["MaximumMessageSize"], told["SqsManagedSseEnabled"]) == (
        "30",
        "2048",
        "true",
    )
    assert json.loads(told["RedrivePolicy"])["maxReceiveCount"] == 3
    assert json.loads(told["Policy"])["Statement"][0]["Principal"] == {"Service": "sns.amazonaws.com"}
    assert len(sqs.list_queues()["QueueUrls"]) == 4

    change = ["-var", "visibility=60", "-var", "team=blue", "-var", "receives=9", "-var", "key=alias/aws/sqs"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (told["VisibilityTimeout"], told["KmsMasterKeyId"], told["SqsManagedSseEnabled"]) == (
        "60",
        "alias/aws/sqs",
        "false",
    )
    assert json.loads(told["RedrivePolicy"])["maxReceiveCount"] == 9
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "blue"}

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert "QueueUrls" not in sqs.list_queues()
