"""What a credential is, and who can find or issue one."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from pileus.kernel.context import Principal


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Temporary credentials, as handed to whoever assumed a role."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires_at: datetime


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that may sign requests, and for whom. `expires_at` is None for a long-term key."""

    secret_access_key: str
    principal: Principal
    expires_at: datetime | None = None


class KeyDirectory(Protocol):
    """Finds long-term keys that IAM minted."""

    async def find(self, access_key_id: str) -> SigningKey | None: ...


class CredentialIssuer(Protocol):
    """Gives a service the credentials of a role it runs under (function, task, API)."""

    async def for_role(
        self, *, role_arn: str, session_name: str, duration: timedelta, context: Mapping[str, str] | None = None
    ) -> Credentials:
        """context: condition keys that stay with the session, in lower case (`lambda:sourcefunctionarn`)."""
        ...
