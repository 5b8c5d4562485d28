"""Terraform brings up DynamoDB tables, finds nothing to do, changes them, takes them away.

Needs what `test_terraform_iam.py` needs.
"""

import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.clients.test_terraform_iam import MIRROR, Terraform
from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_dynamodb"
ACCOUNT: Final = "444444444444"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.skipif(not MIRROR, reason="PILEUS_TERRAFORM_MIRROR names no provider mirror"),
]


def test_a_module_is_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", aws, module=MODULE, account=ACCOUNT)
    client = aws.client("dynamodb", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    table = client.describe_table(TableName="notes")["Table"]
    assert terraform.outputs() == {"stream_arn": table["LatestStreamArn"], "table_arn": table["TableArn"]}
    (item,) = client.scan(TableName="notes", IndexName="by-colour")["Items"]
    assert item["shape"] == {"S": "round"}

    change = ["-var", 'indexed=["colour","size"]', "-var", "team=green", "-var", "view=KEYS_ONLY"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    table = client.describe_table(TableName="notes")["Table"]
    assert sorted(index["IndexName"] for index in table["GlobalSecondaryIndexes"]) == ["by-colour", "by-size"]
    assert table["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    tags = client.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "green"}]

    change = ["-var", "billing_mode=PROVISIONED"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    table = client.describe_table(TableName="notes")["Table"]
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 3

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert client.list_tables()["TableNames"] == []
