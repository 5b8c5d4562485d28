"""What may session policies be, and how much room do they and the tags take?

AWS packs policies, ARNs and tags in a way that it does not publish, and bounds what comes out. Here they are deflated
and bounded, which keeps a session's token within a header as AWS's bound does; the percentage differs.
"""

import math
import zlib
from collections.abc import Sequence

import msgspec

from pileus.kernel.auth.policy import PolicySyntax, check_policy
from pileus.services.sts import shapes
from pileus.services.sts.errors import MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError
from pileus.services.sts.limits import PACKED_BYTES_MAX, SESSION_POLICY_ARNS_MAX, SESSION_POLICY_CHARS_MAX
from pileus.services.sts.session_tags import NO_TAGS, SessionTags


class SessionPolicies(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a session. documents: at most one. arns: of managed policies, without repetition."""

    documents: tuple[str, ...] = ()
    arns: tuple[str, ...] = ()


def session_policies(
    policy: str | None,
    policy_arns: Sequence[shapes.PolicyDescriptorType] | None,
    *,
    account_id: str,
    partition: str,
) -> SessionPolicies:
    """Of the account whose session it is, and its partition; MalformedPolicyDocument, ValidationError,
    PackedPolicyTooLarge.
    """
    arns = tuple(dict.fromkeys(descriptor.arn for descriptor in policy_arns or () if descriptor.arn is not None))
    if len(policy_arns or ()) > SESSION_POLICY_ARNS_MAX:
        raise ValidationError(
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: "
            f"Member must have length less than or equal to {SESSION_POLICY_ARNS_MAX}"
        )
    for arn in arns:
        _check_arn(arn, account_id=account_id, partition=partition)
    documents = () if policy is None else (policy,)
    chars = sum(map(len, documents)) + sum(map(len, arns))
    if chars > SESSION_POLICY_CHARS_MAX:
        raise _too_large(math.ceil(100 * chars / SESSION_POLICY_CHARS_MAX))
    if policy is not None:
        try:
            check_policy(policy, kind="session")
        except PolicySyntax as malformed:
            raise MalformedPolicyDocument(malformed.reason) from None
    return SessionPolicies(documents=documents, arns=arns)


def packed_percent(policies: SessionPolicies, tags: SessionTags = NO_TAGS) -> int:
    """`PackedPolicySize`, 0 without policies and tags; PackedPolicyTooLarge."""
    if not (policies.documents or policies.arns or tags.tags):
        return 0
    plain = msgspec.json.encode([policies.documents, policies.arns, tags.tags, tags.transitive_tag_keys])
    percent = math.ceil(100 * len(zlib.compress(plain)) / PACKED_BYTES_MAX)
    if percent > 100:
        if policies.documents or policies.arns:
            raise _too_large(percent)
        raise PackedPolicyTooLarge(f"Packed size of session tags consumes {percent}% of allotted space.")
    return percent


def _too_large(percent: int) -> PackedPolicyTooLarge:
    return PackedPolicyTooLarge(f"Packed policy consumes {percent}% of allotted space, please use smaller policy.")


def _check_arn(arn: str, *, account_id: str, partition: str) -> None:
    """A managed policy of AWS or of the session's own account (API_AssumeRole, PolicyArns)."""
    parts = arn.split(":", 5)
    named = len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" and parts[5].startswith("policy/")
    if not named or parts[1] != partition or parts[4] not in ("aws", account_id):
        raise ValidationError(f"ARN {arn} is not valid.")
