"""Functions of container images: as AWS describes, changes and refuses them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.services.lambda_ import shapes
from pileus.services.lambda_.errors import InvalidParameterValueException
from pileus.services.lambda_.images.kept import ImageSources
from pileus.services.lambda_.shapes import (
    FunctionCode,
    FunctionConfiguration,
    GetFunctionRequest,
    ImageConfig,
    InvocationRequest,
    UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest,
)
from tests.support.images import Blobs, entry, layer, write_archive
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import Lambda, NotingEnvironments, archive, context

URI = "111111111111.dkr.ecr.us-east-1.amazonaws.com/app"
SETTINGS = {"Entrypoint": ["/run"], "Cmd": ["app.handler"], "Env": ["A=1", "B=x=y", "C"], "WorkingDir": "/app"}


class Digests:
    """Of the images that the test has made: app:1 and app:2."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.one = self.write("1")
        self.two = self.write("2")

    def write(self, tag: str) -> str:
        blobs = Blobs()
        image = blobs.add_image([layer(entry("version", tag))], settings=SETTINGS, architecture="amd64")
        write_archive(self.folder / "app" / f"{tag}.tar", blobs.files({tag: image}))
        return str(image["digest"]).removeprefix("sha256:")


@pytest.fixture
def digests(functions: Lambda, clock: JumpingClock, tmp_path: Path) -> Digests:
    functions.members["image_sources"] = ImageSources(folder=tmp_path / "layouts")
    functions.api = functions.new_api(clock)
    return Digests(tmp_path / "layouts")


async def create(functions: Lambda, name: str = "f", *, uri: str = f"{URI}:1", **members: Any) -> FunctionConfiguration:
    given: dict[str, Any] = {"runtime": None, "handler": None, "package_type": "Image"}
    return await functions.create(name, **{**given, "code": FunctionCode(image_uri=uri), **members})


async def update(functions: Lambda, **members: Any) -> FunctionConfiguration:
    return await functions.api.update_function_code(context(), UpdateFunctionCodeRequest(function_name="f", **members))


async def reconfigure(functions: Lambda, **members: Any) -> FunctionConfiguration:
    return await functions.api.update_function_configuration(
        context(), UpdateFunctionConfigurationRequest(function_name="f", **members)
    )


async def test_as_aws_describes_it(functions: Lambda, digests: Digests) -> None:
    """Recording lambda_api, test_lambda_image_crud: no runtime or handler, the digest as CodeSha256, ECR as place."""
    created = await create(functions)
    assert (created.package_type, created.state, created.code_sha256) == ("Image", "Pending", digests.one)
    assert (created.runtime, created.handler, created.runtime_version_config) == (None, None, None)
    assert created.image_config_response is None
    got = await functions.api.get_function(context(), GetFunctionRequest(function_name="f"))
    assert got.code == shapes.FunctionCodeLocation(
        repository_type="ECR", image_uri=f"{URI}:1", resolved_image_uri=f"{URI}@sha256:{digests.one}"
    )
    assert got.configuration is not None
    assert (got.configuration.state, got.configuration.runtime_version_config) == ("Active", None)
    updated = await update(functions, image_uri=f"{URI}:2")
    assert (updated.code_sha256, updated.last_update_status) == (digests.two, "InProgress")
    got = await functions.api.get_function(context(), GetFunctionRequest(function_name="f"))
    assert got.code is not None
    assert got.code.resolved_image_uri == f"{URI}@sha256:{digests.two}"


async def test_how_the_image_is_run(functions: Lambda, digests: Digests) -> None:
    """Recording lambda_api, test_lambda_image_and_image_config_crud: a new ImageConfig replaces the whole old one."""
    config = ImageConfig(entry_point=["sh"], command=["-c", "echo test"], working_directory="/app1")
    created = await create(functions, image_config=config)
    assert created.image_config_response == shapes.ImageConfigResponse(image_config=config)
    changed = ImageConfig(command=["-c", "echo test1"], working_directory="/app1")
    shown = (await reconfigure(functions, image_config=changed)).image_config_response
    assert shown == shapes.ImageConfigResponse(image_config=changed)
    assert (await reconfigure(functions, description="d")).image_config_response == shown
    await update(functions, image_uri=f"{URI}:2")
    assert (await reconfigure(functions, memory_size=256)).image_config_response == shown
    assert (await reconfigure(functions, image_config=ImageConfig())).image_config_response is None


@pytest.mark.parametrize(
    ("config", "execute", "directory"),
    [
        (None, ("/run", "app.handler"), "/app"),
        (ImageConfig(command=["other"]), ("/run", "other"), "/app"),
        (ImageConfig(entry_point=["/else", "x"]), ("/else", "x", "app.handler"), "/app"),
        (ImageConfig(entry_point=["sh"], command=["-c"], working_directory="/b"), ("sh", "-c"), "/b"),
        (ImageConfig(entry_point=[], command=[]), ("/run", "app.handler"), "/app"),
    ],
)
async def test_what_is_run(
    functions: Lambda, digests: Digests, config: ImageConfig | None, execute: tuple[str, ...], directory: str
) -> None:
    """What the image says, as far as the function does not say otherwise."""
    await create(functions, image_config=config)
    await functions.api.invoke(context(), InvocationRequest(function_name="f"))
    (spec, _), *_ = functions.environments.invoked
    assert spec.image is not None
    assert (spec.image.execute, spec.image.working_directory) == (execute, directory)
    assert spec.image.environment == {"A": "1", "B": "x=y"}
    assert (spec.image.root / "version").read_text() == "1"
    assert (spec.runtime, spec.handler, spec.code_sha256) == ("", "", digests.one)


async def test_versions(functions: Lambda, digests: Digests) -> None:
    """A version keeps the image that it was published with, and its digest is what CodeSha256 is compared with."""
    created = await create(functions, publish=True)
    assert created.version == "1"
    await update(functions, image_uri=f"{URI}:2")
    publish = functions.api.publish_version
    with pytest.raises(InvalidParameterValueException, match=f"is different from .*{digests.two}"):
        await publish(context(), shapes.PublishVersionRequest(function_name="f", code_sha256="a" * 64))
    second = await publish(context(), shapes.PublishVersionRequest(function_name="f", code_sha256=digests.two))
    assert (second.version, second.code_sha256, second.package_type) == ("2", digests.two, "Image")
    for qualifier, tag in (("1", "1"), ("2", "2"), ("$LATEST", "2")):
        await functions.api.invoke(context(), InvocationRequest(function_name="f", qualifier=qualifier))
        image = functions.environments.invoked[-1][0].image
        assert image is not None
        assert (image.root / "version").read_text() == tag
    listed = await functions.api.list_functions(context(), shapes.ListFunctionsRequest())
    assert [each.package_type for each in listed.functions or ()] == ["Image"]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"runtime": "python3.12"}, "Please don't provide Handler or Runtime or Layer"),
        ({"handler": "x"}, "Please don't provide Handler or Runtime or Layer"),
        ({"layers": ["arn:aws:lambda:us-east-1:111111111111:layer:l:1"]}, "Please don't provide Handler"),
        ({"code": FunctionCode()}, "Please provide ImageUri"),
        ({"code": FunctionCode(zip_file=archive({"a": "b"}))}, "Please provide ImageUri"),
        ({"uri": URI}, f"Source image {URI} is not valid. Provide a valid source image."),
        ({"uri": f"{URI}:9"}, f"Source image {URI}:9 does not exist. Provide a valid source image."),
        (
            {"package_type": "Zip", "runtime": "python3.12", "handler": "h"},
            "Please provide a source for function code.",
        ),
        ({"package_type": None}, "Runtime and Handler are mandatory parameters"),
        (
            {"code_signing_config_arn": "arn:aws:lambda:us-east-1:111111111111:code-signing-config:csc-0"},
            "Code signing",
        ),
    ],
)
async def test_what_cannot_be_created(functions: Lambda, digests: Digests, members: dict[str, Any], text: str) -> None:
    """In AWS's words where they are known."""
    with pytest.raises(InvalidParameterValueException) as refused:
        await create(functions, **members)
    assert refused.value.message.startswith(text)


async def test_a_package_has_no_image_config(functions: Lambda, digests: Digests) -> None:
    """It would be ignored."""
    with pytest.raises(InvalidParameterValueException, match="ImageConfig"):
        await functions.create(image_config=ImageConfig(command=["x"]))
    await functions.create()
    with pytest.raises(InvalidParameterValueException, match="ImageConfig"):
        await reconfigure(functions, image_config=ImageConfig(command=["x"]))
    with pytest.raises(InvalidParameterValueException, match="other FunctionCode parameters"):
        await functions.create("g", code=FunctionCode(zip_file=archive({"a": "b"}), image_uri=f"{URI}:1"))


async def test_the_package_type_never_changes(functions: Lambda, digests: Digests) -> None:
    """Recordings lambda_api, test_lambda_image_crud, test_lambda_zip_file_to_image."""
    await create(functions)
    code = archive({"a": "b"})
    with pytest.raises(ServiceError) as refused:
        await update(functions, zip_file=code)
    assert refused.value.message == "Please provide ImageUri when updating a function with packageType Image."
    await functions.create("zip")
    with pytest.raises(ServiceError) as refused:
        await functions.api.update_function_code(
            context(), UpdateFunctionCodeRequest(function_name="zip", image_uri=f"{URI}:1")
        )
    assert refused.value.message == "Please don't provide ImageUri when updating a function with packageType Zip."


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"layers": ["arn:aws:lambda:us-east-1:111111111111:layer:l:1"]}, "Layer version .* does not exist"),
        ({"runtime": "python3.12"}, "not supported for functions created with container images"),
        ({"handler": "h"}, "not supported for functions created with container images"),
    ],
)
async def test_what_cannot_be_configured(
    functions: Lambda, digests: Digests, members: dict[str, Any], text: str
) -> None:
    """Whatever an image brings itself."""
    await create(functions)
    with pytest.raises(InvalidParameterValueException, match=text):
        await reconfigure(functions, **members)


async def test_snap_start_is_not_built_for_images(functions: Lambda, digests: Digests) -> None:
    """AWS has it since July 2026; nothing here says that it does."""
    wanted = shapes.SnapStart(apply_on="PublishedVersions")
    with pytest.raises(NotImplementedByPileus, match="SnapStart"):
        await create(functions, snap_start=wanted)
    await create(functions)
    with pytest.raises(NotImplementedByPileus, match="SnapStart"):
        await reconfigure(functions, snap_start=wanted)


async def test_a_host_that_cannot(functions: Lambda, digests: Digests, clock: JumpingClock) -> None:
    """It says why, before anything is fetched."""

    class Refusing(NotingEnvironments):
        async def why_no_images(self) -> str:
            return "no namespaces"

    functions.environments = Refusing()
    functions.api = functions.new_api(clock)
    with pytest.raises(NotImplementedByPileus, match="no namespaces"):
        await create(functions)
    assert not (functions.data_dir / "images").exists()


async def test_sweeping(functions: Lambda, digests: Digests) -> None:
    """Images stay as long as a function or version has them, and no longer."""
    await create(functions, publish=True)
    await update(functions, image_uri=f"{URI}:2")
    place = functions.data_dir / "images"
    for _ in range(3):
        await functions.api.sweep_code()
    assert {path.name for path in place.iterdir()} == {digests.one, digests.two}
    await functions.api.delete_function(context(), shapes.DeleteFunctionRequest(function_name="f", qualifier="1"))
    for _ in range(2):
        await functions.api.sweep_code()
    assert {path.name for path in place.iterdir()} == {digests.two}
    await functions.api.delete_function(context(), shapes.DeleteFunctionRequest(function_name="f"))
    for _ in range(2):
        await functions.api.sweep_code()
    assert not list(place.iterdir())
    assert await functions.api.referenced_blobs() == set()


async def test_many_at_once(functions: Lambda, digests: Digests) -> None:
    """Functions that are created together share an image."""
    made = await asyncio.gather(*(create(functions, f"f{number}") for number in range(5)))
    assert {each.code_sha256 for each in made} == {digests.one}
    assert {path.name for path in (functions.data_dir / "images").iterdir()} == {digests.one}


async def test_a_dry_run(functions: Lambda, digests: Digests) -> None:
    """Says what it would be, and changes nothing."""
    await create(functions)
    shown = await update(functions, image_uri=f"{URI}:2", dry_run=True)
    assert shown.code_sha256 == digests.two
    got = await functions.api.get_function(context(), GetFunctionRequest(function_name="f"))
    assert got.configuration is not None
    assert got.configuration.code_sha256 == digests.one
