"""Which user, role or other thing does a request name, as policies know it?

Requests name by name, policies by ARN, path included. What is not there keeps the ARN that the request's words make.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from pileus.kernel.auth.permissions import KnownResource
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.iam.records import Tags
from pileus.services.iam.store import AccountReader


class _Entity(Protocol):
    @property
    def arn(self) -> str: ...


class _Device(msgspec.Struct, frozen=True):
    """A device's ARN is its serial number."""

    arn: str
    tags: Tags


class IamResources:
    """Knows what IAM keeps."""

    eager = True

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[2] != "iam":
            return None
        account = AccountReader(parts[4], self._store.snapshot())
        kind, _, path_and_name = parts[5].partition("/")
        entity = await _find(account, kind, arn, path_and_name, partition=context.partition)
        if entity is None or ("/" in path_and_name and entity.arn != arn):
            return None
        boundary: str | None = getattr(entity, "permissions_boundary", None)
        return KnownResource(
            arn=entity.arn,
            tags=_tags(entity),
            details={} if boundary is None else {"permissions_boundary": boundary},
        )


async def _find(account: AccountReader, kind: str, arn: str, path_and_name: str, *, partition: str) -> _Entity | None:
    name = path_and_name.rpartition("/")[2]
    match kind:
        case "user":
            return await account.find_user(name)
        case "group":
            return await account.find_group(name)
        case "role":
            return await account.find_role(name)
        case "policy":
            return await account.find_policy(arn, partition=partition)
        case "instance-profile":
            return await account.find_instance_profile(name)
        case "server-certificate":
            return await account.find_server_certificate(name)
        case "saml-provider":
            return await account.find_saml_provider(name)
        case "oidc-provider":
            return await account.find_oidc_provider(path_and_name)
        case "mfa":
            device = await account.find_mfa_device(arn)
            return _Device(device.serial_number, device.tags) if device is not None else None
        case "access-key":
            key = await account.find_access_key(name)
            return await account.find_user(key.user_name) if key is not None else None
        case _:
            return None


def _tags(entity: _Entity) -> Mapping[str, str]:
    return dict(getattr(entity, "tags", ()))
