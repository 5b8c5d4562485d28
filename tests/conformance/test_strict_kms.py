"""A key's policy is the root of authority over it, and grants join it; a strict server asks about the root too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conformance.test_enforcement import allow, deny, document, name, refused, session_client
from tests.conformance.test_strict import root
from tests.conftest import Server

REGION: Final = "us-east-1"


class Strict:
    """The root of a strict server, and users of its account."""

    def __init__(self, server: Server) -> None:
        self.server = server
        keys = root(server)
        self.keys = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}
        self.iam, self.kms, self.sts = (server.client(service, **self.keys) for service in ("iam", "kms", "sts"))
        self.account: str = self.sts.get_caller_identity()["Account"]

    def user(self, *statements: dict[str, Any]) -> "User":
        return User(self).may(*statements) if statements else User(self)

    def key(self, *statements: dict[str, Any], **parameters: Any) -> tuple[str, str]:
        """Its id and its ARN. statements: of its policy, beside one that lets the root do everything itself."""
        if statements:
            mine = to("*", "*", ArnEquals={"aws:PrincipalArn": f"arn:aws:iam::{self.account}:root"})
            policy = {"Version": "2012-10-17", "Statement": [mine, *statements]}
            parameters["Policy"] = json.dumps(policy)
        made = self.kms.create_key(**parameters)["KeyMetadata"]
        return made["KeyId"], made["Arn"]


class User:
    """A user, with a client of KMS."""

    def __init__(self, strict: Strict) -> None:
        self.strict = strict
        self.name = name("user")
        self.arn: str = strict.iam.create_user(UserName=self.name)["User"]["Arn"]
        key = strict.iam.create_access_key(UserName=self.name)["AccessKey"]
        self.keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        self.kms = strict.server.client("kms", **self.keys)

    def may(self, *statements: dict[str, Any]) -> "User":
        self.strict.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))
        return self


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    server = Server(tmp_path_factory.mktemp("kms") / "data", "--auth", "strict").start()
    yield Strict(server)
    server.stop()


def to(principal: str, *actions: str, **condition: Any) -> dict[str, Any]:
    """A statement of a key's policy."""
    return {**allow([f"kms:{action}" for action in actions], **condition), "Principal": {"AWS": principal}}


def when(action: str, operator: str, keys: dict[str, Any]) -> dict[str, Any]:
    return allow(action) | {"Condition": {operator: keys}}


def test_the_default_policy_leaves_it_to_the_account(strict: Strict) -> None:
    """Then identity policies say who may, by the key's ARN, whatever the request calls it."""
    key_id, arn = strict.key()
    alias = name("alias/k")
    strict.kms.create_alias(AliasName=alias, TargetKeyId=key_id)
    user = strict.user()
    told = refused(user.kms.encrypt, KeyId=key_id, Plaintext=b"x")
    assert told["Code"] == "AccessDeniedException"
    assert told["Message"] == (
        f"User: {user.arn} is not authorized to perform: kms:Encrypt on resource: {arn} "
        "because no identity-based policy allows the kms:Encrypt action"
    )
    user.may(allow(["kms:Encrypt", "kms:Decrypt"], arn))
    blob = b""
    for called in (key_id, arn, alias, f"arn:aws:kms:{REGION}:{strict.account}:{alias}"):
        blob = user.kms.encrypt(KeyId=called, Plaintext=b"x")["CiphertextBlob"]
    assert user.kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    other, _ = strict.key()
    refused(user.kms.encrypt, KeyId=other, Plaintext=b"x")
    theirs = strict.kms.encrypt(KeyId=other, Plaintext=b"x")["CiphertextBlob"]
    refused(user.kms.decrypt, CiphertextBlob=theirs)
    refused(user.kms.describe_key, KeyId=key_id)
    refused(user.kms.create_key)


def test_a_policy_that_does_not_name_the_account(strict: Strict) -> None:
    """Then no identity policy lets anybody in, and whoever it names needs none."""
    named = strict.user()
    key_id, arn = strict.key(to(named.arn, "Encrypt", "GenerateDataKey"))
    everything = strict.user(allow("*"))
    told = refused(everything.kms.encrypt, KeyId=key_id, Plaintext=b"x")
    assert told["Message"] == (
        f"User: {everything.arn} is not authorized to perform: kms:Encrypt on resource: {arn} "
        "because no resource-based policy allows the kms:Encrypt action"
    )
    named.kms.encrypt(KeyId=key_id, Plaintext=b"x")
    refused(named.kms.describe_key, KeyId=key_id)
    named.may(deny("kms:Encrypt"))
    refused(named.kms.encrypt, KeyId=key_id, Plaintext=b"x")
    named.kms.generate_data_key(KeyId=key_id, KeySpec="AES_256")


def test_the_root_is_asked_too(strict: Strict) -> None:
    """A key whose policy names somebody else is out of the root's reach."""
    user = strict.user(allow("kms:CreateKey"))
    policy = {"Version": "2012-10-17", "Statement": to(user.arn, "*")}
    key_id = user.kms.create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    refused(strict.kms.describe_key, KeyId=key_id)
    refused(strict.kms.put_key_policy, KeyId=key_id, Policy=json.dumps(policy))
    assert user.kms.describe_key(KeyId=key_id)["KeyMetadata"]["Enabled"]


def test_condition_keys(strict: Strict) -> None:
    """KMS Developer Guide, "AWS KMS condition keys"."""
    user = strict.user(
        allow("kms:Encrypt", StringEquals={"kms:EncryptionContext:App": "shop"}),
        when("kms:Decrypt", "ForAllValues:StringEquals", {"kms:EncryptionContextKeys": ["App"]}),
        allow("kms:GenerateDataKey", StringEquals={"kms:CallerAccount": strict.account, "kms:KeySpec": "RSA_2048"}),
        when("kms:DescribeKey", "ForAnyValue:StringLike", {"kms:ResourceAliases": "alias/public-*"}),
        allow("kms:ListResourceTags", StringEquals={"kms:RequestAlias": "alias/nothing"}),
        allow("kms:CreateKey", StringEquals={"kms:KeyUsage": "GENERATE_VERIFY_MAC", "aws:RequestTag/team": "red"}),
        allow("kms:TagResource", StringEquals={"aws:RequestTag/team": "red"}),
        allow("kms:ScheduleKeyDeletion", NumericGreaterThan={"kms:ScheduleKeyDeletionPendingWindowInDays": "20"}),
        allow("kms:GetKeyPolicy", StringEquals={"aws:ResourceTag/team": "red"}),
        when("kms:CreateGrant", "ForAllValues:StringEquals", {"kms:GrantOperations": ["Encrypt"]}),
    )
    key_id, _ = strict.key()
    tagged, _ = strict.key(Tags=[{"TagKey": "team", "TagValue": "red"}])
    blob = user.kms.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext={"App": "shop"})["CiphertextBlob"]
    refused(user.kms.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext={"App": "Shop"})
    refused(user.kms.encrypt, KeyId=key_id, Plaintext=b"x")
    user.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"App": "shop"})
    refused(user.kms.decrypt, CiphertextBlob=blob, EncryptionContext={"App": "shop", "b": "c"})
    refused(user.kms.generate_data_key, KeyId=key_id, KeySpec="AES_256")
    refused(user.kms.describe_key, KeyId=key_id)
    strict.kms.create_alias(AliasName=name("alias/public"), TargetKeyId=key_id)
    user.kms.describe_key(KeyId=key_id)
    refused(user.kms.list_resource_tags, KeyId=key_id)
    mac = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
    user.kms.create_key(**mac, Tags=[{"TagKey": "team", "TagValue": "red"}])
    refused(user.kms.create_key, **mac, Tags=[{"TagKey": "team", "TagValue": "blue"}])
    refused(user.kms.create_key, Tags=[{"TagKey": "team", "TagValue": "red"}])
    refused(user.kms.get_key_policy, KeyId=key_id)
    user.kms.get_key_policy(KeyId=tagged)
    refused(user.kms.create_grant, KeyId=key_id, GranteePrincipal=user.arn, Operations=["Encrypt", "Decrypt"])
    user.kms.create_grant(KeyId=key_id, GranteePrincipal=user.arn, Operations=["Encrypt"])
    refused(user.kms.schedule_key_deletion, KeyId=key_id, PendingWindowInDays=20)
    user.kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=21)


def test_tags_of_new_keys(strict: Strict) -> None:
    """The key has no name yet: a policy that is restricted to particular ones is not about it."""
    tags, keys = [{"TagKey": "a", "TagValue": "b"}], f"arn:aws:kms:{REGION}:{strict.account}:key/"
    user = strict.user(allow("kms:CreateKey"), allow("kms:TagResource", f"{keys}*"))
    user.kms.create_key(Tags=tags)
    user.may(allow("kms:CreateKey"), allow("kms:TagResource", f"{keys}1234*"))
    user.kms.create_key()
    refused(user.kms.create_key, Tags=tags)


def test_grants(strict: Strict) -> None:
    """Each adds what it says, under its constraints, until it is ended; and it is handed on no wider than it is."""
    user, next_one = strict.user(), strict.user()
    key_id, _ = strict.key()
    bound = {"App": "shop", "b": "c"}
    blob = strict.kms.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext=bound)["CiphertextBlob"]
    refused(user.kms.decrypt, CiphertextBlob=blob, EncryptionContext=bound)
    equals = strict.kms.create_grant(
        KeyId=key_id,
        GranteePrincipal=user.arn,
        Operations=["Decrypt", "CreateGrant", "RetireGrant"],
        Constraints={"EncryptionContextSubset": {"App": "shop"}},
    )
    assert user.kms.decrypt(CiphertextBlob=blob, EncryptionContext=bound)["Plaintext"] == b"x"
    refused(user.kms.decrypt, CiphertextBlob=blob, EncryptionContext={"App": "Shop", "b": "c"})
    refused(user.kms.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext=bound)
    grant = {"KeyId": key_id, "GranteePrincipal": next_one.arn}
    refused(user.kms.create_grant, **grant, Operations=["Decrypt"])
    refused(user.kms.create_grant, **grant, Operations=["Encrypt"], Constraints={"EncryptionContextEquals": bound})
    passed_on = user.kms.create_grant(
        **grant,
        Operations=["Decrypt"],
        Constraints={"EncryptionContextEquals": bound},
        RetiringPrincipal=next_one.arn,
    )
    next_one.kms.decrypt(CiphertextBlob=blob, EncryptionContext=bound, GrantTokens=[passed_on["GrantToken"]])
    refused(next_one.kms.retire_grant, GrantToken=equals["GrantToken"])
    refused(user.kms.retire_grant, KeyId=key_id, GrantId=passed_on["GrantId"])
    next_one.kms.retire_grant(GrantToken=passed_on["GrantToken"])
    refused(next_one.kms.decrypt, CiphertextBlob=blob, EncryptionContext=bound)
    refused(user.kms.revoke_grant, KeyId=key_id, GrantId=equals["GrantId"])
    user.kms.retire_grant(KeyId=key_id, GrantId=equals["GrantId"])
    refused(user.kms.decrypt, CiphertextBlob=blob, EncryptionContext=bound)


def test_grants_for_roles(strict: Strict) -> None:
    """Sessions of the role have it, within their session policies."""
    trust = {"Effect": "Allow", "Principal": {"AWS": strict.account}, "Action": "sts:AssumeRole"}
    role = strict.iam.create_role(RoleName=name("role"), AssumeRolePolicyDocument=document(trust))
    arn = role["Role"]["Arn"]
    user = strict.user(allow("sts:AssumeRole"))
    key_id, _ = strict.key()
    strict.kms.create_grant(KeyId=key_id, GranteePrincipal=arn, Operations=["Encrypt", "DescribeKey"])
    sts = strict.server.client("sts", **user.keys)
    for policy, may in ((None, True), (document(allow("kms:DescribeKey")), False)):
        given = {} if policy is None else {"Policy": policy}
        session = sts.assume_role(RoleArn=arn, RoleSessionName="session", **given)["Credentials"]
        kms = session_client(strict.server, "kms", session)
        kms.describe_key(KeyId=key_id)
        if may:
            kms.encrypt(KeyId=key_id, Plaintext=b"x")
        else:
            refused(kms.encrypt, KeyId=key_id, Plaintext=b"x")


def test_keys_that_aws_manages(strict: Strict) -> None:
    """Nobody uses them but through their service; the account may look at them."""
    told = strict.kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]
    refused(strict.kms.encrypt, KeyId="alias/aws/sqs", Plaintext=b"x")
    refused(strict.kms.disable_key, KeyId=told["KeyId"])
    user = strict.user(allow("kms:*"))
    user.kms.describe_key(KeyId=told["KeyId"])
    refused(user.kms.generate_data_key, KeyId=told["Arn"], KeySpec="AES_256")


def test_aliases_need_both_sides(strict: Strict) -> None:
    """KMS Developer Guide, "Controlling access to aliases": of the alias, and of the key."""
    key_id, arn = strict.key()
    alias = name("alias/mine")
    alias_arn = f"arn:aws:kms:{REGION}:{strict.account}:{alias}"
    user = strict.user(allow("kms:CreateAlias", arn))
    refused(user.kms.create_alias, AliasName=alias, TargetKeyId=key_id)
    user.may(allow("kms:CreateAlias", alias_arn))
    refused(user.kms.create_alias, AliasName=alias, TargetKeyId=key_id)
    user.may(allow(["kms:CreateAlias", "kms:DeleteAlias"], [arn, alias_arn]))
    user.kms.create_alias(AliasName=alias, TargetKeyId=key_id)
    user.kms.delete_alias(AliasName=alias)


def test_other_accounts_need_both_sides(tmp_path: Path) -> None:
    """In open mode too: the key's policy lets the account in, and its own policies let the user."""
    server = Server(tmp_path / "data").start()
    try:
        kms = server.client("kms")
        made = kms.create_key()["KeyMetadata"]
        other = server.client("kms", aws_access_key_id="222222222222")
        told = refused(other.encrypt, KeyId=made["Arn"], Plaintext=b"x")
        assert "because no resource-based policy allows the kms:Encrypt action" in told["Message"]
        default = json.loads(kms.get_key_policy(KeyId=made["KeyId"])["Policy"])
        default["Statement"].append(
            to("arn:aws:iam::222222222222:root", "Encrypt", "Decrypt", "DescribeKey", "DisableKey")
        )
        kms.put_key_policy(KeyId=made["KeyId"], Policy=json.dumps(default))
        blob = other.encrypt(KeyId=made["Arn"], Plaintext=b"x")["CiphertextBlob"]
        assert other.decrypt(CiphertextBlob=blob)["KeyId"] == made["Arn"]
        assert other.describe_key(KeyId=made["Arn"])["KeyMetadata"]["AWSAccountId"] == "111111111111"
        refused(other.disable_key, KeyId=made["Arn"])
        refused(other.generate_data_key, KeyId=made["Arn"], KeySpec="AES_256")
        refused(other.list_grants, KeyId=made["Arn"])
    finally:
        server.stop()
