"""May a function's execution role do something that Lambda does in its name?

Lambda reads streams and delivers to destinations as the role, whose policies decide as if it had asked itself.
"""

from collections.abc import Mapping
from typing import Protocol


class RolePermissions(Protocol):
    async def allowed(
        self,
        *,
        role_arn: str,
        action: str,
        resource: str,
        region: str,
        conditions: Mapping[str, str] | None = None,
    ) -> bool:
        """Whether the role exists and may do `action` on the resource of that ARN.

        conditions: what policies may ask of this action, in lower case (`events:source`).
        """
        ...
