"""Terraform, with the provider as HashiCorp ships it, brings up a function of a container image.

See `test_terraform_iam` for what it needs.
"""

import json
from pathlib import Path
from typing import Final

import pytest

from pileus.kernel.sandbox.capabilities import probe
from tests.clients.test_terraform_iam import Terraform
from tests.clients.test_terraform_iam import pytestmark as needs_terraform
from tests.conftest import Server
from tests.support.images import Blobs, entry, layer, layer_of, write_files
from tests.support.trees import copy_programs
from tests.unit.lambda_environments.test_images import RUNTIME

pytestmark = [
    *needs_terraform,
    pytest.mark.skipif(probe()[0].standing != "ok", reason="this host has no namespaces, hence runs no images"),
]

MODULE: Final = Path(__file__).parent / "terraform_lambda_images"
ACCOUNT: Final = "333322221111"


@pytest.fixture
def digests(tmp_path: Path) -> dict[str, str]:
    """Of `team/app:1` and `team/app:2`, whose handlers say so, or something else."""
    root = tmp_path / "root"
    copy_programs(root, "bash")
    base, blobs = layer_of(root), Blobs()
    settings = {"Entrypoint": ["/runtime"], "Cmd": ["/app/main"], "WorkingDir": "/", "Env": ["PATH=/bin"]}
    images = {}
    for tag in ("1", "2"):
        app = layer(
            entry("runtime", RUNTIME, mode=0o755),
            entry("app/main", f"handler() {{ echo '\"main {tag}\"'; }}\n"),
            entry("app/other", f'handler() {{ echo "\\"other {tag} in $PWD\\""; }}\n'),
        )
        images[tag] = blobs.add_image([base, app], settings=settings)
    write_files(tmp_path / "images" / "team" / "app", blobs.files(images))
    return {tag: image["digest"].removeprefix("sha256:") for tag, image in images.items()}


@pytest.fixture
def server(own_server: Server, digests: dict[str, str], tmp_path: Path) -> Server:
    own_server.options = ("--images", str(tmp_path / "images"))
    own_server.start()
    return own_server


def test_an_image_is_applied_changed_and_destroyed(server: Server, digests: dict[str, str], tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", server, module=MODULE, account=ACCOUNT)
    functions = server.client("lambda", aws_access_key_id=ACCOUNT)

    def answered() -> object:
        answer = functions.invoke(FunctionName="terraform-image", Qualifier="live")
        return json.loads(answer["Payload"].read())

    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    assert terraform.outputs() == {"version": "1"}
    assert functions.get_function_configuration(FunctionName="terraform-image")["CodeSha256"] == digests["1"]
    assert answered() == "main 1"

    change = ["-var", "tag=2", "-var", 'command=["/app/other"]']
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    assert terraform.outputs() == {"version": "2"}
    assert functions.get_function_configuration(FunctionName="terraform-image")["CodeSha256"] == digests["2"]
    assert answered() == "other 2 in /app"
    first = functions.invoke(FunctionName="terraform-image", Qualifier="1")
    assert json.loads(first["Payload"].read()) == "main 1"

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert functions.list_functions()["Functions"] == []
