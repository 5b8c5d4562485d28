"""Lambda functions for tests that need one: a role that Lambda may assume, and a package."""

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError

from tests.conftest import Server


def archive(text: str, *, name: str = "index.py") -> bytes:
    """A package of one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(name, text)
    return packed.getvalue()


def make_role(server: Server, *, name: str = "", policy: dict[str, Any] | None = None) -> str:
    """A role for functions, allowed everything unless `policy` says otherwise; its ARN."""
    iam = server.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    name = name or f"functions-{uuid4().hex[:12]}"
    try:
        arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(policy or everything))
    return arn
