"""What does the authorizer learn of tables?

Their tags, the attributes that condition keys are made with, and their policies. While no table of the server has a
policy, requests for one's own tables need no look at them at all: `eager` knows from a watch on how many have one.
"""

from typing import Final

from pileus.kernel.auth.permissions import KnownResource
from pileus.kernel.auth.policy import NamedPolicy, Policy, compile_policy
from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Store, Watch
from pileus.services.dynamodb.permissions import FURTHER_INDEX_KEYS, INDEX_PARTITION_KEY, PARTITION_KEY
from pileus.services.dynamodb.resource_policies import COUNT_KEY, any_policy, read_policy
from pileus.services.dynamodb.store import Table, TableDirectory
from pileus.services.dynamodb.tables.names import table_arn

COMPILED_MAX: Final = 1024
"""Policies that are kept compiled."""


class DynamoDbResources:
    """Knows tables, with their policies."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._snapshot = store.snapshot()
        self._tables = TableDirectory()
        self._watch: Watch | None = None
        self._any_policy = True
        self._compiled: dict[str, tuple[str, Policy]] = {}

    @property
    def eager(self) -> bool:
        """Whether any table has a policy; while none has, requests for one's own tables need no look at them."""
        return self._any_policy or self._watch is None or self._watch.told

    async def find(self, context: RequestContext, arn: str) -> KnownResource | None:
        """The table of an ARN, or of its index's; None for another region's, and for streams, which are not tagged.

        A stream has a policy of its own on AWS, not its table's.
        """
        await self._look_for_policies()
        parts = arn.split(":", 5)
        if len(parts) != 6 or parts[3] != context.region:
            return None
        path = parts[5].split("/")
        if len(path) == 4 and path[2] == "stream":
            return None
        table = await self._tables.read_of(parts[4], parts[3], path[1] if len(path) > 1 else "", self._snapshot)
        if table is None:
            return None
        details = {PARTITION_KEY: table.key.partition.name}
        index = table.index(path[3]) if len(path) == 4 and path[2] == "index" else None
        if index is not None:
            names = (attribute.name for attribute in index.partition)
            details |= dict(zip((INDEX_PARTITION_KEY, *FURTHER_INDEX_KEYS), names, strict=False))
        return KnownResource(
            arn=arn, tags=dict(table.record.tags), details=details, policy=await self._policy(context, table)
        )

    async def _look_for_policies(self) -> None:
        if self._watch is None or self._watch.told:
            self._watch = self._store.watch(COUNT_KEY)
            self._any_policy = await any_policy(self._snapshot)

    async def _policy(self, context: RequestContext, table: Table) -> NamedPolicy | None:
        revision = table.record.policy_revision
        if revision is None:
            return None
        kept = self._compiled.get(table.record.id)
        if kept is None or kept[0] != revision:
            text = await read_policy(self._snapshot, table.region, table.record)
            if text is None:
                return None
            if len(self._compiled) >= COMPILED_MAX:
                self._compiled.clear()
            kept = self._compiled[table.record.id] = revision, compile_policy(text)
        return NamedPolicy(table_arn(table.place, context.partition), kept[1], "resource")
