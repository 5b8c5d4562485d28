"""Every number AWS publishes about DynamoDB, with its unit and source.

Source, unless said otherwise: Developer Guide, "Quotas in Amazon DynamoDB" and "Constraints in Amazon DynamoDB".
"""

from typing import Final

ITEM_BYTES_MAX: Final = 400 * 1024
"""Names and values together, in DynamoDB's own count (`values.py`), not the bytes on the wire."""

PARTITION_KEY_BYTES_MAX: Final = 2048
SORT_KEY_BYTES_MAX: Final = 1024

NESTING_LEVELS_MAX: Final = 32
"""How deep lists and maps may lie in each other below an attribute."""

NUMBER_DIGITS_MAX: Final = 38
NUMBER_EXPONENT_MAX: Final = 125
"""Of the first digit: 9.99...E+125 is the largest magnitude."""
NUMBER_EXPONENT_MIN: Final = -130
"""Of the first digit: 1E-130 is the smallest magnitude but zero."""

EXPRESSION_BYTES_MAX: Final = 4096
EXPRESSION_OPERATORS_MAX: Final = 300
EXPRESSION_IN_OPERANDS_MAX: Final = 100
EXPRESSION_NESTING_MAX: Final = 64
"""Parentheses inside parentheses; AWS publishes no number, this one protects our stack."""

PAGE_BYTES_MAX: Final = 1024 * 1024
"""How much a Query or Scan reads before it answers, counted before the filter."""

ITEM_COLLECTION_BYTES_MAX: Final = 10 * 1024**3
"""All items and entries of local indexes under one partition key."""

GLOBAL_INDEXES_MAX: Final = 20
LOCAL_INDEXES_MAX: Final = 5
INDEX_KEY_ATTRIBUTES_MAX: Final = 4
"""Partition and sort key of a global index each. Source: Developer Guide, "Multi-attribute keys pattern"."""
INCLUDED_ATTRIBUTES_MAX: Final = 100
"""Named by INCLUDE projections, over all indexes of a table."""

BATCH_GET_KEYS_MAX: Final = 100
BATCH_WRITE_REQUESTS_MAX: Final = 25
BATCH_BYTES_MAX: Final = 16 * 1024**2
TRANSACTION_ACTIONS_MAX: Final = 100
TRANSACTION_BYTES_MAX: Final = 4 * 1024**2

READ_UNIT_BYTES: Final = 4096
WRITE_UNIT_BYTES: Final = 1024

TABLE_NAME_LENGTH_MIN: Final = 3
TABLE_NAME_LENGTH_MAX: Final = 255

LIST_TABLES_MAX: Final = 100
"""Source: API_ListTables, `Limit`."""

THROUGHPUT_UNITS_MAX: Final = 1_000_000_000_000
"""Source: the message "Given value ... for ReadCapacityUnits is out of bounds" appears above it."""

ON_DEMAND_WARM_READ_UNITS: Final = 12_000
ON_DEMAND_WARM_WRITE_UNITS: Final = 4_000
"""What a new on-demand table can take at once. Source: recording `test_gsi_with_billing_mode[PAY_PER_REQUEST]`."""

TAGS_MAX: Final = 50
"""Of one table."""

FREE_DECREASES_A_DAY: Final = 4
DECREASE_PAUSE_S: Final = 3600
"""Of provisioned units: after the free ones of a day (UTC), one for each such pause."""

TABLE_CLASS_CHANGES_MAX: Final = 2
TABLE_CLASS_WINDOW_S: Final = 30 * 24 * 3600
"""Source: Developer Guide, "Considerations when choosing a table class"."""

ACCOUNT_UNITS_MAX: Final = 80_000
TABLE_UNITS_MAX: Final = 40_000
"""Provisioned, reads and writes each: of all tables together, and of one table or index, unless AWS raises them."""

ENDPOINT_CACHE_MINUTES: Final = 1440

TTL_CHANGE_PAUSE_S: Final = 1860
"""Between two changes of one table. AWS's page says an hour; 31 minutes were measured (DDB-TABLE-143)."""

RESOURCE_POLICY_BYTES_MAX: Final = 20 * 1024
"""Source: Developer Guide, "Resource-based policy considerations"."""

ENCRYPTION_CHANGES_MAX: Final = 4
ENCRYPTION_WINDOW_S: Final = 24 * 3600
ENCRYPTION_CHANGE_PAUSE_S: Final = 21600
"""How often a table's key may change from its first change on, and how long is between two after that.

Source: lab notes of ack-api-quirks (2026-10), DDB-TABLE-081.
"""
