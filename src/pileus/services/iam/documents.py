"""Is this text a policy, of the kind that belongs here?

The grammar of the elements, not what they mean: that is the policy engine's. A role's trust policy names principals and
no resource; an identity's policy the other way round.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from collections.abc import Callable
from typing import Final

import msgspec

from pileus.services.iam.errors import MalformedPolicyDocument

_VERSIONS: Final = frozenset({"2012-10-17", "2008-10-17"})
_DOCUMENT_ELEMENTS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_ELEMENTS: Final = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_PRINCIPAL_KINDS: Final = frozenset({"AWS", "Service", "Federated", "CanonicalUser"})

Statement = dict[str, object]


def check_trust_policy(document: str) -> None:
    """MalformedPolicyDocument unless this may be a role's trust policy."""
    _check(document, _check_trust_statement)


def check_identity_policy(document: str) -> None:
    """MalformedPolicyDocument unless this may be a policy of a role or user."""
    _check(document, _check_identity_statement)


def counted_chars(document: str) -> int:
    """The length that quotas count: without white space."""
    return len("".join(document.split()))


def _check(text: str, check_statement: Callable[[Statement], None]) -> None:
    try:
        document: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise MalformedPolicyDocument("This policy contains invalid Json") from None
    if not isinstance(document, dict) or not document.keys() <= _DOCUMENT_ELEMENTS:
        raise _syntax()
    version = document.get("Version", "2008-10-17")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise _syntax()
    statements = document.get("Statement")
    listed = statements if isinstance(statements, list) else [statements]
    if not listed:
        raise _syntax()
    sids: set[object] = set()
    for statement in listed:
        if not isinstance(statement, dict):
            raise _syntax()
        _check_common(statement)
        check_statement(statement)
        sid = statement.get("Sid")
        if sid is not None and sid in sids:
            raise MalformedPolicyDocument("Statement IDs (SID) in a single policy must be unique.")
        sids.add(sid)


def _syntax() -> MalformedPolicyDocument:
    return MalformedPolicyDocument("Syntax errors in policy.")


def _check_common(statement: Statement) -> None:
    if not statement.keys() <= _STATEMENT_ELEMENTS or statement.get("Effect") not in ("Allow", "Deny"):
        raise _syntax()
    if not isinstance(statement.get("Sid", ""), str):
        raise _syntax()
    if ("Action" in statement) == ("NotAction" in statement):
        raise MalformedPolicyDocument("Policy statement must contain actions.")
    for action in _texts(statement.get("Action", statement.get("NotAction"))):
        if action != "*" and not action.partition(":")[2]:
            raise MalformedPolicyDocument("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    _check_condition(statement.get("Condition", {}))


def _check_condition(condition: object) -> None:
    """Operator to key to one or many values."""
    if not isinstance(condition, dict):
        raise _syntax()
    for keys in condition.values():
        if not isinstance(keys, dict):
            raise _syntax()
        for values in keys.values():
            for value in values if isinstance(values, list) else [values]:
                if not isinstance(value, str | int | float | bool):
                    raise _syntax()


def _check_trust_statement(statement: Statement) -> None:
    if "Resource" in statement or "NotResource" in statement:
        raise MalformedPolicyDocument("Has prohibited field Resource")
    if ("Principal" in statement) == ("NotPrincipal" in statement):
        raise MalformedPolicyDocument("Missing required field Principal")
    for action in _texts(statement.get("Action", statement.get("NotAction"))):
        if not action.lower().startswith("sts:"):
            raise MalformedPolicyDocument("AssumeRole policy may only specify STS AssumeRole actions.")
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or not principal.keys() <= _PRINCIPAL_KINDS:
        raise _invalid_principal(principal)
    for kind, entries in principal.items():
        for entry in _texts(entries):
            if kind == "AWS" and not _principal_form(entry):
                raise _invalid_principal(f'"AWS":"{entry}"')


def _invalid_principal(said: object) -> MalformedPolicyDocument:
    return MalformedPolicyDocument(f"Invalid principal in policy: {said}")


def _principal_form(entry: str) -> bool:
    """An account id, an ARN, a unique id, or everybody. Whether it exists is not asked."""
    return entry == "*" or entry.startswith("arn:") or entry.isalnum()


def _check_identity_statement(statement: Statement) -> None:
    if "Principal" in statement or "NotPrincipal" in statement:
        raise MalformedPolicyDocument("Policy document should not specify a principal.")
    if ("Resource" in statement) == ("NotResource" in statement):
        raise MalformedPolicyDocument("Policy statement must contain resources.")
    for resource in _texts(statement.get("Resource", statement.get("NotResource"))):
        if resource != "*" and not resource.startswith("arn:"):
            raise MalformedPolicyDocument(f'Resource {resource} must be in ARN format or "*".')


def _texts(value: object) -> list[str]:
    """One or many; `Syntax errors` when it is neither."""
    listed = value if isinstance(value, list) else [value]
    texts = [entry for entry in listed if isinstance(entry, str)]
    if len(texts) != len(listed) or not texts:
        raise _syntax()
    return texts
