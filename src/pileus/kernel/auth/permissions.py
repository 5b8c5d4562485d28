"""What must somebody be allowed to do, so that an operation may run for them?

Every service declares it in one table, `permissions.py` in its package: by operation, the actions and the resources
they are about, both pure functions of the request. An operation that everybody may call declares an empty row. What the
kernel makes of such a table is in `authorizer.py`.

Source of names and resource types: Service Authorization Reference, "Actions, resources, and condition keys".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import msgspec

from pileus.kernel.auth.refusals import Family
from pileus.kernel.context import RequestContext

if TYPE_CHECKING:
    # The engine is for whoever decides; a server on which nobody was minted never imports it.
    from pileus.kernel.auth.policy import NamedPolicy

Conditions = Mapping[str, str | Sequence[str]]
Arn = Callable[[RequestContext, Any], str]
"""The ARN of what a request is about: of the context and the input struct."""


class KnownResource(msgspec.Struct, frozen=True, kw_only=True):
    """What a service knows of a resource that a request names.

    arn: as policies know it, its path included. policy: the one attached to it. details: what its service's condition
    keys are made of. account_id: whose it is, where its ARN does not say. grants: what lets in beside the policy (an
    access control list). leads_to: what must let in too (the bucket of an access point). unread: condition keys that
    begin so were not looked for; `GivenSource` finds them when asked. refused_with: headers of a refusal.
    """

    arn: str
    tags: Mapping[str, str] = {}
    policy: "NamedPolicy | None" = None
    details: Mapping[str, str] = {}
    account_id: str = ""
    grants: Sequence["NamedPolicy"] = ()
    leads_to: "KnownResource | None" = None
    unread: str = ""
    refused_with: Sequence[tuple[str, str]] = ()


class ResourceSource(Protocol):
    """Knows a service's resources. eager: a decision needs it always, since there are policies, or paths in ARNs."""

    @property
    def eager(self) -> bool: ...

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        """None when there is no such resource; a request that creates it, say."""
        ...


@runtime_checkable
class GivenSource(Protocol):
    """Knows a service's resources by more than their ARNs: which version of an object, say, a request is about."""

    def at_home(self, context: RequestContext, given: Any) -> bool:
        """Whether all that a request names is known at once to be the own of a root, who may then do everything.

        False where that is not known: then it is looked for.
        """
        ...

    async def find_given(
        self, context: RequestContext, permission: "Permission", arn: str, given: Any, *, closely: bool
    ) -> KnownResource | None:
        """closely: read what is otherwise `unread`. May raise what the operation would answer (there is no bucket)."""
        ...


Foreign = Callable[[RequestContext, Any], bool]
"""Whether a request reaches into another account, whose consent even a root needs, and in `open` mode whoever asks."""
ConditionKeys = Callable[[RequestContext, Any, KnownResource | None], Conditions]
"""Condition keys in lower case that only the service can know, and `aws:RequestTag/*`, `aws:TagKeys`."""
HeaderKeys = Callable[[RequestContext, Mapping[str, str], Any, float], Conditions]
"""Condition keys that headers or the time tell: of the context, the headers by lower-case name, the input, and the
seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One kind of resource. name: the Reference's (`table`). told: how a denial calls it, where not by its ARN.

    becomes: the ARN that the request would give to the one that is found, where the action is asked about that.
    foreign: whether a request names another account's; a type without it knows those of the caller's own account only.
    strangers_told: what somebody of another account is told, who is not to learn why.
    """

    name: str
    arn: Arn
    told: Callable[[RequestContext, Any], str] | None = None
    becomes: Callable[[RequestContext, Any, KnownResource], str] | None = None
    foreign: Foreign | None = None
    strangers_told: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """An action, on a resource; `None`: the action knows none, and policies say `*`.

    conditions: may ask for the resource, whose service is then asked to find it.
    asked: whether this request needs it (a role is passed only when one is named).
    reason_told: whether a denial says which kind of policy was missing.
    members: the parts of a request that are asked about one by one, each in place of the request (the tables of a
    batch); without it, the request is.
    root_may: what the root of the resource's account may do whatever the resource's policy denies.
    of_headers: further condition keys, of the request's headers and the time.
    each: a member that is refused is refused alone; optional: the request may do without. What is refused then is in
    `RequestContext.refused`, by the action and the member's index. hides: not needed at all; but whoever lacks it gets
    a refusal in the place of these errors, which would tell what there is.
    """

    action: str
    resource: ResourceType | None = None
    conditions: ConditionKeys | None = None
    asked: Callable[[RequestContext, Any], bool] | None = None
    reason_told: bool = True
    members: Callable[[RequestContext, Any], Iterable[Any]] | None = None
    root_may: bool = False
    of_headers: HeaderKeys | None = None
    each: bool = False
    optional: bool = False
    hides: frozenset[str] = frozenset()


Permissions = Mapping[str, Sequence[Permission]]
"""A service's table, by the names of operations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What one operation needs, and how its protocol says no.

    permissions: None when nobody declared them. encoded: whether a refusal carries its reason sealed, for
    DecodeAuthorizationMessage. family: in whose words a principal that no longer exists is refused. foreign: see
    `ResourceType`; None where no request can name another account's. hidden: errors that not everybody is told.
    """

    permissions: Sequence[Permission] | None
    code: str
    status: int
    encoded: bool = False
    family: Family = Family.JSON
    foreign: Foreign | None = None
    hidden: frozenset[str] = frozenset()


_DENIED: Final[Mapping[str, tuple[str, int]]] = {
    "json": ("AccessDeniedException", 400),
    "smithy-rpc-v2-cbor": ("AccessDeniedException", 400),
    "query": ("AccessDenied", 403),
    "ec2": ("UnauthorizedOperation", 403),
    "rest-json": ("AccessDeniedException", 403),
    "rest-xml": ("AccessDenied", 403),
}
"""By protocol. Source: each service's "Common Errors"; EC2 API Reference, "Error codes"."""

_FAMILIES: Final[Mapping[str, Family]] = {
    "json": Family.JSON,
    "smithy-rpc-v2-cbor": Family.JSON,
    "rest-json": Family.REST_JSON,
}
"""Of protocols; all others are the query family's."""


def needs_of(
    permissions: Sequence[Permission] | None, *, protocol: str, status: int | None = None, code: str | None = None
) -> Needs:
    """status, code: of a refusal, where they are not the protocol's."""
    usual_code, usual_status = _DENIED[protocol]
    return Needs(
        permissions=permissions,
        code=code or usual_code,
        status=status or usual_status,
        encoded=protocol == "ec2",
        family=_FAMILIES.get(protocol, Family.QUERY),
        foreign=_foreign(permissions or ()),
        hidden=frozenset().union(*(permission.hides for permission in permissions or ())),
    )


def foreign_of(permission: Permission) -> Foreign | None:
    """Whether a request names another account's resource here; None where it never can."""
    foreign = None if permission.resource is None else permission.resource.foreign
    members = permission.members
    if foreign is None or members is None:
        return foreign
    return lambda context, given: any(foreign(context, member) for member in members(context, given))


def _foreign(permissions: Sequence[Permission]) -> Foreign | None:
    found = [foreign for each in permissions if (foreign := foreign_of(each)) is not None]
    if len(found) <= 1:
        return found[0] if found else None
    return lambda context, given: any(foreign(context, given) for foreign in found)


def arn_of(template: str) -> Arn:
    """`arn:{partition}:dynamodb:{region}:{account}:table/{given.table_name}`; `given` is the input struct."""

    def build(context: RequestContext, given: Any) -> str:
        return template.format(
            partition=context.partition, region=context.region, account=context.account_id, given=given
        )

    return build


def request_tags(tags: Mapping[str, str] | None) -> Conditions:
    """The keys of tags that a request gives to something."""
    if not tags:
        return {}
    return {"aws:tagkeys": tuple(tags), **{f"aws:requesttag/{key.lower()}": value for key, value in tags.items()}}


def gives_tags(context: RequestContext, given: Any) -> bool:
    """Whether a request that makes something tags it too, which is an action of its own."""
    return bool(given.tags)


def tag_keys(keys: Iterable[str]) -> Conditions:
    """The keys of tags that a request takes away."""
    return {"aws:tagkeys": tuple(keys)}
