"""How much throughput may an account give to a table, to an index, and to all of a region's?

What DescribeLimits tells. Source of the words: what AWS answered, in the lab notes of ack-api-quirks (2026-10),
DDB-TABLE-171, -443.
"""

from collections.abc import Iterable
from typing import Final

from pileus.services.dynamodb.errors import LimitExceededException, over_limit
from pileus.services.dynamodb.limits import ACCOUNT_UNITS_MAX, TABLE_UNITS_MAX
from pileus.services.dynamodb.table_records import IndexRecord, TableRecord

REFER: Final = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."


def check_maximum(record: TableRecord, region: str) -> None:
    """`LimitExceededException` when a table, or one of its indexes, has more than one may have."""
    _check(record, None, region)
    for index in record.indexes:
        _check(index, index.name, region)


def _check(of: TableRecord | IndexRecord, index: str | None, region: str) -> None:
    what, whose = ("table", "") if index is None else ("index", f" for index {index}")
    for parameter, units in (("ReadCapacityUnits", of.read_units), ("WriteCapacityUnits", of.write_units)):
        if units > TABLE_UNITS_MAX:
            raise LimitExceededException(
                f"The requested {parameter}{whose}, {units}, is above the per {what} maximum for the account in "
                f"{region}. Per {what} maximum: {TABLE_UNITS_MAX}. {REFER}"
            )
    limited = "table" if index is None else f"index : {index}"
    warmed = "table" if index is None else f"index {index}"
    for kind, parameter, units in (
        ("Read", f"MaxReadRequestUnits for OnDemandThroughput for {limited}", of.max_read_units),
        ("Write", f"MaxWriteRequestUnits for OnDemandThroughput for {limited}", of.max_write_units),
        ("Read", f"ReadUnitsPerSecond for WarmThroughput for {warmed}", of.warm_read_units),
        ("Write", f"WriteUnitsPerSecond for WarmThroughput for {warmed}", of.warm_write_units),
    ):
        if units > TABLE_UNITS_MAX:
            raise over_limit(
                f"Requested {parameter} exceeds TableMax{kind}CapacityUnits of the account in region {region}"
            )


def units_of(record: TableRecord) -> tuple[int, int]:
    """Provisioned reads and writes of a table with its indexes."""
    reads = record.read_units + sum(index.read_units for index in record.indexes)
    return reads, record.write_units + sum(index.write_units for index in record.indexes)


def check_account(others: Iterable[TableRecord], before: TableRecord | None, after: TableRecord, region: str) -> None:
    """`LimitExceededException` when a table's growth is too much for its account. others: all other tables."""
    old = (0, 0) if before is None else units_of(before)
    given = [units_of(record) for record in others]
    for at, parameter in enumerate(("ReadCapacityUnits", "WriteCapacityUnits")):
        reserved = sum(units[at] for units in given) + old[at]
        requested = units_of(after)[at] - old[at]
        if requested > 0 and reserved + requested > ACCOUNT_UNITS_MAX:
            raise LimitExceededException(
                f"This request would have caused the {parameter} limit to be exceeded for the account in {region}. "
                f"Current {parameter} reserved by the account: {reserved}. Limit: {ACCOUNT_UNITS_MAX}. "
                f"Requested: {requested}. {REFER}"
            )
