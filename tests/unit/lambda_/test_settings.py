"""What is set beside a function's configuration, against AWS's recordings."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.lambda_ import settings_store, shapes
from pileus.services.lambda_.environments.runtime_versions import runtime_version_arn
from pileus.services.lambda_.mappings.model import MappingRecord
from pileus.services.lambda_.mappings.store import put_mapping
from pileus.services.lambda_.names import function_name
from pileus.services.lambda_.provisioning import Provisioned
from tests.unit.lambda_.conftest import Lambda, archive, context

_ARN = "arn:aws:lambda:us-east-1:111111111111:function:f"
_PUBLISHERS = shapes.AllowedPublishers(
    signing_profile_version_arns=["arn:aws:signer:us-east-1:111111111111:/signing-profiles/test"]
)


async def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value.error_code, caught.value.message


async def publish(functions: Lambda) -> None:
    request = shapes.UpdateFunctionCodeRequest(
        function_name="f", zip_file=archive({"index.py": functions.ids.uuid()}), publish=True
    )
    await functions.api.update_function_code(context(), request)


async def alias(functions: Lambda, name: str = "live", version: str = "1") -> None:
    request = shapes.CreateAliasRequest(function_name="f", name=name, function_version=version)
    await functions.api.create_alias(context(), request)


async def test_tags_come_and_go(functions: Lambda) -> None:
    """Recordings lambda_api, TestLambdaTags: a revision for each change, and AWS's refusals."""
    await functions.create(tags={"a": "1"})
    api = functions.api

    async def tags(arn: str = _ARN) -> Any:
        return (await api.list_tags(context(), shapes.ListTagsRequest(resource=arn))).tags

    def tagging(arn: str = _ARN, **given: str) -> Any:
        return api.tag_resource(context(), shapes.TagResourceRequest(resource=arn, tags=given))

    async def revision() -> str | None:
        request = shapes.GetFunctionConfigurationRequest(function_name="f")
        return (await api.get_function_configuration(context(), request)).revision_id

    before = await revision()
    await tagging(b="2", a="3")
    assert await tags() == {"a": "3", "b": "2"}
    assert await revision() != before
    await api.untag_resource(context(), shapes.UntagResourceRequest(resource=_ARN, tag_keys=["a", "none"]))
    assert await tags() == {"b": "2"}
    await api.untag_resource(context(), shapes.UntagResourceRequest(resource=_ARN, tag_keys=["b"]))
    assert await tags() == {}
    assert await refusal(tagging()) == (
        "InvalidParameterValueException",
        "An error occurred and the request cannot be processed.",
    )
    many = {str(number): "" for number in range(51)}
    too_many = ("InvalidParameterValueException", "Number of tags exceeds resource tag limit.")
    assert await refusal(tagging(**many)) == too_many
    assert await refusal(functions.create("g", tags=many)) == too_many
    reserved = ("InvalidParameterValueException", "aws: prefixed tag key names are not allowed for external use.")
    assert await refusal(tagging(**{"AWS:name": "1"})) == reserved
    assert await refusal(functions.create("g", tags={"aws:a": ""})) == reserved
    for qualified in (f"{_ARN}:1", f"{_ARN}:$LATEST"):
        assert await refusal(tagging(qualified, a="1")) == (
            "InvalidParameterValueException",
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        )
    assert await refusal(tags(f"{_ARN}g")) == (
        "ResourceNotFoundException",
        f"Function not found: {_ARN}g",
    )


async def test_reserved_concurrency(functions: Lambda) -> None:
    """Recordings lambda_api, TestLambdaReservedConcurrency; 100 of the account's 1,000 cannot be reserved."""
    await functions.create()
    await functions.create("g")
    api = functions.api

    def reserve(number: int, name: str = "f") -> Any:
        request = shapes.PutFunctionConcurrencyRequest(function_name=name, reserved_concurrent_executions=number)
        return api.put_function_concurrency(context(), request)

    async def reserved() -> int | None:
        request = shapes.GetFunctionConcurrencyRequest(function_name="f")
        return (await api.get_function_concurrency(context(), request)).reserved_concurrent_executions

    assert await reserved() is None
    for number in (0, 900):
        assert (await reserve(number)).reserved_concurrent_executions == number
        assert await reserved() == number
    below = (
        "InvalidParameterValueException",
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [100].",
    )
    assert await refusal(reserve(901)) == below
    assert await refusal(reserve(1, "g")) == below
    found = await api.get_function(context(), shapes.GetFunctionRequest(function_name="f"))
    assert found.concurrency == shapes.Concurrency(reserved_concurrent_executions=900)
    settings = await api.get_account_settings(context(), shapes.GetAccountSettingsRequest())
    assert settings.account_limit is not None
    assert settings.account_limit.unreserved_concurrent_executions == 100
    assert settings.account_usage is not None
    assert settings.account_usage.function_count == 2
    assert await refusal(reserve(1, "none")) == (
        "ResourceNotFoundException",
        f"Function not found: {_ARN[:-1]}none:$LATEST",
    )
    code, message = await refusal(reserve(1, f"{_ARN}:1"))
    assert code == "InvalidParameterValueException"
    assert message.startswith("This operation is permitted on Lambda functions only.")
    await api.delete_function_concurrency(context(), shapes.DeleteFunctionConcurrencyRequest(function_name="f"))
    assert await reserved() is None
    await reserve(5)
    await api.delete_function(context(), shapes.DeleteFunctionRequest(function_name="f"))
    await functions.create()
    assert await reserved() is None


class Fleets:
    """Has as many environments ready as the test says."""

    def __init__(self) -> None:
        self.ready: dict[str, Provisioned] = {}
        self.changes = 0

    def provisioned(self, function_arn: str) -> Provisioned:
        return self.ready.get(function_arn, Provisioned(allocated=0, available=0))

    def provisions_changed(self) -> None:
        self.changes += 1


async def test_provisioned_concurrency(functions: Lambda) -> None:
    """Recordings lambda_api, TestLambdaProvisionedConcurrency, and lambda, test_reserved_provisioned_overlap."""
    await functions.create()
    await publish(functions)
    await alias(functions)
    api = functions.api

    def provision(qualifier: str, number: int = 5, name: str = "f") -> Any:
        request = shapes.PutProvisionedConcurrencyConfigRequest(
            function_name=name, qualifier=qualifier, provisioned_concurrent_executions=number
        )
        return api.put_provisioned_concurrency_config(context(), request)

    def get(qualifier: str) -> Any:
        request = shapes.GetProvisionedConcurrencyConfigRequest(function_name="f", qualifier=qualifier)
        return api.get_provisioned_concurrency_config(context(), request)

    def delete(qualifier: str) -> Any:
        request = shapes.DeleteProvisionedConcurrencyConfigRequest(function_name="f", qualifier=qualifier)
        return api.delete_provisioned_concurrency_config(context(), request)

    with pytest.raises(NotImplementedByPileus):
        await provision("1")
    fleets = api.provisioned_fleets = Fleets()
    put = msgspec.to_builtins(await provision("1"))
    assert put == {
        "RequestedProvisionedConcurrentExecutions": 5,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "AvailableProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": "2024-02-29T23:59:59.000+0000",
    }
    assert fleets.changes == 1
    fleets.ready[f"{_ARN}:1"] = Provisioned(allocated=5, available=3)
    found = await get("1")
    assert (found.status, found.available_provisioned_concurrent_executions) == ("READY", 3)
    fleets.ready[f"{_ARN}:1"] = Provisioned(allocated=0, available=0, failure="FUNCTION_ERROR_INIT_FAILURE")
    found = await get("1")
    assert (found.status, found.status_reason) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")

    assert await refusal(provision("live")) == (
        "ResourceConflictException",
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    )
    await delete("1")
    absent = (
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
    )
    assert await refusal(get("1")) == absent
    await delete("1")
    await provision("live")
    assert await refusal(provision("1")) == (
        "ResourceConflictException",
        "Version is pointed by a Provisioned Concurrency alias",
    )
    request = shapes.ListProvisionedConcurrencyConfigsRequest(function_name="f")
    listed = await api.list_provisioned_concurrency_configs(context(), request)
    assert [item.function_arn for item in listed.provisioned_concurrency_configs or ()] == [f"{_ARN}:live"]

    reserve = shapes.PutFunctionConcurrencyRequest(function_name="f", reserved_concurrent_executions=4)
    assert (await refusal(api.put_function_concurrency(context(), reserve)))[1] == (
        " ReservedConcurrentExecutions  4 should not be lower than function's total provisioned concurrency [5]."
    )
    reserve = shapes.PutFunctionConcurrencyRequest(function_name="f", reserved_concurrent_executions=5)
    await api.put_function_concurrency(context(), reserve)
    assert (await refusal(provision("live", 6)))[1] == (
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    )
    await api.delete_function_concurrency(context(), shapes.DeleteFunctionConcurrencyRequest(function_name="f"))
    assert (await refusal(provision("live", 1_001)))[1].endswith("account's unreserved concurrency [1000].")
    assert (await refusal(provision("live", 901)))[1].endswith("below its minimum value of [100].")
    for call in (get("$LATEST"), delete("$LATEST")):
        assert (await refusal(call))[1] == "The function resource provided must be an alias or a published version."
    assert (await refusal(provision("$LATEST")))[1].endswith("cannot be applied to unpublished function versions.")
    assert (await refusal(provision("none")))[1] == f"Cannot find alias arn: {_ARN}:none"
    assert (await refusal(provision("10")))[1] == f"Function not found: {_ARN}:10"
    # Recording: with the alias goes its configuration.
    changes = fleets.changes
    await api.delete_alias(context(), shapes.DeleteAliasRequest(function_name="f", name="live"))
    assert fleets.changes == changes + 1
    assert (await refusal(get("live")))[1] == f"Cannot find alias arn: {_ARN}:live"
    listed = await api.list_provisioned_concurrency_configs(context(), request)
    assert listed.provisioned_concurrency_configs == []


async def test_invoke_configs(functions: Lambda) -> None:
    """Recordings lambda_api, TestLambdaEventInvokeConfig."""
    await functions.create()
    await functions.create("g")
    await publish(functions)
    await alias(functions)
    api = functions.api

    def put(name: str = "f", **members: Any) -> Any:
        request = shapes.PutFunctionEventInvokeConfigRequest(function_name=name, **members)
        return api.put_function_event_invoke_config(context(), request)

    def to(on_success: str | None = None, on_failure: str | None = None) -> shapes.DestinationConfig:
        return shapes.DestinationConfig(
            on_success=None if on_success is None else shapes.OnSuccess(destination=on_success),
            on_failure=None if on_failure is None else shapes.OnFailure(destination=on_failure),
        )

    given = msgspec.to_builtins(await put(maximum_retry_attempts=0, maximum_event_age_in_seconds=60))
    del given["LastModified"]
    assert given == {
        "FunctionArn": f"{_ARN}:$LATEST",
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
    }
    update = shapes.UpdateFunctionEventInvokeConfigRequest(function_name="f", maximum_retry_attempts=1)
    updated = await api.update_function_event_invoke_config(context(), update)
    assert (updated.maximum_retry_attempts, updated.maximum_event_age_in_seconds) == (1, 60)
    replaced = await put(maximum_retry_attempts=2)
    assert (replaced.maximum_retry_attempts, replaced.maximum_event_age_in_seconds) == (2, None)
    for qualifier in ("1", "live"):
        assert (await put(qualifier=qualifier, maximum_retry_attempts=1)).function_arn == f"{_ARN}:{qualifier}"
    request = shapes.ListFunctionEventInvokeConfigsRequest(function_name="f", max_items=2)
    page = await api.list_function_event_invoke_configs(context(), request)
    assert [config.function_arn for config in page.function_event_invoke_configs or ()] == [
        f"{_ARN}:$LATEST",
        f"{_ARN}:1",
    ]
    assert page.next_marker == "1"

    other = f"{_ARN[:-1]}g"
    assert (await put(destination_config=to(other))).destination_config.on_success.destination == other
    for config, message in (
        (to(_ARN), "You can't specify the function as a destination for itself."),
        (to(f"{_ARN[:-1]}none"), f"The destination ARN {_ARN[:-1]}none is invalid."),
        (
            to("arn:aws:iam:us-east-1:111111111111:function:f"),
            "The provided destination config DestinationConfig(onSuccess=OnSuccess("
            "destination=arn:aws:iam:us-east-1:111111111111:function:f), onFailure=null) is invalid.",
        ),
    ):
        assert await refusal(put(destination_config=config)) == ("InvalidParameterValueException", message)
    with pytest.raises(NotImplementedByPileus):
        await put(destination_config=to(None, "arn:aws:sqs:us-east-1:111111111111:q"))
    assert (await refusal(put()))[1] == "You must specify at least one of error handling or destination setting."
    for missing in (put("none", maximum_retry_attempts=1), put(qualifier="none", maximum_retry_attempts=1)):
        assert await refusal(missing) == ("ResourceNotFoundException", "The function doesn't exist.")

    for qualifier in ("$LATEST", "1", "live"):
        removal = shapes.DeleteFunctionEventInvokeConfigRequest(function_name="f", qualifier=qualifier)
        await api.delete_function_event_invoke_config(context(), removal)
        absent = ("ResourceNotFoundException", f"The function {_ARN}:{qualifier} doesn't have an EventInvokeConfig")
        assert await refusal(api.delete_function_event_invoke_config(context(), removal)) == absent
        get = shapes.GetFunctionEventInvokeConfigRequest(function_name="f", qualifier=qualifier)
        assert await refusal(api.get_function_event_invoke_config(context(), get)) == absent


async def test_url_configs(functions: Lambda) -> None:
    """Recordings lambda_api, TestLambdaUrl: what is shown when, and in which words it is refused."""
    await functions.create()
    await publish(functions)
    await alias(functions)
    api = functions.api

    def create(qualifier: str | None = None, **members: Any) -> Any:
        request = shapes.CreateFunctionUrlConfigRequest(
            function_name=members.pop("name", "f"), qualifier=qualifier, auth_type="NONE", **members
        )
        return api.create_function_url_config(context(), request)

    def get(qualifier: str | None = None) -> Any:
        request = shapes.GetFunctionUrlConfigRequest(function_name="f", qualifier=qualifier)
        return api.get_function_url_config(context(), request)

    created = await create(cors=shapes.Cors(allow_origins=["*"], max_age=60))
    assert (created.function_arn, created.invoke_mode) == (_ARN, None)
    assert created.function_url.startswith("http://")
    assert created.function_url.endswith(".lambda-url.us-east-1.localhost:4566/")
    assert 40 <= len(created.function_url) <= 100
    assert created.cors == shapes.Cors(allow_origins=["*"], max_age=60)
    found = await get()
    assert (found.invoke_mode, found.function_url) == ("BUFFERED", created.function_url)
    assert found.creation_time == found.last_modified_time == "2024-02-29T23:59:59.000000Z"
    assert (await refusal(create()))[1] == (
        f"Failed to create function url config for [functionArn = {_ARN}]. "
        "Error message:  FunctionUrlConfig exists for this Lambda function"
    )
    of_alias = await create("live")
    assert of_alias.function_arn == f"{_ARN}:live"
    assert of_alias.function_url != created.function_url
    update = shapes.UpdateFunctionUrlConfigRequest(function_name="f", auth_type="AWS_IAM")
    updated = await api.update_function_url_config(context(), update)
    assert (updated.auth_type, updated.invoke_mode, updated.cors) == ("AWS_IAM", None, created.cors)
    update = shapes.UpdateFunctionUrlConfigRequest(function_name="f", invoke_mode="RESPONSE_STREAM")
    assert (await api.update_function_url_config(context(), update)).invoke_mode == "RESPONSE_STREAM"
    listed = await api.list_function_url_configs(context(), shapes.ListFunctionUrlConfigsRequest(function_name="f"))
    assert [config.function_arn for config in listed.function_url_configs] == [_ARN, f"{_ARN}:live"]

    missing = ("ResourceNotFoundException", "Function does not exist")
    assert await refusal(create(name="none")) == missing
    assert await refusal(create("none")) == missing
    url_id = created.function_url.removeprefix("http://").partition(".")[0]
    assert await settings_store.get_url_place(functions.store.snapshot(), url_id) is not None
    removal = shapes.DeleteFunctionUrlConfigRequest(function_name="f")
    await api.delete_function_url_config(context(), removal)
    absent = ("ResourceNotFoundException", "The resource you requested does not exist.")
    assert await refusal(get()) == absent
    assert await refusal(api.delete_function_url_config(context(), removal)) == absent
    assert await settings_store.get_url_place(functions.store.snapshot(), url_id) is None
    assert (await get("live")).function_url == of_alias.function_url
    await api.delete_function(context(), shapes.DeleteFunctionRequest(function_name="f"))
    url_id = of_alias.function_url.removeprefix("http://").partition(".")[0]
    assert await settings_store.get_url_place(functions.store.snapshot(), url_id) is None


async def test_code_signing(functions: Lambda) -> None:
    """Recordings lambda_api, TestCodeSigningConfig; nothing is signed here, so `Enforce` lets no code in."""
    await functions.create()
    api = functions.api
    request = shapes.CreateCodeSigningConfigRequest(
        description="d",
        allowed_publishers=_PUBLISHERS,
        code_signing_policies=shapes.CodeSigningPolicies(untrusted_artifact_on_deployment="Enforce"),
    )
    created = (await api.create_code_signing_config(context(), request)).code_signing_config
    arn = created.code_signing_config_arn
    assert arn == f"arn:aws:lambda:us-east-1:111111111111:code-signing-config:{created.code_signing_config_id}"
    assert len(created.code_signing_config_id) == len("csc-") + 17
    await api.tag_resource(context(), shapes.TagResourceRequest(resource=arn, tags={"a": "1"}))
    assert (await api.list_tags(context(), shapes.ListTagsRequest(resource=arn))).tags == {"a": "1"}

    put = shapes.PutFunctionCodeSigningConfigRequest(code_signing_config_arn=arn, function_name="f")
    given = await api.put_function_code_signing_config(context(), put)
    assert (given.code_signing_config_arn, given.function_name) == (arn, "f")
    got = await api.get_function_code_signing_config(
        context(), shapes.GetFunctionCodeSigningConfigRequest(function_name="f")
    )
    assert got is not None
    assert got.code_signing_config_arn == arn
    code = shapes.UpdateFunctionCodeRequest(function_name="f", zip_file=archive({"index.py": "new"}))
    assert (await refusal(api.update_function_code(context(), code)))[0] == "CodeVerificationFailedException"
    assert (await refusal(functions.create("g", code_signing_config_arn=arn)))[0] == "CodeVerificationFailedException"
    update = shapes.UpdateCodeSigningConfigRequest(
        code_signing_config_arn=arn,
        code_signing_policies=shapes.CodeSigningPolicies(untrusted_artifact_on_deployment="Warn"),
    )
    changed = (await api.update_code_signing_config(context(), update)).code_signing_config
    assert changed.code_signing_policies.untrusted_artifact_on_deployment == "Warn"
    assert changed.description == "d"
    await api.update_function_code(context(), code)
    await functions.create("g", code_signing_config_arn=arn)

    by = shapes.ListFunctionsByCodeSigningConfigRequest(code_signing_config_arn=arn)
    listed = await api.list_functions_by_code_signing_config(context(), by)
    assert listed.function_arns == [_ARN, f"{_ARN[:-1]}g"]
    every = await api.list_code_signing_configs(context(), shapes.ListCodeSigningConfigsRequest())
    assert every.code_signing_configs == [changed]
    removal = shapes.DeleteCodeSigningConfigRequest(code_signing_config_arn=arn)
    assert (await refusal(api.delete_code_signing_config(context(), removal)))[0] == "ResourceConflictException"
    for name in "fg":
        await api.delete_function_code_signing_config(
            context(), shapes.DeleteFunctionCodeSigningConfigRequest(function_name=name)
        )
    got = await api.get_function_code_signing_config(
        context(), shapes.GetFunctionCodeSigningConfigRequest(function_name="f")
    )
    assert got is None
    await api.delete_code_signing_config(context(), removal)
    absent = ("ResourceNotFoundException", f"The Lambda code signing configuration {arn} can not be found.")
    assert await refusal(api.delete_code_signing_config(context(), removal)) == absent
    assert await refusal(api.put_function_code_signing_config(context(), put)) == (
        "CodeSigningConfigNotFoundException",
        f"The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}.",
    )


async def test_recursion_and_runtime_management(functions: Lambda) -> None:
    """Recording lambda_api, TestLambdaRecursion; `Manual` needs the one version of the runtime that there is."""
    await functions.create()
    api = functions.api
    get = shapes.GetFunctionRecursionConfigRequest(function_name="f")
    assert (await api.get_function_recursion_config(context(), get)).recursive_loop == "Terminate"
    put = shapes.PutFunctionRecursionConfigRequest(function_name="f", recursive_loop="Allow")
    assert (await api.put_function_recursion_config(context(), put)).recursive_loop == "Allow"
    assert (await api.get_function_recursion_config(context(), get)).recursive_loop == "Allow"

    read = shapes.GetRuntimeManagementConfigRequest(function_name="f")
    found = await api.get_runtime_management_config(context(), read)
    assert (found.update_runtime_on, found.function_arn) == ("Auto", f"{_ARN}:$LATEST")

    def manage(**members: Any) -> Any:
        request = shapes.PutRuntimeManagementConfigRequest(function_name="f", **members)
        return api.put_runtime_management_config(context(), request)

    await manage(update_runtime_on="FunctionUpdate")
    assert (await api.get_runtime_management_config(context(), read)).update_runtime_on == "FunctionUpdate"
    ours = runtime_version_arn("python3.12", partition="aws", region="us-east-1")
    assert (await manage(update_runtime_on="Manual", runtime_version_arn=ours)).runtime_version_arn == ours
    for members in (
        {"update_runtime_on": "Manual"},
        {"update_runtime_on": "Auto", "runtime_version_arn": ours},
        {"update_runtime_on": "Manual", "runtime_version_arn": ours[:-1] + "x"},
    ):
        assert (await refusal(manage(**members)))[0] == "InvalidParameterValueException"


async def test_tags_of_event_source_mappings(functions: Lambda) -> None:
    """Recording lambda_api, TestLambdaTag::test_tag_lifecycle[event_source_mapping] and test_tag_exceptions."""
    await functions.create()
    uuid = functions.ids.uuid()
    mapping = MappingRecord(
        uuid=uuid,
        function=function_name(context(), "f"),
        source_arn="arn:aws:dynamodb:us-east-1:111111111111:table/t/stream/s",
        starting_position="LATEST",
        modified_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    async with functions.store.transaction() as tx:
        put_mapping(tx, mapping)
    api = functions.api
    await api.tag_resource(context(), shapes.TagResourceRequest(resource=mapping.arn, tags={"a": "1", "b": "2"}))
    await api.untag_resource(context(), shapes.UntagResourceRequest(resource=mapping.arn, tag_keys=["a"]))
    assert (await api.list_tags(context(), shapes.ListTagsRequest(resource=mapping.arn))).tags == {"b": "2"}
    absent = mapping.arn.replace(uuid, functions.ids.uuid())
    assert await refusal(api.list_tags(context(), shapes.ListTagsRequest(resource=absent))) == (
        "ResourceNotFoundException",
        f"Event source mapping not found: {absent}",
    )
