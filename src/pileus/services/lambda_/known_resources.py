"""What does Lambda know of a thing that a policy names: its tags and its own policy?"""

from typing import Final

from pileus.kernel.auth.permissions import KnownResource
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.layer_store import get_layer_version
from pileus.services.lambda_.layers import layer_of_arn
from pileus.services.lambda_.mappings.store import get_mapping
from pileus.services.lambda_.model import AliasRecord, FunctionRecord, StatementRecord, VersionRecord
from pileus.services.lambda_.names import FunctionName, function_of_arn
from pileus.services.lambda_.policy import policy_text
from pileus.services.lambda_.signing import find_signing_config, named_signing_config
from pileus.services.lambda_.store import alias_key, function_key, version_key

_KEPT_MAX: Final = 8_192


class _Kept:
    """A function as it was found last. keys, values: of its record, and of the version or alias whose policy counts."""

    __slots__ = ("keys", "known", "values")

    def __init__(self, keys: list[bytes], values: list[bytes | None], known: KnownResource) -> None:
        self.keys = keys
        self.values = values
        self.known = known


class LambdaResources:
    """Knows functions, layers, mappings and signing configurations, by ARN."""

    eager = True

    def __init__(self, store: Store) -> None:
        self._snapshot = store.snapshot()
        self._kept: dict[str, _Kept] = {}

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        kept = self._kept.get(arn)
        if kept is not None:
            values = [await self._snapshot.get(key) for key in kept.keys]
            if values == kept.values:
                return kept.known
        function = function_of_arn(arn)
        if ":event-source-mapping:" in arn:
            return await self._mapping(arn)
        if function is None:
            return await self._layer(arn)
        return await self._function(arn, function)

    async def _function(self, arn: str, function: FunctionName) -> KnownResource | None:
        keys = [function_key(function)]
        if function.alias is not None:
            keys.append(alias_key(function, function.alias))
        elif function.version is not None:
            keys.append(version_key(function, function.version))
        values = [await self._snapshot.get(key) for key in keys]
        known = None
        if values[0] is not None:
            record = decode(values[0], FunctionRecord)
            statements = record.policy if function.latest else _qualified_policy(function, values)
            policy = None
            if statements:
                policy = NamedPolicy(arn, compile_policy(policy_text(statements, function.policy_arn)), "resource")
            known = KnownResource(arn=arn, tags=record.tags, policy=policy)
        if known is not None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            self._kept[arn] = _Kept(keys, values, known)
        return known

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


def _qualified_policy(function: FunctionName, values: list[bytes | None]) -> list[StatementRecord]:
    """That of the version or alias, which counts instead of the function's own."""
    value = values[1] if len(values) > 1 else None
    if value is None:
        return []
    return (
        decode(value, AliasRecord).policy
        if function.alias is not None
        else decode(value, VersionRecord).function.policy
    )
