"""Terraform, with the provider as HashiCorp ships it, brings up a bucket with everything that can be configured of it.

See `test_terraform_iam` for what it needs. S3 Control's clients put the account before the host, so these requests come
through the server as their proxy.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_s3"
ACCOUNT: Final = "555544443337"
BUCKET: Final = "terraform-main"


def test_a_bucket_is_applied_changed_and_destroyed(
    aws: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    monkeypatch.setenv("HTTP_PROXY", aws.url)
    terraform = Terraform(tmp_path / "module", aws, module=MODULE, account=ACCOUNT)
    s3 = aws.client("s3", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    outputs = terraform.outputs()
    assert outputs["domain"] == f"{BUCKET}.s3.us-east-1.amazonaws.com"
    assert outputs["website"] == f"{BUCKET}.s3-website-us-east-1.amazonaws.com"
    asked = {"Bucket": outputs["alias"], "Key": "in/greeting.txt"}
    assert s3.get_object(**asked)["Body"].read() == b"hello, red"
    assert s3.get_object(Bucket="terraform-logs", Key="copied.txt")["Body"].read() == b"hello, red"
    rules = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert [rule["ID"] for rule in rules] == ["expire", "archive", "abort"]

    change = ["-var", "days=9", "-var", "team=blue", "-var", "origin=https://*.example.com"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    assert s3.get_bucket_tagging(Bucket=BUCKET)["TagSet"] == [{"Key": "team", "Value": "blue"}]
    assert s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"][0]["Expiration"] == {"Days": 9}
    assert s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"][0]["AllowedOrigins"] == ["https://*.example.com"]
    assert s3.get_object(**asked)["Body"].read() == b"hello, blue"

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert s3.list_buckets()["Buckets"] == []
