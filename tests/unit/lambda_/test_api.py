"""The control plane, against AWS's recordings; what Pileus does not do, it says."""

from datetime import timedelta
from typing import Any, Literal

import msgspec
import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.http.messages import FileBody, Request
from pileus.services.lambda_ import shapes
from pileus.services.lambda_.checking import HOST_ARCHITECTURE
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    DeleteFunctionRequest,
    Environment,
    FunctionCode,
    GetFunctionConfigurationRequest,
    GetFunctionRequest,
    GetPolicyRequest,
    ListFunctionsRequest,
    RemovePermissionRequest,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import ROLE, Lambda, archive, context, creation

IMAGE_URI = "111111111111.dkr.ecr.us-east-1.amazonaws.com/app:1"

_ARN = "arn:aws:lambda:us-east-1:111111111111:function:f"


async def configuration(functions: Lambda, name: str = "f", **members: Any) -> dict[str, Any]:
    request = GetFunctionConfigurationRequest(function_name=name, **members)
    found = await functions.api.get_function_configuration(context(), request)
    built: dict[str, Any] = msgspec.to_builtins(found)
    return built


async def test_a_function_from_creation_to_deletion(functions: Lambda) -> None:
    """Recording lambda_api, test_function_lifecycle: which fields there are, and what they say, at each step."""
    answered = msgspec.to_builtins(await functions.create(environment=Environment()))
    expected = {
        "Architectures": [HOST_ARCHITECTURE],
        "Description": "",
        "Environment": {"Variables": {}},
        "EphemeralStorage": {"Size": 512},
        "FunctionArn": _ARN,
        "FunctionName": "f",
        "Handler": "index.handler",
        "LastModified": "2024-02-29T23:59:59.000+0000",
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
        "MemorySize": 128,
        "PackageType": "Zip",
        "Role": ROLE,
        "Runtime": "python3.12",
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "Timeout": 3,
        "TracingConfig": {"Mode": "PassThrough"},
        "Version": "$LATEST",
    }
    state = {"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    drawn = {"CodeSha256", "CodeSize", "RevisionId", "RuntimeVersionConfig"}
    assert {name: value for name, value in answered.items() if name not in drawn} == expected | state
    assert drawn <= set(answered)

    active = await configuration(functions)
    assert {name: active[name] for name in ("State", "LastUpdateStatus")} == {
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }
    assert "StateReason" not in active
    assert active["RevisionId"] != answered["RevisionId"]

    update = UpdateFunctionConfigurationRequest(
        function_name="f", description="new", timeout=10, environment=Environment(variables={"A": "a"})
    )
    updated = msgspec.to_builtins(await functions.api.update_function_configuration(context(), update))
    assert (updated["Description"], updated["Timeout"], updated["MemorySize"]) == ("new", 10, 128)
    assert (updated["LastUpdateStatus"], updated["LastUpdateStatusReasonCode"]) == ("InProgress", "Creating")
    assert (await configuration(functions))["Environment"] == {"Variables": {"A": "a"}}

    recode = UpdateFunctionCodeRequest(function_name="f", zip_file=archive({"index.py": "other"}))
    recoded = await functions.api.update_function_code(context(), recode)
    assert recoded.code_sha256 != answered["CodeSha256"]
    assert (await configuration(functions))["CodeSha256"] == recoded.code_sha256

    deleted = await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f"))
    assert deleted.status_code == 204
    assert functions.environments.retired == [_ARN]
    with pytest.raises(ServiceError, match=f"^Function not found: {_ARN}$"):
        await configuration(functions)


async def test_the_name_is_taken(functions: Lambda) -> None:
    """Also in another form of the same name, and also when the archive is no archive."""
    await functions.create()
    for name in ("f", _ARN):
        with pytest.raises(ServiceError) as caught:
            await functions.create(name, code=FunctionCode(zip_file=b"nonsense"))
        assert (caught.value.error_code, caught.value.message) == (
            "ResourceConflictException",
            "Function already exist: f",
        )


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"function_name": "a" * 65}, "InvalidParameterValueException"),
        ({"runtime": None}, "InvalidParameterValueException"),
        ({"handler": None}, "InvalidParameterValueException"),
        ({"runtime": "nodejs14.x"}, "InvalidParameterValueException"),
        ({"code": FunctionCode()}, "InvalidParameterValueException"),
        ({"code": FunctionCode(zip_file=b"x")}, "InvalidParameterValueException"),
        ({"environment": Environment(variables={"A": "x" * 4_096})}, "InvalidParameterValueException"),
        ({"environment": Environment(variables={"AWS_REGION": "x"})}, "InvalidParameterValueException"),
        ({"timeout": 901}, "ValidationException"),
        ({"memory_size": 10_241}, "ValidationException"),
    ],
)
async def test_what_aws_refuses(functions: Lambda, members: dict[str, Any], code: str) -> None:
    """Bounds that the model does not express."""
    request = msgspec.structs.replace(creation(), **members)
    with pytest.raises(ServiceError) as caught:
        await functions.api.create_function(context(), request)
    assert caught.value.error_code == code


async def test_roles_that_lambda_cannot_assume(functions: Lambda) -> None:
    """Told when the function is made or changed, so that it is not found out at its first event."""
    await functions.create()
    functions.roles.refused = {ROLE}
    with pytest.raises(ServiceError) as caught:
        await functions.create("g")
    assert (caught.value.error_code, caught.value.message) == (
        "InvalidParameterValueException",
        "The role defined for the function cannot be assumed by Lambda.",
    )
    request = UpdateFunctionConfigurationRequest(function_name="f", role=ROLE)
    with pytest.raises(ServiceError, match="cannot be assumed"):
        await functions.api.update_function_configuration(context(), request)


@pytest.mark.parametrize("role", ["arn:aws:iam::222222222222:role/r", "arn:aws:iam::222222222222:role/service/r"])
async def test_roles_of_other_accounts(functions: Lambda, role: str) -> None:
    """AWS's words. Without this, a function would get the credentials of somebody else's role."""
    with pytest.raises(ServiceError, match="Cross-account pass role is not allowed") as caught:
        await functions.create(role=role)
    assert (caught.value.error_code, caught.value.status) == ("AccessDeniedException", 403)
    await functions.create()
    with pytest.raises(ServiceError, match="Cross-account pass role is not allowed"):
        await functions.api.update_function_configuration(
            context(), UpdateFunctionConfigurationRequest(function_name="f", role=role)
        )


async def test_code_for_another_machine(functions: Lambda) -> None:
    """It is refused by name; what this host is, is taken."""
    other: Literal["x86_64", "arm64"] = "x86_64" if HOST_ARCHITECTURE == "arm64" else "arm64"
    with pytest.raises(NotImplementedByPileus, match=other):
        await functions.create(architectures=[other])
    await functions.create(architectures=[HOST_ARCHITECTURE])
    code = archive({"index.py": ""})
    with pytest.raises(NotImplementedByPileus, match=other):
        await functions.api.update_function_code(
            context(), UpdateFunctionCodeRequest(function_name="f", zip_file=code, architectures=[other])
        )


async def test_the_largest_that_is_taken(functions: Lambda) -> None:
    """Bounds are inclusive. Recording lambda_api, test_lambda_envvars_near_limit_succeeds."""
    variables = {"A": "x" * (4_096 - len('{"A":""}'))}
    created = await functions.create(
        "a" * 64, timeout=900, memory_size=10_240, environment=Environment(variables=variables)
    )
    assert (created.function_name, created.timeout, created.memory_size) == ("a" * 64, 900, 10_240)
    assert created.environment is not None
    assert created.environment.variables == variables


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"vpc_config": shapes.VpcConfig(subnet_ids=["subnet-1"])}, "VpcConfig.SubnetIds"),
        ({"dead_letter_config": shapes.DeadLetterConfig(target_arn="arn:aws:sqs:::q")}, "A destination of sqs"),
        ({"kms_key_arn": "arn:aws:kms:::k"}, "KMSKeyArn"),
        ({"tracing_config": shapes.TracingConfig(mode="Active")}, "TracingConfig.Mode"),
        (
            {"package_type": "Image", "runtime": None, "handler": None, "code": FunctionCode(image_uri=IMAGE_URI)},
            "Code.ImageUri needs a server that knows where images are",
        ),
        ({"code": FunctionCode(s3_bucket="bucket", s3_key="key")}, "Code.S3Bucket"),
    ],
)
async def test_what_pileus_does_not_do_it_says(functions: Lambda, members: dict[str, Any], named: str) -> None:
    """Never ignored: a function without its layers would fail much later, and nobody would know why."""
    with pytest.raises(NotImplementedByPileus) as caught:
        await functions.api.create_function(context(), msgspec.structs.replace(creation(), **members))
    assert caught.value.message.startswith(named)


async def test_what_asks_for_nothing_is_taken(functions: Lambda) -> None:
    """Terraform and SAM send empty lists and the defaults."""
    await functions.create(
        layers=[],
        vpc_config=shapes.VpcConfig(subnet_ids=[], security_group_ids=[]),
        kms_key_arn="",
        dead_letter_config=shapes.DeadLetterConfig(target_arn=""),
        tracing_config=shapes.TracingConfig(mode="PassThrough"),
        snap_start=shapes.SnapStart(apply_on="None"),
        logging_config=shapes.LoggingConfig(log_format="Text", log_group="own"),
        package_type="Zip",
        publish=False,
        file_system_configs=[],
    )
    assert (await configuration(functions))["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "own"}


async def test_revisions_guard_updates(functions: Lambda) -> None:
    """Recording lambda_api, test_function_revisions_basic: each change makes the revision before it useless."""
    await functions.create()
    revision = (await configuration(functions))["RevisionId"]
    request = UpdateFunctionConfigurationRequest(function_name="f", description="one", revision_id=revision)
    await functions.api.update_function_configuration(context(), request)
    with pytest.raises(ServiceError) as caught:
        await functions.api.update_function_configuration(context(), request)
    assert caught.value.error_code == "PreconditionFailedException"
    code = UpdateFunctionCodeRequest(function_name="f", zip_file=archive({"a": "b"}), revision_id=revision)
    with pytest.raises(ServiceError) as caught:
        await functions.api.update_function_code(context(), code)
    assert caught.value.error_code == "PreconditionFailedException"


async def test_a_dry_run_changes_nothing(functions: Lambda) -> None:
    """It checks the archive and shows what would be."""
    before = await functions.create()
    request = UpdateFunctionCodeRequest(function_name="f", zip_file=archive({"a": "b"}), dry_run=True)
    shown = await functions.api.update_function_code(context(), request)
    assert shown.code_sha256 != before.code_sha256
    assert (await configuration(functions))["CodeSha256"] == before.code_sha256


@pytest.mark.parametrize(
    ("qualifier", "code"),
    [
        ("$LATEST", "InvalidParameterValueException"),
        ("live", "InvalidParameterValueException"),
        ("$latest", "ResourceNotFoundException"),
    ],
)
async def test_deleting_by_qualifier(functions: Lambda, qualifier: str, code: str) -> None:
    """Recording lambda_api, test_ops_with_arn_qualifier_mismatch and others: none of these deletes the function."""
    await functions.create()
    with pytest.raises(ServiceError) as caught:
        await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f", qualifier=qualifier))
    assert caught.value.error_code == code
    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f", qualifier="7"))
    assert (await configuration(functions, qualifier="$LATEST"))["FunctionArn"] == f"{_ARN}:$LATEST"
    with pytest.raises(ServiceError, match=f"^Function not found: {_ARN}:7$"):
        await configuration(functions, qualifier="7")


async def test_accounts_and_regions_have_their_own_functions(functions: Lambda) -> None:
    """The same name three times; each sees its own."""
    places = (context(), context(region="eu-west-1"), context(account_id="222222222222"))
    for place in places:
        role = f"arn:aws:iam::{place.account_id}:role/r"
        await functions.api.create_function(place, creation(role=role))
    for place in places:
        listed = await functions.api.list_functions(place, ListFunctionsRequest())
        assert [function.function_arn for function in listed.functions or ()] == [
            f"arn:aws:lambda:{place.region}:{place.account_id}:function:f"
        ]


async def test_lists_come_in_pages(functions: Lambda) -> None:
    """At most 50 whatever is asked for; states are not listed (recording lambda_api, test_list_functions)."""
    code = creation().code
    for n in range(52):
        await functions.create(f"f{n:02}", code=code)
    first = await functions.api.list_functions(context(), ListFunctionsRequest(max_items=10_000))
    assert first.functions is not None
    assert (len(first.functions), first.next_marker) == (50, "f49")
    assert first.functions[0].state is None
    rest = await functions.api.list_functions(
        context(), ListFunctionsRequest(marker=first.next_marker, function_version="ALL")
    )
    assert [f.function_arn for f in rest.functions or ()] == [f"{_ARN}50:$LATEST", f"{_ARN}51:$LATEST"]
    assert rest.next_marker is None


def permission(sid: str = "s", **members: Any) -> AddPermissionRequest:
    given: dict[str, Any] = {"function_name": "f", "action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"}
    return AddPermissionRequest(statement_id=sid, **(given | members))


async def test_permissions_come_and_go(functions: Lambda) -> None:
    """Recording lambda_api, test_remove_multi_permissions."""
    await functions.create()
    before = (await configuration(functions))["RevisionId"]
    answered = await functions.api.add_permission(context(), permission("a"))
    await functions.api.add_permission(context(), permission("b"))
    policy = await functions.api.get_policy(context(), GetPolicyRequest(function_name="f"))
    assert policy.policy is not None
    document = msgspec.json.decode(policy.policy)
    assert [statement["Sid"] for statement in document["Statement"]] == ["a", "b"]
    assert answered.statement is not None
    assert document["Statement"][0] == msgspec.json.decode(answered.statement)
    assert (document["Version"], document["Id"]) == ("2012-10-17", "default")
    assert policy.revision_id != before == (await configuration(functions))["RevisionId"]

    for sid in ("a", "b"):
        await functions.api.remove_permission(context(), RemovePermissionRequest(function_name="f", statement_id=sid))
    with pytest.raises(ServiceError, match="The resource you requested does not exist"):
        await functions.api.get_policy(context(), GetPolicyRequest(function_name="f"))


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (permission("taken"), "ResourceConflictException", "The statement id (taken) provided already exists."),
        (permission(qualifier="$LATEST"), "InvalidParameterValueException", "We currently do not support adding"),
        (permission(qualifier="42"), "ResourceNotFoundException", f"Function not found: {_ARN}:42"),
        (permission(qualifier="live"), "ResourceNotFoundException", f"Cannot find alias arn: {_ARN}:live"),
        (permission(function_name="g"), "ResourceNotFoundException", "Function not found: "),
        (permission(revision_id="wrong"), "PreconditionFailedException", "The Revision Id provided does not match"),
    ],
)
async def test_permissions_that_cannot_be_added(
    functions: Lambda, request_: AddPermissionRequest, code: str, message: str
) -> None:
    """Recording lambda_api, test_permission_exceptions."""
    await functions.create()
    await functions.api.add_permission(context(), permission("taken"))
    with pytest.raises(ServiceError) as caught:
        await functions.api.add_permission(context(), request_)
    assert (caught.value.error_code, caught.value.message[: len(message)]) == (code, message)


async def test_permissions_that_cannot_be_removed(functions: Lambda) -> None:
    """Three ways not to be there. Recording lambda_api, test_permission_exceptions."""
    request = RemovePermissionRequest(function_name="f", statement_id="s")
    with pytest.raises(ServiceError, match=f"^No policy found for: {_ARN}$"):
        await functions.api.remove_permission(context(), request)
    await functions.create()
    with pytest.raises(ServiceError, match="No policy is associated with the given resource"):
        await functions.api.remove_permission(context(), request)
    await functions.api.add_permission(context(), permission("other"))
    with pytest.raises(ServiceError, match="Statement s is not found in resource policy"):
        await functions.api.remove_permission(context(), request)


async def test_the_code_can_be_fetched_for_ten_minutes(functions: Lambda, clock: JumpingClock) -> None:
    """Code.Location works without a signature, so it must be neither guessable nor everlasting."""
    uploaded = archive({"index.py": "x"})
    await functions.create(code=FunctionCode(zip_file=uploaded), tags={"team": "a"})
    found = await functions.api.get_function(context(), GetFunctionRequest(function_name="f"))
    assert found.tags == {"team": "a"}
    assert found.code is not None
    assert found.code.location is not None
    assert found.code.location.startswith("http://localhost:4566/_pileus/lambda/code/")
    path = found.code.location.removeprefix("http://localhost:4566")

    answer = await functions.api.code_handler(Request(method="GET", target=path, headers={}))
    assert isinstance(answer.body, FileBody)
    assert answer.body.path.read_bytes() == uploaded
    assert answer.body.size_bytes == len(uploaded)
    for target in (path[:-4] + "AAAA", path + "x", "/_pileus/lambda/code/", "/_pileus/lambda/code/%00"):
        forged = await functions.api.code_handler(Request(method="GET", target=target, headers={}))
        assert forged.status == 403
    assert (await functions.api.code_handler(Request(method="PUT", target=path, headers={}))).status == 405
    clock.jump(timedelta(minutes=10, seconds=1))
    assert (await functions.api.code_handler(Request(method="GET", target=path, headers={}))).status == 403


async def test_referenced_blobs_are_those_of_functions(functions: Lambda) -> None:
    """Whoever sweeps blobs asks for them; one too few would lose somebody's code."""
    for account_id in ("111111111111", "222222222222"):
        code = FunctionCode(zip_file=archive({"account": account_id}))
        await functions.api.create_function(
            context(account_id=account_id), creation(code=code, role=f"arn:aws:iam::{account_id}:role/r")
        )
    assert len(await functions.api.referenced_blobs()) == 2
    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f"))
    assert len(await functions.api.referenced_blobs()) == 1
    assert (await functions.api.sweep_code(), await functions.api.sweep_code()) == (0, 1)
