"""The AWS CLI takes a tour through IAM and STS.

Needs `aws` on the PATH, of version 1 or 2; nothing is installed for it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Server

ACCOUNT: Final = "444444444444"
WITHIN_S: Final = 60
TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}],
    }
)
POLICY: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("aws") is None, reason="the AWS CLI is not installed"),
]


class Cli:
    """`aws`, as an account of its own."""

    def __init__(self, server: Server, home: Path, *, account: str = ACCOUNT) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._environment = {
            **kept,
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
            "AWS_ENDPOINT_URL": server.url,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_DEFAULT_OUTPUT": "json",
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    def run(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["aws", *arguments],
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
        )

    def __call__(self, *arguments: str, **environment: str) -> Any:
        done = self.run(*arguments, **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def test_a_tour(aws: Server, tmp_path: Path) -> None:
    """A user with a key and a group, a policy with versions, a role that is assumed; then everything is taken away."""
    cli = Cli(aws, tmp_path)
    assert cli("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"

    user = cli("iam", "create-user", "--user-name", "ada", "--tags", "Key=team,Value=blue")["User"]
    key = cli("iam", "create-access-key", "--user-name", "ada")["AccessKey"]
    signing = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    assert cli("sts", "get-caller-identity", **signing)["UserId"] == user["UserId"]
    cli("iam", "create-group", "--group-name", "readers", "--path", "/team/")
    cli("iam", "add-user-to-group", "--group-name", "readers", "--user-name", "ada")
    assert [one["GroupName"] for one in cli("iam", "list-groups-for-user", "--user-name", "ada")["Groups"]] == [
        "readers"
    ]

    arn = cli("iam", "create-policy", "--policy-name", "read", "--policy-document", POLICY)["Policy"]["Arn"]
    newer = ("--policy-document", POLICY.replace("Get", "List"), "--set-as-default")
    cli("iam", "create-policy-version", "--policy-arn", arn, *newer)
    version = cli("iam", "get-policy-version", "--policy-arn", arn, "--version-id", "v2")["PolicyVersion"]
    assert version["Document"] == json.loads(POLICY.replace("Get", "List"))
    cli("iam", "attach-group-policy", "--group-name", "readers", "--policy-arn", arn)
    entities = cli("iam", "list-entities-for-policy", "--policy-arn", arn)
    assert [one["GroupName"] for one in entities["PolicyGroups"]] == ["readers"]
    attached = cli("iam", "list-policies", "--only-attached", "--query", "Policies[].PolicyName")
    assert attached == ["read"]

    role = cli("iam", "create-role", "--role-name", "worker", "--assume-role-policy-document", TRUST)["Role"]
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    cli("iam", "attach-role-policy", "--role-name", "worker", "--policy-arn", basic)
    session = cli("sts", "assume-role", "--role-arn", role["Arn"], "--role-session-name", "me")
    assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/me"

    refused = cli.run("iam", "delete-group", "--group-name", "readers")
    assert refused.returncode != 0
    assert "(DeleteConflict) when calling the DeleteGroup operation" in refused.stderr

    cli("iam", "detach-role-policy", "--role-name", "worker", "--policy-arn", basic)
    cli("iam", "delete-role", "--role-name", "worker")
    cli("iam", "detach-group-policy", "--group-name", "readers", "--policy-arn", arn)
    cli("iam", "delete-policy-version", "--policy-arn", arn, "--version-id", "v1")
    cli("iam", "delete-policy", "--policy-arn", arn)
    cli("iam", "remove-user-from-group", "--group-name", "readers", "--user-name", "ada")
    cli("iam", "delete-group", "--group-name", "readers")
    cli("iam", "delete-access-key", "--user-name", "ada", "--access-key-id", key["AccessKeyId"])
    cli("iam", "delete-user", "--user-name", "ada")
    assert cli("iam", "list-users")["Users"] == []
