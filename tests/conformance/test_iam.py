"""IAM, seen from outside with boto3. Runs against Pileus, not yet against AWS."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import Server
from tests.support.processes import wait_until

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": "arn:aws:dynamodb:*:*:table/+ %"}],
}


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def refused(call: Any, **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_the_life_of_a_role(aws: Server) -> None:
    """Create, read, give a policy, refuse to delete, delete; boto3 reads the documents back as they were."""
    iam, name = aws.client("iam"), fresh("role")
    created = iam.create_role(
        RoleName=name,
        Path="/team/",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        Description="reads <notes> & more",
        Tags=[{"Key": "team", "Value": "blue + green"}],
    )["Role"]
    assert created["Arn"] == f"arn:aws:iam::111111111111:role/team/{name}"
    assert created["AssumeRolePolicyDocument"] == TRUST
    assert created["RoleId"].startswith("AROA")
    assert abs(created["CreateDate"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert "MaxSessionDuration" not in created

    role = iam.get_role(RoleName=name)["Role"]
    assert role["MaxSessionDuration"] == 3_600
    assert role["RoleLastUsed"] == {}
    assert role["Description"] == "reads <notes> & more"
    assert role["Tags"] == [{"Key": "team", "Value": "blue + green"}]
    assert {key: role[key] for key in ("Arn", "RoleId", "CreateDate", "Path", "AssumeRolePolicyDocument")} == {
        key: created[key] for key in ("Arn", "RoleId", "CreateDate", "Path", "AssumeRolePolicyDocument")
    }

    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=json.dumps(POLICY))
    kept = iam.get_role_policy(RoleName=name, PolicyName="read")
    assert (kept["RoleName"], kept["PolicyName"], kept["PolicyDocument"]) == (name, "read", POLICY)
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["read"]

    assert refused(iam.delete_role, RoleName=name) == ("DeleteConflict", 409)
    iam.delete_role_policy(RoleName=name, PolicyName="read")
    iam.delete_role(RoleName=name)
    assert refused(iam.get_role, RoleName=name) == ("NoSuchEntity", 404)
    assert refused(iam.delete_role, RoleName=name) == ("NoSuchEntity", 404)


def test_errors_are_boto3s_exceptions(aws: Server) -> None:
    """Code written for AWS catches them by class."""
    iam, name = aws.client("iam"), fresh("role")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    with pytest.raises(iam.exceptions.MalformedPolicyDocumentException):
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument="{}")
    iam.delete_role(RoleName=name)


def test_roles_are_listed_in_pages(aws: Server) -> None:
    """boto3's paginator finds each once."""
    iam, path = aws.client("iam"), f"/{fresh('path')}/"
    names = sorted(fresh("role") for _ in range(5))
    for name in names:
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST))
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == names
    for name in names:
        iam.delete_role(RoleName=name)


def test_roles_belong_to_their_account(aws: Server) -> None:
    """Two accounts have two roles of one name, in every region the same."""
    name = fresh("role")
    mine = aws.client("iam", region_name="eu-central-1")
    theirs = aws.client("iam", aws_access_key_id="222222222222")
    mine.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    assert refused(theirs.get_role, RoleName=name) == ("NoSuchEntity", 404)
    assert aws.client("iam").get_role(RoleName=name)["Role"]["RoleName"] == name
    mine.delete_role(RoleName=name)


def test_a_minted_key_is_verified(aws: Server) -> None:
    """From creation to deletion: who signs with it is its user, wrong signatures and dead keys are refused."""
    iam, name = aws.client("iam"), fresh("user")
    user = iam.create_user(UserName=name)["User"]
    assert set(user) == {"Arn", "CreateDate", "Path", "UserId", "UserName"}
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert set(key) == {"AccessKeyId", "CreateDate", "SecretAccessKey", "Status", "UserName"}

    def sts(secret: str) -> Any:
        return aws.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=secret)

    identity = sts(key["SecretAccessKey"]).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (user["Arn"], user["UserId"])
    assert refused(sts("wrong").get_caller_identity) == ("SignatureDoesNotMatch", 403)

    listed = iam.list_access_keys(UserName=name)["AccessKeyMetadata"]
    assert [(one["AccessKeyId"], one["Status"]) for one in listed] == [(key["AccessKeyId"], "Active")]
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refused(sts(key["SecretAccessKey"]).get_caller_identity) == ("InvalidClientTokenId", 403)
    iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Active")
    assert sts(key["SecretAccessKey"]).get_caller_identity()["Account"] == "111111111111"

    assert refused(iam.delete_user, UserName=name) == ("DeleteConflict", 409)
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    assert refused(sts(key["SecretAccessKey"]).get_caller_identity) == ("InvalidClientTokenId", 403)
    iam.delete_user(UserName=name)
    assert refused(iam.get_user, UserName=name) == ("NoSuchEntity", 404)


def test_a_strict_server_lets_its_root_in_and_nobody_else(tmp_path: Path) -> None:
    """The first start tells the root's key once; it outlives a restart, and other keys are refused. Pileus only."""
    server = Server(tmp_path / "data", "--auth", "strict").start()
    try:
        root = {
            "aws_access_key_id": server.ready["root_access_key_id"],
            "aws_secret_access_key": server.ready["root_secret_access_key"],
        }
        identity = server.client("sts", **root).get_caller_identity()
        assert identity["Arn"] == "arn:aws:iam::000000000000:root"
        assert refused(server.client("sts").get_caller_identity) == ("InvalidClientTokenId", 403)
        wrong = server.client("sts", aws_access_key_id=root["aws_access_key_id"])
        assert refused(wrong.get_caller_identity) == ("SignatureDoesNotMatch", 403)
        unsigned = server.client("iam", config=Config(signature_version=UNSIGNED, retries={"max_attempts": 0}))
        assert refused(unsigned.list_roles) == ("MissingAuthenticationToken", 403)
        server.client("iam", **root).create_user(UserName="ada")
        key = server.client("iam", **root).create_access_key(UserName="ada")["AccessKey"]
        assert server.stop() == 0
        server.start()
        assert "root_secret_access_key" not in server.ready
        assert server.client("sts", **root).get_caller_identity() == {**identity, "ResponseMetadata": ANY}
        user = server.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
        assert user.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/ada"
    finally:
        server.stop()


def test_keys_and_sessions_outlive_a_kill(own_server: Server) -> None:
    """An acknowledged key is there after `kill -9`; a session needs nothing that could be lost."""
    own_server.start()
    iam = own_server.client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    document = json.dumps(TRUST).replace('"Service": "lambda.amazonaws.com"', '"AWS": "111111111111"')
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document)["Role"]
    session = own_server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
    own_server.kill()
    own_server.start()
    user = own_server.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    assert user.get_caller_identity()["Arn"] == "arn:aws:iam::111111111111:user/ada"
    assumed = own_server.client(
        "sts",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert assumed.get_caller_identity()["Arn"] == "arn:aws:sts::111111111111:assumed-role/reader/me"


def test_the_use_of_a_key_is_told(aws: Server) -> None:
    """Who rotates keys asks which are still in use, for what and where (GetAccessKeyLastUsed)."""
    iam, name = aws.client("iam"), fresh("user")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    sts = aws.client(
        "sts",
        region_name="eu-west-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    sts.get_caller_identity()

    def last_used() -> Any:
        return iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]

    wait_until(lambda: last_used()["ServiceName"] == "sts")
    assert last_used()["Region"] == "eu-west-1"
