"""What did a request consume of each table that it names?"""

from typing import Final

import msgspec

from pileus.services.dynamodb import capacity
from pileus.services.dynamodb.capacity import Units, consumed_shape
from pileus.services.dynamodb.store import Table

_encode: Final = msgspec.json.Encoder().encode


class Spending:
    """Units by table, in the order in which they were first named, and under the names that the request has for them.

    A table that is given by its ARN is told by its ARN, so tables of two accounts that have one name stay apart.
    Source: API_ConsumedCapacity, TableName.
    """

    __slots__ = ("_spent",)

    def __init__(self) -> None:
        self._spent: dict[str, tuple[Table, Units]] = {}

    def of(self, given: str, table: Table) -> Units:
        """What was consumed of a table so far, to be added to. given: its name or ARN in the request."""
        spent = self._spent.get(given)
        if spent is None:
            spent = self._spent[given] = table, Units()
        return spent[1]

    def __bool__(self) -> bool:
        """Whether anything was consumed of any table."""
        return bool(self._spent)

    def count(self, operation: str, started_s: float, *, writing: bool, factor: int = 1) -> None:
        """Let the tables' metrics count it; see `TableMetrics`."""
        for table, units in self._spent.values():
            table.metrics.done(operation, units, started_s, writing=writing, factor=factor)

    def told(self, option: str | None, *, factor: int = 1, transaction: str | None = None) -> bytes | None:
        """`ConsumedCapacity` as JSON; None unless it was asked for. transaction: see `consumed_shape`."""
        if not capacity.wanted(option):
            return None
        return _encode(
            [
                consumed_shape(given, units, option, factor=factor, transaction=transaction)
                for given, (_, units) in self._spent.items()
            ]
        )
