"""Which condition keys does a session to be have? Keys in lower case, values as the policy engine wants them.

The global keys are the kernel's: `request_conditions`.

Source: IAM User Guide, "IAM and AWS STS condition context keys".
"""

from collections.abc import Iterable, Mapping

from pileus.kernel.auth.organizations import Organization, organization_key
from pileus.kernel.auth.policy import ContextValue
from pileus.services.sts.roles import AssumableRole

Conditions = dict[str, ContextValue]


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


def of_role(role: AssumableRole, organization: Organization | None) -> Conditions:
    """What is known of the role itself."""
    conditions: Conditions = {"aws:resourceaccount": role.account_id}
    for key, value in role.tags:
        conditions[f"aws:resourcetag/{key.lower()}"] = conditions[f"iam:resourcetag/{key.lower()}"] = value
    for key in ("orgid", "orgpaths"):
        found = organization_key(organization, key, account_id=role.account_id)
        if found is not None:
            conditions[f"aws:resource{key}"] = found
    return conditions


PROVEN_NOW: Mapping[str, ContextValue] = {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"}
"""Of a request that brings a device's code."""
