"""Who may invoke a function, according to its resource policy?

AddPermission writes the statements, one member at a time; there is nothing but Allow. Evaluated here, by the policy
engine, are the callers that are AWS services; all others were asked before the operation began.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from pileus.kernel.auth.audit import Denial
from pileus.kernel.auth.service_calls import ServiceCall, service_decision, service_query
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
    if request.function_url_auth_type is not None and request.action != "lambda:InvokeFunctionUrl":
        raise InvalidParameterValueException(
            "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
        )
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


def statement_document(statement: StatementRecord, arn: str) -> Document:
    """A statement as AWS prints it. Recording lambda_api, test_add_lambda_permission_fields.

    arn: of the function, version, alias or layer version that has the policy.
    """
    if statement.document:
        given: Document = msgspec.json.decode(statement.document)
        return given
    document: Document = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Principal": _principal_document(statement.principal, partition_of(arn)),
        "Action": statement.action,
        "Resource": arn,
    }
    if condition := _condition_document(statement):
        document["Condition"] = condition
    return document


def policy_text(statements: Iterable[StatementRecord], arn: str) -> str:
    """The policy as GetPolicy prints it."""
    return msgspec.json.encode(
        {
            "Version": "2012-10-17",
            "Id": "default",
            "Statement": [statement_document(statement, arn) for statement in statements],
        }
    ).decode()


def statements_of(text: str) -> list[StatementRecord]:
    """The statements of a whole policy; InvalidParameterValueException when it is none."""
    from pileus.kernel.auth.policy import PolicySyntax, check_policy  # imported late: see `service_denial`

    try:
        check_policy(text, kind="resource")
    except PolicySyntax as error:
        raise InvalidParameterValueException(error.reason) from None
    listed = msgspec.json.decode(text)["Statement"]
    statements = listed if isinstance(listed, list) else [listed]
    if not all("Principal" in statement and statement.get("Resource") for statement in statements):
        raise InvalidParameterValueException("Each statement of a resource policy needs a Principal and a Resource.")
    return [
        StatementRecord(
            sid=statement.get("Sid", ""), action="", principal="", document=msgspec.json.encode(statement).decode()
        )
        for statement in statements
    ]


def check_length(statements: Iterable[StatementRecord], arn: str) -> None:
    """Or PolicyLengthExceededException."""
    size_bytes = len(policy_text(statements, arn).encode())
    if size_bytes > POLICY_BYTES_MAX:
        raise PolicyLengthExceededException(
            f"The final policy size ({size_bytes}) is bigger than the limit ({POLICY_BYTES_MAX})."
        )


def service_denial(
    statements: Sequence[StatementRecord], function: FunctionName, call: ServiceCall, *, action: str, now_s: float
) -> Denial | None:
    """Why a service may not perform `action`; None when the function's policy lets it."""
    # Imported when the first service calls: see `kernel.auth.permissions`.
    from pileus.kernel.auth.policy import NamedPolicy, PolicySet, compile_policy, denial_of

    arn = function.policy_arn
    policy = NamedPolicy(arn, compile_policy(policy_text(statements, arn)), "resource") if statements else None
    query = service_query(call, action=action, resource=arn, region=function.region, now_s=now_s)
    decision = service_decision(query, policy)
    return None if decision.allowed else denial_of(query, decision, PolicySet(resource=policy))


def partition_of(arn: str) -> str:
    return arn.split(":", 2)[1]


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
