"""Layers, against AWS's recordings."""

from typing import Any

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.lambda_.known_resources import LambdaResources
from pileus.services.lambda_.layers import check_unzipped
from pileus.services.lambda_.model import LayerUse
from pileus.services.lambda_.shapes import (
    AddLayerVersionPermissionRequest,
    DeleteFunctionRequest,
    DeleteLayerVersionRequest,
    GetFunctionConfigurationRequest,
    GetLayerVersionByArnRequest,
    GetLayerVersionPolicyRequest,
    GetLayerVersionRequest,
    InvocationRequest,
    LayerVersionContentInput,
    ListLayersRequest,
    ListLayerVersionsRequest,
    PublishLayerVersionRequest,
    PublishLayerVersionResponse,
    PublishVersionRequest,
    RemoveLayerVersionPermissionRequest,
    UpdateFunctionConfigurationRequest,
)
from tests.unit.lambda_.conftest import Lambda, archive, context

_ARN = "arn:aws:lambda:us-east-1:111111111111:layer:l"


async def publish(functions: Lambda, name: str = "l", text: str = "1", **members: Any) -> PublishLayerVersionResponse:
    content = LayerVersionContentInput(zip_file=archive({f"{name}.txt": text, "same.txt": name}))
    request = PublishLayerVersionRequest(layer_name=name, content=content, **members)
    return await functions.api.publish_layer_version(context(), request)


async def listed(functions: Lambda, **members: Any) -> list[int | None]:
    request = ListLayerVersionsRequest(layer_name="l", **members)
    found = await functions.api.list_layer_versions(context(), request)
    assert found.layer_versions is not None
    return [version.version for version in found.layer_versions]


async def use(functions: Lambda, *layers: str) -> list[str | None]:
    request = UpdateFunctionConfigurationRequest(function_name="f", layers=list(layers))
    answer = await functions.api.update_function_configuration(context(), request)
    return [layer.arn for layer in answer.layers or ()]


async def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value.error_code, caught.value.message


async def test_layers_from_publishing_to_deletion(functions: Lambda) -> None:
    """Recording lambda_api, test_layer_lifecycle: fields, numbers, and functions that outlive their layers."""
    members: dict[str, Any] = {
        "description": "d",
        "license_info": "MIT",
        "compatible_runtimes": ["python3.12"],
        "compatible_architectures": ["x86_64"],
    }
    first = msgspec.to_builtins(await publish(functions, **members))
    content = first.pop("Content")
    assert set(content) == {"CodeSha256", "CodeSize", "Location"}
    assert first.pop("CreatedDate") == "2024-02-29T23:59:59.000+0000"
    assert first == {
        "CompatibleArchitectures": ["x86_64"],
        "CompatibleRuntimes": ["python3.12"],
        "Description": "d",
        "LayerArn": _ARN,
        "LayerVersionArn": f"{_ARN}:1",
        "LicenseInfo": "MIT",
        "Version": 1,
    }
    second = await publish(functions, text="2")
    assert (second.version, second.compatible_runtimes) == (2, None)
    by_name = await functions.api.get_layer_version(context(), GetLayerVersionRequest(layer_name="l", version_number=1))
    by_arn = await functions.api.get_layer_version_by_arn(context(), GetLayerVersionByArnRequest(arn=f"{_ARN}:1"))
    assert by_name.content is not None
    assert by_name.content.code_sha256 == content["CodeSha256"]
    assert (by_arn.version, by_arn.license_info) == (1, "MIT")
    assert await listed(functions) == [2, 1]
    assert await listed(functions, compatible_runtime="python3.12") == [1]

    await functions.create(layers=[f"{_ARN}:1"])
    for number in (1, 2, 2):
        removal = DeleteLayerVersionRequest(layer_name=_ARN, version_number=number)
        await functions.api.delete_layer_version(context(), removal)
    assert await listed(functions) == []
    request = GetFunctionConfigurationRequest(function_name="f")
    found = await functions.api.get_function_configuration(context(), request)
    assert [layer.arn for layer in found.layers or ()] == [f"{_ARN}:1"]
    assert len(await functions.api.referenced_blobs()) == 2
    assert (await functions.api.list_layers(context(), ListLayersRequest())).layers == []
    assert (await publish(functions)).version == 3


async def test_what_environments_get(functions: Lambda) -> None:
    """The unpacked layers in the order of the configuration, of versions those that they were published with."""
    for name in "lm":
        await publish(functions, name)
    await functions.create()
    m = _ARN.replace(":l", ":m").replace("arn:aws:mambda", "arn:aws:lambda").replace(":mayer:", ":layer:")
    assert await use(functions, f"{m}:1", f"{_ARN}:1") == [f"{m}:1", f"{_ARN}:1"]

    async def mounted(**members: Any) -> list[list[str]]:
        await functions.api.invoke(context(), InvocationRequest(function_name="f", **members))
        spec, _ = functions.environments.invoked[-1]
        return [sorted(path.name for path in layer.iterdir()) for layer in spec.layers]

    assert await mounted() == [["m.txt", "same.txt"], ["l.txt", "same.txt"]]
    await functions.api.publish_version(context(), PublishVersionRequest(function_name="f"))
    await use(functions)
    assert await mounted() == []
    assert len(await mounted(qualifier="1")) == 2
    await functions.api.delete_function(context(), DeleteFunctionRequest(function_name="f"))
    assert len(await functions.api.referenced_blobs()) == 2


async def test_layers_that_a_function_cannot_have(functions: Lambda) -> None:
    """Recordings lambda_api, test_layer_function_exceptions and test_layer_function_quota_exception."""
    await functions.create()
    await publish(functions)
    await publish(functions)
    message = (
        "Two different versions of the same layer are not allowed to be referenced in the same function. "
        "{0}:1 and {0}:{1} are versions of the same layer."
    )
    assert await refusal(use(functions, f"{_ARN}:1", f"{_ARN}:2")) == (
        "InvalidParameterValueException",
        message.format(_ARN, 2),
    )
    assert await refusal(use(functions, f"{_ARN}:1", f"{_ARN}:1")) == (
        "InvalidParameterValueException",
        message.format(_ARN, 1),
    )
    assert await refusal(use(functions, f"{_ARN}:9")) == (
        "InvalidParameterValueException",
        f"Layer version {_ARN}:9 does not exist.",
    )
    assert await refusal(use(functions, f"{_ARN}:1".replace("us-east-1", "eu-west-1"))) == (
        "InvalidParameterValueException",
        "Layers are not in the same region as the function. Layers are expected to be in region us-east-1.",
    )
    assert await refusal(use(functions, *(f"{_ARN}{number}:1" for number in range(6)))) == (
        "InvalidParameterValueException",
        "Cannot reference more than 5 layers.",
    )


def test_a_function_and_its_layers_are_measured_together() -> None:
    """AWS's quota for both; what is exactly as large still fits."""
    layer = LayerUse(arn=_ARN, code_sha256="", code_size_bytes=1, unzipped_bytes=200_000_000)
    check_unzipped(62_144_000, [layer])
    with pytest.raises(ServiceError, match=r"exceeds the maximum allowed size of 262144000 bytes\. The actual size is"):
        check_unzipped(62_144_001, [layer])


async def test_lists_come_in_pages(functions: Lambda) -> None:
    """Every layer once, with its newest version that fits."""
    for name in "lmno":
        await publish(functions, name)
    await publish(functions, "m", compatible_runtimes=["python3.12"])
    for size in (1, 2, 3, 4, 5):
        seen: list[tuple[str | None, int | None]] = []
        marker: str | None = None
        while True:
            page = await functions.api.list_layers(context(), ListLayersRequest(marker=marker, max_items=size))
            for item in page.layers or ():
                assert item.latest_matching_version is not None
                seen.append((item.layer_name, item.latest_matching_version.version))
            marker = page.next_marker
            if marker is None:
                break
        assert seen == [("l", 1), ("m", 2), ("n", 1), ("o", 1)]
    fitting = await functions.api.list_layers(context(), ListLayersRequest(compatible_runtime="python3.12"))
    assert [item.layer_name for item in fitting.layers or ()] == ["m"]
    request = ListLayerVersionsRequest(layer_name="m", max_items=1)
    newest = await functions.api.list_layer_versions(context(), request)
    assert newest.next_marker == "2"
    request = ListLayerVersionsRequest(layer_name="m", max_items=1, marker="2")
    rest = await functions.api.list_layer_versions(context(), request)
    assert [item.version for item in rest.layer_versions or ()] == [1]


async def test_layers_of_another_region(functions: Lambda) -> None:
    """A region's endpoint reads, publishes and deletes nothing of another, whatever ARN it is given."""
    await publish(functions)
    there, api = context(region="eu-west-1"), functions.api
    content = LayerVersionContentInput(zip_file=archive({"l.txt": ""}))
    for call in (
        api.get_layer_version(there, GetLayerVersionRequest(layer_name=_ARN, version_number=1)),
        api.get_layer_version_by_arn(there, GetLayerVersionByArnRequest(arn=f"{_ARN}:1")),
        api.list_layer_versions(there, ListLayerVersionsRequest(layer_name=_ARN)),
        api.publish_layer_version(there, PublishLayerVersionRequest(layer_name=_ARN, content=content)),
        api.delete_layer_version(there, DeleteLayerVersionRequest(layer_name=_ARN, version_number=1)),
        api.get_layer_version_policy(there, GetLayerVersionPolicyRequest(layer_name=_ARN, version_number=1)),
    ):
        assert await refusal(call) == (
            "ResourceNotFoundException",
            "Layers from 'us-east-1' are not reachable in this region ('eu-west-1')",
        )
    assert await listed(functions) == [1]


async def test_what_is_not_there(functions: Lambda) -> None:
    """Recordings lambda_api, test_layer_exceptions and test_layer_policy_exceptions."""
    await publish(functions)
    absent = ("ResourceNotFoundException", "The resource you requested does not exist.")
    for name, number in (("no", 1), ("l", 2)):
        get = GetLayerVersionRequest(layer_name=name, version_number=number)
        assert await refusal(functions.api.get_layer_version(context(), get)) == absent
    for number in (0, -1):
        get = GetLayerVersionRequest(layer_name="l", version_number=number)
        assert await refusal(functions.api.get_layer_version(context(), get)) == (
            "InvalidParameterValueException",
            "Layer Version Cannot be less than 1",
        )
    policy = GetLayerVersionPolicyRequest(layer_name="l", version_number=2)
    assert await refusal(functions.api.get_layer_version_policy(context(), policy)) == (
        "ResourceNotFoundException",
        f"Layer version {_ARN}:2 does not exist.",
    )
    policy = GetLayerVersionPolicyRequest(layer_name="l", version_number=1)
    assert await refusal(functions.api.get_layer_version_policy(context(), policy)) == (
        "ResourceNotFoundException",
        "No policy is associated with the given resource.",
    )


async def test_policies_of_layers(functions: Lambda) -> None:
    """Recording lambda_api, test_layer_policy_lifecycle; the policy engine is given what it shows."""
    await publish(functions)

    async def add(sid: str, **members: Any) -> Any:
        request = AddLayerVersionPermissionRequest(
            layer_name="l", version_number=1, statement_id=sid, action="lambda:GetLayerVersion", **members
        )
        return await functions.api.add_layer_version_permission(context(), request)

    added = await add("s1", principal="*")
    statement = {
        "Sid": "s1",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": f"{_ARN}:1",
    }
    assert msgspec.json.decode(added.statement) == statement
    get = GetLayerVersionPolicyRequest(layer_name="l", version_number=1)
    found = await functions.api.get_layer_version_policy(context(), get)
    assert found.policy is not None
    assert msgspec.json.decode(found.policy)["Statement"] == [statement]
    assert found.revision_id == added.revision_id
    assert (await refusal(add("s1", principal="*")))[0] == "ResourceConflictException"
    assert (await refusal(add("s2", principal="*", revision_id="other")))[0] == "PreconditionFailedException"
    second = await add("s2", principal="222222222222", organization_id="o-1234567890")
    document = msgspec.json.decode(second.statement)
    assert document["Principal"] == {"AWS": "arn:aws:iam::222222222222:root"}
    assert document["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}
    known = await LambdaResources(functions.store).find(context(), f"{_ARN}:1")
    assert known is not None
    assert known.policy is not None

    remove = RemoveLayerVersionPermissionRequest(layer_name="l", version_number=1, statement_id="no")
    assert await refusal(functions.api.remove_layer_version_permission(context(), remove)) == (
        "ResourceNotFoundException",
        "Statement no is not found in resource policy.",
    )
    for sid in ("s1", "s2"):
        remove = RemoveLayerVersionPermissionRequest(layer_name="l", version_number=1, statement_id=sid)
        await functions.api.remove_layer_version_permission(context(), remove)
    assert (await refusal(functions.api.get_layer_version_policy(context(), get)))[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("arn", [f"{_ARN}:{'9' * 20}", _ARN.replace("arn:aws:", "arn::") + ":1"])
async def test_arns_that_only_the_pattern_lets_pass(functions: Lambda, arn: str) -> None:
    """Numbers beyond any version, and no partition: the model's pattern takes both, and neither is a fault of ours."""
    with pytest.raises(ServiceError) as caught:
        await functions.api.get_layer_version_by_arn(context(), GetLayerVersionByArnRequest(arn=arn))
    assert caught.value.error_code == "ResourceNotFoundException"
