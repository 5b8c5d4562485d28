"""Which resource policies may a table have, and in which form are they kept?

Imports the policy engine, which a server without policies does without: so import it where it is needed.

Source: Developer Guide, "Resource-based policy considerations"; what AWS answered, in the lab notes of ack-api-quirks
(2026-10), DDB-TABLE-205 to -214, -351 to -356, -457.
"""

import json
from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.kernel.auth.policy import (
    NamedPolicy,
    PolicySet,
    PolicySyntax,
    Query,
    check_policy,
    compile_policy,
    decide,
)
from pileus.kernel.auth.policy.principals import is_aws_principal
from pileus.kernel.context import RequestContext
from pileus.services.dynamodb.errors import AccessDeniedException, ValidationException, invalid_parameter
from pileus.services.dynamodb.limits import RESOURCE_POLICY_BYTES_MAX

_ACCOUNT_ID_CHARS: Final = 12
_ORDER: Final = ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource")
_DEFAULT_VERSION: Final = "2008-10-17"

Document = dict[str, object]


def policy_to_attach(text: str, context: RequestContext, arn: str, *, confirmed: bool) -> str:
    """The policy as it is kept; raises what AWS has against it. confirmed: its author may lock themselves out."""
    kept = checked_policy(text, context.partition)
    if not confirmed:
        check_not_locked_out(kept, context, arn)
    return kept


def checked_policy(text: str, partition: str) -> str:
    """The policy as AWS keeps it; `ValidationException` for what is none."""
    if len(text.encode()) > RESOURCE_POLICY_BYTES_MAX:
        raise invalid_parameter(f"Maximum policy size of {RESOURCE_POLICY_BYTES_MAX} bytes exceeded")
    document = _parsed(text)
    statements = document.get("Statement")
    if statements is None:
        raise _invalid(f"Syntax error at position (1,{len(text) + 1})")
    listed = statements if isinstance(statements, list) else [statements]
    if not listed:
        raise _invalid("Could not parse the policy: Statement is empty!")
    sids = set[str]()
    checked: list[Document] = []
    for statement in listed:
        if not isinstance(statement, dict):
            raise _invalid("This policy contains invalid Json")
        _check_statement(statement)
        checked.append(statement)
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid:  # what is no text is refused below
            if sid in sids:
                raise _invalid("The Statement Ids in the policy are not unique")
            sids.add(sid)
    try:
        check_policy(text, kind="resource")
    except PolicySyntax as error:
        raise _invalid(error.reason) from None
    return _canonical(document, checked, partition)


def _invalid(reason: str) -> ValidationException:
    return invalid_parameter(f"Invalid policy document: {reason}")


def _parsed(text: str) -> Document:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid("This policy contains invalid Json") from None
    if document is None:
        raise _invalid("This text appears not to be a policy")
    if not isinstance(document, dict):
        raise _invalid("This policy contains invalid Json")
    return document


def _check_statement(statement: Mapping[str, object]) -> None:
    for field, other in (
        ("Effect", "Effect"),
        ("Principal", "NotPrincipal"),
        ("Action", "NotAction"),
        ("Resource", "NotResource"),
    ):
        if field not in statement and other not in statement:
            raise _invalid(f"Missing required field {field}")
    named = _principals(statement.get("Principal"))
    if not all(is_aws_principal(entry) for entry in named):
        raise invalid_parameter("Invalid principal in policy document.")
    if str(statement["Effect"]).lower() == "allow" and "*" in named and not statement.get("Condition"):
        raise ValidationException(
            "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to "
            "ensure least-privilege form of access"
        )


def _principals(principal: object) -> list[str]:
    """The entries of `"AWS"`, or everybody; a text that is not `*` means nobody."""
    if isinstance(principal, str):
        return [principal if principal == "*" else ""]
    entries = principal.get("AWS") if isinstance(principal, dict) else None
    listed = entries if isinstance(entries, list) else [] if entries is None else [entries]
    return [str(entry) for entry in listed]


def _canonical(document: Document, statements: list[Document], partition: str) -> str:
    """Fields in a fixed order, lists of one as what they hold, accounts by their root's ARN, no blanks."""
    kept: Document = {"Version": document.get("Version", _DEFAULT_VERSION)}
    if "Id" in document:
        kept["Id"] = document["Id"]
    kept["Statement"] = [_canonical_statement(statement, partition) for statement in statements]
    return msgspec.json.encode(kept).decode()


def _canonical_statement(statement: Document, partition: str) -> Document:
    kept: Document = {}
    for field in _ORDER:
        value = statement.get(field)
        if value is None:
            continue
        if field in {"Principal", "NotPrincipal"} and isinstance(value, dict):
            value = {kind: _single(_named(entries, partition)) for kind, entries in value.items()}
        kept[field] = _single(value)
    if "Condition" in statement:
        kept["Condition"] = statement["Condition"]
    return kept


def _named(entries: object, partition: str) -> object:
    listed = entries if isinstance(entries, list) else [entries]
    spelled = [
        f"arn:{partition}:iam::{entry}:root"
        if isinstance(entry, str) and len(entry) == _ACCOUNT_ID_CHARS and entry.isdigit()
        else entry
        for entry in listed
    ]
    return list(dict.fromkeys(spelled))


def _single(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def check_not_locked_out(text: str, context: RequestContext, arn: str) -> None:
    """Who attaches a policy must be able to change it again."""
    principal = context.principal
    query = Query(
        principal=principal,
        action="dynamodb:PutResourcePolicy",
        resource=arn,
        conditions={
            "aws:principalarn": principal.arn,
            "aws:principalaccount": principal.account_id,
            "aws:userid": principal.user_id,
            "aws:requestedregion": context.region,
            "aws:sourceip": context.source_ip,
            "aws:securetransport": "true" if context.secure else "false",
        },
        resource_account_id=context.account_id,
    )
    policy = NamedPolicy(arn, compile_policy(text), "resource")
    if decide(query, PolicySet(resource=policy)).explicit_deny:
        raise AccessDeniedException(
            "The new resource policy will not allow you to update the resource policy in the future."
        )
