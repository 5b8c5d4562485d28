"""How do the tests ask the engine? People, policies from statements, queries."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from pileus.kernel.auth.policy import ContextValue, NamedPolicy, Query, compile_policy
from pileus.kernel.context import Principal, SessionFacts

ACCOUNT: Final = "111122223333"
ACTION: Final = "s3:GetObject"
RESOURCE: Final = "arn:aws:s3:::bucket/key"
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/app/reader"
USER: Final = f"arn:aws:iam::{ACCOUNT}:user/bob"
ROOT: Final = f"arn:aws:iam::{ACCOUNT}:root"
SESSION: Final = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/job"
FEDERATED: Final = f"arn:aws:sts::{ACCOUNT}:federated-user/fred"
_LINKED: Final = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"


def _session(kind: str, **facts: str) -> SessionFacts:
    assert kind in ("assumed_role", "federated_user")
    return SessionFacts(
        kind="assumed_role" if kind == "assumed_role" else "federated_user",
        issued_at=_NOW,
        role_arn=facts.get("role_arn", ""),
        user_arn=facts.get("user_arn", ""),
    )


PEOPLE: Final = {
    "root": Principal(account_id=ACCOUNT, arn=ROOT, user_id=ACCOUNT),
    "user": Principal(account_id=ACCOUNT, arn=USER, user_id="AIDABOB"),
    "session": Principal(
        account_id=ACCOUNT, arn=SESSION, user_id="AROAREADER:job", session=_session("assumed_role", role_arn=ROLE)
    ),
    "federated": Principal(
        account_id=ACCOUNT,
        arn=FEDERATED,
        user_id=f"{ACCOUNT}:fred",
        session=_session("federated_user", user_arn=USER),
    ),
    "service_linked": Principal(
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{_LINKED}/autoscaling",
        user_id="AROALINKED:autoscaling",
        session=_session(
            "assumed_role",
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/dynamodb.application-autoscaling.amazonaws.com/{_LINKED}",
        ),
    ),
    "stranger": Principal(account_id="444455556666", arn="arn:aws:iam::444455556666:user/eve", user_id="AIDAEVE"),
    "service": Principal(account_id="", arn="sns.amazonaws.com", user_id=""),
    "cognito": Principal(account_id="", arn="cognito-identity.amazonaws.com", user_id=""),
    "oidc": Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:oidc-provider/id.example.com", user_id=""),
    "anonymous": Principal(account_id="", arn="", user_id=""),
}

Statement = Mapping[str, object]


def document(*statements: Statement, version: str | None = "2012-10-17") -> str:
    """A policy's text."""
    head = {} if version is None else {"Version": version}
    return json.dumps(head | {"Statement": list(statements)})


def policy(*statements: Statement, kind: str = "test", version: str | None = "2012-10-17") -> NamedPolicy:
    """A compiled policy, named as its kind."""
    return NamedPolicy(kind, compile_policy(document(*statements, version=version)), kind)


ALLOW_ALL: Final[Statement] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def query(
    who: str | Principal = "user",
    *,
    action: str = ACTION,
    resource: str = RESOURCE,
    conditions: Mapping[str, ContextValue] | None = None,
    owner: str = ACCOUNT,
) -> Query:
    """A question of one of PEOPLE, about a resource of `owner`'s."""
    return Query(
        principal=PEOPLE[who] if isinstance(who, str) else who,
        action=action,
        resource=resource,
        conditions={} if conditions is None else conditions,
        resource_account_id=owner,
    )


def statements_saying(effect: str) -> Sequence[Statement]:
    """`allow`, `deny`, `both` or `silent` about ACTION."""
    allow: Statement = {"Effect": "Allow", "Action": ACTION, "Resource": "*"}
    deny: Statement = {"Effect": "Deny", "Action": ACTION, "Resource": "*"}
    silent: Statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    return {"allow": [allow], "deny": [deny], "both": [allow, deny], "silent": [silent]}[effect]
