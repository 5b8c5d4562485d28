"""Terraform, with the provider as HashiCorp ships it, brings up functions with all that belongs to them.

See `test_terraform_iam` for what it needs.
"""

import json
from pathlib import Path
from typing import Final

import pytest

from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as pytestmark
from tests.conformance.test_lambda_events import until
from tests.conftest import Server
from tests.support.functions import archive

MODULE: Final = Path(__file__).parent / "terraform_lambda"
ACCOUNT: Final = "444433332222"
_CODE: Final = """
import os, shared

def handler(event, context):
    if "Records" in event:
        return {"batchItemFailures": []}
    return [os.environ["GREETING"], NUMBER, shared.NAME, context.function_version]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "module"


def test_functions_are_applied_changed_and_destroyed(aws: Server, folder: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(folder, aws, module=MODULE, account=ACCOUNT)
    for name, number in (("one.zip", 1), ("two.zip", 2)):
        (folder / name).write_bytes(archive(f"NUMBER = {number}\n{_CODE}"))
    (folder / "layer.zip").write_bytes(archive("NAME = 'shared'\n", name="python/shared.py"))
    functions = aws.client("lambda", aws_access_key_id=ACCOUNT)

    def answered() -> object:
        answer = functions.invoke(FunctionName="terraform-main", Qualifier="live")
        return json.loads(answer["Payload"].read())

    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    outputs = terraform.outputs()
    assert outputs["version"] == "1"
    assert outputs["alias_arn"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:terraform-main:live"
    assert ".lambda-url.us-east-1." in outputs["url"]
    assert answered() == ["hello", 1, "shared", "1"]

    mapping = functions.get_event_source_mapping(UUID=outputs["mapping"])
    assert (mapping["State"], mapping["FunctionArn"], mapping["BatchSize"]) == ("Enabled", outputs["alias_arn"], 10)
    aws.client("dynamodb", aws_access_key_id=ACCOUNT).put_item(
        TableName="terraform-lambda-changes", Item={"id": {"S": "first"}}
    )
    until(lambda: functions.get_event_source_mapping(UUID=outputs["mapping"])["LastProcessingResult"] == "OK")

    change = ["-var", "package=two.zip", "-var", "greeting=good day", "-var", "reserved=-1", "-var", "batch=100"]
    change += ["-var", "provisioned=2"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    assert terraform.outputs()["version"] == "2"
    assert terraform.outputs()["url"] == outputs["url"]
    assert terraform.outputs()["mapping"] == outputs["mapping"]
    assert functions.get_event_source_mapping(UUID=outputs["mapping"])["BatchSize"] == 100
    assert answered() == ["good day", 2, "shared", "2"]
    kept = functions.get_provisioned_concurrency_config(FunctionName="terraform-main", Qualifier="live")
    assert (kept["Status"], kept["AllocatedProvisionedConcurrentExecutions"]) == ("READY", 2)
    restored = functions.invoke(FunctionName="terraform-failures", Qualifier="1")
    assert json.loads(restored["Payload"].read())[0] == "sorry"
    canary = functions.get_alias(FunctionName="terraform-main", Name="canary")
    assert canary["RoutingConfig"]["AdditionalVersionWeights"] == {"2": 0.1}

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert functions.list_functions()["Functions"] == functions.list_layers()["Layers"] == []
    assert functions.list_event_source_mappings()["EventSourceMappings"] == []
    assert functions.list_code_signing_configs()["CodeSigningConfigs"] == []
