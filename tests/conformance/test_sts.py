"""STS, seen from outside with boto3.

Taught by the recordings TestSTSIntegrations and TestSTSAssumeRoleTagging; runs against Pileus, not yet against AWS.
"""

import base64
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import Server


def trust(principal: dict[str, Any], action: str | list[str] = "sts:AssumeRole") -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def role(aws: Server) -> Iterator[dict[str, Any]]:
    """A role that its account may assume."""
    iam = aws.client("iam")
    name = f"role-{uuid.uuid4().hex[:12]}"
    document = trust({"AWS": "111111111111"})
    yield iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    iam.delete_role(RoleName=name)


def client_of(aws: Server, service: str, credentials: dict[str, Any], **changes: str) -> Any:
    return aws.client(
        service,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=changes.get("secret", credentials["SecretAccessKey"]),
        aws_session_token=changes.get("token", credentials["SessionToken"]),
    )


def refused(call: Any, **parameters: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("access_key_id", "account_id"), [("123456789012", "123456789012"), ("AKIAIOSFODNN7EXAMPLE", "000000000000")]
)
def test_the_key_says_the_account(aws: Server, access_key_id: str, account_id: str) -> None:
    """Open mode: twelve digits are an account, any other key is the account of zeros. Pileus only."""
    identity = aws.client("sts", aws_access_key_id=access_key_id).get_caller_identity()
    assert identity["Account"] == identity["UserId"] == account_id
    assert identity["Arn"] == f"arn:aws:iam::{account_id}:root"


def test_assume_role(aws: Server, role: dict[str, Any]) -> None:
    """The session is who the answer says, until the time it says."""
    answer = aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=900)
    assert set(answer) == {"Credentials", "AssumedRoleUser", "ResponseMetadata"}
    assert answer["AssumedRoleUser"] == {
        "Arn": f"arn:aws:sts::111111111111:assumed-role/{role['RoleName']}/me",
        "AssumedRoleId": f"{role['RoleId']}:me",
    }
    credentials = answer["Credentials"]
    assert set(credentials) == {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert abs(credentials["Expiration"] - datetime.now(UTC) - timedelta(minutes=15)) < timedelta(minutes=1)
    identity = client_of(aws, "sts", credentials).get_caller_identity()
    assert identity["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert identity["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    assert identity["Account"] == "111111111111"


def test_a_session_must_be_signed_with_its_own_secret_and_token(aws: Server, role: dict[str, Any]) -> None:
    """Otherwise it is refused, in the words of each protocol."""
    assume = aws.client("sts").assume_role
    one, other = (assume(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"] for _ in range(2))
    wrong_secret = client_of(aws, "sts", one, secret=other["SecretAccessKey"])
    assert refused(wrong_secret.get_caller_identity) == ("SignatureDoesNotMatch", 403)
    wrong_token = client_of(aws, "sts", one, token=other["SessionToken"])
    assert refused(wrong_token.get_caller_identity) == ("InvalidClientTokenId", 403)
    wrong_secret = client_of(aws, "dynamodb", one, secret=other["SecretAccessKey"])
    assert refused(wrong_secret.list_tables) == ("InvalidSignatureException", 400)
    wrong_token = client_of(aws, "dynamodb", one, token=other["SessionToken"])
    assert refused(wrong_token.list_tables) == ("UnrecognizedClientException", 400)
    wrong_secret = client_of(aws, "lambda", one, secret=other["SecretAccessKey"])
    assert refused(wrong_secret.list_functions) == ("InvalidSignatureException", 403)


@pytest.mark.parametrize("role_arn", ["nothing-valid-in-here", "arn::b:::something/test-role", "arn:a:a::aaaaaaaaaa:"])
def test_malformed_arns(aws: Server, role_arn: str) -> None:
    """Recorded: TestSTSIntegrations::test_sts_invalid_parameters."""
    with pytest.raises(ClientError) as caught:
        aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="me")
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "ValidationError",
        "Message": f"{role_arn} is invalid",
    }


def test_malformed_session_name(aws: Server, role: dict[str, Any]) -> None:
    """Recorded: TestSTSIntegrations::test_sts_invalid_parameters."""
    with pytest.raises(ClientError) as caught:
        aws.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="Session1:2")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["Error"]["Message"] == (
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\w+=,.@-]*"
    )


def test_a_role_that_trusts_others_is_refused(aws: Server, role: dict[str, Any]) -> None:
    """The same answer as for a role that does not exist."""
    sts = aws.client("sts")
    aws.client("iam").update_assume_role_policy(
        RoleName=role["RoleName"], PolicyDocument=trust({"Service": "lambda.amazonaws.com"})
    )
    for role_arn in (role["Arn"], role["Arn"] + "x"):
        assert refused(sts.assume_role, RoleArn=role_arn, RoleSessionName="me") == ("AccessDenied", 403)


def test_durations(aws: Server, role: dict[str, Any]) -> None:
    """Not beyond the role's, and not below a quarter of an hour."""
    unchecked = Config(parameter_validation=False, retries={"max_attempts": 0})
    assume = aws.client("sts", config=unchecked).assume_role
    for seconds in (899, 3_601):
        code = refused(assume, RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=seconds)
        assert code == ("ValidationError", 400)


def test_operations_that_are_not_built_say_so(aws: Server) -> None:
    """By name, and never with 200."""
    assert refused(aws.client("sts").assume_root, TargetPrincipal="1" * 12, TaskPolicyArn={}) == ("NotImplemented", 501)


def test_session_tokens(aws: Server) -> None:
    """A user's session is the user, and begins no further sessions."""
    user_name = f"user-{uuid.uuid4().hex[:12]}"
    iam = aws.client("iam")
    user = iam.create_user(UserName=user_name)["User"]
    key = iam.create_access_key(UserName=user_name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    sts = aws.client("sts", **keys)
    assert aws.client("sts").get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == "111111111111"
    credentials = sts.get_session_token(DurationSeconds=900)["Credentials"]
    assert set(credentials) == {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    session = client_of(aws, "sts", credentials)
    identity = session.get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (user["Arn"], user["UserId"])
    assert refused(session.get_session_token) == ("AccessDenied", 403)
    assert refused(session.get_federation_token, Name="bob") == ("AccessDenied", 403)
    info = aws.client("sts").get_access_key_info(AccessKeyId=credentials["AccessKeyId"])
    assert info["Account"] == "111111111111"
    iam.delete_access_key(UserName=user_name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=user_name)


def test_federation_tokens(aws: Server) -> None:
    """Recorded: TestSTSIntegrations::test_get_federation_token."""
    answer = aws.client("sts").get_federation_token(Name="bob", DurationSeconds=900)
    assert set(answer) == {"Credentials", "FederatedUser", "PackedPolicySize", "ResponseMetadata"}
    assert answer["PackedPolicySize"] == 0
    assert answer["FederatedUser"] == {
        "Arn": "arn:aws:sts::111111111111:federated-user/bob",
        "FederatedUserId": "111111111111:bob",
    }
    identity = client_of(aws, "sts", answer["Credentials"]).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (
        answer["FederatedUser"]["Arn"],
        answer["FederatedUser"]["FederatedUserId"],
    )


def test_session_tags(aws: Server, role: dict[str, Any]) -> None:
    """Recorded: TestSTSAssumeRoleTagging::test_assume_role_tag_validation."""
    aws.client("iam").update_assume_role_policy(
        RoleName=role["RoleName"],
        # Sessions of the role too, which have no policies that would let them.
        PolicyDocument=trust({"AWS": ["111111111111", role["Arn"]]}, ["sts:AssumeRole", "sts:TagSession"]),
    )
    assume = aws.client("sts").assume_role
    wanted = {"RoleArn": role["Arn"], "RoleSessionName": "me"}
    for tags, transitive, message in (
        ([("a", "1")], ["b"], "The specified transitive tag key must be included in the requested tags."),
        (
            [("a", "1"), ("A", "2")],
            [],
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
    ):
        listed = [{"Key": key, "Value": value} for key, value in tags]
        with pytest.raises(ClientError) as caught:
            assume(**wanted, Tags=listed, TransitiveTagKeys=transitive)
        assert caught.value.response["Error"] == {
            "Type": "Sender",
            "Code": "InvalidParameterValue",
            "Message": message,
        }
    answer = assume(**wanted, Tags=[{"Key": "a", "Value": "1"}], TransitiveTagKeys=["a"])
    assert answer["PackedPolicySize"] > 0
    chained = client_of(aws, "sts", answer["Credentials"])
    with pytest.raises(ClientError) as caught:
        chained.assume_role(**wanted, Tags=[{"Key": "A", "Value": "2"}])
    # Recorded: TestSTSAssumeRoleTagging::test_iam_role_chaining_override_transitive_tags.
    assert caught.value.response["Error"]["Message"] == (
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
        "from the calling session."
    )


def test_a_message_that_is_none(aws: Server) -> None:
    code = refused(aws.client("sts").decode_authorization_message, EncodedMessage="nonsense")
    assert code == ("InvalidAuthorizationMessageException", 400)


def test_a_web_identity_of_nobody(aws: Server, role: dict[str, Any]) -> None:
    """An issuer that the account does not know, and what is no token at all; asked without credentials."""
    assume = aws.client("sts", config=Config(signature_version=UNSIGNED)).assume_role_with_web_identity
    claims = base64.urlsafe_b64encode(b'{"iss":"https://idp.example.com"}').decode().rstrip("=")
    for token, message in (
        (f"e30.{claims}.e30", "No OpenIDConnect provider found in your account for https://idp.example.com"),
        (
            "opaque",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ),
    ):
        with pytest.raises(ClientError) as caught:
            assume(RoleArn=role["Arn"], RoleSessionName="me", WebIdentityToken=token)
        assert caught.value.response["Error"] == {
            "Type": "Sender",
            "Code": "InvalidIdentityToken",
            "Message": message,
        }


def test_a_namesake_of_a_trusted_user_is_not_trusted(aws: Server) -> None:
    """A trust policy means the user that it was given, not the name (IAM User Guide, "IAM user principals")."""
    iam, name = aws.client("iam"), f"user-{uuid.uuid4().hex[:12]}"

    def assume(role_arn: str) -> None:
        key = iam.create_access_key(UserName=name)["AccessKey"]
        sts = aws.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
        try:
            sts.assume_role(RoleArn=role_arn, RoleSessionName="me")
        finally:
            iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])

    user = iam.create_user(UserName=name)["User"]
    document = trust({"AWS": user["Arn"]})
    role_arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    assume(role_arn)
    iam.delete_user(UserName=name)
    shown = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    assert shown["Statement"][0]["Principal"] == {"AWS": user["UserId"]}
    iam.create_user(UserName=name)
    with pytest.raises(ClientError) as caught:
        assume(role_arn)
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    assume(role_arn)
    iam.delete_role(RoleName=name)
    iam.delete_user(UserName=name)


def test_a_role_tells_when_it_was_last_used(aws: Server, role: dict[str, Any]) -> None:
    """By any request of a session; AWS tells it later than Pileus (API_RoleLastUsed)."""
    iam, sts = aws.client("iam"), aws.client("sts")
    credentials = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
    began = datetime.now(UTC).replace(microsecond=0)
    client_of(aws, "sts", credentials).get_caller_identity()
    deadline = time.monotonic() + 10
    while not (last_used := iam.get_role(RoleName=role["RoleName"])["Role"]["RoleLastUsed"]):
        assert time.monotonic() < deadline
    assert last_used["Region"] == sts.meta.region_name
    assert last_used["LastUsedDate"] >= began
