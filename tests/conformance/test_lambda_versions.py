"""Versions, aliases, layers and folders as boto3 and the functions themselves see them."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import ACCOUNT, OTHER, User, allow
from tests.conftest import Server
from tests.support.functions import archive, make_role

_CODE = """
import os, sys

def handler(event, context):
    found = {"version": context.function_version, "arn": context.invoked_function_arn, "code": CODE,
             "variable": os.environ.get("SET"), "log_stream": context.log_stream_name}
    if event.get("layers"):
        import shared
        found["shared"] = shared.NAME
        found["opt"] = sorted(os.listdir("/opt")) if os.path.isdir("/opt") else None
        found["text"] = open("/opt/same.txt").read()
    return found
"""


def _code(number: int) -> bytes:
    return archive(f"CODE = {number}\n{_CODE}")


@pytest.fixture(scope="module")
def lambda_(aws: Server) -> Any:
    return aws.client("lambda")


@pytest.fixture(scope="module")
def role(aws: Server) -> str:
    return make_role(aws, name="versions")


def _create(lambda_: Any, role: str, **members: Any) -> str:
    name = f"v-{uuid4().hex[:12]}"
    given = {
        "FunctionName": name,
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": role,
        "Code": {"ZipFile": _code(1)},
        "Timeout": 20,
    }
    lambda_.create_function(**(given | members))
    return name


@pytest.fixture
def function(lambda_: Any, role: str) -> Iterator[str]:
    name = _create(lambda_, role, Environment={"Variables": {"SET": "1"}})
    yield name
    lambda_.delete_function(FunctionName=name)


def _invoke(lambda_: Any, name: str, event: Any = None, **members: Any) -> dict[str, Any]:
    answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event or {}), **members)
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, found
    return found | {"executed": answer["ExecutedVersion"]}


def _refusal(call: Any, **members: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**members)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_version_stays_what_it_was(lambda_: Any, function: str) -> None:
    """lambda, TestLambdaVersions::test_lambda_versions_with_code_changes: code and variables of then, for ever."""
    first = lambda_.publish_version(FunctionName=function, Description="first")
    assert (first["Version"], first["ResponseMetadata"]["HTTPStatusCode"]) == ("1", 201)
    again = lambda_.publish_version(FunctionName=function)
    assert (again["Version"], again["Description"]) == ("1", "first")
    lambda_.update_function_code(FunctionName=function, ZipFile=_code(2))
    lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {"SET": "2"}})
    lambda_.get_waiter("function_updated_v2").wait(FunctionName=function)
    assert lambda_.publish_version(FunctionName=function)["Version"] == "2"
    lambda_.get_waiter("published_version_active").wait(FunctionName=function, Qualifier="2")
    old, new, latest = (_invoke(lambda_, function, Qualifier=version) for version in ("1", "2", "$LATEST"))
    assert (old["code"], old["variable"], old["version"], old["executed"]) == (1, "1", "1", "1")
    assert (new["code"], new["variable"], new["version"], new["executed"]) == (2, "2", "2", "2")
    assert (latest["code"], latest["version"], latest["executed"]) == (2, "$LATEST", "$LATEST")
    assert old["arn"].endswith(f":{function}:1")
    assert "/[1]" in old["log_stream"]
    assert "/[$LATEST]" in latest["log_stream"]
    pages = lambda_.get_paginator("list_versions_by_function").paginate(
        FunctionName=function, PaginationConfig={"PageSize": 1}
    )
    assert [version["Version"] for page in pages for version in page["Versions"]] == ["$LATEST", "1", "2"]
    assert _refusal(lambda_.invoke, FunctionName=function, Qualifier="3") == ("ResourceNotFoundException", 404)


def test_an_alias_leads_where_it_points(lambda_: Any, function: str) -> None:
    """lambda, TestLambdaAliases: moved, weighted, and by ARN."""
    lambda_.publish_version(FunctionName=function)
    lambda_.update_function_code(FunctionName=function, ZipFile=_code(2), Publish=True)
    alias = lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    found = _invoke(lambda_, alias["AliasArn"])
    assert (found["version"], found["arn"]) == ("1", alias["AliasArn"])
    lambda_.update_alias(FunctionName=function, Name="live", FunctionVersion="2")
    assert _invoke(lambda_, f"{function}:live")["version"] == "2"
    lambda_.update_alias(FunctionName=function, Name="live", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}})
    seen = [_invoke(lambda_, function, Qualifier="live")["executed"] for _ in range(40)]
    assert set(seen) == {"1", "2"}
    lambda_.update_alias(FunctionName=function, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert {_invoke(lambda_, function, Qualifier="live")["executed"] for _ in range(8)} == {"2"}
    refused = {"FunctionName": function, "Name": "live", "RoutingConfig": {"AdditionalVersionWeights": {"1": 2.0}}}
    assert _refusal(lambda_.update_alias, **refused)[0] == "ValidationException"
    assert _refusal(lambda_.create_alias, FunctionName=function, Name="12", FunctionVersion="1")[0] == (
        "ValidationException"
    )
    assert _refusal(lambda_.delete_function, FunctionName=function, Qualifier="2") == (
        "ResourceConflictException",
        409,
    )
    arn = alias["AliasArn"]
    event = lambda_.invoke(FunctionName=arn, InvocationType="Event", Payload="{}")
    assert event["StatusCode"] == 202


def _layer(lambda_: Any, name: str, **members: Any) -> str:
    given = {
        "LayerName": f"{name}-{uuid4().hex[:8]}",
        "Content": {"ZipFile": _files({"python/shared.py": f"NAME = {name!r}", "same.txt": name, f"{name}.txt": ""})},
    }
    arn: str = lambda_.publish_layer_version(**(given | members))["LayerVersionArn"]
    return arn


def _files(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return packed.getvalue()


def test_layers_are_merged_in_order(lambda_: Any, function: str) -> None:
    """Of files of the same name, that of the later layer; of a published version, the layers of then."""
    first, second = _layer(lambda_, "first"), _layer(lambda_, "second")
    lambda_.update_function_configuration(FunctionName=function, Layers=[first, second])
    found = _invoke(lambda_, function, {"layers": True})
    assert (found["shared"], found["text"]) == ("second", "second")
    assert found["opt"] == ["first.txt", "python", "same.txt", "second.txt"]
    lambda_.publish_version(FunctionName=function)
    updated = lambda_.update_function_configuration(FunctionName=function, Layers=[second, first])
    assert [layer["Arn"] for layer in updated["Layers"]] == [second, first]
    assert _invoke(lambda_, function, {"layers": True})["shared"] == "first"
    for arn in (first, second):
        name, number = arn.split(":")[6:]
        lambda_.delete_layer_version(LayerName=name, VersionNumber=int(number))
    assert _invoke(lambda_, function, {"layers": True}, Qualifier="1")["shared"] == "second"


def test_layers_of_other_accounts(aws: Server, lambda_: Any, role: str) -> None:
    """Only those that are shared: with an account, or with all; and only by whoever may get them."""
    theirs = aws.client("lambda", aws_access_key_id=OTHER)
    arn = _layer(theirs, "theirs")
    name, number = arn.split(":")[6:]
    for refused in (
        lambda: lambda_.get_layer_version_by_arn(Arn=arn),
        lambda: _create(lambda_, role, Layers=[arn]),
        lambda: theirs.get_layer_version(
            LayerName=f"{arn.rpartition(':')[0]}".replace(OTHER, ACCOUNT), VersionNumber=1
        ),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
        assert "lambda:GetLayerVersion" in caught.value.response["Error"]["Message"]
    theirs.add_layer_version_permission(
        LayerName=name, VersionNumber=int(number), StatementId="s", Action="lambda:GetLayerVersion", Principal=ACCOUNT
    )
    assert lambda_.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    function = _create(lambda_, role, Layers=[arn])
    assert _invoke(lambda_, function, {"layers": True})["shared"] == "theirs"
    user = User(aws).may(allow(["lambda:UpdateFunctionConfiguration"], "*"))
    change = {"FunctionName": function, "Layers": [arn]}
    assert _refusal(user.client("lambda").update_function_configuration, **change)[0] == "AccessDeniedException"
    user.may(allow(["lambda:UpdateFunctionConfiguration", "lambda:GetLayerVersion"], "*"))
    user.client("lambda").update_function_configuration(**change)
    lambda_.delete_function(FunctionName=function)


def test_a_folder_that_is_edited(aws: Server, lambda_: Any, role: str, tmp_path: Path) -> None:
    """Hot reload: the next invocation runs what has been written, also in modules that are imported."""
    folder = tmp_path / "code"
    folder.mkdir()
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)
    (folder / "part.py").write_text("NUMBER = 1\n")
    (folder / "index.py").write_text("import part\n\ndef handler(event, context):\n    return part.NUMBER\n")
    function = _create(lambda_, role, Code={"S3Bucket": "hot-reload", "S3Key": str(folder)})

    def answered() -> Any:
        return json.loads(lambda_.invoke(FunctionName=function)["Payload"].read())

    assert answered() == 1
    for number in (2, 3):
        before = (folder / "part.py").stat().st_mtime_ns
        while time.time_ns() - before < 20_000_000:
            time.sleep(0.005)  # a file system's clock ticks in steps
        (folder / "part.py").write_text(f"NUMBER = {number}\n")
        assert answered() == number
    lambda_.delete_function(FunctionName=function)


def test_folders_are_not_offered_in_strict_mode(tmp_path: Path) -> None:
    """Who may create functions may not thereby read the server's files."""
    server = Server(tmp_path / "data", "--auth", "strict").start()
    try:
        keys = {
            "aws_access_key_id": server.ready["root_access_key_id"],
            "aws_secret_access_key": server.ready["root_secret_access_key"],
        }
        iam = server.client("iam", **keys)
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        trusted = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        with pytest.raises(ClientError) as caught:
            _create(
                server.client("lambda", **keys),
                trusted,
                Code={"S3Bucket": "hot-reload", "S3Key": str(tmp_path)},
            )
        assert "S3 Error Code: NoSuchBucket" in caught.value.response["Error"]["Message"]
    finally:
        server.stop()


def test_reserved_concurrency(lambda_: Any, function: str) -> None:
    """lambda, TestLambdaConcurrency::test_reserved_concurrency: zero switches a function off, by every name."""
    lambda_.publish_version(FunctionName=function)
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    for qualifier in ("$LATEST", "1"):
        with pytest.raises(ClientError) as caught:
            lambda_.invoke(FunctionName=function, Qualifier=qualifier)
        response = caught.value.response
        assert response["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
        assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert response["Type"] == "User"
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert "retryAfterSeconds" not in response, "AWS sends no Retry-After here"
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    assert _invoke(lambda_, function)["version"] == "$LATEST"
    lambda_.delete_function_concurrency(FunctionName=function)
    assert "ReservedConcurrentExecutions" not in lambda_.get_function_concurrency(FunctionName=function)
