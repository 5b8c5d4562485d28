"""What does an operation cost?

Source: Developer Guide, "DynamoDB read and write operations".
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from pileus.services.dynamodb.limits import READ_UNIT_BYTES, WRITE_UNIT_BYTES
from pileus.services.dynamodb.shapes import Capacity, ConsumedCapacity

TRANSACTION_FACTOR: Final = 2
"""Everything in a transaction costs double."""


def started_read_units(size_bytes: int, *, consistent: bool) -> float:
    """1 per started 4 KiB, half of that when eventually consistent; nothing costs as much as the smallest item."""
    assert size_bytes >= 0
    started = -(-size_bytes // READ_UNIT_BYTES) or 1
    return started * (1.0 if consistent else 0.5)


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """RCUs of one read, or of one page. size_bytes: of the item, or of all items looked at together."""
    return started_read_units(size_bytes, consistent=consistent)


def started_write_units(size_bytes: int) -> float:
    """1 per started KiB."""
    return float(-(-size_bytes // WRITE_UNIT_BYTES) or 1)


def write_units(*, before_bytes: int, after_bytes: int) -> float:
    """WCUs of one write: 1 per started KiB of the larger image.

    before_bytes, after_bytes: 0 when there is no item; so shrinking an item costs what the old one weighed.
    """
    assert before_bytes >= 0
    assert after_bytes >= 0
    return started_write_units(max(before_bytes, after_bytes))


def wanted(option: str | None) -> bool:
    """Whether ReturnConsumedCapacity asks for an answer."""
    return option is not None and option != "NONE"


_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


class Units:
    """What was consumed of a table and of its indexes, by name. An index that cost nothing is not in it."""

    __slots__ = ("globally", "local", "table")

    def __init__(
        self, table: float = 0.0, local: Mapping[str, float] = _NOTHING, globally: Mapping[str, float] = _NOTHING
    ) -> None:
        self.table = table
        self.local = local
        self.globally = globally

    @property
    def total(self) -> float:
        return self.table + sum(self.local.values()) + sum(self.globally.values())

    def add(self, other: "Units") -> None:
        self.table += other.table
        if other.local:
            self.local = _sum(self.local, other.local)
        if other.globally:
            self.globally = _sum(self.globally, other.globally)

    def count(self, index: str, units: float, *, local: bool) -> None:
        """An index's share."""
        if units:
            self.add(Units(0.0, {index: units}) if local else Units(0.0, _NOTHING, {index: units}))


def _sum(mine: Mapping[str, float], others: Mapping[str, float]) -> Mapping[str, float]:
    return {**mine, **{name: mine.get(name, 0.0) + units for name, units in others.items()}}


def consumed_shape(
    table_name: str, units: Units, option: str | None, *, factor: int = 1, transaction: str | None = None
) -> ConsumedCapacity:
    """`ConsumedCapacity`. option: TOTAL or INDEXES, which also shows each share.

    transaction: "read" or "write", of a transaction, which names the units by their kind as well.
    """

    def capacity(share: float) -> Capacity:
        share *= factor
        return Capacity(
            capacity_units=share,
            read_capacity_units=share if transaction == "read" else None,
            write_capacity_units=share if transaction == "write" else None,
        )

    def by_name(shares: Mapping[str, float]) -> dict[str, Capacity] | None:
        return {name: capacity(share) for name, share in shares.items()} or None

    total = capacity(units.total)
    shares = option == "INDEXES"
    return ConsumedCapacity(
        table_name=table_name,
        capacity_units=total.capacity_units,
        read_capacity_units=total.read_capacity_units,
        write_capacity_units=total.write_capacity_units,
        table=capacity(units.table) if shares else None,
        local_secondary_indexes=by_name(units.local) if shares else None,
        global_secondary_indexes=by_name(units.globally) if shares else None,
    )


def consumed(table_name: str, units: Units, option: str | None) -> bytes | None:
    """`ConsumedCapacity` as JSON; None unless it was asked for."""
    return msgspec.json.encode(consumed_shape(table_name, units, option)) if wanted(option) else None
