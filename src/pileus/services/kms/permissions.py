"""What must somebody be allowed to do, to use KMS?

What a request is about is a key, by whatever it is called; of a ciphertext, the key that made it. Another account's key
can be used where both sides allow, by the operations whose pages say "Cross-account use: Yes"; these know `foreign`.

Sources: Service Authorization Reference, "AWS Key Management Service"; KMS Developer Guide, "AWS KMS permissions".
"""

from collections.abc import Iterable
from typing import Any, Final

from pileus.kernel.auth.permissions import Permission, Permissions, ResourceType, arn_of, gives_tags
from pileus.kernel.context import RequestContext
from pileus.services.kms.ciphertexts import read
from pileus.services.kms.conditions import conditions_of, of_alias, of_creation, of_tagging, of_untagging
from pileus.services.kms.grants import token_names
from pileus.services.kms.names import alias_arn, name_of, name_of_arn


def _by_id(context: RequestContext, given: Any) -> str:
    return name_of(context, given.key_id).asked


def _foreign_by_id(context: RequestContext, given: Any) -> bool:
    return name_of(context, given.key_id).account_id != context.account_id


def _of_ciphertext(context: RequestContext, given: Any) -> str:
    """Of the key that is named, or of the one that made the ciphertext."""
    return _source(context, given.key_id, given.ciphertext_blob)


def _of_source(context: RequestContext, given: Any) -> str:
    return _source(context, given.source_key_id, given.ciphertext_blob)


def _source(context: RequestContext, key_id: str | None, blob: bytes | None) -> str:
    if key_id is not None:
        return name_of(context, key_id).asked
    return "*" if blob is None else read(blob).key_arn


def _foreign_of(arn: str, context: RequestContext) -> bool:
    named = name_of_arn(arn)
    return named is not None and named.account_id != context.account_id


def _of_destination(context: RequestContext, given: Any) -> str:
    return name_of(context, given.destination_key_id).asked


def _of_retired(context: RequestContext, given: Any) -> str:
    if given.grant_token is not None:
        return token_names(given.grant_token)[0]
    return "*" if given.key_id is None else _by_id(context, given)


def _of_target(context: RequestContext, given: Any) -> str:
    return name_of(context, given.target_key_id).asked


def _alias(context: RequestContext, given: Any) -> str:
    return alias_arn(context, given.alias_name)


def _behind_alias(context: RequestContext, given: Any) -> str:
    named = name_of_arn(_alias(context, given))
    return "*" if named is None else named.asked


_OWN: Final = ResourceType(name="key", arn=_by_id)
KEY: Final = ResourceType(name="key", arn=_by_id, foreign=_foreign_by_id)
CIPHERTEXT: Final = ResourceType(
    name="key",
    arn=_of_ciphertext,
    foreign=lambda context, given: _foreign_of(_of_ciphertext(context, given), context),
)
_SOURCE: Final = ResourceType(
    name="key", arn=_of_source, foreign=lambda context, given: _foreign_of(_of_source(context, given), context)
)
_DESTINATION: Final = ResourceType(
    name="key",
    arn=_of_destination,
    foreign=lambda context, given: _foreign_of(_of_destination(context, given), context),
)
_RETIRED: Final = ResourceType(
    name="key", arn=_of_retired, foreign=lambda context, given: _foreign_of(_of_retired(context, given), context)
)
_TARGET: Final = ResourceType(name="key", arn=_of_target)
_NEW: Final = ResourceType(name="key", arn=arn_of("arn:{partition}:kms:{region}:{account}:key/*"))
"""Whose id nobody knows yet, so that a policy must not be restricted to particular keys (KMS Developer Guide,
"Controlling access to tags")."""
_ALIAS: Final = ResourceType(name="alias", arn=_alias)
_BEHIND: Final = ResourceType(name="key", arn=_behind_alias)


def _needs(action: str, resource: ResourceType | None) -> Permission:
    return Permission(action=f"kms:{action}", resource=resource, conditions=conditions_of(action))


def _on(resource: ResourceType | None, actions: Iterable[str]) -> dict[str, tuple[Permission]]:
    return {action: (_needs(action, resource),) for action in actions}


def _of_alias(action: str) -> Permission:
    return Permission(action=f"kms:{action}", resource=_ALIAS, conditions=of_alias)


PERMISSIONS: Final[Permissions] = {
    **_on(None, ("GenerateRandom", "ListAliases", "ListKeys", "ListRetirableGrants")),
    **_on(
        KEY,
        (
            "CreateGrant",
            "DeriveSharedSecret",
            "DescribeKey",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "GenerateMac",
            "GetKeyRotationStatus",
            "GetPublicKey",
            "ListGrants",
            "RevokeGrant",
            "Sign",
            "Verify",
            "VerifyMac",
        ),
    ),
    **_on(
        _OWN,
        (
            "CancelKeyDeletion",
            "DeleteImportedKeyMaterial",
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "EnableKeyRotation",
            "GetKeyPolicy",
            "GetParametersForImport",
            "ImportKeyMaterial",
            "ListKeyPolicies",
            "ListKeyRotations",
            "ListResourceTags",
            "PutKeyPolicy",
            "RotateKeyOnDemand",
            "ScheduleKeyDeletion",
            "UpdateKeyDescription",
        ),
    ),
    "CreateKey": (
        Permission(action="kms:CreateKey", conditions=of_creation),
        Permission(action="kms:TagResource", resource=_NEW, conditions=of_creation, asked=gives_tags),
    ),
    "Decrypt": (_needs("Decrypt", CIPHERTEXT),),
    "ReEncrypt": (_needs("ReEncryptFrom", _SOURCE), _needs("ReEncryptTo", _DESTINATION)),
    "RetireGrant": (_needs("RetireGrant", _RETIRED),),
    "TagResource": (Permission(action="kms:TagResource", resource=_OWN, conditions=of_tagging),),
    "UntagResource": (Permission(action="kms:UntagResource", resource=_OWN, conditions=of_untagging),),
    # KMS Developer Guide, "Controlling access to aliases": of the alias, and of each key that it is about.
    "CreateAlias": (_of_alias("CreateAlias"), _needs("CreateAlias", _TARGET)),
    "DeleteAlias": (_of_alias("DeleteAlias"), _needs("DeleteAlias", _BEHIND)),
    "UpdateAlias": (_of_alias("UpdateAlias"), _needs("UpdateAlias", _BEHIND), _needs("UpdateAlias", _TARGET)),
}
