"""What do all operations share: the store, the clock, and how a table is found?"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.service import Encoded
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.dynamodb.errors import ResourceNotFoundException
from pileus.services.dynamodb.keys_of_kms import NoTableKeys, TableKeys
from pileus.services.dynamodb.metrics import DynamoDbMetrics
from pileus.services.dynamodb.store import Table, TableDirectory
from pileus.services.dynamodb.tables.names import TablePlace, check_name, table_place
from pileus.services.dynamodb.tables.states import gone

EMPTY: Final = Encoded(b"{}")


def answer(members: Mapping[str, bytes | None]) -> Encoded:
    """An answer of members that are JSON already; what is None is left out."""
    return Encoded(
        b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), json) for name, json in members.items() if json is not None)
    )


class DynamoDbBase:
    """keys: KMS's, None without it.

    changes_take: how long a table stays CREATING, UPDATING or DELETING, by the clock.

    metrics: what is counted of tables; None where nobody reads it.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        keys: TableKeys | None = None,
        metrics: DynamoDbMetrics | None = None,
        changes_take: timedelta = timedelta(0),
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._keys: TableKeys = keys or NoTableKeys()
        self._changes_take_s = changes_take.total_seconds()
        self._metrics = metrics or DynamoDbMetrics(Metrics(store, clock), clock)
        self._tables = TableDirectory()
        self._snapshot = store.snapshot()

    async def _open(self, context: RequestContext, given: str, reader: Snapshot) -> Table:
        """The table whose items are wanted; `ResourceNotFoundException` when there is none that is ACTIVE.

        Refused where the table's key does not open (`keys_of_kms.py`).
        """
        if given.startswith("arn:"):
            table = await self._at(table_place(context, given), reader)
        else:
            table = await self._tables.read(context, given, reader)
            if table is None:
                check_name(given)
        if table is None or not (table.active or self._active(table)):
            raise ResourceNotFoundException("Requested resource not found")
        if table.sealed:
            await self._keys.open(context, reader, table.place, table.sealed)
        return table

    async def _at(self, place: TablePlace, reader: Snapshot) -> Table | None:
        return await self._tables.read_of(place.account_id, place.region, place.name, reader)

    async def _named(self, context: RequestContext, given: str, reader: Snapshot) -> Table:
        """The table itself, whatever its state; `ResourceNotFoundException` when there is none."""
        place = table_place(context, given)
        table = await self._at(place, reader)
        if table is None or gone(table.record, self._clock.timestamp()):
            raise ResourceNotFoundException(f"Requested resource not found: Table: {place.name} not found")
        return table

    def _active(self, table: Table) -> bool:
        if not table.active and table.record.deleting_until_s is None:
            table.active = self._clock.timestamp() >= table.record.active_at_s
            if table.active:
                table.metrics = self._metrics.table(table.account_id, table.region_name, table.name)
        return table.active
