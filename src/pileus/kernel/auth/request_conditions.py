"""Which condition keys does a request have?

Each is found when a policy first asks for it. What has to be read first (a principal's tags, the resource) is asked for
by raising `Wanted`: whoever decides reads it and decides again, so that a policy without such keys costs no read.

Source: IAM User Guide, "AWS global condition context keys", which says of each key when it is there at all.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from pileus.kernel.auth.organizations import Organization, organization_key
from pileus.kernel.auth.permissions import Conditions, KnownResource, Permission
from pileus.kernel.auth.policy import ContextValue
from pileus.kernel.context import Principal, RequestContext

_PRINCIPAL_TAG: Final = "aws:principaltag/"
_RESOURCE_TAG: Final = ":resourcetag/"
_RESOURCE_ORG: Final = ("aws:resourceorgid", "aws:resourceorgpaths")
_PROVEN_BY_REQUESTS: Final = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage", "aws:viaawsservice"})
"""A request that brings a device's code proves for itself what its session may not; one that a service makes in
somebody's name says so."""
_NOT_READ: Final = KnownResource(arn="")
"""Stands for a resource that nobody has looked for yet."""


class Wanted(Exception):
    """A policy asks for something that was not read yet."""

    def __init__(self, what: Literal["principal tags", "resource", "closely"]) -> None:
        super().__init__(what)
        self.what = what


class Asking:
    """One request, as far as conditions go; shared by all permissions it needs."""

    __slots__ = ("context", "headers", "now_s", "organization", "principal_tags")

    def __init__(
        self,
        context: RequestContext,
        headers: Mapping[str, str],
        *,
        now_s: float,
        organization: Organization | None = None,
    ) -> None:
        """headers: by lower-case name."""
        self.organization = organization
        self.context = context
        self.headers = headers
        self.now_s = now_s
        self.principal_tags: Mapping[str, str] | None = None


class RequestConditions(Mapping[str, ContextValue]):
    """The keys of one request about one resource."""

    __slots__ = ("_asking", "_found", "_given", "_own", "_permission", "resource", "resource_account_id")

    def __init__(self, asking: Asking, permission: Permission, given: Any, *, resource_account_id: str) -> None:
        self._asking = asking
        self._permission = permission
        self._given = given
        described = permission.conditions is not None or permission.of_headers is not None
        self._own: Conditions | None = None if described else {}
        self._found: dict[str, ContextValue | None] = {}
        self.resource: KnownResource | None = _NOT_READ
        self.resource_account_id = resource_account_id

    def get(self, key: str, default: Any = None) -> Any:
        try:
            found = self._found[key]
        except KeyError:
            found = self._found[key] = self._find(key)
        return default if found is None else found

    def __contains__(self, key: object) -> bool:
        return self.get(str(key)) is not None

    def __getitem__(self, key: str) -> ContextValue:
        value: ContextValue | None = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        """Those that are known by name; the tags of principal and resource are found when asked for."""
        return (key for key in {**_GLOBAL, **self._owned()} if key in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _find(self, key: str) -> ContextValue | None:
        find = _GLOBAL.get(key)
        if find is not None and not (key in _PROVEN_BY_REQUESTS and key in self._owned()):
            return find(self._asking)
        if key.startswith(_PRINCIPAL_TAG):
            return self._principal_tags().get(key[len(_PRINCIPAL_TAG) :])
        if _RESOURCE_TAG in key:
            resource = self._resource()
            name = key.partition(_RESOURCE_TAG)[2]
            return None if resource is None else _lowered(resource.tags).get(name)
        if key == "aws:resourceaccount":
            return self.resource_account_id
        if key.startswith(_RESOURCE_ORG):
            organization = self._asking.organization
            return organization_key(organization, key.removeprefix("aws:resource"), account_id=self.resource_account_id)
        own = self._owned()
        if key in own:
            return own[key]
        known = self.resource
        if known is not None and known.unread and key.startswith(known.unread):
            raise Wanted("closely")
        session = self._asking.context.principal.session
        return session.context.get(key) if session is not None else None

    def _owned(self) -> Conditions:
        """What the service says; it may look at the resource."""
        if self._own is None:
            asking, permission = self._asking, self._permission
            own: Conditions = {}
            if permission.conditions is not None:
                own = permission.conditions(asking.context, self._given, self._resource())
            if permission.of_headers is not None:
                own = {**own, **permission.of_headers(asking.context, asking.headers, self._given, asking.now_s)}
            self._own = own
        return self._own

    def read(self, resource: KnownResource | None) -> None:
        """Take what was found, or was found by a closer look."""
        self.resource = resource
        self._found.clear()
        if self._permission.conditions is not None:
            self._own = None

    def _resource(self) -> KnownResource | None:
        if self.resource is _NOT_READ:
            raise Wanted("resource")
        return self.resource

    def _principal_tags(self) -> Mapping[str, str]:
        tags = self._asking.principal_tags
        if tags is None:
            raise Wanted("principal tags")
        return tags


def tags_of_principal(principal: Principal, kept: Mapping[str, str]) -> Mapping[str, str]:
    """By key in lower case. kept: those of the user or role; a session's own win over them."""
    session = principal.session
    return _lowered({**kept, **session.tags}) if session is not None else _lowered(kept)


def known_of_request(asking: Asking) -> Conditions:
    """The global keys that do not depend on who asks, for who decides on a policy alone."""
    return _known(_OF_REQUEST, asking)


def known_of_principal(asking: Asking) -> Conditions:
    """The keys of who asks: the global ones, those of its session, and the tags, which must have been read."""
    session, tags = asking.context.principal.session, asking.principal_tags
    assert tags is not None
    return {
        **(session.context if session is not None else {}),
        **_known(_OF_PRINCIPAL, asking),
        **{f"{_PRINCIPAL_TAG}{key}": value for key, value in tags.items()},
    }


def _known(keys: "_Keys", asking: Asking) -> Conditions:
    found = {key: find(asking) for key, find in keys.items()}
    return {key: value for key, value in found.items() if value is not None}


def _lowered(tags: Mapping[str, str]) -> Mapping[str, str]:
    return {key.lower(): value for key, value in tags.items()}


# Each key by itself


def _principal_arn(asking: Asking) -> str | None:
    """Of a session the role, since policies name roles; nobody in particular has none."""
    principal = asking.context.principal
    session = principal.session
    return session.role_arn if session is not None and session.role_arn else principal.arn or None


def _principal_type(asking: Asking) -> str:
    arn = asking.context.principal.arn
    if not arn:
        return "Anonymous"
    if arn.endswith(":root"):
        return "Account"
    if ":assumed-role/" in arn:
        return "AssumedRole"
    return "FederatedUser" if ":federated-user/" in arn else "User"


def _of_organization(asking: Asking, key: str) -> ContextValue | None:
    return organization_key(asking.organization, key, account_id=asking.context.principal.account_id)


def _user_name(asking: Asking) -> str | None:
    arn = asking.context.principal.arn
    return arn.rpartition("/")[2] if ":user/" in arn else None


def _issued_at(asking: Asking) -> str | None:
    session = asking.context.principal.session
    return None if session is None else _moment(session.issued_at)


def _mfa_present(asking: Asking) -> str | None:
    """Absent for long-term keys, which prove nothing of the kind."""
    session = asking.context.principal.session
    return None if session is None else _text(session.mfa_at is not None)


def _mfa_age(asking: Asking) -> str | None:
    session = asking.context.principal.session
    if session is None or session.mfa_at is None:
        return None
    return str(max(0, int(asking.now_s - session.mfa_at.timestamp())))


def _source_identity(asking: Asking) -> str | None:
    session = asking.context.principal.session
    return session.source_identity or None if session is not None else None


def _federated_provider(asking: Asking) -> str | None:
    session = asking.context.principal.session
    return session.federated_provider if session is not None else None


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(truth: bool) -> str:
    return "true" if truth else "false"


_Keys = Mapping[str, Callable[[Asking], ContextValue | None]]

_OF_PRINCIPAL: Final[_Keys] = {
    "aws:principalarn": _principal_arn,
    "aws:principalaccount": lambda asking: asking.context.principal.account_id or None,
    "aws:principaltype": _principal_type,
    "aws:principalorgid": lambda asking: _of_organization(asking, "orgid"),
    "aws:principalorgpaths": lambda asking: _of_organization(asking, "orgpaths"),
    "aws:userid": lambda asking: asking.context.principal.user_id,
    "aws:username": _user_name,
    "aws:tokenissuetime": _issued_at,
    "aws:multifactorauthpresent": _mfa_present,
    "aws:multifactorauthage": _mfa_age,
    "aws:sourceidentity": _source_identity,
    "aws:federatedprovider": _federated_provider,
}
_OF_REQUEST: Final[_Keys] = {
    "aws:principalisawsservice": lambda _: "false",
    "aws:sourceip": lambda asking: asking.context.source_ip,
    "aws:securetransport": lambda asking: _text(asking.context.secure),
    "aws:requestedregion": lambda asking: asking.context.region,
    "aws:viaawsservice": lambda _: "false",
    "aws:currenttime": lambda asking: _moment(datetime.fromtimestamp(asking.now_s, UTC)),
    "aws:epochtime": lambda asking: str(int(asking.now_s)),
    "aws:useragent": lambda asking: asking.headers.get("user-agent"),
    "aws:referer": lambda asking: asking.headers.get("referer"),
}
_GLOBAL: Final[_Keys] = {**_OF_PRINCIPAL, **_OF_REQUEST}
