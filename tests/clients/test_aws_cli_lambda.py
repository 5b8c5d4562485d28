"""The AWS CLI takes a tour through Lambda.

Needs `aws` on the PATH, of version 1 or 2; nothing is installed for it.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients.test_aws_cli_iam import Cli
from tests.conformance.test_lambda_events import until
from tests.conftest import Server
from tests.support.functions import archive

ACCOUNT: Final = "777777777777"
FUNCTION: Final = ("--function-name", "cli-tours")
TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_CODE: Final = """
import os

def handler(event, context):
    print("hello from", context.function_version, event)
    try:
        import shared
        layer = shared.NAME
    except ImportError:
        layer = None
    return {"event": event, "version": context.function_version, "layer": layer, "greeting": os.environ.get("GREETING")}
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packages, and what functions answer."""
    path = tmp_path_factory.mktemp("packages")
    (path / "one.zip").write_bytes(archive(_CODE))
    (path / "event.json").write_bytes(b'{"later": true}')
    (path / "two.zip").write_bytes(archive(f"# two\n{_CODE}"))
    (path / "layer.zip").write_bytes(archive("NAME = 'shared'\n", name="python/shared.py"))
    return path


@pytest.fixture(scope="module")
def cli(aws: Server, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """`aws` as an account with a function."""
    cli = Cli(aws, tmp_path_factory.mktemp("cli"), account=ACCOUNT)
    made = cli("iam", "create-role", "--role-name", "tours", "--assume-role-policy-document", json.dumps(TRUST))
    created = cli(
        *("lambda", "create-function", *FUNCTION, "--runtime", "python3.12", "--handler", "index.handler"),
        *("--role", made["Role"]["Arn"], "--zip-file", f"fileb://{folder}/one.zip", "--tags", "team=blue"),
        *("--environment", "Variables={GREETING=hello}", "--timeout", "20"),
    )
    assert (created["State"], created["Version"]) == ("Pending", "$LATEST")
    cli("lambda", "wait", "function-active-v2", *FUNCTION)
    return cli


def _invoke(cli: Cli, folder: Path, *arguments: str) -> tuple[Any, Any]:
    """What `aws` says, and what the function answered."""
    answer = folder / "answer.json"
    said = cli("lambda", "invoke", *FUNCTION, *arguments, str(answer))
    return said, json.loads(answer.read_text() or "null")


def test_versions_and_aliases(cli: Cli, folder: Path) -> None:
    """Published, updated, pointed at, weighted, invoked by each name."""
    first = cli("lambda", "publish-version", *FUNCTION, "--description", "first")
    assert first["Version"] == "1"
    alias = cli("lambda", "create-alias", *FUNCTION, "--name", "live", "--function-version", "1")
    assert alias["AliasArn"].endswith(":cli-tours:live")
    second = cli("lambda", "update-function-code", *FUNCTION, "--zip-file", f"fileb://{folder}/two.zip", "--publish")
    assert second["Version"] == "2"
    cli("lambda", "wait", "function-updated-v2", *FUNCTION)
    said, answered = _invoke(cli, folder, "--qualifier", "live")
    assert (said["ExecutedVersion"], answered["version"], answered["greeting"]) == ("1", "1", "hello")
    cli(
        *("lambda", "update-alias", *FUNCTION, "--name", "live", "--function-version", "2"),
        *("--routing-config", "AdditionalVersionWeights={1=0.0}"),
    )
    said, _ = _invoke(cli, folder, "--qualifier", "live", "--log-type", "Tail")
    assert said["ExecutedVersion"] == "2"
    listed = cli("lambda", "list-versions-by-function", *FUNCTION)
    assert [version["Version"] for version in listed["Versions"]] == ["$LATEST", "1", "2"]
    refused = cli.run("lambda", "delete-function", *FUNCTION, "--qualifier", "2")
    assert "following aliases reference it: [live]" in refused.stderr


def test_layers(cli: Cli, folder: Path) -> None:
    """Published, shared, given to the function, found by it."""
    layer = cli(
        *("lambda", "publish-layer-version", "--layer-name", "shared", "--zip-file", f"fileb://{folder}/layer.zip"),
        *("--compatible-runtimes", "python3.12", "--license-info", "MIT"),
    )
    arn = layer["LayerVersionArn"]
    cli(
        *("lambda", "add-layer-version-permission", "--layer-name", "shared", "--version-number", "1"),
        *("--statement-id", "all", "--action", "lambda:GetLayerVersion", "--principal", "*"),
    )
    shared = cli("lambda", "get-layer-version-policy", "--layer-name", "shared", "--version-number", "1")
    assert json.loads(shared["Policy"])["Statement"][0]["Resource"] == arn
    assert cli("lambda", "list-layers", "--compatible-runtime", "python3.12")["Layers"][0]["LayerName"] == "shared"
    updated = cli("lambda", "update-function-configuration", *FUNCTION, "--layers", arn)
    assert [known["Arn"] for known in updated["Layers"]] == [arn]
    assert _invoke(cli, folder)[1]["layer"] == "shared"


def test_settings(cli: Cli) -> None:
    """Each is written and read back."""
    cli("lambda", "put-function-concurrency", *FUNCTION, "--reserved-concurrent-executions", "7")
    assert cli("lambda", "get-function-concurrency", *FUNCTION) == {"ReservedConcurrentExecutions": 7}
    limits = cli("lambda", "get-account-settings")["AccountLimit"]
    assert limits["UnreservedConcurrentExecutions"] == 993
    cli("lambda", "put-function-event-invoke-config", *FUNCTION, "--maximum-retry-attempts", "1")
    assert cli("lambda", "get-function-event-invoke-config", *FUNCTION)["MaximumRetryAttempts"] == 1
    url = cli("lambda", "create-function-url-config", *FUNCTION, "--auth-type", "NONE", "--cors", "AllowOrigins=*")
    assert cli("lambda", "get-function-url-config", *FUNCTION)["FunctionUrl"] == url["FunctionUrl"]
    found = cli("lambda", "get-function", *FUNCTION)
    assert (found["Tags"], found["Concurrency"]["ReservedConcurrentExecutions"]) == ({"team": "blue"}, 7)
    arn = found["Configuration"]["FunctionArn"]
    cli("lambda", "tag-resource", "--resource", arn, "--tags", "cost=1")
    cli("lambda", "untag-resource", "--resource", arn, "--tag-keys", "team")
    assert cli("lambda", "list-tags", "--resource", arn)["Tags"] == {"cost": "1"}
    cli(
        *("lambda", "add-permission", *FUNCTION, "--statement-id", "s", "--action", "lambda:InvokeFunction"),
        *("--principal", "sns.amazonaws.com", "--source-arn", "arn:aws:sns:us-east-1:777777777777:t"),
    )
    policy = cli("lambda", "get-policy", *FUNCTION)
    assert json.loads(policy["Policy"])["Statement"][0]["Sid"] == "s"
    cli("lambda", "remove-permission", *FUNCTION, "--statement-id", "s", "--revision-id", policy["RevisionId"])
    cli("lambda", "put-function-recursion-config", *FUNCTION, "--recursive-loop", "Allow")
    assert cli("lambda", "get-function-recursion-config", *FUNCTION) == {"RecursiveLoop": "Allow"}


_COUNTS: Final = """
def handler(event, context):
    records = event.get("Records") or []
    return {"batchItemFailures": [], "count": len(records)}
"""


def test_a_stream_is_mapped(cli: Cli, folder: Path) -> None:
    """A table with a stream, a function that hears of it, and what `aws` tells of the mapping until it is gone."""
    (folder / "counts.zip").write_bytes(archive(_COUNTS))
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
    cli(
        *("iam", "put-role-policy", "--role-name", "tours", "--policy-name", "all"),
        *("--policy-document", json.dumps(everything)),
    )
    made = cli(
        *("dynamodb", "create-table", "--table-name", "cli-tours", "--billing-mode", "PAY_PER_REQUEST"),
        *(
            "--key-schema",
            "AttributeName=id,KeyType=HASH",
            "--attribute-definitions",
            "AttributeName=id,AttributeType=S",
        ),
        *("--stream-specification", "StreamEnabled=true,StreamViewType=NEW_IMAGE"),
    )
    name = ("--function-name", "cli-tours-counts")
    role = cli("iam", "get-role", "--role-name", "tours")["Role"]["Arn"]
    cli(
        *("lambda", "create-function", *name, "--runtime", "python3.12", "--handler", "index.handler"),
        *("--role", role, "--zip-file", f"fileb://{folder}/counts.zip", "--timeout", "20"),
    )
    mapping = cli(
        *("lambda", "create-event-source-mapping", *name, "--starting-position", "TRIM_HORIZON"),
        *("--event-source-arn", made["TableDescription"]["LatestStreamArn"], "--batch-size", "5"),
        *("--function-response-types", "ReportBatchItemFailures"),
        *("--filter-criteria", json.dumps({"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT"]})}]})),
    )
    uuid = ("--uuid", mapping["UUID"])
    cli("dynamodb", "put-item", "--table-name", "cli-tours", "--item", '{"id": {"S": "first"}}')
    get = ("lambda", "get-event-source-mapping", *uuid)
    until(lambda: cli(*get)["LastProcessingResult"] == "OK")
    assert cli("lambda", "update-event-source-mapping", *uuid, "--no-enabled")["State"] == "Disabling"
    assert (cli(*get)["State"], cli(*get)["BatchSize"]) == ("Disabled", 5)
    listed = cli("lambda", "list-event-source-mappings", *name)["EventSourceMappings"]
    assert [each["UUID"] for each in listed] == [mapping["UUID"]]
    assert cli("lambda", "delete-event-source-mapping", *uuid)["State"] == "Deleting"
    assert "ResourceNotFoundException" in cli.run(*get).stderr


def test_invoked_later(cli: Cli, folder: Path) -> None:
    """An event that is accepted, and what `aws` prints of it; what it was told is in the function's log."""
    answer = folder / "later.json"
    said = cli(
        *("lambda", "invoke", *FUNCTION, "--invocation-type", "Event", "--payload", f"fileb://{folder}/event.json"),
        str(answer),
    )
    assert said["StatusCode"] == 202
    assert answer.read_text() == ""
    logs = ("logs", "filter-log-events", "--log-group-name", "/aws/lambda/cli-tours", "--filter-pattern", "later")
    until(lambda: (done := cli.run(*logs)).returncode == 0 and json.loads(done.stdout)["events"])
    assert cli("lambda", "invoke", *FUNCTION, "--invocation-type", "DryRun", str(answer))["StatusCode"] == 204
