"""A table under a key of KMS can be used as long as the key can, and by whom the key lets; by boto3.

Source of the texts: lab notes of ack-api-quirks (2026-10), DDB-TABLE-020 to -023, -037, -081, -082, -331, -333, -461;
recordings `test_dynamodb_create_table_with_partial_sse_specification`, `..._update_table_without_sse_...`.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import allow
from tests.conformance.test_strict_kms import Strict, strict, to  # noqa: F401 - a fixture
from tests.conftest import Server

ITEM: Final = {"pk": {"S": "a"}, "sk": {"S": "b"}}
JAVA: Final = "com.amazonaws.services.kms.model."


class Tables:
    """Tables, and keys for them."""

    def __init__(self, server: Server) -> None:
        self.dynamodb, self.kms = server.client("dynamodb"), server.client("kms")
        self.names: list[str] = []

    def create(self, **parameters: Any) -> str:
        name = f"sealed-{uuid4()}"
        self.names.append(name)
        create(self.dynamodb, name, **parameters)
        return name

    def key(self, **parameters: Any) -> tuple[str, str]:
        """Its id and its ARN."""
        made = self.kms.create_key(**parameters)["KeyMetadata"]
        return made["KeyId"], made["Arn"]

    def described(self, name: str) -> dict[str, Any]:
        table: dict[str, Any] = self.dynamodb.describe_table(TableName=name)["Table"]
        return table


def create(dynamodb: Any, name: str, **parameters: Any) -> None:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
        **parameters,
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)


def under(key_id: str) -> dict[str, Any]:
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key_id}}


def refused(call: Any, **parameters: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def tables(aws: Server) -> Iterator[Tables]:
    found = Tables(aws)
    yield found
    for name in found.names:
        with contextlib.suppress(ClientError):
            found.dynamodb.delete_table(TableName=name)


def test_the_key_that_aws_manages_is_in_kms(tables: Tables) -> None:
    """What DescribeTable tells DescribeKey knows, whichever table was first."""
    name = tables.create(SSESpecification={"Enabled": True})
    told = tables.described(name)["SSEDescription"]
    key = tables.kms.describe_key(KeyId=told["KMSMasterKeyArn"])["KeyMetadata"]
    assert told == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key["Arn"]}
    assert (key["KeyManager"], key["Description"]) == (
        "AWS",
        "Default key that protects my DynamoDB data when no other key is defined",
    )
    assert tables.kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]["Arn"] == key["Arn"]
    again = tables.create(**under("alias/aws/dynamodb"))
    assert tables.described(again)["SSEDescription"] == told


def test_a_key_is_named_by_id_arn_or_alias(tables: Tables) -> None:
    """Whatever it was called, its ARN is told."""
    key_id, arn = tables.key()
    alias = f"alias/{uuid4()}"
    tables.kms.create_alias(AliasName=alias, TargetKeyId=key_id)
    for given in (key_id, arn, alias, arn.replace(f"key/{key_id}", alias)):
        name = tables.create(**under(given))
        assert tables.described(name)["SSEDescription"]["KMSMasterKeyArn"] == arn
        tables.dynamodb.put_item(TableName=name, Item=ITEM)
        assert tables.dynamodb.get_item(TableName=name, Key=ITEM)["Item"] == ITEM


def test_a_key_that_cannot_be_used_makes_no_table(tables: Tables) -> None:
    """Each kind of it in AWS's words, with the code that AWS gives it, 500 included."""
    disabled_id, disabled = tables.key()
    tables.kms.disable_key(KeyId=disabled_id)
    pending_id, pending = tables.key()
    tables.kms.schedule_key_deletion(KeyId=pending_id, PendingWindowInDays=7)
    _, asymmetric = tables.key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    _, hmac = tables.key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    home = disabled.rsplit(":", 1)[0]
    nobody = f"{home}:key/00000000-0000-4000-8000-000000000000"
    tables.create(SSESpecification={"Enabled": True})  # and so DynamoDB's own key is not what is told of S3's
    symmetric = "EncryptionContext is supported only when creating a grant for a symmetric encryption KMS key."
    cases = {
        disabled: ("ValidationException", f"KMS key disabled error: {JAVA}DisabledException: {disabled} is disabled."),
        pending: (
            "ValidationException",
            f"KMS validation error: {JAVA}KMSInvalidStateException: {pending} is pending deletion.",
        ),
        asymmetric: ("InternalServerError", f"KMS internal error: {JAVA}AWSKMSException: {symmetric}"),
        hmac: ("InternalServerError", f"KMS internal error: {JAVA}AWSKMSException: {symmetric}"),
        nobody: (
            "ValidationException",
            f"KMS validation error: {JAVA}NotFoundException: Key '{nobody}' does not exist",
        ),
        "alias/nobody": (
            "ValidationException",
            f"KMS validation error: {JAVA}NotFoundException: Alias {home}:alias/nobody is not found.",
        ),
        disabled.replace("us-east-1", "eu-west-1"): (
            "ValidationException",
            f"KMS validation error: {JAVA}NotFoundException: Invalid arn eu-west-1",
        ),
        "alias/aws/s3": ("AccessDeniedException", f"KMS key access denied error: {JAVA}AWSKMSException: User: "),
    }
    table = tables.create()
    for given, (code, text) in cases.items():
        name = f"never-{uuid4()}"
        for operation, target in (
            (lambda **p: create(tables.dynamodb, p.pop("TableName"), **p), name),
            (
                tables.dynamodb.update_table,
                table,
            ),
        ):
            found_code, found_text = refused(operation, TableName=target, **under(given))
            assert (found_code, found_text[: len(text)]) == (code, text)
            assert " (Service: AWSKMS; Status Code: 400; Error Code: " in found_text
            assert found_text.endswith("; Proxy: null)")
        assert refused(tables.dynamodb.describe_table, TableName=name)[0] == "ResourceNotFoundException"
    assert "SSEDescription" not in tables.described(table)


def test_a_table_whose_key_is_disabled_is_inaccessible(tables: Tables) -> None:
    """Its items are refused, and whatever else needs the key; the rest goes on; all is well once the key is back."""
    key_id, arn = tables.key()
    name = tables.create(**under(key_id))
    dynamodb = tables.dynamodb
    dynamodb.put_item(TableName=name, Item=ITEM)
    tables.kms.disable_key(KeyId=key_id)
    told = f"KMS key disabled error: {JAVA}DisabledException: {arn} is disabled. (Service: AWSKMS; "
    for call, parameters in (
        (dynamodb.get_item, {"TableName": name, "Key": ITEM}),
        (dynamodb.put_item, {"TableName": name, "Item": ITEM}),
        (dynamodb.scan, {"TableName": name}),
        (dynamodb.batch_get_item, {"RequestItems": {name: {"Keys": [ITEM]}}}),
        (dynamodb.transact_get_items, {"TransactItems": [{"Get": {"TableName": name, "Key": ITEM}}]}),
        (dynamodb.execute_statement, {"Statement": f'SELECT * FROM "{name}"'}),
        (
            dynamodb.update_time_to_live,
            {"TableName": name, "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "ttl"}},
        ),
        (dynamodb.update_table, {"TableName": name, "SSESpecification": {"Enabled": False}}),
    ):
        code, text = refused(call, **parameters)
        assert (code, text[: len(told)]) == ("ValidationException", told)
    table = tables.described(name)
    assert table["TableStatus"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    since = table["SSEDescription"].pop("InaccessibleEncryptionDateTime")
    assert table["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": arn}
    assert tables.described(name)["SSEDescription"]["InaccessibleEncryptionDateTime"] == since
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    tables.kms.enable_key(KeyId=key_id)
    assert dynamodb.get_item(TableName=name, Key=ITEM)["Item"] == ITEM
    table = tables.described(name)
    assert table["TableStatus"] == "ACTIVE"
    assert "InaccessibleEncryptionDateTime" not in table["SSEDescription"]


def test_the_key_changes_four_times_a_day(tables: Tables) -> None:
    """By its ARN alone the key is known as the one that is used; and a refusal counts for nothing."""
    first, first_arn = tables.key()
    second, second_arn = tables.key()
    name = tables.create(**under(first))

    def change(given: str) -> dict[str, Any]:
        answer: dict[str, Any] = tables.dynamodb.update_table(TableName=name, **under(given))["TableDescription"]
        return answer

    assert refused(change, given=first_arn) == (
        "ValidationException",
        "One or more parameter values were invalid: Table is already encrypted with given KMSMasterKeyId. Use "
        "KMSMasterKeyId parameter if you want to change Master Key",
    )
    answer = change(first)
    assert answer["SSEDescription"] == {"Status": "UPDATING", "SSEType": "KMS", "KMSMasterKeyArn": first_arn}
    change(second)
    assert tables.described(name)["SSEDescription"]["KMSMasterKeyArn"] == second_arn
    change(first)
    change("alias/aws/dynamodb")
    code, text = refused(change, given="alias/nobody")
    assert code == "LimitExceededException"
    assert text.startswith(
        "Subscriber limit exceeded: Encryption mode changes are limited in the 24h window ending at "
    )
    assert "at most once every 21600 seconds. Number of updates today: 4. Last change at " in text


def test_whom_the_key_does_not_let_the_table_does_not(strict: Strict) -> None:  # noqa: F811
    """A table is made by who may grant the key's use, and used by who may decrypt with it through DynamoDB."""
    maker = strict.user(allow("dynamodb:*"))
    reader = strict.user(allow("dynamodb:*"))
    through = {"StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}}
    granting = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    _, arn = strict.key(
        to(maker.arn, "DescribeKey") | {"Condition": through},
        to(maker.arn, "CreateGrant") | {"Condition": granting},
        to(maker.arn, "Decrypt") | {"Condition": through},
    )
    _, other = strict.key(to(maker.arn, "DescribeKey"))
    mine, theirs = (strict.server.client("dynamodb", **user.keys) for user in (maker, reader))
    name = f"sealed-{uuid4()}"
    code, text = refused(lambda: create(mine, name, **under(other)))
    assert code == "AccessDeniedException"
    assert text.startswith(
        f"KMS key access denied error: {JAVA}AWSKMSException: User: {maker.arn} is not authorized to perform: "
        f"kms:CreateGrant on resource: {other}"
    )
    create(mine, name, **under(arn))
    mine.put_item(TableName=name, Item=ITEM)
    code, text = refused(theirs.get_item, TableName=name, Key=ITEM)
    assert code == "AccessDeniedException"
    assert f"User: {reader.arn} is not authorized to perform: kms:Decrypt on resource: {arn}" in text
    assert mine.get_item(TableName=name, Key=ITEM)["Item"] == ITEM
