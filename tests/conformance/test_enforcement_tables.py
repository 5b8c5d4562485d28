"""Whom a table's own policy lets in or keeps out: in its account, and from others, where both sides allow."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conformance.test_enforcement import ACCOUNT, OTHER, User, allow, document, name, refused, table_arn
from tests.conftest import Server

Policy = Callable[..., None]
KEY = {"pk": {"S": "a"}}


@pytest.fixture
def table(aws: Server) -> Iterator[str]:
    """A table with one item."""
    client = aws.client("dynamodb")
    chosen = name("table")
    client.create_table(
        TableName=chosen,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.put_item(TableName=chosen, Item=KEY)
    yield chosen
    client.delete_table(TableName=chosen)


@pytest.fixture
def attach(aws: Server, table: str) -> Policy:
    """Gives the table a policy about itself."""

    def attach(effect: str, principal: str, action: str) -> None:
        statement = {
            "Effect": effect,
            "Principal": {"AWS": principal},
            "Action": action,
            "Resource": [table_arn(table), f"{table_arn(table)}/index/*"],
        }
        aws.client("dynamodb").put_resource_policy(ResourceArn=table_arn(table), Policy=document(statement))

    return attach


def test_in_one_account(aws: Server, table: str, attach: Policy) -> None:
    """A policy that names a user is enough; one that denies stands against everything."""
    user = User(aws)
    client = user.client("dynamodb")
    assert refused(client.get_item, TableName=table, Key=KEY)["Code"] == "AccessDeniedException"
    attach("Allow", user.arn, "dynamodb:GetItem")
    assert client.get_item(TableName=table, Key=KEY)["Item"] == KEY
    assert refused(client.put_item, TableName=table, Item=KEY)["Code"] == "AccessDeniedException"
    user.may(allow("dynamodb:*"))
    client.put_item(TableName=table, Item=KEY)
    attach("Deny", user.arn, "dynamodb:PutItem")
    error = refused(client.put_item, TableName=table, Item=KEY)
    assert error["Message"].endswith("with an explicit deny in a resource-based policy")
    aws.client("dynamodb").delete_resource_policy(ResourceArn=table_arn(table))
    client.put_item(TableName=table, Item=KEY)


def test_across_accounts(aws: Server, table: str, attach: Policy) -> None:
    """By its ARN; the name alone means a table of one's own. Source: "Cross-account access with resource policies"."""
    user = User(aws)
    there = aws.client("dynamodb", aws_access_key_id=OTHER)
    assert refused(there.get_item, TableName=table_arn(table), Key=KEY)["Code"] == "AccessDeniedException"
    attach("Allow", f"arn:aws:iam::{OTHER}:root", "dynamodb:GetItem")
    assert there.get_item(TableName=table_arn(table), Key=KEY)["Item"] == KEY
    with pytest.raises(there.exceptions.ResourceNotFoundException):
        there.get_item(TableName=table, Key=KEY)
    assert refused(there.put_item, TableName=table_arn(table), Item=KEY)["Code"] == "AccessDeniedException"
    attach("Allow", f"arn:aws:iam::{OTHER}:root", "dynamodb:*")
    there.put_item(TableName=table_arn(table), Item={"pk": {"S": "theirs"}})
    found = there.batch_get_item(RequestItems={table_arn(table): {"Keys": [KEY, {"pk": {"S": "theirs"}}]}})
    assert len(next(iter(found["Responses"].values()))) == 2
    assert there.describe_table(TableName=table_arn(table))["Table"]["TableArn"] == table_arn(table)
    assert user.arn.split(":")[4] == ACCOUNT
    # A user of the other account needs their own account's leave, too.
    iam = aws.client("iam", aws_access_key_id=OTHER)
    iam.create_user(UserName=user.name)
    key = iam.create_access_key(UserName=user.name)["AccessKey"]
    keys: dict[str, Any] = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    guest = aws.client("dynamodb", **keys)
    assert refused(guest.get_item, TableName=table_arn(table), Key=KEY)["Code"] == "AccessDeniedException"
    iam.put_user_policy(
        UserName=user.name, PolicyName="p", PolicyDocument=document(allow("dynamodb:GetItem", table_arn(table)))
    )
    assert guest.get_item(TableName=table_arn(table), Key=KEY)["Item"] == KEY
