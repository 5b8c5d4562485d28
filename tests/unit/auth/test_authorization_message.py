"""Does the reason of a refusal reach only who may read it?"""

import json

import pytest

from pileus.kernel.auth.authorization_message import (
    MESSAGE_CHARS_MAX,
    AuthorizationMessages,
    MatchedStatement,
    NotAMessage,
    Refusal,
)
from pileus.kernel.context import Principal
from pileus.kernel.ids import SeededIds

SECRET = bytes(range(32))
ADA = Principal(account_id="111111111111", arn="arn:aws:iam::111111111111:user/team/ada", user_id="AIDAADA")
REFUSAL = Refusal(
    principal=ADA,
    action="ec2:StopInstances",
    resource="arn:aws:ec2:us-east-1:111111111111:instance/i-1",
    explicit_deny=True,
    matched=(
        MatchedStatement(
            statement_id="NoStop",
            effect="DENY",
            principals=("AIDAADA",),
            actions=("ec2:StopInstances",),
            resources=("*",),
        ),
    ),
    conditions={"aws:region": "us-east-1", "aws:tagkeys": ("a", "b")},
)


def messages(secret: bytes = SECRET) -> AuthorizationMessages:
    return AuthorizationMessages(secret, SeededIds())


def test_a_refusal_comes_back_in_the_form_of_aws() -> None:
    """Tools read these very members."""
    text = messages().encode(REFUSAL, account_id=ADA.account_id)
    assert "ec2" not in text
    assert json.loads(messages().decode(text, account_id=ADA.account_id)) == {
        "allowed": False,
        "explicitDeny": True,
        "matchedStatements": {
            "items": [
                {
                    "statementId": "NoStop",
                    "effect": "DENY",
                    "principals": {"items": [{"value": "AIDAADA"}]},
                    "principalGroups": {"items": []},
                    "actions": {"items": [{"value": "ec2:StopInstances"}]},
                    "resources": {"items": [{"value": "*"}]},
                    "conditions": {"items": []},
                }
            ]
        },
        "failures": {"items": []},
        "context": {
            "principal": {"id": "AIDAADA", "name": "ada", "arn": ADA.arn},
            "action": "ec2:StopInstances",
            "resource": "arn:aws:ec2:us-east-1:111111111111:instance/i-1",
            "conditions": {
                "items": [
                    {"key": "aws:region", "values": {"items": [{"value": "us-east-1"}]}},
                    {"key": "aws:tagkeys", "values": {"items": [{"value": "a"}, {"value": "b"}]}},
                ]
            },
        },
    }


def test_nobody_else_reads_it() -> None:
    """Neither another account, nor another server, nor what was changed on the way."""
    text = messages().encode(REFUSAL, account_id=ADA.account_id)
    for reader, changed, account_id in (
        (messages(), text, "222222222222"),
        (messages(bytes(32)), text, ADA.account_id),
        (messages(), text[:-8] + "AAAAAAA=", ADA.account_id),
        (messages(), text + "\n", ADA.account_id),
        (messages(), "é", ADA.account_id),
        (messages(), "", ADA.account_id),
    ):
        with pytest.raises(NotAMessage):
            reader.decode(changed, account_id=account_id)


def test_a_message_is_never_longer_than_can_be_sent_back() -> None:
    """Conditions are of the caller's choosing; the longest ones are left out."""
    conditions = {f"aws:requesttag/{number}": SeededIds(number).base36(256) for number in range(100)}
    refusal = Refusal(principal=ADA, action="a:b", resource="*", explicit_deny=False, conditions=conditions)
    text = messages().encode(refusal, account_id=ADA.account_id)
    assert len(text) <= MESSAGE_CHARS_MAX
    kept = json.loads(messages().decode(text, account_id=ADA.account_id))["context"]["conditions"]["items"]
    assert 0 < len(kept) < 100
