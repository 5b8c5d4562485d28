"""Would S3 take this as the policy of a bucket, and what does it say if not?

Sources: S3 User Guide, "Policies and permissions in Amazon S3", "Bucket policies"; recording s3/s3_api,
test_bucket_policy_exc; the texts that it does not have are AWS's as its users have reported them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from pileus.services.s3.bucket_errors import MalformedPolicy
from pileus.services.s3.settings.policy_actions import Kind, kinds_of

POLICY_BYTES_MAX: Final = 20 * 1024
"""Source: S3 User Guide, "Bucket policies"."""
_FIELDS: Final = frozenset(
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
_REQUIRED: Final = (("Effect",), ("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource"))
_VERSIONS: Final = ("2012-10-17", "2008-10-17")
_RESOURCE: Final = re.compile(r"arn:[a-z-]+:s3:::(?P<bucket>[^/]+)(?P<key>/.*)?", re.DOTALL)
_AWS: Final = re.compile(
    r"\*|[0-9]{12}|arn:[a-z-]+:(?:iam|sts)::(?:[0-9]{12}|cloudfront):(?:root|(?:user|role|assumed-role|federated-user)/.+)"
    r"|A[A-Z]{3}[A-Z0-9]{12,}"
)
"""The last form is a unique id, into which the name of somebody who is gone has turned."""
_CANONICAL: Final = re.compile(r"[0-9a-f]{64,}")
_DOCUMENT: Final = "Policies must be valid JSON and the first byte must be '{'"


def check_bucket_policy(text: str, bucket: str) -> None:
    """Or MalformedPolicy."""
    # Imported when the first policy comes: see `kernel.auth.permissions`.
    from pileus.kernel.auth.policy import PolicySyntax, check_policy

    if not text.startswith("{"):
        raise MalformedPolicy(_DOCUMENT)
    if len(text.encode()) > POLICY_BYTES_MAX:
        raise MalformedPolicy("Policy exceeds the maximum allowed document size.")
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise MalformedPolicy(_DOCUMENT) from None
    for statement in _statements(document):
        _check_statement(statement, bucket)
    try:
        check_policy(text, kind="resource")
    except PolicySyntax as refused:
        raise MalformedPolicy(str(refused)) from None


def _statements(document: Mapping[str, Any]) -> Sequence[Any]:
    for name in document:
        if name not in {"Version", "Id", "Statement"}:
            raise MalformedPolicy(f"Unknown field {name}")
    if "Statement" not in document:
        raise MalformedPolicy("Missing required field Statement")
    if document.get("Version", "2008-10-17") not in _VERSIONS:
        raise MalformedPolicy("The policy must contain a valid version string")
    statements = document["Statement"]
    listed: Sequence[Any] = statements if isinstance(statements, list) else [statements]
    if not listed:
        raise MalformedPolicy("Could not parse the policy: Statement is empty!")
    return listed


def _check_statement(statement: Any, bucket: str) -> None:
    if not isinstance(statement, dict):
        raise MalformedPolicy("Invalid policy syntax.")
    for name in statement:
        if name not in _FIELDS:
            raise MalformedPolicy(f"Unknown field {name}")
    for either in _REQUIRED:
        if not any(name in statement for name in either):
            raise MalformedPolicy(f"Missing required field {either[0]}")
    if statement["Effect"] not in ("Allow", "Deny"):
        raise MalformedPolicy(f"Invalid effect: {statement['Effect']}")
    _check_principal(statement.get("Principal", statement.get("NotPrincipal")))
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    resources = _texts(statement.get("Resource", statement.get("NotResource")))
    for action in actions:
        vendor, colon, name = action.partition(":")
        if action != "*" and (vendor.lower() != "s3" or not colon or not name):
            raise MalformedPolicy("Policy has invalid action")
    kinds = frozenset[Kind]().union(*(_kinds(resource, bucket) for resource in resources))
    if "Action" in statement and "Resource" in statement:
        for action in actions:
            if not kinds & kinds_of(action.partition(":")[2] or "*"):
                raise MalformedPolicy("Action does not apply to any resource(s) in statement")


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) for each in values):
        raise MalformedPolicy("Invalid policy syntax.")
    return values


def _kinds(resource: str, bucket: str) -> frozenset[Kind]:
    """What a resource names, which is of this bucket. `arn:aws:s3:::bucket*` is the bucket, and all that is in it."""
    found = _RESOURCE.fullmatch(resource)
    if found is None or found["bucket"] not in {bucket, f"{bucket}*"}:
        raise MalformedPolicy("Policy has invalid resource")
    if found["key"] is not None:
        return frozenset({"object"})
    return frozenset({"bucket"}) if found["bucket"] == bucket else frozenset({"bucket", "object"})


def _check_principal(principal: Any) -> None:
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal:
        raise MalformedPolicy("Invalid principal in policy")
    for kind, named in principal.items():
        if not all(_valid(kind, each) for each in _texts(named)):
            raise MalformedPolicy("Invalid principal in policy")


def _valid(kind: str, name: str) -> bool:
    if kind == "AWS":
        return _AWS.fullmatch(name) is not None
    if kind == "CanonicalUser":
        return _CANONICAL.fullmatch(name) is not None
    return kind in {"Service", "Federated"} and bool(name)
