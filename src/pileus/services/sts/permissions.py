"""What must somebody be allowed to do, to use STS?

Of AssumeRole both sides are asked here, the role's trust and the caller's policies. STS itself asks the trust policy
once more, together with what it then knows for certain (that an MFA code is right, which tags are inherited).

Sources: Service Authorization Reference, "AWS Security Token Service"; API_GetCallerIdentity and API_GetSessionToken,
"Permissions": nobody needs any.
"""

from typing import Any, Final

from pileus.kernel.auth.permissions import (
    Conditions,
    KnownResource,
    Permission,
    Permissions,
    ResourceType,
    arn_of,
    request_tags,
)
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.context import RequestContext
from pileus.services.sts.conditions import PROVEN_NOW, of_session
from pileus.services.sts.roles import RoleDirectory


def _role_arn(context: RequestContext, given: Any) -> str:
    arn: str = given.role_arn
    return arn


_ROLE: Final = ResourceType(name="role", arn=_role_arn)
_FEDERATED_USER: Final = ResourceType(
    name="federated-user", arn=arn_of("arn:{partition}:sts::{account}:federated-user/{given.name}")
)


def _of_session(context: RequestContext, given: Any, role: KnownResource | None) -> Conditions:
    session = context.principal.session
    inherited = session.source_identity if session is not None else ""
    return {
        **(PROVEN_NOW if given.token_code is not None else {}),
        **of_session(
            session_name=given.role_session_name,
            requested_tags={tag.key: tag.value for tag in given.tags or ()},
            transitive_tag_keys=given.transitive_tag_keys or (),
            source_identity=inherited or given.source_identity or "",
            external_id=given.external_id,
        ),
    }


def _of_tags(context: RequestContext, given: Any, user: KnownResource | None) -> Conditions:
    return request_tags({tag.key: tag.value for tag in given.tags or ()})


def _tagged(context: RequestContext, given: Any) -> bool:
    session = context.principal.session
    return bool(given.tags or (session is not None and session.transitive_tag_keys))


def _identified(context: RequestContext, given: Any) -> bool:
    session = context.principal.session
    return bool(given.source_identity or (session is not None and session.source_identity))


def _assume(action: str, **more: Any) -> Permission:
    # STS does not tell which side said no (recordings: test_assume_role and its sisters).
    return Permission(action=action, resource=_ROLE, conditions=_of_session, reason_told=False, **more)


PERMISSIONS: Final[Permissions] = {
    "AssumeRole": (
        _assume("sts:AssumeRole"),
        _assume("sts:TagSession", asked=_tagged),
        _assume("sts:SetSourceIdentity", asked=_identified),
    ),
    # Whoever brings an identity provider's word is nobody of ours; the role's trust policy decides.
    "AssumeRoleWithSAML": (),
    "AssumeRoleWithWebIdentity": (),
    "DecodeAuthorizationMessage": (Permission(action="sts:DecodeAuthorizationMessage"),),
    "GetAccessKeyInfo": (Permission(action="sts:GetAccessKeyInfo"),),
    "GetCallerIdentity": (),
    "GetFederationToken": (
        Permission(action="sts:GetFederationToken", resource=_FEDERATED_USER, conditions=_of_tags),
        Permission(
            action="sts:TagSession",
            # The Reference lists `user` here; a federated user is what there is to be tagged.
            resource=ResourceType(name="", arn=_FEDERATED_USER.arn),
            conditions=_of_tags,
            asked=lambda context, given: bool(given.tags),
        ),
    ),
    "GetSessionToken": (),
}


class StsResources:
    """Knows roles by their trust."""

    eager = True

    def __init__(self, roles: RoleDirectory) -> None:
        self._roles = roles

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        if ":role/" not in arn:
            return None
        role = await self._roles.find(arn)
        if role is None:
            return None
        trust = NamedPolicy(role.arn, compile_policy(role.trust_policy), "trust")
        return KnownResource(arn=role.arn, tags=dict(role.tags), policy=trust)
