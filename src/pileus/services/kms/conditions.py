"""Which condition keys of its own does KMS tell policies?

Source: KMS Developer Guide, "AWS KMS condition keys", which says of each with which operations it is there.
"""

from collections.abc import Mapping
from typing import Any, Final

from pileus.kernel.auth.permissions import ConditionKeys, Conditions, KnownResource, request_tags, tag_keys
from pileus.kernel.context import RequestContext
from pileus.services.kms.ciphertexts import read
from pileus.services.kms.grants import DETAIL, HOLDING, holding
from pileus.services.kms.names import ALIAS, name_of, name_of_arn

_MEMBERS: Final[Mapping[str, str]] = {
    "kms:encryptionalgorithm": "encryption_algorithm",
    "kms:signingalgorithm": "signing_algorithm",
    "kms:macalgorithm": "mac_algorithm",
    "kms:messagetype": "message_type",
    "kms:datakeypairspec": "key_pair_spec",
    "kms:keyagreementalgorithm": "key_agreement_algorithm",
    "kms:wrappingalgorithm": "wrapping_algorithm",
    "kms:wrappingkeyspec": "wrapping_key_spec",
    "kms:expirationmodel": "expiration_model",
    "kms:schedulekeydeletionpendingwindowindays": "pending_window_in_days",
    "kms:rotationperiodindays": "rotation_period_in_days",
    "kms:bypasspolicylockoutsafetycheck": "bypass_policy_lockout_safety_check",
    "kms:granteeprincipal": "grantee_principal",
    "kms:retiringprincipal": "retiring_principal",
}
"""Keys that repeat a member of the request."""
_DEFAULTS: Final[Mapping[str, str]] = {
    "kms:encryptionalgorithm": "SYMMETRIC_DEFAULT",
    "kms:messagetype": "RAW",
    "kms:bypasspolicylockoutsafetycheck": "false",
    "kms:schedulekeydeletionpendingwindowindays": "30",
    "kms:rotationperiodindays": "365",
}
"""What the request means that leaves such a member out."""
_SIDES: Final[Mapping[str, tuple[str, str]]] = {
    "ReEncryptFrom": ("source_encryption_context", "source_encryption_algorithm"),
    "ReEncryptTo": ("destination_encryption_context", "destination_encryption_algorithm"),
}


def conditions_of(operation: str, *, via_service: str = "") -> ConditionKeys:
    """operation: as grants and actions call it. via_service: which service asks in somebody's name (`s3`)."""

    def conditions(context: RequestContext, given: Any, key: KnownResource | None) -> Conditions:
        known: dict[str, str | tuple[str, ...]] = {"kms:calleraccount": context.account_id}
        if via_service:
            known["kms:viaservice"] = f"{via_service}.{context.region}.amazonaws.com"
            known["aws:viaawsservice"] = "true"
        known |= _of_members(given)
        bound_to = _bound_to(operation, given)
        if bound_to:
            known |= {f"kms:encryptioncontext:{name.lower()}": value for name, value in bound_to.items()}
            known["kms:encryptioncontextkeys"] = tuple(bound_to)
        if operation in _SIDES:
            known |= _of_side(operation, context, given, key)
        if operation == "CreateGrant":
            known |= _of_grant(given, via_service)
        if operation == "ImportKeyMaterial" and given.valid_to is not None:
            known["kms:validto"] = given.valid_to.isoformat()
        if key is not None:
            known |= _of_key(context, given, key)
            if DETAIL in key.details:
                known[HOLDING] = holding(key.details[DETAIL], operation, given, bound_to)
        return known

    return conditions


def of_creation(context: RequestContext, given: Any, key: KnownResource | None) -> Conditions:
    """Of a key that is to be."""
    spec = given.key_spec or given.customer_master_key_spec or "SYMMETRIC_DEFAULT"
    return {
        "kms:calleraccount": context.account_id,
        "kms:keyspec": spec,
        "kms:customermasterkeyspec": spec,
        "kms:keyusage": given.key_usage or "ENCRYPT_DECRYPT",
        "kms:customermasterkeyusage": given.key_usage or "ENCRYPT_DECRYPT",
        "kms:keyorigin": given.origin or "AWS_KMS",
        "kms:multiregion": "true" if given.multi_region else "false",
        "kms:bypasspolicylockoutsafetycheck": "true" if given.bypass_policy_lockout_safety_check else "false",
        **request_tags({tag.tag_key: tag.tag_value for tag in given.tags or ()}),
    }


def of_tagging(context: RequestContext, given: Any, key: KnownResource | None) -> Conditions:
    tags = request_tags({tag.tag_key: tag.tag_value for tag in given.tags})
    return {**conditions_of("TagResource")(context, given, key), **tags}


def of_untagging(context: RequestContext, given: Any, key: KnownResource | None) -> Conditions:
    return {**conditions_of("UntagResource")(context, given, key), **tag_keys(given.tag_keys)}


def of_alias(context: RequestContext, given: Any, alias: KnownResource | None) -> Conditions:
    """Of an alias itself."""
    return {"kms:calleraccount": context.account_id}


def _of_members(given: Any) -> dict[str, str | tuple[str, ...]]:
    known: dict[str, str | tuple[str, ...]] = {}
    for key, member in _MEMBERS.items():
        if not hasattr(given, member):
            continue
        value = getattr(given, member)
        if isinstance(value, bool):
            known[key] = "true" if value else "false"
        elif value is not None:
            known[key] = str(value)
        elif key in _DEFAULTS:
            known[key] = _DEFAULTS[key]
    return known


def _bound_to(operation: str, given: Any) -> Mapping[str, str] | None:
    member = _SIDES[operation][0] if operation in _SIDES else "encryption_context"
    found: Mapping[str, str] | None = getattr(given, member, None)
    return found


def _of_side(
    operation: str, context: RequestContext, given: Any, key: KnownResource | None
) -> dict[str, str | tuple[str, ...]]:
    algorithm = getattr(given, _SIDES[operation][1]) or "SYMMETRIC_DEFAULT"
    known: dict[str, str | tuple[str, ...]] = {"kms:encryptionalgorithm": algorithm}
    if key is not None:
        known["kms:reencryptonsamekey"] = "true" if _other_side(operation, context, given) == key.arn else "false"
    return known


def _other_side(operation: str, context: RequestContext, given: Any) -> str:
    if operation == "ReEncryptFrom":
        return name_of(context, given.destination_key_id).asked
    if given.source_key_id is not None:
        return name_of(context, given.source_key_id).asked
    return "" if given.ciphertext_blob is None else read(given.ciphertext_blob).key_arn


def _of_grant(given: Any, via_service: str) -> dict[str, str | tuple[str, ...]]:
    known: dict[str, str | tuple[str, ...]] = {
        "kms:grantoperations": tuple(given.operations),
        "kms:grantisforawsresource": "true" if via_service else "false",
    }
    constraints = given.constraints
    if constraints is not None:
        kinds = {
            "EncryptionContextEquals": constraints.encryption_context_equals,
            "EncryptionContextSubset": constraints.encryption_context_subset,
        }
        said = tuple(kind for kind, value in kinds.items() if value is not None)
        if said:
            known["kms:grantconstrainttype"] = said
    return known


def _of_key(context: RequestContext, given: Any, key: KnownResource) -> dict[str, str | tuple[str, ...]]:
    details = key.details
    known: dict[str, str | tuple[str, ...]] = {
        "kms:keyspec": details["spec"],
        "kms:keyusage": details["usage"],
        "kms:keyorigin": details["origin"],
        "kms:multiregion": "false",
    }
    if details["aliases"]:
        known["kms:resourcealiases"] = tuple(details["aliases"].split("\n"))
    text = getattr(given, "key_id", None) or ""
    if text.startswith(ALIAS):
        known["kms:requestalias"] = text
    elif text.startswith("arn:") and (named := name_of_arn(text)) is not None and named.is_alias:
        known["kms:requestalias"] = named.name
    return known
