"""STS with everything around it, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest

from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.credentials import SigningKey
from pileus.kernel.auth.principals import root_of
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext, SessionFacts
from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SeededIds
from pileus.services.sts import shapes
from pileus.services.sts.api import StsApi
from pileus.services.sts.federation.fetching import Unusable
from pileus.services.sts.federation.issuer_keys import KeysOfIssuers
from pileus.services.sts.federation.saml import SamlIdentities
from pileus.services.sts.federation.web_identity import WebIdentities
from pileus.services.sts.role_sessions import RoleSessions

SECRET = bytes(range(32))
ACCOUNT = "111111111111"
READER = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
ADA = Principal(
    account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/team/ada", user_id="AIDAADA", access_key_id="k", minted=True
)
DEVICE = f"arn:aws:iam::{ACCOUNT}:mfa/ada"
CODE = "123456"


@dataclass(frozen=True, kw_only=True)
class Role:
    trust_policy: str
    arn: str = READER
    role_id: str = "AROAREADER"
    name: str = "reader"
    account_id: str = ACCOUNT
    session_duration_max: timedelta = timedelta(hours=2)
    tags: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class Oidc:
    url: str
    scheme: str = "https"
    client_ids: Sequence[str] = ("app",)
    thumbprints: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Saml:
    entity_id: str
    signing_certificates: Sequence[bytes]


@dataclass
class Kept:
    """What others keep for STS: roles, providers, devices, tags, keys."""

    roles: dict[str, Role] = field(default_factory=dict)
    oidc: dict[str, Oidc] = field(default_factory=dict)
    saml: dict[str, Saml] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    keys: dict[str, SigningKey] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    async def find(self, arn: str) -> Role | None:
        return self.roles.get(arn)

    async def verify_mfa(self, serial_number: str, code: str, *, account_id: str, user_id: str) -> bool:
        return (serial_number, code, account_id, user_id) == (DEVICE, CODE, ACCOUNT, ADA.user_id)

    async def tags_of(self, principal: Principal) -> Mapping[str, str]:
        return self.tags if principal.session is None else {}

    async def exists(self, principal: Principal) -> bool:
        return principal.user_id not in self.gone


@dataclass
class OidcOf:
    kept: Kept

    async def find(self, provider_arn: str) -> Oidc | None:
        return self.kept.oidc.get(provider_arn)


@dataclass
class SamlOf:
    kept: Kept

    async def find(self, provider_arn: str) -> Saml | None:
        return self.kept.saml.get(provider_arn)


@dataclass
class KeysOf:
    kept: Kept

    async def find(self, access_key_id: str) -> SigningKey | None:
        return self.kept.keys.get(access_key_id)


def policy(*statements: dict[str, object]) -> str:
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": list(statements)}).decode()


def allow(principal: object, action: object = "sts:AssumeRole", **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def trusting(principal: object, action: object = "sts:AssumeRole", **more: object) -> Role:
    return Role(trust_policy=policy(allow(principal, action, **more)))


class Sts:
    """The API, with one role, asked by the root of its account unless said otherwise."""

    def __init__(self, role: Role | None = None, *, asked_by: Principal | None = None, open_mode: bool = True) -> None:
        self.region = "us-east-1"
        self.clock = MovableClock()
        self.clock.freeze()
        ids = SeededIds()
        self.sealer = SessionSealer(SECRET, self.clock, ids)
        self.messages = AuthorizationMessages(SECRET, ids)
        self.kept = Kept()
        self.documents: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.principal = asked_by or root_of(ACCOUNT)
        self.add(role or trusting({"AWS": ACCOUNT}))
        self.sessions = RoleSessions(roles=self.kept, sealer=self.sealer)
        self.api = StsApi(
            sessions=self.sessions,
            saml_identities=SamlIdentities(
                sessions=self.sessions,
                providers=SamlOf(self.kept),
                clock=self.clock,
                machine_s=self.clock.timestamp,
            ),
            web_identities=WebIdentities(
                sessions=self.sessions,
                providers=OidcOf(self.kept),
                keys=KeysOfIssuers(clock=self.clock, fetch=self._fetch),
                clock=self.clock,
                machine_s=self.clock.timestamp,
            ),
            sealer=self.sealer,
            keys=KeysOf(self.kept),
            messages=self.messages,
            mfa=self.kept,
            tags=self.kept,
            principals=self.kept,
            clock=self.clock,
            open_mode=open_mode,
        )

    def add(self, role: Role) -> None:
        self.kept.roles[role.arn] = role

    def _fetch(self, url: str, thumbprints: Sequence[str]) -> bytes:
        self.fetched.append(url)
        if url not in self.documents:
            raise Unusable(url)
        return self.documents[url]

    @property
    def context(self) -> RequestContext:
        return RequestContext(
            service="sts",
            operation="AssumeRole",
            request_id="r",
            account_id=self.principal.account_id,
            region=self.region,
            principal=self.principal,
            source_ip="127.0.0.1",
            host="localhost",
        )

    async def assume(self, request: shapes.AssumeRoleRequest) -> shapes.AssumeRoleResponse:
        return await self.api.assume_role(self.context, request)

    async def refuses(self, request: shapes.AssumeRoleRequest) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            await self.assume(request)
        return caught.value

    async def becomes(self, request: shapes.AssumeRoleRequest) -> Principal:
        """Who the answer's credentials are; who asks from now on."""
        self.principal = self.opened((await self.assume(request)).credentials)
        return self.principal

    def opened(self, credentials: shapes.Credentials | None) -> Principal:
        """The principal of credentials."""
        assert credentials is not None
        session = self.sealer.open(credentials.session_token)
        assert session is not None
        assert session.key.expires_at == credentials.expiration
        return session.key.principal

    def lasts(self, credentials: shapes.Credentials | None) -> float:
        """Seconds until credentials expire."""
        assert credentials is not None
        return int(credentials.expiration.timestamp()) - int(self.clock.timestamp())


def facts_of(principal: Principal) -> SessionFacts:
    assert principal.session is not None
    return principal.session


def asking(
    role_arn: str = READER,
    *,
    duration_seconds: int | None = None,
    policy: str | None = None,
    policy_arns: list[str] | None = None,
    tags: dict[str, str] | None = None,
    transitive: list[str] | None = None,
    source_identity: str | None = None,
    external_id: str | None = None,
    serial_number: str | None = None,
    token_code: str | None = None,
    token_size: int | None = None,
) -> shapes.AssumeRoleRequest:
    return shapes.AssumeRoleRequest(
        role_arn=role_arn,
        role_session_name="me",
        duration_seconds=duration_seconds,
        policy=policy,
        policy_arns=None if policy_arns is None else [shapes.PolicyDescriptorType(arn=arn) for arn in policy_arns],
        tags=None if tags is None else [shapes.Tag(key=key, value=value) for key, value in tags.items()],
        transitive_tag_keys=transitive,
        source_identity=source_identity,
        external_id=external_id,
        serial_number=serial_number,
        token_code=token_code,
        minimum_session_token_size=token_size,
    )
