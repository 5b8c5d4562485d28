"""Where code comes from: the request, S3, or a folder that is edited."""

from pathlib import Path

import pytest

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus, ServiceError
from pileus.services.lambda_ import shapes
from pileus.services.lambda_.shapes import FunctionCode, InvocationRequest
from pileus.services.lambda_.sources import fingerprint
from tests.support.time import JumpingClock
from tests.unit.lambda_.conftest import Lambda, archive, context


class Objects:
    """One bucket with one object."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[str, str, str | None]] = []

    async def read(self, context: RequestContext, *, bucket: str, key: str, version: str | None) -> bytes:
        self.asked.append((bucket, key, version))
        if key != "code.zip":
            raise AnyServiceError("NoSuchKey", "The specified key does not exist.")
        return self.data


def reloaded(folder: Path) -> FunctionCode:
    return FunctionCode(s3_bucket="hot-reload", s3_key=str(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "code"
    (path / "package").mkdir(parents=True)
    (path / "index.py").write_text("1")
    (path / "package" / "__init__.py").write_text("")
    return path


async def test_code_from_s3(functions: Lambda, clock: JumpingClock) -> None:
    """Through whoever reads objects; what S3 has against it is told in Lambda's words."""
    data = archive({"index.py": "x"})
    objects = functions.members["objects"] = Objects(data)
    functions.api = functions.new_api(clock)
    code = FunctionCode(s3_bucket="b", s3_key="code.zip", s3_object_version="v")
    created = await functions.create(code=code)
    assert objects.asked == [("b", "code.zip", "v")]
    assert created.code_size == len(data)
    with pytest.raises(ServiceError) as caught:
        await functions.create("g", code=FunctionCode(s3_bucket="b", s3_key="none"))
    assert (caught.value.error_code, caught.value.message) == (
        "InvalidParameterValueException",
        "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.",
    )
    with pytest.raises(ServiceError, match="Please do not provide other FunctionCode parameters"):
        await functions.create("g", code=FunctionCode(s3_bucket="b", s3_key="k", zip_file=data))
    layer = shapes.PublishLayerVersionRequest(
        layer_name="l", content=shapes.LayerVersionContentInput(s3_bucket="b", s3_key="code.zip")
    )
    assert (await functions.api.publish_layer_version(context(), layer)).version == 1


async def test_a_folder_that_is_edited(functions: Lambda, clock: JumpingClock, folder: Path) -> None:
    """Each edit gives the function other environments, and nothing else does."""
    functions.members["hot_reload"] = True
    functions.api = functions.new_api(clock)
    created = await functions.create(code=reloaded(folder))
    assert created.code_size == 0

    async def revision(qualifier: str | None = None) -> str:
        await functions.api.invoke(context(), InvocationRequest(function_name="f", qualifier=qualifier))
        spec, _ = functions.environments.invoked[-1]
        assert spec.code_path == folder
        return spec.revision

    first = await revision()
    assert await revision() == first
    (folder / "package" / "__init__.py").write_text("edited")
    second = await revision()
    assert second != first
    (folder / "new.py").write_text("")
    third = await revision()
    assert third not in (first, second)
    (folder / "new.py").unlink()
    assert await revision() not in (third,)
    await functions.api.publish_version(context(), shapes.PublishVersionRequest(function_name="f"))
    assert await revision("1")
    found = await functions.api.get_function(context(), shapes.GetFunctionRequest(function_name="f"))
    assert found.code is not None
    assert (found.code.repository_type, found.code.location) == ("Folder", str(folder))
    assert await functions.api.referenced_blobs() == set()

    request = shapes.UpdateFunctionCodeRequest(function_name="f", zip_file=archive({"index.py": "x"}))
    await functions.api.update_function_code(context(), request)
    await functions.api.invoke(context(), InvocationRequest(function_name="f"))
    assert functions.environments.invoked[-1][0].code_path != folder


async def test_folders_are_offered_only_where_nobody_authenticates(
    functions: Lambda, clock: JumpingClock, folder: Path
) -> None:
    """Else whoever may create functions could read the server's files; and a folder must be one."""
    with pytest.raises(NotImplementedByPileus):
        await functions.create(code=reloaded(folder))
    functions.members["hot_reload"] = True
    functions.api = functions.new_api(clock)
    for wrong in (Path("relative"), folder / "none", folder / "index.py"):
        with pytest.raises(ServiceError, match="absolute path of a folder") as caught:
            await functions.create(code=reloaded(wrong))
        assert caught.value.error_code == "InvalidParameterValueException"
    layer = shapes.PublishLayerVersionRequest(
        layer_name="l", content=shapes.LayerVersionContentInput(s3_bucket="hot-reload", s3_key=str(folder))
    )
    with pytest.raises(NotImplementedByPileus):
        await functions.api.publish_layer_version(context(), layer)


def test_what_is_looked_at(folder: Path) -> None:
    """What nobody edits by hand is left alone, since it is large; a folder that goes away is no error."""
    before = fingerprint(folder)
    for name in ("node_modules", "__pycache__", ".git"):
        (folder / name).mkdir()
        (folder / name / "x").write_text("")
    assert fingerprint(folder) == before
    assert fingerprint(folder / "none") != before


async def test_what_is_not_built(functions: Lambda) -> None:
    """Named, and not ignored."""
    with pytest.raises(NotImplementedByPileus):
        await functions.create(code=FunctionCode(source_kms_key_arn="arn:aws:kms:us-east-1:111111111111:key/k"))
