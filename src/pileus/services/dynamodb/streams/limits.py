"""Every number AWS publishes about DynamoDB Streams, with its unit and source.

Source, unless said otherwise: Developer Guide, "Change data capture for DynamoDB Streams".
"""

from typing import Final

RETENTION_S: Final = 24 * 3600
"""How long a record can be read, and how long a stream after it was disabled."""

SHARD_ROLLS_AFTER_S: Final = 4 * 3600
"""Source: Developer Guide, "DynamoDB Streams and Lambda triggers"; AWS says "approximately"."""

ITERATOR_EXPIRES_AFTER_S: Final = 15 * 60
"""Source: API_streams_GetShardIterator."""

RECORDS_MAX: Final = 1_000
RECORDS_BYTES_MAX: Final = 1024 * 1024
"""Both of one GetRecords. Source: API_streams_GetRecords."""

LIST_STREAMS_MAX: Final = 100
"""Source: API_streams_ListStreams, `Limit`."""

DESCRIBE_SHARDS_MAX: Final = 100
"""Source: API_streams_DescribeStream, `Limit`."""
