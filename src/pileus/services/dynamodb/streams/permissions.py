"""What must somebody be allowed to do, to read streams?

Sources: Service Authorization Reference, "Amazon DynamoDB" (`stream`); Developer Guide, "DynamoDB API permissions:
Actions, resources, and conditions reference", which asks ListStreams about a table's streams, or all.
"""

from typing import Any, Final

from pileus.kernel.auth.permissions import Permission, Permissions, ResourceType
from pileus.kernel.context import RequestContext
from pileus.services.dynamodb.streams.iterators import iterator_arn


def _stream(context: RequestContext, given: Any) -> str:
    arn: str = given.stream_arn
    return arn


def _of_iterator(context: RequestContext, given: Any) -> str:
    """An iterator begins with its stream's ARN, and opens with no other; what is none is refused by whom may read."""
    return iterator_arn(given.shard_iterator) or _all_streams(context, "*")


def _of_table(context: RequestContext, given: Any) -> str:
    return _all_streams(context, given.table_name or "*")


def _all_streams(context: RequestContext, table: str) -> str:
    return f"arn:{context.partition}:dynamodb:{context.region}:{context.account_id}:table/{table}/stream/*"


_STREAM: Final = ResourceType(name="stream", arn=_stream)

PERMISSIONS: Final[Permissions] = {
    "DescribeStream": (Permission(action="dynamodb:DescribeStream", resource=_STREAM),),
    "GetRecords": (Permission(action="dynamodb:GetRecords", resource=ResourceType(name="stream", arn=_of_iterator)),),
    "GetShardIterator": (Permission(action="dynamodb:GetShardIterator", resource=_STREAM),),
    "ListStreams": (Permission(action="dynamodb:ListStreams", resource=ResourceType(name="stream", arn=_of_table)),),
}
