"""Versions and aliases, against AWS's recordings."""

from typing import Any

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.lambda_.model import AliasRecord
from pileus.services.lambda_.resolving import drawn_version
from pileus.services.lambda_.shapes import (
    AddPermissionRequest,
    AliasConfiguration,
    AliasRoutingConfiguration,
    CreateAliasRequest,
    DeleteAliasRequest,
    DeleteFunctionRequest,
    FunctionConfiguration,
    GetAliasRequest,
    GetFunctionConfigurationRequest,
    GetFunctionRequest,
    GetPolicyRequest,
    InvocationRequest,
    ListAliasesRequest,
    ListFunctionsRequest,
    ListVersionsByFunctionRequest,
    PublishVersionRequest,
    UpdateAliasRequest,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)
from tests.unit.lambda_.conftest import Lambda, archive, context

_ARN = "arn:aws:lambda:us-east-1:111111111111:function:f"


async def publish(functions: Lambda, **members: Any) -> FunctionConfiguration:
    return await functions.api.publish_version(context(), PublishVersionRequest(function_name="f", **members))


async def describe(functions: Lambda, description: str) -> None:
    request = UpdateFunctionConfigurationRequest(function_name="f", description=description)
    await functions.api.update_function_configuration(context(), request)


async def configuration(functions: Lambda, qualifier: str | None = None) -> FunctionConfiguration:
    request = GetFunctionConfigurationRequest(function_name="f", qualifier=qualifier)
    return await functions.api.get_function_configuration(context(), request)


async def versions(functions: Lambda) -> list[tuple[str | None, str | None]]:
    found = await functions.api.list_versions_by_function(context(), ListVersionsByFunctionRequest(function_name="f"))
    assert found.versions is not None
    return [(version.version, version.description) for version in found.versions]


async def alias(functions: Lambda, name: str = "live", version: str = "1", **members: Any) -> AliasConfiguration:
    request = CreateAliasRequest(function_name="f", name=name, function_version=version, **members)
    return await functions.api.create_alias(context(), request)


def routing(**weights: float) -> AliasRoutingConfiguration:
    return AliasRoutingConfiguration(
        additional_version_weights={name.removeprefix("v"): weight for name, weight in weights.items()}
    )


async def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value.error_code, caught.value.message


async def test_versions_from_the_first_to_a_deleted_one(functions: Lambda) -> None:
    """Recording lambda_api, test_version_lifecycle: numbers, descriptions, revisions, and no version without change."""
    await functions.create(description="none")
    await describe(functions, "first")
    before = (await configuration(functions)).revision_id
    first = await publish(functions, description="first version")
    assert (first.version, first.function_arn, first.description) == ("1", f"{_ARN}:1", "first version")
    assert (first.state, first.last_update_status) == ("Active", "Successful")
    assert (await configuration(functions)).revision_id != before
    assert (await configuration(functions, "1")).revision_id == first.revision_id

    assert (await publish(functions, description="says something else")).version == "1"
    await describe(functions, "second")
    second = await publish(functions)
    assert (second.version, second.description) == ("2", "second")
    latest = (await configuration(functions)).revision_id
    assert (await publish(functions)).revision_id == second.revision_id
    assert (await configuration(functions)).revision_id == latest
    assert (await configuration(functions, "1")).description == "first version"
    assert await versions(functions) == [("$LATEST", "second"), ("1", "first version"), ("2", "second")]

    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f", qualifier="1"))
    assert await versions(functions) == [("$LATEST", "second"), ("2", "second")]
    assert functions.environments.retired == [f"{_ARN}:1"]
    code, message = await refusal(configuration(functions, "1"))
    assert (code, message) == ("ResourceNotFoundException", f"Function not found: {_ARN}:1")
    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f", qualifier="1"))


async def test_numbers_are_never_given_twice(functions: Lambda) -> None:
    """Whoever kept the ARN of a deleted version must not reach other code by it; a new function begins at 1."""
    await functions.create()
    await publish(functions)
    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f", qualifier="1"))
    assert (await publish(functions)).version == "2"
    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f"))
    assert set(functions.environments.retired) == {_ARN, f"{_ARN}:1", f"{_ARN}:2"}
    await functions.create()
    assert await versions(functions) == [("$LATEST", "")]
    assert (await publish(functions)).version == "1"


async def test_publishing_while_creating_and_updating(functions: Lambda) -> None:
    """Recordings lambda_api, test_publish_version_on_create and test_publish_with_update."""
    created = await functions.create(publish=True)
    assert (created.version, created.function_arn, created.state) == ("1", _ARN, "Pending")
    assert (await publish(functions)).version == "1"
    request = UpdateFunctionCodeRequest(function_name="f", zip_file=archive({"index.py": "2"}), publish=True)
    updated = await functions.api.update_function_code(context(), request)
    assert (updated.version, updated.function_arn, updated.state) == ("2", f"{_ARN}:2", "Pending")
    assert updated.last_update_status is None
    assert (await configuration(functions, "1")).code_sha256 == created.code_sha256
    assert (await configuration(functions, "2")).code_sha256 == updated.code_sha256 != created.code_sha256
    assert (await configuration(functions, "$LATEST")).function_arn == f"{_ARN}:$LATEST"


async def test_publishing_what_the_caller_did_not_see(functions: Lambda) -> None:
    """Recordings lambda_api, test_publish_with_wrong_revisionid and test_publish_with_wrong_sha256."""
    created = await functions.create()
    code, _ = await refusal(publish(functions, revision_id="other"))
    assert code == "PreconditionFailedException"
    code, message = await refusal(publish(functions, code_sha256="other"))
    assert (code, message) == (
        "InvalidParameterValueException",
        f"CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({created.code_sha256}). "
        "Please try again with the CodeSHA256 in $LATEST.",
    )
    revision = (await configuration(functions)).revision_id
    assert (await publish(functions, revision_id=revision, code_sha256=created.code_sha256)).version == "1"


async def test_lists_of_versions_come_in_pages(functions: Lambda) -> None:
    """Every version once, whatever the size of the pages; with FunctionVersion=ALL, of every function."""
    await functions.create("e")
    await functions.create("f", publish=True)
    await describe(functions, "2")
    await publish(functions)
    await functions.create("g")
    for size in (1, 2, 3, 4, 50):
        seen: list[str | None] = []
        marker: str | None = None
        while True:
            request = ListVersionsByFunctionRequest(function_name="f", marker=marker, max_items=size)
            page = await functions.api.list_versions_by_function(context(), request)
            seen += [version.version for version in page.versions or ()]
            marker = page.next_marker
            if marker is None:
                break
        assert seen == ["$LATEST", "1", "2"]
        seen = []
        while True:
            every = ListFunctionsRequest(function_version="ALL", marker=marker, max_items=size)
            listed = await functions.api.list_functions(context(), every)
            seen += [(version.function_arn or "").removeprefix(_ARN[:-1]) for version in listed.functions or ()]
            marker = listed.next_marker
            if marker is None:
                break
        assert seen == ["e:$LATEST", "f:$LATEST", "f:1", "f:2", "g:$LATEST"]
    listed = await functions.api.list_functions(context(), ListFunctionsRequest())
    assert [function.function_arn for function in listed.functions or ()] == [_ARN[:-1] + name for name in "efg"]


async def test_aliases_from_creation_to_deletion(functions: Lambda) -> None:
    """Recording lambda_api, test_alias_lifecycle."""
    await functions.create(publish=True)
    await describe(functions, "2")
    await publish(functions)
    created = await alias(functions, description="custom", routing_config=routing(v2=0.25))
    assert created.alias_arn == f"{_ARN}:live"
    assert (created.name, created.function_version, created.description) == ("live", "1", "custom")
    assert created.routing_config == routing(v2=0.25)
    assert await functions.api.get_alias(context(), GetAliasRequest(function_name="f", name="live")) == created

    through = await configuration(functions, "live")
    assert (through.function_arn, through.version) == (f"{_ARN}:live", "1")
    assert through.revision_id == (await configuration(functions, "1")).revision_id

    await alias(functions, "second", "2")
    of_second = await functions.api.list_aliases(context(), ListAliasesRequest(function_name="f", function_version="2"))
    assert [found.name for found in of_second.aliases or ()] == ["live", "second"]
    page = await functions.api.list_aliases(context(), ListAliasesRequest(function_name="f", max_items=1))
    assert page.next_marker == "live"
    rest = await functions.api.list_aliases(context(), ListAliasesRequest(function_name="f", marker="live"))
    assert ([found.name for found in rest.aliases or ()], rest.next_marker) == (["second"], None)

    update = UpdateAliasRequest(function_name="f", name="live", routing_config=routing(), revision_id="other")
    code, _ = await refusal(functions.api.update_alias(context(), update))
    assert code == "PreconditionFailedException"
    update = UpdateAliasRequest(
        function_name="f", name="live", routing_config=routing(), revision_id=created.revision_id
    )
    updated = await functions.api.update_alias(context(), update)
    assert (updated.routing_config, updated.description) == (None, "custom")
    assert updated.revision_id != created.revision_id

    removal = DeleteFunctionRequest(function_name="f", qualifier="1")
    assert await refusal(functions.api.delete_function(context(), removal)) == (
        "ResourceConflictException",
        "Unable to delete version because the following aliases reference it: [live]",
    )
    for _ in range(2):
        await functions.api.delete_alias(context(), DeleteAliasRequest(function_name="f", name="live"))
    await functions.api.delete_function(context(), removal)
    assert [found[0] for found in await versions(functions)] == ["$LATEST", "2"]


async def test_aliases_that_cannot_be(functions: Lambda) -> None:
    """Recordings lambda_api, test_notfound_and_invalid_routingconfigs, test_non_existent_alias_update."""
    await functions.create(publish=True)
    await describe(functions, "2")
    await publish(functions)
    assert await refusal(alias(functions, routing_config=routing(v1=0.5, v2=0.5))) == (
        "InvalidParameterValueException",
        "Number of items in AdditionalVersionWeights cannot be greater than 1",
    )
    assert await refusal(alias(functions, routing_config=routing(v1=0.5))) == (
        "InvalidParameterValueException",
        "Invalid function version 1. Function version 1 is already included in routing configuration.",
    )
    assert await refusal(alias(functions, version="$LATEST", routing_config=routing(v1=0.5))) == (
        "InvalidParameterValueException",
        "$LATEST is not supported for an alias pointing to more than 1 version",
    )
    for refused in (alias(functions, version="10"), alias(functions, routing_config=routing(v10=0.5))):
        assert await refusal(refused) == ("ResourceNotFoundException", f"Function not found: {_ARN}:10")
    absent = CreateAliasRequest(function_name="g", name="live", function_version="1")
    code, message = await refusal(functions.api.create_alias(context(), absent))
    assert (code, message) == ("ResourceNotFoundException", f"Function not found: {_ARN[:-1]}g:1")
    await alias(functions)
    assert await refusal(alias(functions)) == (
        "ResourceConflictException",
        f"Alias already exists: {_ARN}:live",
    )
    assert await refusal(functions.api.get_alias(context(), GetAliasRequest(function_name="f", name="no"))) == (
        "ResourceNotFoundException",
        f"Cannot find alias arn: {_ARN}:no",
    )
    assert await refusal(functions.api.update_alias(context(), UpdateAliasRequest(function_name="f", name="no"))) == (
        "ResourceNotFoundException",
        f"Alias not found: {_ARN}:no",
    )
    assert await refusal(configuration(functions, "no")) == (
        "ResourceNotFoundException",
        f"Function not found: {_ARN}:no",
    )


async def test_what_a_qualifier_runs(functions: Lambda) -> None:
    """Each version is a fleet of its own, under its own ARN; the function sees the name that its caller used."""
    await functions.create(publish=True)
    await describe(functions, "2")
    await alias(functions)
    await alias(functions, "edge", "$LATEST")

    async def ran(name: str, qualifier: str | None = None) -> tuple[str | None, str, str, str]:
        request = InvocationRequest(function_name=name, qualifier=qualifier)
        answer = await functions.api.invoke(context(), request)
        spec, invocation = functions.environments.invoked[-1]
        return answer.executed_version, spec.function_arn, spec.version, invocation.invoked_function_arn

    assert await ran("f") == ("$LATEST", _ARN, "$LATEST", _ARN)
    assert await ran("f", "$LATEST") == ("$LATEST", _ARN, "$LATEST", f"{_ARN}:$LATEST")
    assert await ran("f", "1") == ("1", f"{_ARN}:1", "1", f"{_ARN}:1")
    for _ in range(2):
        assert await ran("f", "live") == ("1", f"{_ARN}:1", "1", f"{_ARN}:live")
    assert await ran(f"{_ARN}:live") == ("1", f"{_ARN}:1", "1", f"{_ARN}:live")
    assert await ran("f:edge") == ("$LATEST", _ARN, "$LATEST", f"{_ARN}:edge")

    await publish(functions)
    await functions.api.update_alias(
        context(), UpdateAliasRequest(function_name="f", name="live", function_version="2")
    )
    assert await ran("f", "live") == ("2", f"{_ARN}:2", "2", f"{_ARN}:live")
    assert await refusal(ran("f", "no")) == ("ResourceNotFoundException", f"Function not found: {_ARN}:no")
    assert await refusal(ran("f", "9")) == ("ResourceNotFoundException", f"Function not found: {_ARN}:9")
    await functions.api.delete_alias(context(), DeleteAliasRequest(function_name="f", name="live"))
    assert await refusal(ran("f", "live")) == ("ResourceNotFoundException", f"Function not found: {_ARN}:live")


async def test_weights_are_shares(functions: Lambda) -> None:
    """Of many invocations a quarter; none at 0, all at 1."""
    record = AliasRecord(name="a", version="1", description="", revision_id="", weights={"2": 0.25})
    drawn = [drawn_version(record, functions.ids) for _ in range(2_000)]
    assert 400 < drawn.count("2") < 600
    assert drawn.count("1") == 2_000 - drawn.count("2")
    for weight, expected in ((0.0, "1"), (1.0, "2")):
        only = AliasRecord(name="a", version="1", description="", revision_id="", weights={"2": weight})
        assert {drawn_version(only, functions.ids) for _ in range(100)} == {expected}


async def test_versions_and_aliases_have_policies_of_their_own(functions: Lambda) -> None:
    """Recording lambda_api, test_lambda_permission_fn_versioning."""
    await functions.create()

    async def add(qualifier: str | None, **members: Any) -> None:
        request = AddPermissionRequest(
            function_name="f",
            qualifier=qualifier,
            statement_id="s3",
            action="lambda:InvokeFunction",
            principal="s3.amazonaws.com",
            **members,
        )
        await functions.api.add_permission(context(), request)

    async def policy(qualifier: str | None = None) -> tuple[str | None, str | None]:
        found = await functions.api.get_policy(context(), GetPolicyRequest(function_name="f", qualifier=qualifier))
        return found.policy, found.revision_id

    await add(None)
    of_function = await policy()
    await publish(functions)
    assert await policy() == of_function
    assert await refusal(policy("1")) == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    await add("1")
    assert f'"{_ARN}:1"' in str((await policy("1"))[0])
    await alias(functions)
    assert await refusal(add("live", revision_id="other")) == (
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. "
        "Call the GetPolicy API to retrieve the latest Revision Id",
    )
    await add("live")
    assert f'"{_ARN}:live"' in str((await policy("live"))[0])
    assert await policy() == of_function
    assert await refusal(add("9")) == ("ResourceNotFoundException", f"Function not found: {_ARN}:9")
    assert await refusal(add("no")) == ("ResourceNotFoundException", f"Cannot find alias arn: {_ARN}:no")


async def test_tags_are_the_functions(functions: Lambda) -> None:
    """GetFunction of a version tells them, too."""
    await functions.create(publish=True, tags={"a": "b"})
    found = await functions.api.get_function(context(), GetFunctionRequest(function_name="f", qualifier="1"))
    assert found.tags == {"a": "b"}
