"""What does a request tell policies of the items it is about?"""

from typing import Any

import msgspec
import pytest

from pileus.kernel.auth.permissions import KnownResource
from pileus.kernel.context import Principal, RequestContext
from pileus.services.dynamodb import shapes
from pileus.services.dynamodb.permissions import FURTHER_INDEX_KEYS, INDEX_PARTITION_KEY, PARTITION_KEY, PERMISSIONS

TABLE = KnownResource(arn="arn:aws:dynamodb:eu-west-1:111122223333:table/t", details={PARTITION_KEY: "id"})
CONTEXT = RequestContext(
    service="dynamodb",
    operation="any",
    request_id="r",
    account_id="111122223333",
    region="eu-west-1",
    principal=Principal(account_id="111122223333", arn="arn:aws:iam::111122223333:user/eve", user_id="AIDAEVE"),
    source_ip="192.0.2.1",
    host="localhost",
)


def leading_keys(operation: str, **parameters: Any) -> Any:
    request = msgspec.convert({"TableName": "t", **parameters}, getattr(shapes, f"{operation}Input"))
    conditions = PERMISSIONS[operation][0].conditions
    assert conditions is not None
    return conditions(CONTEXT, request, TABLE).get("dynamodb:leadingkeys")


@pytest.mark.parametrize("text", ["1", "1.0", "01", "1e0", "+1", "10E-1", "0.1e1"])
def test_a_number_is_told_in_its_canonical_text(text: str) -> None:
    """Or a Deny of the partition "1" would be evaded by another spelling of the same key."""
    value = {"N": text}
    assert leading_keys("GetItem", Key={"id": value}) == ("1",)
    assert leading_keys("PutItem", Item={"id": value}) == ("1",)
    queried = {"KeyConditionExpression": "id = :v", "ExpressionAttributeValues": {":v": value}}
    assert leading_keys("Query", **queried) == ("1",)
    legacy = {"id": {"ComparisonOperator": "EQ", "AttributeValueList": [value]}}
    assert leading_keys("Query", KeyConditions=legacy) == ("1",)


def test_other_keys() -> None:
    """Text as it is; binary in base64; what is no number is told as it was sent, for the operation to refuse."""
    assert leading_keys("GetItem", Key={"id": {"S": "01"}}) == ("01",)
    assert leading_keys("GetItem", Key={"id": {"B": "AQ=="}}) == ("AQ==",)
    assert leading_keys("GetItem", Key={"id": {"N": "one"}}) == ("one",)
    assert leading_keys("GetItem", Key={"other": {"N": "1"}}) is None


def test_a_query_of_an_index_names_its_partition_key() -> None:
    """Or a user of one partition would read all others through any index, where a statement may not either."""
    known = KnownResource(arn=TABLE.arn, details={PARTITION_KEY: "id", INDEX_PARTITION_KEY: "mail"})
    conditions = PERMISSIONS["Query"][0].conditions
    assert conditions is not None
    asked = {
        "TableName": "t",
        "IndexName": "by-mail",
        "KeyConditionExpression": "mail = :v",
        "ExpressionAttributeValues": {":v": {"S": "a@example.com"}},
    }
    told = conditions(CONTEXT, msgspec.convert(asked, shapes.QueryInput), known)
    assert told["dynamodb:leadingkeys"] == ("a@example.com",)


def test_an_index_of_several_partition_attributes_names_each() -> None:
    """`dynamodb:FirstPartitionKeyValues` and its followers; an absent key would let `ForAllValues` through."""
    known = KnownResource(
        arn=TABLE.arn, details={PARTITION_KEY: "id", INDEX_PARTITION_KEY: "mail", FURTHER_INDEX_KEYS[0]: "city"}
    )
    conditions = PERMISSIONS["Query"][0].conditions
    assert conditions is not None
    asked = {
        "TableName": "t",
        "IndexName": "by-mail",
        "KeyConditionExpression": "mail = :m AND city = :c",
        "ExpressionAttributeValues": {":m": {"S": "a@example.com"}, ":c": {"S": "Bonn"}},
    }
    told = conditions(CONTEXT, msgspec.convert(asked, shapes.QueryInput), known)
    assert told["dynamodb:leadingkeys"] == told["dynamodb:firstpartitionkeyvalues"] == ("a@example.com",)
    assert told["dynamodb:secondpartitionkeyvalues"] == ("Bonn",)
    assert "dynamodb:thirdpartitionkeyvalues" not in told


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "t", "Item": {"id": {"S": "a"}}}}]}),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "t", "Key": {"id": {"S": "a"}}}}]}),
    ],
)
def test_a_transaction_is_told(operation: str, request_: dict[str, Any]) -> None:
    """AWS's examples allow or forbid transactions by it (Developer Guide, "Using IAM with DynamoDB transactions")."""
    context = msgspec.structs.replace(CONTEXT, operation=operation)
    given = msgspec.convert(request_, getattr(shapes, f"{operation}Input"))
    told = []
    for permission in PERMISSIONS[operation]:
        assert permission.members is not None
        assert permission.conditions is not None
        told += [permission.conditions(context, member, TABLE) for member in permission.members(context, given)]
    assert [one["dynamodb:enclosingoperation"] for one in told] == [operation]


def test_return_values_are_always_told() -> None:
    """`NONE` unless said otherwise; of reads, which have none, nothing (Developer Guide, "specifying-conditions")."""
    for operation, asked, expected in (
        ("UpdateItem", {"Key": {"id": {"S": "a"}}}, "NONE"),
        ("UpdateItem", {"Key": {"id": {"S": "a"}}, "ReturnValues": "ALL_OLD"}, "ALL_OLD"),
        ("GetItem", {"Key": {"id": {"S": "a"}}}, None),
    ):
        request = msgspec.convert({"TableName": "t", **asked}, getattr(shapes, f"{operation}Input"))
        conditions = PERMISSIONS[operation][0].conditions
        assert conditions is not None
        assert conditions(CONTEXT, request, TABLE).get("dynamodb:returnvalues") == expected
