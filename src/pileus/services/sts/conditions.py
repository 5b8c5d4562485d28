"""Which condition keys can a trust policy ask about? Keys in lower case, values as the policy engine wants them.

Source: IAM User Guide, "AWS global condition context keys", "IAM and AWS STS condition context keys".
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pileus.kernel.auth.organizations import Organization, organization_key
from pileus.kernel.auth.policy import ContextValue
from pileus.kernel.context import Principal, RequestContext

Conditions = dict[str, ContextValue]


def of_request(context: RequestContext, *, now: datetime) -> Conditions:
    """What is true of every request, whoever makes it."""
    return {
        "aws:sourceip": context.source_ip,
        "aws:securetransport": _text(context.secure),
        "aws:requestedregion": context.region,
        "aws:currenttime": _moment(now),
        "aws:epochtime": str(int(now.timestamp())),
        "aws:viaawsservice": "false",
        "aws:principalisawsservice": "false",
    }


def of_principal(principal: Principal, *, tags: Mapping[str, str], now: datetime) -> Conditions:
    """What is true of who asks. tags: those that IAM keeps of it; its session's win over them."""
    session = principal.session
    kind = _kind(principal)
    conditions: Conditions = {
        "aws:principalaccount": principal.account_id,
        "aws:principaltype": kind,
        "aws:userid": principal.user_id,
        # Of a session the role, since policies name roles.
        "aws:principalarn": session.role_arn if session is not None and session.role_arn else principal.arn,
    }
    if kind == "User":
        conditions["aws:username"] = principal.arn.rpartition("/")[2]
    if session is not None:
        conditions |= session.context
        conditions["aws:tokenissuetime"] = _moment(session.issued_at)
        # Absent for long-term keys: AWS has it for temporary credentials only.
        conditions["aws:multifactorauthpresent"] = _text(session.mfa_at is not None)
        if session.mfa_at is not None:
            conditions["aws:multifactorauthage"] = str(max(0, int((now - session.mfa_at).total_seconds())))
        if session.source_identity:
            conditions["aws:sourceidentity"] = session.source_identity
        if session.federated_provider is not None:
            conditions["aws:federatedprovider"] = session.federated_provider
        tags = {**tags, **session.tags}
    conditions |= {f"aws:principaltag/{key.lower()}": value for key, value in tags.items()}
    return conditions


def of_organization(organization: Organization | None, principal: Principal) -> Conditions:
    """Where the account of who asks belongs; nothing of an account outside of the organization."""
    found = {
        f"aws:principal{key}": organization_key(organization, key, account_id=principal.account_id)
        for key in ("orgid", "orgpaths")
    }
    return {key: value for key, value in found.items() if value is not None}


def of_session(
    *,
    session_name: str,
    requested_tags: Mapping[str, str],
    transitive_tag_keys: Iterable[str],
    source_identity: str,
    external_id: str | None = None,
) -> Conditions:
    """What is asked of the session to be; absent where nothing was."""
    conditions: Conditions = {"sts:rolesessionname": session_name}
    if external_id is not None:
        conditions["sts:externalid"] = external_id
    if source_identity:
        conditions["sts:sourceidentity"] = source_identity
    if requested_tags:
        conditions["aws:tagkeys"] = tuple(requested_tags)
        conditions |= {f"aws:requesttag/{key.lower()}": value for key, value in requested_tags.items()}
    if transitive := tuple(transitive_tag_keys):
        conditions["sts:transitivetagkeys"] = transitive
    return conditions


PROVEN_NOW: Mapping[str, ContextValue] = {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"}
"""Of a request that brings a device's code."""


def _kind(principal: Principal) -> str:
    if principal.arn.endswith(":root"):
        return "Account"
    if ":assumed-role/" in principal.arn:
        return "AssumedRole"
    return "FederatedUser" if ":federated-user/" in principal.arn else "User"


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(truth: bool) -> str:
    return "true" if truth else "false"
