"""What does STS need to know of roles? Somebody else keeps them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol


class AssumableRole(Protocol):
    """A role as far as assuming it goes. trust_policy: the document, as JSON text. tags: of key and value."""

    @property
    def arn(self) -> str: ...

    @property
    def role_id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def account_id(self) -> str: ...

    @property
    def trust_policy(self) -> str: ...

    @property
    def tags(self) -> Sequence[tuple[str, str]]: ...

    @property
    def session_duration_max(self) -> timedelta: ...


class RoleDirectory(Protocol):
    """Finds roles by ARN, of any account."""

    async def find(self, role_arn: str) -> AssumableRole | None: ...
