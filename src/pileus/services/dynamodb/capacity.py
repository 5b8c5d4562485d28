"""What does an operation cost?

Source: Developer Guide, "DynamoDB read and write operations".
"""

import msgspec

from pileus.services.dynamodb.limits import READ_UNIT_BYTES, WRITE_UNIT_BYTES
from pileus.services.dynamodb.shapes import Capacity, ConsumedCapacity


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """RCUs of one read, or of one page: 1 per started 4 KiB, half of that when eventually consistent.

    size_bytes: of the item, or of all items looked at together; nothing found costs as much as the smallest item.
    """
    assert size_bytes >= 0
    started = max(1, -(-size_bytes // READ_UNIT_BYTES))
    return started * (1.0 if consistent else 0.5)


def write_units(*, before_bytes: int, after_bytes: int) -> float:
    """WCUs of one write: 1 per started KiB of the larger image.

    before_bytes, after_bytes: 0 when there is no item; so shrinking an item costs what the old one weighed.
    """
    assert before_bytes >= 0
    assert after_bytes >= 0
    return float(max(1, -(-max(before_bytes, after_bytes) // WRITE_UNIT_BYTES)))


def wanted(option: str | None) -> bool:
    """Whether ReturnConsumedCapacity asks for an answer."""
    return option is not None and option != "NONE"


def consumed(table_name: str, units: float, option: str | None) -> bytes:
    """`ConsumedCapacity` as JSON. option: TOTAL or INDEXES, which also shows the table's share."""
    table = Capacity(capacity_units=units) if option == "INDEXES" else None
    return msgspec.json.encode(ConsumedCapacity(table_name=table_name, capacity_units=units, table=table))
