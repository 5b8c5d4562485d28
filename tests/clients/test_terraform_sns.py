"""Terraform, with the provider as HashiCorp ships it, brings up topics, their policies and subscriptions.

See `test_terraform_iam` for what it needs.
"""

import json
from pathlib import Path
from typing import Final

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_sns"
ACCOUNT: Final = "666655554444"


def test_topics_are_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", aws, module=MODULE, account=ACCOUNT)
    sns, sqs = (aws.client(name, aws_access_key_id=ACCOUNT) for name in ("sns", "sqs"))
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    outputs = terraform.outputs()
    assert outputs["standard"] == f"arn:aws:sns:us-east-1:{ACCOUNT}:terraform-standard"
    for state in ("open", "paid"):
        sns.publish(TopicArn=outputs["standard"], Message=json.dumps({"order": {"state": state}}))
    url = sqs.get_queue_url(QueueName="terraform-all")["QueueUrl"]
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MaxNumberOfMessages=10)["Messages"]
    assert json.loads(message["Body"]) == {"order": {"state": "paid"}}

    change = ["-var", "display_name=Second", "-var", "raw=false"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    attributes = sns.get_topic_attributes(TopicArn=outputs["standard"])["Attributes"]
    assert (attributes["DisplayName"], attributes["SubscriptionsConfirmed"]) == ("Second", "2")
    told = sns.get_subscription_attributes(SubscriptionArn=outputs["subscription"])["Attributes"]
    assert told["RawMessageDelivery"] == "false"

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert sns.list_topics()["Topics"] == []
    assert sns.list_subscriptions()["Subscriptions"] == []
