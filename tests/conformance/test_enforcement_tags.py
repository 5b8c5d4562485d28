"""Whoever may not tag makes nothing with tags, which would open what is closed by tag; by boto3."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.test_enforcement import User, allow, deny, document, name, refused, trust, zipped
from tests.conftest import Server

LISTED = {"Tags": [{"Key": "team", "Value": "red"}]}
MAPPED = {"Tags": {"team": "red"}}


def table(user: User, **tags: Any) -> Any:
    return user.client("dynamodb").create_table(
        TableName=name("table"),
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        **tags,
    )


def function(user: User, **tags: Any) -> Any:
    trusted = document(
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = user.iam.create_role(RoleName=name("role"), AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    return user.client("lambda").create_function(
        FunctionName=name("function"),
        Runtime="python3.13",
        Handler="app.handler",
        Role=role,
        Code={"ZipFile": zipped("def handler(event, context): ...")},
        **tags,
    )


def stage(user: User, **tags: Any) -> Any:
    api = user.aws.client("apigatewayv2").create_api(Name=name("api"), ProtocolType="HTTP")["ApiId"]
    return user.client("apigatewayv2").create_stage(ApiId=api, StageName="s", **tags)


MAKING: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "user": (lambda user, **tags: user.client("iam").create_user(UserName=name("u"), **tags), LISTED, "iam:TagUser"),
    "role": (
        lambda user, **tags: user.client("iam").create_role(
            RoleName=name("r"), AssumeRolePolicyDocument=trust(user.arn), **tags
        ),
        LISTED,
        "iam:TagRole",
    ),
    "policy": (
        lambda user, **tags: user.client("iam").create_policy(
            PolicyName=name("p"), PolicyDocument=document(allow("*")), **tags
        ),
        LISTED,
        "iam:TagPolicy",
    ),
    "instance profile": (
        lambda user, **tags: user.client("iam").create_instance_profile(InstanceProfileName=name("i"), **tags),
        LISTED,
        "iam:TagInstanceProfile",
    ),
    "mfa": (
        lambda user, **tags: user.client("iam").create_virtual_mfa_device(VirtualMFADeviceName=name("m"), **tags),
        LISTED,
        "iam:TagMFADevice",
    ),
    "oidc": (
        lambda user, **tags: user.client("iam").create_open_id_connect_provider(
            Url=f"https://{name('i')}.example.com", **tags
        ),
        LISTED,
        "iam:TagOpenIDConnectProvider",
    ),
    "table": (table, LISTED, "dynamodb:TagResource"),
    "function": (function, MAPPED, "lambda:TagResource"),
    "log group": (
        lambda user, **tags: user.client("logs").create_log_group(logGroupName=name("g"), **tags),
        {"tags": {"team": "red"}},
        "logs:TagResource",
    ),
    "api": (
        lambda user, **tags: user.client("apigatewayv2").create_api(Name=name("a"), ProtocolType="HTTP", **tags),
        MAPPED,
        "apigateway:POST",
    ),
    "stage": (stage, MAPPED, "apigateway:POST"),
}


@pytest.mark.parametrize("kind", MAKING)
def test_tags_at_creation_must_be_allowed(aws: Server, kind: str) -> None:
    """Sources: IAM User Guide, "Controlling access during AWS requests"; API_CreateLogGroup and others, Tags."""
    make, tags, action = MAKING[kind]
    place = "arn:aws:apigateway:*::/tags/*" if action.startswith("apigateway:") else "*"
    user = User(aws).may(allow("*"), deny(action, place))
    assert f"not authorized to perform: {action} on resource" in refused(make, user, **tags)["Message"]
    make(user)
    user.may(allow("*"))
    make(user, **tags)
