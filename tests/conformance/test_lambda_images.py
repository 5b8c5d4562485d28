"""Functions of container images, through the API: AWS's own runtime client in an image of this machine's Python."""

import base64
import json
import os
import shutil
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from pileus.kernel.sandbox.capabilities import probe
from tests.conftest import Server
from tests.support.functions import make_role
from tests.support.image_registry import ImageRegistry
from tests.support.images import Blobs, entry, folder, layer, layer_of, symlink, write_archive, write_files
from tests.support.registries import python_packages
from tests.support.trees import copy_libraries, copy_programs

pytestmark = pytest.mark.skipif(
    probe()[0].standing != "ok", reason="this host has no namespaces, without which no image can be run"
)

REGISTRY: Final = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
SOURCE: Final = """
import json, os, pathlib, subprocess, sys, time
def handler(event, context):
    if event == "fail":
        raise LookupError("on purpose")
    return [event, context.aws_request_id, context.function_name, os.getcwd(), os.environ["OF_IMAGE"]]
def other(event, context):
    return "other"
def attempt(name, what):
    try:
        return what()
    except OSError as refused:
        return f"{name}: {refused.strerror}"
def hostile(event, context):
    secret = event["secret"]
    pathlib.Path("/tmp/own").write_text("mine")
    return {
        "root": sorted(os.listdir("/")),
        "secret": attempt("read", lambda: open(secret).read()),
        "link": attempt("read", lambda: open("/escape").read()),
        "through proc": attempt("read", lambda: open("/proc/1/root" + secret).read()),
        "write": [attempt("write", lambda place=place: open(place, "w").close())
                  for place in ("/new", "/var/task/app.py", "/etc/passwd", "/dev/new")],
        "device": attempt("mknod", lambda: os.mknod("/tmp/disk", 0o60666, os.makedev(8, 0))),
        "root user": attempt("setuid", lambda: os.setuid(0)),
        "suid": subprocess.run(["/bin/suid-id", "-u"], capture_output=True, text=True).stdout,
        "processes": len([name for name in os.listdir("/proc") if name.isdigit()]),
        "tmp": sorted(os.listdir("/tmp")),
        "user": __import__("pwd").getpwuid(os.getuid()).pw_name,
        "chroot": attempt("chroot", lambda: os.chroot("/tmp")),
    }
"""
SETTINGS: Final = {
    "Entrypoint": [
        sys.executable if sys.prefix == sys.base_prefix else os.path.realpath(sys.executable),
        "-m",
        "awslambdaric",
    ],
    "Cmd": ["app.handler"],
    "Env": ["PYTHONPATH=/var/task", "PATH=/usr/local/bin:/usr/bin:/bin", "OF_IMAGE=yes"],
    "WorkingDir": "/var/task",
}
"""As of an image that somebody made with AWS's client on another base image. Source: Lambda Developer Guide, "Using an
alternative base image with the runtime interface client"."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A layer with this machine's Python, at the places where it is here."""
    root = tmp_path_factory.mktemp("python") / "root"
    program = Path(os.path.realpath(sys.executable))
    library = Path(sysconfig.get_path("stdlib"))
    target = root / str(library).lstrip("/")
    left_out = shutil.ignore_patterns(
        "test", "tests", "site-packages", "dist-packages", "idlelib", "tkinter", "ensurepip", "config-*", "__pycache__"
    )
    shutil.copytree(library, target, ignore=left_out)
    (root / str(program).lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(program, root / str(program).lstrip("/"))
    copy_libraries(root, program, *target.glob("lib-dynload/*.so"))
    copy_programs(root, "id", "sh")
    for place in root.rglob("*"):
        if place.is_dir():
            place.chmod(0o755)
    return layer_of(root)


@pytest.fixture(scope="module")
def client_layer(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A layer with AWS's runtime client, from PyPI."""
    root = tmp_path_factory.mktemp("client") / "root"
    packages = python_packages(tmp_path_factory.mktemp("ric") / "packages", "awslambdaric")
    shutil.copytree(packages, root / "var" / "task")
    copy_libraries(root, *packages.rglob("*.so"))
    for place in root.rglob("*"):
        if place.is_dir():
            place.chmod(0o755)
    return layer_of(root)


class Images:
    """What the server finds: repository `team/app` in a layout, `saved` in an archive."""

    def __init__(self, place: Path, base: bytes, client_layer: bytes) -> None:
        self.place = place
        self.blobs = Blobs()
        self.layers = [base, client_layer]
        hostile = layer(
            entry("bin/suid-id", (Path(shutil.which("id") or "/usr/bin/id").resolve()).read_bytes(), mode=0o6755),
            symlink("tmp", "/etc"),
            symlink("escape", "../../../../../../etc/shadow"),
            folder("var"),
        )
        self.one = self.image("1", hostile)
        self.two = self.image("2")
        write_files(place / "team" / "app", self.blobs.files({"1": self.one, "2": self.two, "latest": self.one}))
        write_archive(place / "saved.tar", self.blobs.files({"example.com/saved:1": self.two}))

    def image(self, number: str, *more: bytes) -> dict[str, Any]:
        app = layer(entry("var/task/app.py", f"NUMBER = {number!r}\n{SOURCE}"))
        return self.blobs.add_image([*self.layers, app, *more], settings=SETTINGS)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, base: bytes, client_layer: bytes) -> Images:
    return Images(tmp_path_factory.mktemp("images"), base, client_layer)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, images: Images) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("pileus") / "data", "--images", str(images.place)).start()
    yield made
    made.stop()


def create(server: Server, name: str, *, uri: str = f"{REGISTRY}/team/app:1", **options: Any) -> dict[str, Any]:
    client = server.client("lambda")
    created: dict[str, Any] = client.create_function(
        FunctionName=name,
        PackageType="Image",
        Code={"ImageUri": uri},
        Role=make_role(server),
        **{"Timeout": 20, "MemorySize": 256, **options},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return created


def invoke(server: Server, name: str, event: object = None, **options: Any) -> tuple[Any, dict[str, Any]]:
    client = server.client("lambda")
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail", **options)
    print(base64.b64decode(answer["LogResult"]).decode())  # which a test that fails shows
    return json.loads(answer["Payload"].read()), answer


def test_awss_runtime_client_in_an_image(server: Server, images: Images) -> None:
    """Events, context and errors, as of an image that was built for AWS."""
    created = create(server, "python")
    assert created["CodeSha256"] == images.one["digest"].removeprefix("sha256:")
    assert "Runtime" not in created
    for number in range(3):
        answer, told = invoke(server, "python", number)
        assert answer == [number, told["ResponseMetadata"]["RequestId"], "python", "/var/task", "yes"]
    document, told = invoke(server, "python", "fail")
    assert told["FunctionError"] == "Unhandled"
    assert (document["errorType"], document["errorMessage"]) == ("LookupError", "on purpose")
    code = server.client("lambda").get_function(FunctionName="python")["Code"]
    assert code == {
        "RepositoryType": "ECR",
        "ImageUri": f"{REGISTRY}/team/app:1",
        "ResolvedImageUri": f"{REGISTRY}/team/app@{images.one['digest']}",
    }


def test_another_handler_and_other_images(server: Server, images: Images) -> None:
    """ImageConfig counts from the next event on, so does a new image; versions keep theirs."""
    client = server.client("lambda")
    create(server, "changing", Publish=True)
    client.update_function_configuration(FunctionName="changing", ImageConfig={"Command": ["app.other"]})
    assert invoke(server, "changing")[0] == "other"
    assert invoke(server, "changing", 1, Qualifier="1")[0][0] == 1
    updated = client.update_function_code(FunctionName="changing", ImageUri=f"{REGISTRY}/saved:1")
    assert updated["CodeSha256"] == images.two["digest"].removeprefix("sha256:")
    client.update_function_configuration(FunctionName="changing", ImageConfig={"Command": ["app.absent"]})
    document, _ = invoke(server, "changing")
    assert document["errorType"] == "Runtime.HandlerNotFound"
    client.create_alias(FunctionName="changing", Name="live", FunctionVersion="1")
    assert invoke(server, "changing", 2, Qualifier="live")[0][0] == 2


def test_a_hostile_image(server: Server) -> None:
    """What it brings (set-user-ID programs, links instead of folders) and what it tries lead nowhere."""
    create(server, "hostile", ImageConfig={"Command": ["app.hostile"]})
    secret = server.data_dir / "secret"
    assert secret.exists()
    found, told = invoke(server, "hostile", {"secret": str(secret)})
    assert "FunctionError" not in told, found
    assert {"boot", "srv", "sys", "media"}.isdisjoint(found["root"]), "they are of the machine"
    for name in ("secret", "through proc"):
        assert found[name] in ("read: No such file or directory", "read: Permission denied")
    assert found["link"] == "read: No such file or directory"
    assert found["write"][:3] == ["write: Read-only file system"] * 3
    assert found["write"][3].startswith("write: ")
    assert found["device"] == "mknod: Operation not permitted"
    assert found["root user"] == "setuid: Operation not permitted"
    assert found["chroot"] == "chroot: Operation not permitted"
    assert found["suid"] == "993\n"
    assert found["processes"] <= 4
    assert found["tmp"] == ["own"]
    assert found["user"] == "sbx_user1051"


@pytest.mark.parametrize(
    ("image_config", "kind"),
    [
        ({"EntryPoint": ["/no/such/program"]}, "Runtime.InvalidEntrypoint"),
        ({"WorkingDirectory": "/no/such/folder"}, "Runtime.InvalidWorkingDir"),
        ({"EntryPoint": ["sh", "-c", "exit 7"]}, "Runtime.ExitError"),
    ],
)
def test_images_that_do_not_start(server: Server, image_config: dict[str, Any], kind: str) -> None:
    """The invoker hears why, and the log too."""
    name = kind.replace(".", "-")
    create(server, name, ImageConfig=image_config)
    document, told = invoke(server, name)
    assert (told["FunctionError"], document["errorType"]) == ("Unhandled", kind)


def test_what_aws_refuses(server: Server) -> None:
    """With its codes."""
    for uri in (f"{REGISTRY}/team/app", f"{REGISTRY}/team/app:9", "images.example.com/library/python:3"):
        with pytest.raises(ClientError) as refused:
            create(server, "refused", uri=uri)
        assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    with pytest.raises(ClientError) as refused:
        create(server, "refused", Runtime="python3.12")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_it_survives(own_server: Server, images: Images, tmp_path: Path) -> None:
    """A kill, and that the images have gone; a reset forgets it."""
    place = tmp_path / "images"
    shutil.copytree(images.place, place)
    own_server.options = ("--images", str(place))
    own_server.start()
    create(own_server, "kept")
    assert invoke(own_server, "kept", 1)[0][0] == 1
    own_server.kill()
    shutil.rmtree(place)
    own_server.options = ()
    own_server.start()
    assert invoke(own_server, "kept", 2)[0][0] == 2
    with pytest.raises(ClientError) as refused:
        create(own_server, "other")
    assert "--images" in refused.value.response["Error"]["Message"]


def test_from_a_registry(own_server: Server, images: Images) -> None:
    """As a local one offers it, for repositories of any account."""
    registry = ImageRegistry(images.blobs.contents, {"team/app:1": images.two}, auth="bearer")
    own_server.options = ("--image-registry", registry.url)
    own_server.start()
    try:
        create(own_server, "pulled")
    finally:
        registry.close()
    assert invoke(own_server, "pulled", 1)[0][0] == 1


def test_others_are_served_while_an_image_is_unpacked(own_server: Server, images: Images) -> None:
    """Unpacking takes seconds, and nobody waits for it but who asked."""
    own_server.options = ("--images", str(images.place))
    own_server.start()
    role = make_role(own_server)
    client = own_server.client("lambda")

    done = threading.Event()

    def make() -> None:
        client.create_function(
            FunctionName="large", PackageType="Image", Code={"ImageUri": f"{REGISTRY}/team/app:1"}, Role=role
        )
        done.set()

    thread = threading.Thread(target=make)
    waits = []
    iam = own_server.client("iam")
    client.list_functions()  # a service is loaded with the first request for it
    thread.start()
    while not done.is_set():
        begun = time.perf_counter()
        iam.list_roles()
        waits.append(time.perf_counter() - begun)
    thread.join()
    assert len(waits) > 3
    assert max(waits) < max(1.0, sum(waits) / 2), "a single request waited for all of it"
