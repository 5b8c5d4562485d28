"""What does Lambda know of a thing that a policy names: its tags and its own policy?"""

from pileus.kernel.auth.permissions import (
    KnownResource,
)
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.layer_store import get_layer_version
from pileus.services.lambda_.layers import layer_of_arn
from pileus.services.lambda_.mappings.store import get_mapping
from pileus.services.lambda_.model import StatementRecord
from pileus.services.lambda_.names import FunctionName, function_of_arn
from pileus.services.lambda_.policy import policy_text
from pileus.services.lambda_.signing import find_signing_config, named_signing_config
from pileus.services.lambda_.store import get_alias, get_function, get_version


class LambdaResources:
    """Knows functions, layers, mappings and signing configurations, by ARN."""

    eager = True

    def __init__(self, store: Store) -> None:
        self._snapshot = store.snapshot()

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        function = function_of_arn(arn)
        if ":event-source-mapping:" in arn:
            return await self._mapping(arn)
        if function is None:
            return await self._layer(arn)
        record = await get_function(self._snapshot, function)
        if record is None:
            return None
        statements = record.policy if function.latest else await self._qualified_policy(function)
        policy = None
        if statements:
            policy = NamedPolicy(arn, compile_policy(policy_text(statements, function.policy_arn)), "resource")
        return KnownResource(arn=arn, tags=record.tags, policy=policy)

    async def _mapping(self, arn: str) -> KnownResource | None:
        _, _, _, region, account_id, _, uuid = arn.split(":", 6)
        mapping = await get_mapping(self._snapshot, account_id=account_id, region=region, uuid=uuid)
        if mapping is None:
            return None
        details = {"lambda:functionarn": mapping.function.qualified_arn}
        return KnownResource(arn=arn, tags=mapping.tags, details=details)

    async def _layer(self, arn: str) -> KnownResource | None:
        layer = layer_of_arn(arn)
        if layer is None:
            return await self._signing_config(arn)
        version = await get_layer_version(self._snapshot, layer)
        if version is None:
            return None
        policy = None
        if version.policy:
            policy = NamedPolicy(arn, compile_policy(policy_text(version.policy, arn)), "resource")
        return KnownResource(arn=arn, policy=policy)

    async def _signing_config(self, arn: str) -> KnownResource | None:
        config = named_signing_config(arn)
        known = None if config is None else await find_signing_config(self._snapshot, config)
        return None if known is None else KnownResource(arn=arn, tags=known.tags)

    async def _qualified_policy(self, function: FunctionName) -> list[StatementRecord]:
        """That of the version or alias, which counts instead of the function's own."""
        if function.alias is not None:
            alias = await get_alias(self._snapshot, function, function.alias)
            return [] if alias is None else alias.policy
        version = None if function.version is None else await get_version(self._snapshot, function, function.version)
        return [] if version is None else version.function.policy
