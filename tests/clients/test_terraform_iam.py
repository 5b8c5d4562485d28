"""Terraform, with the provider as HashiCorp ships it, brings up IAM, finds nothing to do, changes it, takes it away.

Needs `terraform` on the PATH and PILEUS_TERRAFORM_MIRROR, a filesystem mirror with hashicorp/aws in it
(`terraform providers mirror`), so that nothing is downloaded.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Server

MODULE: Final = Path(__file__).parent / "terraform_iam"
MIRROR: Final = os.environ.get("PILEUS_TERRAFORM_MIRROR", "")
ACCOUNT: Final = "333333333333"
WITHIN_S: Final = 300

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed"),
    pytest.mark.skipif(not MIRROR, reason="PILEUS_TERRAFORM_MIRROR names no provider mirror"),
]


class Terraform:
    """One copy of a module, with its own state, as an account of its own."""

    def __init__(self, folder: Path, server: Server, *, module: Path = MODULE, account: str = ACCOUNT) -> None:
        shutil.copytree(module, folder)
        self._folder = folder
        config = folder / "cli.tfrc"
        config.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{MIRROR}" }} }}\n')
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        self._environment = {
            **kept,
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            "TF_VAR_endpoint": server.url,
            "CHECKPOINT_DISABLE": "1",
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def __call__(self, *arguments: str, status: int = 0) -> str:
        command = ["terraform", arguments[0], "-no-color", *arguments[1:]]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=WITHIN_S
        )
        assert done.returncode == status, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self("output", "-json")).items()}


def test_a_module_is_applied_changed_and_destroyed(aws: Server, tmp_path: Path) -> None:
    """Each apply is followed by an empty plan (exit status 0 of -detailed-exitcode): what was written reads back."""
    terraform = Terraform(tmp_path / "module", aws)
    iam = aws.client("iam", aws_access_key_id=ACCOUNT)
    terraform("init", "-input=false")
    terraform("apply", "-input=false", "-auto-approve")
    terraform("plan", "-input=false", "-detailed-exitcode")
    user_id = iam.get_user(UserName="ada")["User"]["UserId"]
    assert terraform.outputs() == {
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/service/worker",
        "user_id": user_id,
    }

    change = ["-var", "action=dynamodb:PutItem", "-var", "user_name=eve", "-var", "team=green"]
    terraform("apply", "-input=false", "-auto-approve", *change)
    terraform("plan", "-input=false", "-detailed-exitcode", *change)
    assert iam.get_user(UserName="eve")["User"]["UserId"] == user_id
    policy = iam.get_policy(PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/team/read-notes")["Policy"]
    assert policy["DefaultVersionId"] == "v2"
    assert {"Key": "team", "Value": "green"} in policy["Tags"]

    terraform("destroy", "-input=false", "-auto-approve", *change)
    assert iam.list_users()["Users"] == iam.list_groups()["Groups"] == iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
