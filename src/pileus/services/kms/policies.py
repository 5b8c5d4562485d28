"""What may a key's policy say, and which does a key have that nobody gave one?

A key's policy is the root of authority over it: whoever it does not let in, directly or by leaving the matter to the
account's own policies, nobody can let in (`kernel.auth.policy.decisions`, kind `key`).

Sources: KMS Developer Guide, "Default key policy", "Key policies in AWS KMS"; API_PutKeyPolicy; the policies of AWS
managed keys as AWS attaches them, KMS Developer Guide, "Viewing key policies".
"""

import json
from collections.abc import Mapping
from typing import Final

from pileus.kernel.context import Principal, RequestContext
from pileus.services.kms.errors import LimitExceededException, MalformedPolicyDocumentException
from pileus.services.kms.limits import POLICY_BYTES_MAX

_ALLOW_ALL: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
_LOCKED_OUT: Final = "The new key policy will not allow you to update the key policy in the future."
_INVALID_PRINCIPALS: Final = "Policy contains a statement with one or more invalid principals."


def default_policy(*, partition: str, account_id: str) -> str:
    """It leaves the key to the account's own policies."""
    return _written(
        {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }
    )


def managed_policy(*, partition: str, account_id: str, region: str, service: str, title: str) -> str:
    """Of a key that AWS manages: whoever comes through the service may use it, and the account may look at it."""
    return _written(
        {
            "Version": "2012-10-17",
            "Id": f"auto-{service}-2",
            "Statement": [
                {
                    "Sid": f"Allow access through {title} for all principals in the account that are authorized to use "
                    f"{title}",
                    "Effect": "Allow",
                    "Principal": {"AWS": "*"},
                    "Action": [
                        "kms:Encrypt",
                        "kms:Decrypt",
                        "kms:ReEncrypt*",
                        "kms:GenerateDataKey*",
                        "kms:CreateGrant",
                        "kms:DescribeKey",
                    ],
                    "Resource": "*",
                    "Condition": {
                        "StringEquals": {
                            "kms:CallerAccount": account_id,
                            "kms:ViaService": f"{service}.{region}.amazonaws.com",
                        }
                    },
                },
                {
                    "Sid": "Allow direct access to key metadata to the account",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
                    "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                    "Resource": "*",
                },
            ],
        }
    )


def check_key_policy(text: str) -> None:
    """MalformedPolicyDocumentException, LimitExceededException."""
    # Imported when the first policy comes: see `kernel.auth.permissions`.
    from pileus.kernel.auth.policy import PolicySyntax, check_policy
    from pileus.kernel.auth.policy.documents import parse_document
    from pileus.kernel.auth.policy.principals import is_aws_principal

    if len(text.encode()) > POLICY_BYTES_MAX:
        raise LimitExceededException(f"The key policy exceeds the maximum size of {POLICY_BYTES_MAX} bytes.")
    try:
        check_policy(text, kind="resource")
        document = parse_document(text)
    except PolicySyntax as error:
        raise MalformedPolicyDocumentException(error.reason) from None
    for statement in document.statements:
        principal = statement.principal
        if principal is None or not all(kind != "AWS" or is_aws_principal(entry) for kind, entry in principal.entries):
            raise MalformedPolicyDocumentException(_INVALID_PRINCIPALS)
        if statement.resource is None:
            raise MalformedPolicyDocumentException("Policy contains a statement with no resource.")


def check_lockout(text: str, context: RequestContext, key_arn: str) -> None:
    """MalformedPolicyDocumentException when whoever gives it could not take it back (API_PutKeyPolicy)."""
    from pileus.kernel.auth.policy import NamedPolicy, PolicySet, Query, compile_policy, decide

    query = Query(
        principal=context.principal,
        action="kms:PutKeyPolicy",
        resource=key_arn,
        conditions=_known_of(context.principal, context),
        resource_account_id=context.account_id,
    )
    allowing = NamedPolicy("all", compile_policy(_ALLOW_ALL), "identity-based policy")
    policies = PolicySet(identity=(allowing,), resource=NamedPolicy(key_arn, compile_policy(text), "key"))
    if not decide(query, policies).allowed:
        raise MalformedPolicyDocumentException(_LOCKED_OUT)


def _known_of(principal: Principal, context: RequestContext) -> Mapping[str, str]:
    session = principal.session
    return {
        "kms:calleraccount": context.account_id,
        "aws:principalaccount": context.account_id,
        "aws:principalarn": session.role_arn if session is not None and session.role_arn else principal.arn,
        "aws:securetransport": "true" if context.secure else "false",
        "aws:sourceip": context.source_ip,
    }


def _written(document: object) -> str:
    """As AWS writes it."""
    return json.dumps(document, indent=2, separators=(",", " : "))
