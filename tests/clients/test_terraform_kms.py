"""Terraform, with the provider as HashiCorp ships it, brings up keys with all that belongs to them.

See `test_terraform_iam` for what it needs.
"""

from pathlib import Path
from typing import Final

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_kms"
ACCOUNT: Final = "555544443335"


def test_keys_are_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", aws, module=MODULE, account=ACCOUNT)
    kms = aws.client("kms", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    outputs = terraform.outputs()
    arn = outputs["main_arn"]
    assert outputs["alias_target"] == arn
    assert outputs["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"] == outputs["s3_arn"]
    assert kms.get_key_rotation_status(KeyId=arn)["RotationPeriodInDays"] == 180
    assert kms.describe_key(KeyId="alias/terraform")["KeyMetadata"]["Description"] == "first"

    change = ["-var", "description=second", "-var", "team=blue", "-var", "enabled=false"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    told = kms.describe_key(KeyId=arn)["KeyMetadata"]
    assert (told["Description"], told["KeyState"]) == ("second", "Disabled")
    assert kms.list_resource_tags(KeyId=arn)["Tags"] == [{"TagKey": "team", "TagValue": "blue"}]

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"
