"""Who may invoke a function, according to its resource policy?

AddPermission writes the statements, one member at a time; there is nothing but Allow. Evaluated here are the callers
that are AWS services; identity-based policies are not Lambda's.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from pileus.services.lambda_.errors import InvalidParameterValueException, PolicyLengthExceededException
from pileus.services.lambda_.limits import POLICY_BYTES_MAX
from pileus.services.lambda_.model import StatementRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.shapes import AddPermissionRequest

_SERVICE: Final = re.compile(r"[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*\.(?:amazonaws\.com(?:\.cn)?|amazon\.com)")
_ACCOUNT: Final = re.compile(r"\d{12}")
_IDENTITY: Final = re.compile(r"arn:aws[a-zA-Z-]*:(?:iam|sts)::\d{12}:.+")

Document = dict[str, object]


def statement_of(request: AddPermissionRequest) -> StatementRecord:
    """What AddPermission asks for; InvalidParameterValueException when nobody can be such a principal."""
    principal = request.principal
    if principal != "*" and not any(form.fullmatch(principal) for form in (_SERVICE, _ACCOUNT, _IDENTITY)):
        raise InvalidParameterValueException(
            "The provided principal was invalid. Please check the principal and try again."
        )
    return StatementRecord(
        sid=request.statement_id,
        action=request.action,
        principal=principal,
        source_arn=request.source_arn,
        source_account=request.source_account,
        event_source_token=request.event_source_token,
        principal_org_id=request.principal_org_id,
        function_url_auth_type=request.function_url_auth_type,
        invoked_via_function_url=request.invoked_via_function_url,
    )


def statement_document(statement: StatementRecord, function: FunctionName) -> Document:
    """A statement as AWS prints it. Recording lambda_api, test_add_lambda_permission_fields."""
    document: Document = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Principal": _principal_document(statement.principal, function.partition),
        "Action": statement.action,
        "Resource": function.arn,
    }
    if condition := _condition_document(statement):
        document["Condition"] = condition
    return document


def policy_text(statements: Iterable[StatementRecord], function: FunctionName) -> str:
    """The policy as GetPolicy prints it."""
    return msgspec.json.encode(
        {
            "Version": "2012-10-17",
            "Id": "default",
            "Statement": [statement_document(statement, function) for statement in statements],
        }
    ).decode()


def check_length(statements: Iterable[StatementRecord], function: FunctionName) -> None:
    """Or PolicyLengthExceededException."""
    size_bytes = len(policy_text(statements, function).encode())
    if size_bytes > POLICY_BYTES_MAX:
        raise PolicyLengthExceededException(
            f"The final policy size ({size_bytes}) is bigger than the limit ({POLICY_BYTES_MAX})."
        )


def service_allowed(
    statements: Sequence[StatementRecord], *, service_principal: str, source_arn: str, action: str
) -> bool:
    """Whether a service may perform `action` on behalf of the resource `source_arn`."""
    return any(
        _wildcard(statement.action).fullmatch(action)
        and statement.principal in ("*", service_principal)
        and _conditions_hold(statement, source_arn)
        for statement in statements
    )


def _conditions_hold(statement: StatementRecord, source_arn: str) -> bool:
    """A condition whose key the caller does not carry does not hold."""
    if statement.event_source_token or statement.principal_org_id or statement.function_url_auth_type:
        return False
    if statement.invoked_via_function_url:
        return False
    if statement.source_account is not None and statement.source_account != _account_of(source_arn):
        return False
    return statement.source_arn is None or arn_like(statement.source_arn, source_arn)


def _account_of(arn: str) -> str:
    parts = arn.split(":", 5)
    return parts[4] if len(parts) > 5 else ""


def arn_like(pattern: str, arn: str) -> bool:
    """`ArnLike`: each of the six parts is compared by itself; `*` is any characters, `?` is one.

    Source: IAM User Guide, "Amazon Resource Name (ARN) condition operators".
    """
    wanted, given = pattern.split(":", 5), arn.split(":", 5)
    if len(wanted) != len(given):
        return False
    return all(_wildcard(want).fullmatch(have) is not None for want, have in zip(wanted, given, strict=True))


@lru_cache(maxsize=1024)
def _wildcard(pattern: str) -> re.Pattern[str]:
    """A policy's pattern as a regular expression that never backtracks over more than one `*`.

    Each `*` but the last takes as little as it can, once and for all (an atomic group): if the rest matches at all, it
    matches after that. So time is bounded by the product of the two lengths, whoever wrote the pattern.
    """
    first, *rest = [_literal(chunk) for chunk in pattern.split("*")]
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    return re.compile(first + "".join(f"(?>.*?{chunk})" for chunk in middle if chunk) + ".*" + last, re.DOTALL)


def _literal(chunk: str) -> str:
    return ".".join(re.escape(part) for part in chunk.split("?"))


def _principal_document(principal: str, partition: str) -> object:
    if principal == "*":
        return "*"
    if _ACCOUNT.fullmatch(principal):
        return {"AWS": f"arn:{partition}:iam::{principal}:root"}
    return {"Service": principal} if _SERVICE.fullmatch(principal) else {"AWS": principal}


def _condition_document(statement: StatementRecord) -> Document:
    equal = {
        "AWS:SourceAccount": statement.source_account,
        "lambda:FunctionUrlAuthType": statement.function_url_auth_type,
        "lambda:EventSourceToken": statement.event_source_token,
        "aws:PrincipalOrgID": statement.principal_org_id,
    }
    condition: Document = {}
    if given := {key: value for key, value in equal.items() if value is not None}:
        condition["StringEquals"] = given
    if statement.invoked_via_function_url is not None:
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": str(statement.invoked_via_function_url).lower()}
    if statement.source_arn is not None:
        condition["ArnLike"] = {"AWS:SourceArn": statement.source_arn}
    return condition
