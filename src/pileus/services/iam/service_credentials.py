"""For which services does IAM make credentials of their own, and of what form?

Some are a user name and a password, others an API key with an alias and perhaps an end.

Source: API_CreateServiceSpecificCredential, API_ServiceSpecificCredential; LocalStack's snapshot
test_user_rename_updates_service_specific_credentials; of passwords and of Bedrock's keys: seen on the wire.
"""

import base64
from collections.abc import Collection
from hashlib import sha256
from typing import Final

from pileus.kernel.ids import Ids
from pileus.services.iam.errors import NoSuchEntity

_WITH_PASSWORD: Final = frozenset({"cassandra.amazonaws.com", "codecommit.amazonaws.com"})
_WITH_API_KEY: Final = frozenset({"bedrock.amazonaws.com", "logs.amazonaws.com"})
_KEY_PREFIXES: Final = {"bedrock.amazonaws.com": "ABSK"}
_SECRET_BYTES: Final = 44
"""Sixty characters of base64, the last of which is `=`."""


def check_service(service_name: str) -> None:
    """NoSuchEntity, where the model has NotSupportedService."""
    if service_name not in _WITH_PASSWORD | _WITH_API_KEY:
        raise NoSuchEntity(f"No such service {service_name} is supported for Service Specific Credentials")


def takes_api_keys(service_name: str) -> bool:
    """Whether the service takes API keys, not user names and passwords."""
    return service_name in _WITH_API_KEY


def free_name(user_name: str, account_id: str, taken: Collection[str]) -> str:
    """By which the service will know the user: `ada-at-111111111111`, and `ada+1-at-111111111111` beside it."""
    name, number = f"{user_name}-at-{account_id}", 0
    while name in taken:
        number += 1
        name = f"{user_name}+{number}-at-{account_id}"
    return name


def new_secret(ids: Ids, *, service_name: str, known_as: str) -> str:
    """A password, or the API key that a client sends."""
    secret = base64.b64encode(ids.bytes(_SECRET_BYTES)).decode()
    if not takes_api_keys(service_name):
        return secret
    return _KEY_PREFIXES.get(service_name, "") + base64.b64encode(f"{known_as}:{secret}".encode()).decode()


def hashed(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
