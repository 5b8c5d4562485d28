"""Does STS tell who one is, and hand out sessions to whom a role trusts?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest

from pileus.kernel.auth.principals import root_of
from pileus.kernel.auth.sessions import Session, SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.services.sts import shapes
from pileus.services.sts.api import StsApi
from pileus.services.sts.issuer import RoleCredentialIssuer

ACCOUNT = "111111111111"
READER = f"arn:aws:iam::{ACCOUNT}:role/team/reader"


@dataclass(frozen=True, kw_only=True)
class Role:
    arn: str
    trust_policy: str
    role_id: str = "AROAREADER"
    name: str = "reader"
    account_id: str = ACCOUNT
    session_duration_max: timedelta = timedelta(hours=2)


class Roles:
    def __init__(self, *roles: Role) -> None:
        self._roles: Mapping[str, Role] = {role.arn: role for role in roles}

    async def find(self, role_arn: str) -> Role | None:
        return self._roles.get(role_arn)


def trusting(principal: object, action: object = "sts:AssumeRole") -> Role:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return Role(arn=READER, trust_policy=msgspec.json.encode({"Statement": [statement]}).decode())


class Sts:
    """The API with one role, asked by the root of its account."""

    def __init__(self, role: Role | None = None, *, asked_by: Principal | None = None) -> None:
        self.clock = MovableClock()
        self.clock.freeze()
        self.sealer = SessionSealer(bytes(range(32)), self.clock, SeededIds())
        self.roles = Roles(role or trusting({"AWS": ACCOUNT}))
        self.api = StsApi(roles=self.roles, sealer=self.sealer)
        self.context = RequestContext(
            service="sts",
            operation="AssumeRole",
            request_id="r",
            account_id=ACCOUNT,
            region="us-east-1",
            principal=asked_by or root_of(ACCOUNT),
            source_ip="127.0.0.1",
            host="localhost",
        )

    async def assume(self, request: shapes.AssumeRoleRequest) -> shapes.AssumeRoleResponse:
        return await self.api.assume_role(self.context, request)

    async def refuses(self, request: shapes.AssumeRoleRequest) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            await self.assume(request)
        return caught.value

    def session_of(self, answer: shapes.AssumeRoleResponse) -> Session:
        assert answer.credentials is not None
        session = self.sealer.open(answer.credentials.session_token)
        assert session is not None
        return session


def asking(
    role_arn: str = READER,
    *,
    duration_seconds: int | None = None,
    policy: str | None = None,
    tags: dict[str, str] | None = None,
    transitive: list[str] | None = None,
) -> shapes.AssumeRoleRequest:
    listed = None if tags is None else [shapes.Tag(key=key, value=value) for key, value in tags.items()]
    return shapes.AssumeRoleRequest(
        role_arn=role_arn,
        role_session_name="me",
        duration_seconds=duration_seconds,
        policy=policy,
        tags=listed,
        transitive_tag_keys=transitive,
    )


async def test_the_caller_is_told_who_it_is() -> None:
    """The three things of the principal."""
    sts = Sts()
    answer = await sts.api.get_caller_identity(sts.context, shapes.GetCallerIdentityRequest())
    assert (answer.account, answer.user_id, answer.arn) == (ACCOUNT, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")


async def test_a_role_is_assumed() -> None:
    """The answer has AWS's fields (recordings: TestSTSIntegrations::test_assume_role); the role's path is left out."""
    sts = Sts()
    answer = await sts.assume(asking())
    assert answer.assumed_role_user == shapes.AssumedRoleUser(
        assumed_role_id="AROAREADER:me", arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    )
    assert answer.packed_policy_size is None
    session = sts.session_of(answer)
    assert session.key.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
    assert session.key.principal.user_id == "AROAREADER:me"
    assert session.record.role_arn == READER
    assert session.record.expires_at_s - session.record.issued_at_s == 3_600
    assert answer.credentials is not None
    assert answer.credentials.expiration == session.key.expires_at


async def test_unknown_and_untrusting_roles_are_refused_alike() -> None:
    """Else anybody could list another account's roles."""
    for sts, arn in ((Sts(), READER + "2"), (Sts(trusting({"AWS": "222222222222"})), READER)):
        refused = await sts.refuses(asking(arn))
        assert refused.error_code == "AccessDenied"
        assert refused.status == 403
        assert refused.message == (
            f"User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
        )


@pytest.mark.parametrize(
    "role_arn",
    ["nothing-valid-in-here", "arn::b:::something/test-role", "arn:a::::something/test-role",
     "arn:a:::something/test-role", "arn:a:a::aaaaaaaaaa:"],
)  # fmt: skip
async def test_malformed_arns(role_arn: str) -> None:
    """Recordings: TestSTSIntegrations::test_sts_invalid_parameters."""
    refused = await Sts().refuses(asking(role_arn))
    assert (refused.error_code, refused.message) == ("ValidationError", f"{role_arn} is invalid")


async def test_durations() -> None:
    """Up to what the role allows; an hour for whoever is a role already (API_AssumeRole)."""
    session = sts_session()
    for asked_by, duration_seconds, allowed in (
        (None, 900, True),
        (None, 7_200, True),
        (None, 7_201, False),
        (session, 3_600, True),
        (session, 3_601, False),
    ):
        sts = Sts(asked_by=asked_by)
        if allowed:
            record = sts.session_of(await sts.assume(asking(duration_seconds=duration_seconds))).record
            assert record.expires_at_s - record.issued_at_s == duration_seconds
        else:
            assert (await sts.refuses(asking(duration_seconds=duration_seconds))).error_code == "ValidationError"


def sts_session() -> Principal:
    return Principal(
        account_id=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/other/me", user_id="AROAOTHER:me", minted=True
    )


async def test_a_minted_root_may_not_assume_roles() -> None:
    """As on AWS; in open mode "root" is whoever has no minted key."""
    root = msgspec.structs.replace(root_of(ACCOUNT), minted=True)
    refused = await Sts(asked_by=root).refuses(asking())
    assert (refused.error_code, refused.message) == ("AccessDenied", "Roles may not be assumed by root accounts.")


async def test_session_policies_travel_in_the_token() -> None:
    """Whoever enforces them finds them there; what is no policy is refused, and too long a one."""
    sts = Sts()
    policy = '{"Version":"2012-10-17","Statement":[]}'
    assert (await sts.refuses(asking(policy=policy))).error_code == "MalformedPolicyDocument"
    policy = policy.replace("[]", '[{"Effect":"Deny","Action":"*","Resource":"*"}]')
    answer = await sts.assume(asking(policy=policy))
    assert sts.session_of(answer).record.policies == (policy,)
    assert answer.packed_policy_size is not None
    assert 0 < answer.packed_policy_size <= 100
    for malformed in ("{", "[]", '"x"', "[" * 2_000):
        assert (await sts.refuses(asking(policy=malformed))).error_code == "MalformedPolicyDocument"
    assert (await sts.refuses(asking(policy=policy + " " * 2_048))).error_code == "PackedPolicyTooLarge"


async def test_tags() -> None:
    """They need `sts:TagSession` too; recordings: TestSTSAssumeRoleTagging::test_assume_role_tag_validation."""
    assert "sts:TagSession" in (await Sts().refuses(asking(tags={"team": "blue"}))).message
    sts = Sts(trusting({"AWS": ACCOUNT}, ["sts:AssumeRole", "sts:TagSession"]))
    answer = await sts.assume(asking(tags={"team": "blue"}))
    assert sts.session_of(answer).record.tags == {"team": "blue"}
    twice = await sts.refuses(asking(tags={"team": "blue", "TEAM": "red"}))
    assert twice.message == "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    absent = await sts.refuses(asking(tags={"team": "blue"}, transitive=["other"]))
    assert absent.message == "The specified transitive tag key must be included in the requested tags."
    assert absent.error_code == twice.error_code == "InvalidParameterValue"


async def test_what_would_change_a_session_is_honoured_or_refused() -> None:
    """Never dropped silently."""
    with pytest.raises(NotImplementedByPileus):
        await Sts().assume(
            shapes.AssumeRoleRequest(role_arn=READER, role_session_name="me", source_identity="somebody")
        )
    mfa = shapes.AssumeRoleRequest(role_arn=READER, role_session_name="me", token_code="123456")
    assert (await Sts().refuses(mfa)).error_code == "AccessDenied"


async def test_a_service_gets_the_credentials_of_a_role_that_trusts_it() -> None:
    """How a function comes to its credentials."""
    sts = Sts(trusting({"Service": "lambda.amazonaws.com"}))
    issuer = RoleCredentialIssuer(service_principal="lambda.amazonaws.com", roles=sts.roles, sealer=sts.sealer)
    credentials = await issuer.for_role(role_arn=READER, session_name="function", duration=timedelta(hours=12))
    session = sts.sealer.open(credentials.session_token)
    assert session is not None
    assert session.key.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/function"
    assert (await sts.refuses(asking())).error_code == "AccessDenied", "its users are not let in by that"


async def test_a_service_gets_nothing_from_others() -> None:
    """Nor from a role that does not exist."""
    sts = Sts()
    issuer = RoleCredentialIssuer(service_principal="lambda.amazonaws.com", roles=sts.roles, sealer=sts.sealer)
    for role_arn in (READER, READER + "2"):
        with pytest.raises(ServiceError) as caught:
            await issuer.for_role(role_arn=role_arn, session_name="function", duration=timedelta(hours=1))
        assert caught.value.error_code == "AccessDenied"
