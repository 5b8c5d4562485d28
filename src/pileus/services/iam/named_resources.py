"""By which ARN do policies know what a request names, and how do denials call it?

A request names users, roles and the like without their paths; `IamResources` finds the ARN that policies know. Denials
name them as IAM does: `user NAME`, `role NAME`, but by ARN what is being made. Seen on the wire.
"""

from typing import Any, Final

from pileus.kernel.auth.permissions import (
    ResourceType,
)
from pileus.kernel.context import RequestContext


def _arn(context: RequestContext, rest: str) -> str:
    return f"arn:{context.partition}:iam::{context.account_id}:{rest}"


def _user_name(context: RequestContext, given: Any) -> str:
    """Who is named, or whoever asks."""
    name: str | None = getattr(given, "user_name", None)
    return name if name is not None else context.principal.arn.rpartition("/")[2]


def _named(kind: str, member: str, *, called: str = "") -> ResourceType:
    """Something that is there, by its name. called: how denials call its kind."""
    return ResourceType(
        name=kind,
        arn=lambda context, given: _arn(context, f"{kind}/{getattr(given, member)}"),
        told=lambda context, given: f"{called or kind} {getattr(given, member)}",
    )


def new_resource(kind: str, member: str) -> ResourceType:
    """Something that is being made, by its path and name."""
    return ResourceType(
        name=kind,
        arn=lambda context, given: _arn(context, f"{kind}{given.path or '/'}{getattr(given, member)}"),
    )


def _by_arn(kind: str, member: str, *, called: str = "") -> ResourceType:
    """Something that is named by its ARN. called: how denials call its kind; empty: not at all."""

    def arn(context: RequestContext, given: Any) -> str:
        found: str = getattr(given, member)
        return found

    def told(context: RequestContext, given: Any) -> str:
        return f"{called} {arn(context, given)}"

    return ResourceType(name=kind, arn=arn, told=told if called else None)


def all_below(kind: str) -> ResourceType:
    """All of a kind that a list shows. IAM asks for the path, though the Reference knows no resource."""
    return ResourceType(name="", arn=lambda context, given: _arn(context, f"{kind}{given.path_prefix or '/'}"))


USER: Final = ResourceType(
    name="user",
    arn=lambda context, given: _arn(context, f"user/{_user_name(context, given)}"),
    told=lambda context, given: f"user {_user_name(context, given)}",
)
GROUP: Final = _named("group", "group_name")
ROLE: Final = _named("role", "role_name")
POLICY: Final = _by_arn("policy", "policy_arn", called="policy")
INSTANCE_PROFILE: Final = _named("instance-profile", "instance_profile_name", called="instance profile")
CERTIFICATE: Final = _named("server-certificate", "server_certificate_name", called="server certificate")
OIDC: Final = _by_arn("oidc-provider", "open_id_connect_provider_arn")
SAML: Final = _by_arn("saml-provider", "saml_provider_arn")
MFA: Final = _by_arn("mfa", "serial_number")
EXAMINED: Final = _by_arn("user", "policy_source_arn")
REPORTED: Final = _by_arn("user", "arn")
POLICIES: Final = ResourceType(
    name="",
    arn=lambda context, given: _arn(context, f"policy{given.path_prefix or '/'}"),
    told=lambda context, given: f"policy path {given.path_prefix or '/'}",
)
KEYS_USER: Final = ResourceType(
    name="user", arn=lambda context, given: _arn(context, f"access-key/{given.access_key_id}")
)
"""The user is found by the key."""
NEW_OIDC: Final = ResourceType(
    name="oidc-provider",
    arn=lambda context, given: _arn(context, f"oidc-provider/{given.url.partition('://')[2]}"),
)
NEW_SAML: Final = ResourceType(
    name="saml-provider", arn=lambda context, given: _arn(context, f"saml-provider/{given.name}")
)
NEW_LINKED_ROLE: Final = ResourceType(
    name="role", arn=lambda context, given: _arn(context, f"role/aws-service-role/{given.aws_service_name}/*")
)
DELETED_ROLE: Final = ResourceType(
    name="role",
    # task/aws-service-role/SERVICE/ROLE/UUID
    arn=lambda context, given: _arn(context, f"role{given.deletion_task_id[len('task') :].rpartition('/')[0]}"),
)
