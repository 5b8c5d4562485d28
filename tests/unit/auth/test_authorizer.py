"""The authorizer reads what it must, and no more; asks about everything an operation needs; and refuses by protocol."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pileus.kernel.auth.audit import AuditLog, Wish
from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.authorizer import Authorizer
from pileus.kernel.auth.organizations import Member, Organization
from pileus.kernel.auth.permissions import KnownResource, Permission, ResourceType, arn_of, needs_of, request_tags
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext, SessionFacts
from pileus.kernel.errors import AnyServiceError
from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.sqlite import open_store

ACCOUNT, OTHER = "111122223333", "444455556666"
THING = ResourceType(name="thing", arn=arn_of("arn:{partition}:things:{region}:{account}:thing/{given[name]}"))
ELSEWHERE = ResourceType(name="thing", arn=lambda context, given: f"arn:aws:things:eu-west-1:{OTHER}:thing/theirs")
GET = Permission(action="things:Get", resource=THING)
MINE = {"name": "mine"}
MESSAGES = AuthorizationMessages(b"s" * 32, SystemIds())
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

Statement = dict[str, Any]


def statement(action: str = "*", resource: str = "*", effect: str = "Allow", **more: Any) -> Statement:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: Statement, kind: str = "identity", name: str = "p") -> NamedPolicy:
    return NamedPolicy(name, compile_policy(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})), kind)


def when(**condition: Any) -> Statement:
    return statement(Condition=condition)


EVE = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/staff/eve", user_id="AIDAEVE", minted=True)
ROOT = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:root", user_id=ACCOUNT, minted=True)
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/path/worker"


def session(**facts: Any) -> Principal:
    return Principal(
        account_id=ACCOUNT,
        arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/s",
        user_id="AROAWORKER:s",
        minted=True,
        session=SessionFacts(
            **{
                "kind": "assumed_role",
                "issued_at": AT,
                "role_arn": ROLE_ARN,
                **facts,
            }
        ),
    )


class Policies:
    """A policy source that counts what is read."""

    def __init__(self, *identity: NamedPolicy, boundary: NamedPolicy | None = None, gone: bool = False) -> None:
        self.gone = gone
        self.identity = identity
        self.boundary = boundary
        self.read: list[str] = []

    async def policies_of(self, principal: Principal) -> tuple[Sequence[NamedPolicy], NamedPolicy | None] | None:
        self.read.append("policies")
        return None if self.gone else (self.identity, self.boundary)

    async def session_policies(self, account_id: str, policy_arns: Sequence[str]) -> Sequence[NamedPolicy]:
        self.read.append("session policies")
        return [policy(statement("things:Get"), kind="session policy")]

    async def tags_of(self, principal: Principal) -> Mapping[str, str]:
        self.read.append("tags")
        return {"Team": "red"}


class Things:
    """Knows every thing."""

    def __init__(self, *, eager: bool = False, known: KnownResource | None = None) -> None:
        self.eager = eager
        self.known = known
        self.found = 0

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        self.found += 1
        return self.known or KnownResource(arn=arn, tags={"Colour": "green"})


Ask = Callable[..., Any]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[AuditLog]:
    store = open_store(tmp_path, clock=MovableClock())
    yield AuditLog(store)
    await store.close()


async def ask(
    log: AuditLog,
    policies: Policies,
    *permissions: Permission,
    principal: Principal = EVE,
    things: Things | None = None,
    protocol: str = "json",
    headers: Mapping[str, str] | None = None,
    organization: Organization | None = None,
    given: Any = MINE,
) -> AnyServiceError | None:
    """The refusal; None when it is allowed."""
    clock = MovableClock()
    clock.freeze()
    authorizer = Authorizer(
        policies=policies,
        audit=log,
        clock=clock,
        resources={} if things is None else {"things": things},
        messages=MESSAGES,
        organization=organization,
    )
    context = RequestContext(
        service="things",
        operation="Get",
        request_id="request",
        account_id=principal.account_id,
        region="eu-west-1",
        principal=principal,
        source_ip="203.0.113.9",
        host="localhost",
    )
    try:
        await authorizer.authorize(context, headers or {}, needs_of(permissions or (GET,), protocol=protocol), given)
    except AnyServiceError as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("protocol", "code", "status"),
    [
        ("json", "AccessDeniedException", 400),
        ("smithy-rpc-v2-cbor", "AccessDeniedException", 400),
        ("query", "AccessDenied", 403),
        ("ec2", "UnauthorizedOperation", 403),
        ("rest-json", "AccessDeniedException", 403),
        ("rest-xml", "AccessDenied", 403),
    ],
)
async def test_refusals_by_protocol(log: AuditLog, protocol: str, code: str, status: int) -> None:
    """SDKs read the code; the words are AWS's."""
    refused = await ask(log, Policies(), protocol=protocol)
    assert refused is not None
    assert (refused.error_code, refused.http_status) == (code, status)
    assert (
        f"User: {EVE.arn} is not authorized to perform: things:Get on resource: "
        f"arn:aws:things:eu-west-1:{ACCOUNT}:thing/mine because no identity-based policy allows the things:Get action"
    ) in refused.message


async def test_ec2_seals_the_reason(log: AuditLog) -> None:
    """Whoever may call DecodeAuthorizationMessage learns it. Source: API_DecodeAuthorizationMessage."""
    refused = await ask(log, Policies(), protocol="ec2")
    assert refused is not None
    said, _, encoded = refused.message.partition(" Encoded authorization failure message: ")
    assert said.startswith("You are not authorized to perform this operation. User: ")
    decoded = json.loads(MESSAGES.decode(encoded, account_id=ACCOUNT))
    assert decoded["allowed"] is decoded["explicitDeny"] is False
    assert decoded["context"]["action"] == "things:Get"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"kind": "session_token"}, "InvalidClientTokenId"),
        ({"kind": "session_token", "mfa_at": AT}, None),
        ({"kind": "federated_user", "mfa_at": AT}, "InvalidClientTokenId"),
        ({"kind": "assumed_role"}, None),
    ],
)
async def test_sessions_of_users_do_not_reach_iam(log: AuditLog, facts: dict[str, Any], code: str | None) -> None:
    """Sources: API_GetSessionToken, API_GetFederationToken."""
    policies = Policies(policy(statement()))
    refused = await ask(log, policies, Permission(action="iam:GetUser"), principal=session(**facts))
    assert (refused.error_code if refused is not None else None) == code


@pytest.mark.parametrize(
    ("protocol", "code", "status"),
    [
        ("json", "UnrecognizedClientException", 400),
        ("rest-json", "UnrecognizedClientException", 403),
        ("query", "InvalidClientTokenId", 403),
        ("ec2", "InvalidClientTokenId", 403),
        ("rest-xml", "InvalidClientTokenId", 403),
    ],
)
async def test_whoever_was_deleted_is_nobody(log: AuditLog, protocol: str, code: str, status: int) -> None:
    """Policies of resources name people by ARN; a session that outlived its role must not pass for who has it now."""
    things = Things(
        eager=True,
        known=KnownResource(
            arn="arn:aws:things:eu-west-1:111122223333:thing/mine",
            policy=policy({**statement(), "Principal": {"AWS": [ROLE_ARN]}}, kind="resource"),
        ),
    )
    assert await ask(log, Policies(), principal=session(), things=things) is None
    refused = await ask(log, Policies(gone=True), principal=session(), things=things, protocol=protocol)
    assert refused is not None
    assert (refused.error_code, refused.http_status) == (code, status)
    assert refused.message == "The security token included in the request is invalid."
    assert await ask(log, Policies(gone=True), principal=ROOT) is None


async def test_everything_an_operation_needs_is_asked(log: AuditLog) -> None:
    """One yes is not enough, what is not needed this time is not asked, and all of it is in the log."""
    put = Permission(action="things:Put", resource=THING)
    never = Permission(action="things:Never", asked=lambda context, given: False)
    only_get = Policies(policy(statement("things:Get")))
    assert await ask(log, only_get, GET, never) is None
    refused = await ask(log, only_get, GET, put, never)
    assert refused is not None
    assert "things:Put" in refused.message
    assert only_get.read == ["policies", "policies"]  # once for each request
    noted = await log.find(Wish(request_id="request"), limit=10)
    assert [(one.action, one.allowed) for one in noted] == [
        ("things:Put", False),
        ("things:Get", True),
        ("things:Get", True),
    ]


async def test_an_operation_without_input_is_asked_about(log: AuditLog) -> None:
    """`None` as the input of a request (GetAccountSummary) is a request; as a part of one, it is none to ask about."""
    everything = Permission(action="things:List")
    refused = await ask(log, Policies(), everything, given=None)
    assert refused is not None
    assert "things:List" in refused.message
    assert await ask(log, Policies(policy(statement("things:List"))), everything, given=None) is None
    parts = Permission(action="things:Get", resource=THING, members=lambda context, given: given)
    assert await ask(log, Policies(), parts, given=[None]) is None
    refused = await ask(log, Policies(), parts, given=[None, MINE])
    assert refused is not None
    noted = await log.find(Wish(request_id="request"), limit=10)
    assert [(one.action, one.allowed) for one in noted] == [
        ("things:Get", False),
        ("things:List", True),
        ("things:List", False),
    ]


async def test_an_operation_that_nobody_declared_is_refused(log: AuditLog) -> None:
    """A gap in a table must not be a hole."""
    authorizer = Authorizer(policies=Policies(policy(statement())), audit=log, clock=MovableClock())
    context = RequestContext(
        service="things",
        operation="New",
        request_id="r",
        account_id=ACCOUNT,
        region="eu-west-1",
        principal=EVE,
        source_ip="",
        host="",
    )
    with pytest.raises(AssertionError):
        await authorizer.authorize(context, {}, needs_of(None, protocol="json"), {})


async def test_only_what_policies_ask_for_is_read(log: AuditLog) -> None:
    """Tags and resources cost reads; a policy that names none of them causes none."""
    policies, things = Policies(policy(statement())), Things()
    assert await ask(log, policies, things=things) is None
    assert (policies.read, things.found) == (["policies"], 0)
    policies = Policies(policy(when(StringEquals={"aws:PrincipalTag/TEAM": "red", "aws:ResourceTag/colour": "green"})))
    assert await ask(log, policies, things=things) is None
    assert (policies.read, things.found) == (["policies", "tags"], 1)


async def test_the_root_is_stopped_by_a_resources_policy_alone(log: AuditLog) -> None:
    """Of its own account nothing else limits it, and nothing is read for it."""
    policies = Policies()
    assert await ask(log, policies, principal=ROOT, things=Things()) is None
    denying = policy({**statement(effect="Deny"), "Principal": "*"}, kind="resource")
    known = KnownResource(arn=f"arn:aws:things:eu-west-1:{ACCOUNT}:thing/mine", policy=denying)
    refused = await ask(log, policies, principal=ROOT, things=Things(eager=True, known=known))
    assert refused is not None
    assert refused.message.endswith("with an explicit deny in a resource-based policy")
    assert policies.read == []


@pytest.mark.parametrize(
    ("identity", "named", "allowed"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
async def test_across_accounts(log: AuditLog, identity: bool, named: bool, allowed: bool) -> None:
    """Both sides. Source: IAM User Guide, "Cross-account policy evaluation logic"."""
    theirs = policy({**statement(), "Principal": {"AWS": ACCOUNT if named else "777777777777"}}, kind="resource")
    things = Things(eager=True, known=KnownResource(arn=f"arn:aws:things:eu-west-1:{OTHER}:thing/x", policy=theirs))
    policies = Policies(policy(statement())) if identity else Policies()
    get = Permission(action="things:Get", resource=ELSEWHERE)
    assert (await ask(log, policies, get, things=things) is None) is allowed


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        ({}, True),
        ({"session_policies": ('{"Statement":{"Effect":"Allow","Action":"things:*","Resource":"*"}}',)}, True),
        ({"session_policies": ('{"Statement":{"Effect":"Allow","Action":"other:*","Resource":"*"}}',)}, False),
        ({"session_policy_arns": ("arn:aws:iam::aws:policy/Any",)}, True),
        ({"kind": "federated_user", "role_arn": ""}, False),
        ({"kind": "session_token", "role_arn": ""}, True),
    ],
)
async def test_session_policies(log: AuditLog, facts: dict[str, Any], allowed: bool) -> None:
    """They narrow; a federated user without any may do nothing (API_GetFederationToken)."""
    assert (await ask(log, Policies(policy(statement())), principal=session(**facts)) is None) is allowed


async def test_a_boundary_limits(log: AuditLog) -> None:
    """Source: IAM User Guide, "Permissions boundaries for IAM entities"."""
    policies = Policies(policy(statement()), boundary=policy(statement("other:*"), kind="boundary"))
    refused = await ask(log, policies)
    assert refused is not None
    assert refused.message.endswith("because no permissions boundary allows the things:Get action")


MFA = {"mfa_at": AT}
KEYS: list[tuple[Principal, Statement, bool]] = [
    (EVE, {"ArnEquals": {"aws:PrincipalArn": EVE.arn}}, True),
    (EVE, {"StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:PrincipalType": "User"}}, True),
    (EVE, {"StringEquals": {"aws:username": "eve", "aws:userid": "AIDAEVE"}}, True),
    (EVE, {"Null": {"aws:TokenIssueTime": "true", "aws:MultiFactorAuthPresent": "true"}}, True),
    (EVE, {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
    (EVE, {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, True),
    (EVE, {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}, True),
    (EVE, {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z", "aws:EpochTime": "1577836800"}}, True),
    (EVE, {"StringLike": {"aws:UserAgent": "Boto3/*", "aws:Referer": "https://a.example/*"}}, True),
    (EVE, {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}, True),
    (EVE, {"StringEquals": {"aws:PrincipalTag/team": "red"}}, True),
    (EVE, {"StringEquals": {"aws:RequestTag/a": "1"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["A"]}}, True),
    (EVE, {"ForAllValues:StringEquals": {"aws:TagKeys": ["B"]}}, False),
    (EVE, {"Null": {"aws:SourceArn": "true", "aws:PrincipalOrgID": "true"}}, True),
    (session(), {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/path/worker"}}, True),
    (session(), {"StringEquals": {"aws:PrincipalType": "AssumedRole", "aws:userid": "AROAWORKER:s"}}, True),
    (session(), {"Null": {"aws:username": "true"}}, True),
    (session(), {"DateEquals": {"aws:TokenIssueTime": "2026-01-02T03:04:05Z"}}, True),
    (session(), {"Bool": {"aws:MultiFactorAuthPresent": "false"}, "Null": {"aws:MultiFactorAuthAge": "true"}}, True),
    (session(**MFA), {"Bool": {"aws:MultiFactorAuthPresent": "true"}}, True),
    (session(**MFA), {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "100"}}, True),
    (session(tags={"Team": "blue"}), {"StringEquals": {"aws:PrincipalTag/Team": "blue"}}, True),
    (session(source_identity="ada"), {"StringEquals": {"aws:SourceIdentity": "ada"}}, True),
    (session(federated_provider="x"), {"StringEquals": {"aws:FederatedProvider": "x"}}, True),
    (session(context={"saml:sub": "ada"}), {"StringEquals": {"saml:sub": "ada"}}, True),
]


@pytest.mark.parametrize(("principal", "condition", "allowed"), KEYS)
async def test_condition_keys(log: AuditLog, principal: Principal, condition: Statement, allowed: bool) -> None:
    """Source: IAM User Guide, "AWS global condition context keys"."""
    tagging = Permission(
        action="things:Get", resource=THING, conditions=lambda context, given, resource: request_tags({"A": "1"})
    )
    headers = {"user-agent": "Boto3/1.40", "referer": "https://a.example/page"}
    refused = await ask(
        log, Policies(policy(when(**condition))), tagging, principal=principal, things=Things(), headers=headers
    )
    assert (refused is None) is allowed


SOMETIMES = Permission(action="things:Tag", resource=THING, asked=lambda context, given: False)


@pytest.mark.parametrize("principal", [EVE, session()])
async def test_whoever_is_gone_is_noticed_where_nothing_is_asked(log: AuditLog, principal: Principal) -> None:
    """An operation whose permissions all depend on the request once let sessions of deleted roles through."""
    refused = await ask(log, Policies(gone=True), SOMETIMES, principal=principal)
    assert refused is not None
    assert refused.error_code == "UnrecognizedClientException"
    assert await ask(log, Policies(), SOMETIMES, principal=principal) is None


async def test_a_near_miss_is_remembered(log: AuditLog) -> None:
    """Whoever is denied by a condition that fails wants to know which, and what the request had instead."""
    near = statement("things:Get", Sid="Office", Condition={"IpAddress": {"aws:sourceip": "192.0.2.0/24"}})
    other = statement("things:Get", "arn:aws:other:::*", Condition={"Bool": {"aws:SecureTransport": "true"}})
    unknown = statement("things:Get", Condition={"StringEquals": {"aws:principaltag/Floor": ["1", "2"]}})
    assert await ask(log, Policies(policy(other, near), policy(unknown, name="q"))) is not None
    [record] = await log.find(Wish(), limit=5)
    assert record.near_misses == (
        "statement Office of identity-based policy p: IpAddress aws:SourceIp 192.0.2.0/24 does not hold; "
        "the request has 203.0.113.9",
        "statement 1 of identity-based policy q: StringEquals aws:PrincipalTag/Floor 1 or 2 does not hold; "
        "the request has none",
    )
    assert record.missing_context == ("aws:PrincipalTag/floor",)


async def test_a_roles_trust_is_called_so(log: AuditLog) -> None:
    """`pileus explain` speaks of the role's trust policy, as people and the manual do."""
    trust = policy(
        {"Effect": "Deny", "Principal": "*", "Action": "things:Get", "Sid": "Nobody"}, kind="trust", name="arn"
    )
    things = Things(eager=True, known=KnownResource(arn="arn:aws:things:::r", policy=trust))
    assert await ask(log, Policies(policy(statement())), things=things) is not None
    [record] = await log.find(Wish(), limit=5)
    assert (record.kind, record.statement, record.explicit_deny) == ("role's trust policy", "Nobody", True)


def organization(*scps: Statement) -> Organization:
    """With ACCOUNT as a member and OTHER as the management account."""
    member = Member(path="o-a1/r-b2/ou-b2-c3/", scps=[[policy(*scps, kind="scp", name="Guardrail")]] if scps else [])
    return Organization(id="o-a1", members={ACCOUNT: member, OTHER: Member(path="o-a1/r-b2/")})


async def test_an_organization_is_a_condition(log: AuditLog) -> None:
    """Of an account outside of any organization the keys are absent, as on AWS."""
    ours = {"StringEquals": {"aws:PrincipalOrgID": "o-a1", "aws:ResourceOrgID": "o-a1"}}
    below = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1/r-b2/ou-b2-c3/*"}}
    for condition in (ours, below):
        policies = Policies(policy(statement(Condition=condition)))
        assert await ask(log, policies) is not None
        assert await ask(log, policies, organization=organization()) is None
    stranger = msgspec.structs.replace(organization(), members={})
    assert await ask(log, Policies(policy(statement(Condition=ours))), organization=stranger) is not None


async def test_scps_limit_everybody_of_an_account(log: AuditLog) -> None:
    """Users, and the root, which is asked about for no other reason; but never the management account."""
    guard = organization(statement(), statement("things:Get", effect="Deny"))
    for principal in (EVE, ROOT):
        refused = await ask(log, Policies(policy(statement())), principal=principal, organization=guard)
        assert refused is not None
        assert refused.message.endswith("with an explicit deny in a service control policy")
    silent = organization(statement("other:*"))
    refused = await ask(log, Policies(policy(statement())), organization=silent)
    assert refused is not None
    assert refused.message.endswith("because no service control policy allows the things:Get action")
    manager = Principal(account_id=OTHER, arn=f"arn:aws:iam::{OTHER}:root", user_id=OTHER, minted=True)
    assert await ask(log, Policies(), principal=manager, organization=guard) is None


BORDER = ResourceType(
    name="thing",
    arn=lambda context, given: f"arn:aws:things:eu-west-1:{given['owner']}:thing/t",
    foreign=lambda context, given: bool(given["owner"] != context.account_id),
)
ONE = Permission(action="things:Get", resource=BORDER)
MANY = Permission(action="things:Get", resource=BORDER, members=lambda context, given: given["members"])


@pytest.mark.parametrize(
    ("permission", "ours", "theirs"),
    [
        (ONE, {"owner": ACCOUNT}, {"owner": OTHER}),
        (MANY, {"members": [{"owner": ACCOUNT}]}, {"members": [{"owner": ACCOUNT}, {"owner": OTHER}]}),
    ],
)
async def test_a_root_is_asked_about_what_is_another_accounts(
    log: AuditLog, permission: Permission, ours: Any, theirs: Any
) -> None:
    """Of services whose resources are not always read, too: nothing else stands between the accounts."""
    unminted = msgspec.structs.replace(ROOT, minted=False)
    for principal in (ROOT, unminted):
        assert await ask(log, Policies(), permission, principal=principal, given=ours, things=Things()) is None
        refused = await ask(log, Policies(), permission, principal=principal, given=theirs, things=Things())
        assert refused is not None
        assert refused.message.endswith("because no resource-based policy allows the things:Get action")
        sharing = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "*", "Resource": "*"})
        known = KnownResource(arn=f"arn:aws:things:eu-west-1:{OTHER}:thing/t", policy=sharing)
        things = Things(known=known)
        assert await ask(log, Policies(), permission, principal=principal, given=theirs, things=things) is None
    needs = needs_of((GET, permission), protocol="json")
    assert needs.foreign is not None
    context = RequestContext(
        service="things",
        operation="Get",
        request_id="r",
        account_id=ACCOUNT,
        region="eu-west-1",
        principal=unminted,
        source_ip="192.0.2.1",
        host="h",
    )
    assert (needs.foreign(context, ours), needs.foreign(context, theirs)) == (False, True)
