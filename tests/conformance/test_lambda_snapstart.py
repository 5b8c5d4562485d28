"""SnapStart and provisioned concurrency as boto3 and the functions themselves see them."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.functions import archive, make_role

_CODE = """
import os, uuid
import boto3
MADE = str(uuid.uuid4())
TABLES = boto3.client("dynamodb")

def handler(event, context):
    return {"made": MADE, "kind": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "version": context.function_version,
            "tables": TABLES.list_tables()["TableNames"] is not None, "stream": context.log_stream_name,
            "account": boto3.client("sts").get_caller_identity()["Arn"]}
"""
_WAIT_S = 20.0


@pytest.fixture(scope="module")
def lambda_(aws: Server) -> Any:
    return aws.client("lambda")


@pytest.fixture(scope="module")
def role(aws: Server) -> str:
    return make_role(aws, name="snapstart")


def _create(lambda_: Any, role: str, code: str = _CODE, **members: Any) -> str:
    name = f"s-{uuid4().hex[:12]}"
    given = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": role,
        "Code": {"ZipFile": archive(code)},
        "Timeout": 20,
        "MemorySize": 512,
    }
    lambda_.create_function(**(given | members))
    lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    return name


def _until(look: Callable[[], Any], wanted: Any) -> None:
    deadline_s = time.monotonic() + _WAIT_S
    while (seen := look()) != wanted:
        assert time.monotonic() < deadline_s, seen
        time.sleep(0.05)


def _answer(lambda_: Any, name: str, qualifier: str) -> Any:
    answer = lambda_.invoke(FunctionName=name, Qualifier=qualifier, LogType="Tail")
    assert "FunctionError" not in answer, answer["Payload"].read()
    return json.loads(answer["Payload"].read())


def test_a_published_version_is_restored_from_its_snapshot(lambda_: Any, role: str) -> None:
    """Pending until it has been initialised, then active and optimised; `$LATEST` is never restored."""
    name = _create(lambda_, role, SnapStart={"ApplyOn": "PublishedVersions"})
    latest = lambda_.get_function_configuration(FunctionName=name)
    assert latest["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    published = lambda_.publish_version(FunctionName=name)
    assert (published["State"], published["StateReasonCode"]) == ("Pending", "Creating")
    assert published["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    lambda_.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1})
    active = lambda_.get_function_configuration(FunctionName=name, Qualifier="1")
    assert active["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "On"}
    assert active["State"] == "Active"
    answer = _answer(lambda_, name, "1")
    assert (answer["kind"], answer["version"], answer["tables"]) == ("snap-start", "1", True)
    assert "snapstart" in answer["account"]
    assert _answer(lambda_, name, "$LATEST")["kind"] == "on-demand"
    lambda_.delete_function(FunctionName=name)


def test_a_version_is_not_invoked_before_its_snapshot_is_taken(aws: Server, lambda_: Any, role: str) -> None:
    """Guide, "Troubleshooting SnapStart errors": 409 until it is active, however it is named and invoked."""
    gate = f"gate-{uuid4().hex[:12]}"
    waits = f"import time\nwhile {gate!r} not in TABLES.list_tables()['TableNames']: time.sleep(0.02)\n"
    name = _create(lambda_, role, _CODE + waits, SnapStart={"ApplyOn": "PublishedVersions"})
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for qualifier in ("1", "live"):
        for kind in ("RequestResponse", "Event"):
            with pytest.raises(lambda_.exceptions.SnapStartNotReadyException) as refused:
                lambda_.invoke(FunctionName=name, Qualifier=qualifier, InvocationType=kind)
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
            assert refused.value.response["Type"] == "User"
    aws.client("dynamodb").create_table(
        TableName=gate,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    lambda_.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1})
    assert _answer(lambda_, name, "live")["kind"] == "snap-start"
    lambda_.delete_function(FunctionName=name)


def test_hooks_that_fail_after_a_restore(lambda_: Any, role: str) -> None:
    """The version is active, but nobody gets into it: 400, as API_Invoke says."""
    hook = "from snapshot_restore_py import *\n@register_after_restore\ndef no(): raise ValueError('no')\n"
    name = _create(lambda_, role, hook + _CODE, SnapStart={"ApplyOn": "PublishedVersions"}, Publish=True)
    lambda_.get_waiter("published_version_active").wait(FunctionName=name, Qualifier="1", WaiterConfig={"Delay": 1})
    with pytest.raises(lambda_.exceptions.SnapStartException) as refused:
        lambda_.invoke(FunctionName=name, Qualifier="1")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    lambda_.delete_function(FunctionName=name)


def test_a_version_that_cannot_be_initialised_fails(lambda_: Any, role: str) -> None:
    """Its state says so, and why."""
    name = _create(lambda_, role, "raise ValueError('not today')", SnapStart={"ApplyOn": "PublishedVersions"})
    lambda_.publish_version(FunctionName=name)
    _until(lambda: lambda_.get_function_configuration(FunctionName=name, Qualifier="1")["State"], "Failed")
    failed = lambda_.get_function_configuration(FunctionName=name, Qualifier="1")
    assert failed["StateReasonCode"] == "FunctionError"
    assert "not today" in failed["StateReason"]
    assert failed["SnapStart"]["OptimizationStatus"] == "Off"
    lambda_.delete_function(FunctionName=name)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Runtime": "python3.11"}, "python3.11 is not supported for SnapStart enabled functions."),
        ({"Runtime": "nodejs20.x"}, "nodejs20.x is not supported for SnapStart enabled functions."),
        ({"EphemeralStorage": {"Size": 513}}, "Ephemeral storage of more than 512 MB is not supported"),
    ],
)
def test_what_snapstart_does_not_go_with(lambda_: Any, role: str, members: dict[str, Any], message: str) -> None:
    """Refused where it is configured, whichever of the two comes last."""
    with pytest.raises(ClientError, match=message) as refused:
        _create(lambda_, role, SnapStart={"ApplyOn": "PublishedVersions"}, **members)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    name = _create(lambda_, role, **members)
    with pytest.raises(ClientError, match=message):
        lambda_.update_function_configuration(FunctionName=name, SnapStart={"ApplyOn": "PublishedVersions"})
    lambda_.delete_function(FunctionName=name)


def test_provisioned_concurrency_through_an_alias(lambda_: Any, role: str) -> None:
    """IN_PROGRESS, then READY; what is invoked was initialised before; an alias that moves takes it along."""
    name = _create(lambda_, role)
    lambda_.publish_version(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, Description="another")
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    put = lambda_.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    assert put["Status"] == "IN_PROGRESS"

    def seen() -> Any:
        found = lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
        return found["Status"], found["AvailableProvisionedConcurrentExecutions"]

    _until(seen, ("READY", 1))
    assert _answer(lambda_, name, "live")["kind"] == "provisioned-concurrency"
    lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    _until(seen, ("READY", 1))
    moved = _answer(lambda_, name, "live")
    assert (moved["kind"], moved["version"]) == ("provisioned-concurrency", "2")
    lambda_.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="live")
    lambda_.delete_function(FunctionName=name)


def test_provisioned_concurrency_of_a_function_that_fails(lambda_: Any, role: str) -> None:
    """Recording lambda, test_provisioned_concurrency: FAILED, with AWS's reason. And not with SnapStart."""
    name = _create(lambda_, role, "raise ValueError")
    lambda_.publish_version(FunctionName=name)
    lambda_.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)

    def seen() -> Any:
        found = lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
        return found["Status"], found.get("StatusReason")

    _until(seen, ("FAILED", "FUNCTION_ERROR_INIT_FAILURE"))
    lambda_.delete_function(FunctionName=name)
    snap = _create(lambda_, role, SnapStart={"ApplyOn": "PublishedVersions"}, Publish=True)
    with pytest.raises(ClientError, match="Provisioned Concurrency is not supported"):
        lambda_.put_provisioned_concurrency_config(FunctionName=snap, Qualifier="1", ProvisionedConcurrentExecutions=1)
    lambda_.delete_function(FunctionName=snap)


def test_snapshots_are_taken_again_after_a_start(tmp_path: Path) -> None:
    """A version that was pending when the server was killed becomes active, and restores wait for no invocation."""
    server = Server(tmp_path / "data")
    server.start()
    try:
        lambda_ = server.client("lambda")
        code = "import os, time\ntime.sleep(1)\nprint('initialised')\n" + _CODE
        role = make_role(server, name="snapstart")
        name = _create(lambda_, role, code, SnapStart={"ApplyOn": "PublishedVersions"})
        assert lambda_.publish_version(FunctionName=name)["State"] == "Pending"
        server.kill()
        server.start()
        lambda_ = server.client("lambda")
        _until(lambda: lambda_.get_function_configuration(FunctionName=name, Qualifier="1")["State"], "Active")

        def initialised() -> int:
            found = server.client("logs").filter_log_events(
                logGroupName=f"/aws/lambda/{name}", filterPattern="initialised"
            )
            return len(found["events"])

        _until(lambda: initialised() > 0, True)
        before = initialised()
        server.stop()
        server.start()
        _until(initialised, before + 1)
        assert _answer(server.client("lambda"), name, "1")["kind"] == "snap-start"
        assert initialised() == before + 1
    finally:
        server.stop()
