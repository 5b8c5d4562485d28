"""Would AWS take this document for this use, and what does it say if not?

The order of the checks is AWS's: the grammar, the version, what "legacy parsing" looks at (the case of Effect, dates),
the Sids, the actions, the resources' form, the actions' vendors, and that there are resources. Where a text is known
from AWS's answers it is that text; where it is not, the document is left alone, as a refusal that AWS does not make
would be the worse mistake.

Sources: IAM User Guide, "Grammar of the IAM JSON policy language", "Validating IAM policies", "IAM JSON policy
elements reference"; the words are those that IAM answered in public bug reports and in tests made against it.
"""

import re
from collections.abc import Iterator
from typing import Final

from pileus.kernel.auth.policy.documents import (
    SYNTAX_ERRORS,
    VERSION_WITH_VARIABLES,
    Document,
    Listed,
    NotJson,
    Statement,
    parse_document,
)
from pileus.kernel.auth.policy.principals import is_aws_principal
from pileus.kernel.auth.policy.types import PolicyKind, PolicySyntax
from pileus.kernel.auth.policy.values import moment

_PARTITIONS: Final = frozenset({"*", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"})
_SID: Final = re.compile(r"[0-9A-Za-z]*")
_VENDOR: Final = re.compile(r"[a-zA-Z0-9\-.]+")
_IAM_PATHS: Final = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_ATTACHED: Final = frozenset({"identity", "boundary"})
"""Stored by IAM, for identities: held to the newest version and to alphanumeric Sids."""
_NO_PRINCIPAL: Final = frozenset({"identity", "boundary", "session", "scp"})
_WITH_RESOURCES: Final = frozenset({"identity", "boundary", "session", "scp"})


def check_policy(text: str, *, kind: PolicyKind) -> None:
    """PolicySyntax, in AWS's words, unless AWS would take `text` as a policy of this kind."""
    try:
        document = parse_document(text)
    except NotJson:
        # CreateRole and AssumeRole say it so; PutUserPolicy and CreatePolicy know only the other sentence.
        reason = "This policy contains invalid Json" if kind in ("trust", "session") else SYNTAX_ERRORS
        raise PolicySyntax(reason) from None
    if kind in _ATTACHED and document.version != VERSION_WITH_VARIABLES:
        raise PolicySyntax("Policy document must be version 2012-10-17 or greater.")
    if kind in _NO_PRINCIPAL and any(statement.principal for statement in document.statements):
        raise PolicySyntax("Policy document should not specify a principal.")
    if kind == "trust":
        _check_trusted(document)
    _check_legacy(document)
    _check_sids(document, kind)
    _check_actions(document, kind)
    if kind in _WITH_RESOURCES:
        for statement in document.statements:
            for resource in _values(statement.resource):
                _check_resource(resource)
    _check_vendors(document)
    if kind in _WITH_RESOURCES and not all(_values(statement.resource) for statement in document.statements):
        raise PolicySyntax("Policy statement must contain resources.")


def _values(listed: Listed | None) -> tuple[str, ...]:
    return listed.values if listed else ()


def _check_legacy(document: Document) -> None:
    for statement in document.statements:
        if statement.effect not in ("Allow", "Deny") or not all(_dates_read(statement)):
            raise PolicySyntax("The policy failed legacy parsing")


def _dates_read(statement: Statement) -> Iterator[bool]:
    """Whether each value of a date operator is a date."""
    for operator, _, values in statement.condition:
        if operator.rpartition(":")[2].startswith("Date"):
            yield from (moment(value) is not None for value in values)


def _check_sids(document: Document, kind: PolicyKind) -> None:
    """An empty Sid is no Sid."""
    sids = [statement.sid for statement in document.statements if statement.sid]
    if kind in _ATTACHED and not all(_SID.fullmatch(sid) for sid in sids):
        raise PolicySyntax(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            "[0-9A-Za-z]*"
        )
    if len(set(sids)) != len(sids):
        raise PolicySyntax("Statement IDs (SID) in a single policy must be unique.")


def _check_actions(document: Document, kind: PolicyKind) -> None:
    if not all(_values(statement.action) for statement in document.statements):
        raise PolicySyntax("Policy statement must contain actions.")
    if kind == "trust":
        for statement in document.statements:
            if not all(action.lower().startswith("sts:") for action in _values(statement.action)):
                raise PolicySyntax("AssumeRole policy may only specify STS AssumeRole actions.")


def _check_vendors(document: Document) -> None:
    for statement in document.statements:
        for action in _values(statement.action):
            vendor, colon, name = action.partition(":")
            if action == "*":
                continue
            if not colon:
                raise PolicySyntax("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
            if ":" in name:
                raise PolicySyntax("Actions/Condition can contain only one colon.")
            if vendor != "*" and not _VENDOR.fullmatch(vendor):
                raise PolicySyntax(f"Vendor {vendor} is not valid")


def _check_resource(resource: str) -> None:
    if resource == "*":
        return
    head, colon, rest = resource.partition(":")
    if not colon or head != "arn":
        raise PolicySyntax(f'Resource {resource} must be in ARN format or "*".')
    partition, colon, rest = rest.partition(":")
    if partition not in _PARTITIONS:
        parts = [*rest.split(":", 3), "*", "*", "*", "*"][:4]
        named = ":".join(part if part or index else "*" for index, part in enumerate(parts))
        raise PolicySyntax(f'Partition "{partition}" is not valid for resource "arn:{partition}:{named}".')
    service, _, rest = rest.partition(":")
    if not service:
        raise PolicySyntax("Resource vendor must be fully qualified and cannot contain regexes.")
    region, _, rest = rest.partition(":")
    if service == "iam":
        _check_iam_resource(resource, region, rest.partition(":")[2])
    if service == "s3" and region and not rest.partition(":")[2].startswith("accesspoint/"):
        raise PolicySyntax(f"Resource {resource} can not contain region information.")


def _check_iam_resource(resource: str, region: str, path: str) -> None:
    if region:
        raise PolicySyntax(f"IAM resource {resource} cannot contain region information.")
    if not path.startswith(("*", *_IAM_PATHS)):
        raise PolicySyntax(f'IAM resource path must either be "*" or start with {", ".join(_IAM_PATHS)}.')


def _check_trusted(document: Document) -> None:
    """A trust policy says whom, and is about the role it is attached to."""
    for statement in document.statements:
        if statement.resource is not None:
            raise PolicySyntax("Has prohibited field Resource")
        if statement.principal is None or not statement.principal.entries:
            raise PolicySyntax("Missing required field Principal")
        for kind, entry in statement.principal.entries:
            if kind == "AWS" and not is_aws_principal(entry):
                raise PolicySyntax(f'Invalid principal in policy: "AWS":"{entry}"')
