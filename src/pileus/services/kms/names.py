"""Which key, or alias, does a text name?

A key is named by its id or ARN, in many operations also by an alias or an alias's ARN. What a request is about is told
to the policy engine by a key's ARN before anything is read; an alias that stands for a key is put into one, as
`...:key/alias/NAME`, and `known_resources` finds the key.

Source: KMS Developer Guide, "Key identifiers (KeyId)".
"""

import re
from dataclasses import dataclass
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.services.kms.errors import (
    InvalidAliasNameException,
    InvalidArnException,
    NotAuthorizedException,
    NotFoundException,
    ValidationException,
)

ALIAS: Final = "alias/"
AWS_ALIAS: Final = "alias/aws/"
_KEY: Final = "key/"
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
_ALIAS_NAME: Final = re.compile(r"alias/[a-zA-Z0-9/_-]+")
_ARN_PARTS: Final = 6


@dataclass(frozen=True, slots=True)
class KeyName:
    """What a text names. name: a key's id, or an alias with its prefix."""

    partition: str
    region: str
    account_id: str
    name: str

    @property
    def is_alias(self) -> bool:
        return self.name.startswith(ALIAS)

    @property
    def arn(self) -> str:
        """Of the key or the alias itself."""
        kind = "" if self.is_alias else _KEY
        return f"arn:{self.partition}:kms:{self.region}:{self.account_id}:{kind}{self.name}"

    @property
    def asked(self) -> str:
        """Of the key that it names or stands for: see above."""
        return f"arn:{self.partition}:kms:{self.region}:{self.account_id}:{_KEY}{self.name}"


def name_of(context: RequestContext, text: str) -> KeyName:
    """NotFoundException for what can name no key here, InvalidArnException for another service's ARN."""
    if text.startswith("arn:"):
        named = name_of_arn(text)
        if named is None:
            raise InvalidArnException(f"Invalid arn {text}")
        return named
    if not text.startswith(ALIAS):
        check_key_id(text)
    return KeyName(context.partition, context.region, context.account_id, text)


def name_of_arn(arn: str) -> KeyName | None:
    """Of a key's or an alias's ARN, and of what `KeyName.asked` makes of them."""
    parts = arn.split(":", _ARN_PARTS - 1)
    if len(parts) != _ARN_PARTS or parts[0] != "arn" or parts[2] != "kms":
        return None
    resource = parts[5]
    if resource.startswith(_KEY):
        resource = resource[len(_KEY) :]
    elif not resource.startswith(ALIAS):
        return None
    return KeyName(parts[1], parts[3], parts[4], resource)


def check_key_id(text: str) -> None:
    """Recording kms/kms, test_get_key_invalid_uuid."""
    if _KEY_ID.fullmatch(text) is None:
        raise NotFoundException(f"Invalid keyId '{text}'")


def check_region(context: RequestContext, named: KeyName) -> None:
    """Recording kms/kms, test_get_key_in_different_region."""
    if named.region != context.region:
        raise NotFoundException(f"Invalid arn {named.region}")


def check_alias_name(name: str) -> None:
    """Of an alias that a customer makes, changes or deletes."""
    if not name.startswith(ALIAS) or name == ALIAS:
        raise ValidationException(
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if name.startswith(AWS_ALIAS):
        raise NotAuthorizedException
    if _ALIAS_NAME.fullmatch(name) is None:
        raise InvalidAliasNameException(f"{name} contains invalid characters for an alias")


def alias_arn(context: RequestContext, name: str) -> str:
    return f"arn:{context.partition}:kms:{context.region}:{context.account_id}:{name}"
