"""DynamoDB: tables of items, found by their keys."""

from collections.abc import Mapping
from typing import Final

from pileus.services.dynamodb.operations.batches import BatchOperations
from pileus.services.dynamodb.operations.items import ItemOperations
from pileus.services.dynamodb.operations.queries import QueryOperations
from pileus.services.dynamodb.operations.table_updates import TableUpdateOperations
from pileus.services.dynamodb.operations.transactions import TransactionOperations
from pileus.services.dynamodb.partiql.operations import PartiQlOperations


class DynamoDbApi(
    BatchOperations,
    ItemOperations,
    PartiQlOperations,
    QueryOperations,
    TableUpdateOperations,
    TransactionOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "CreateTable": "no streams, resource policy, vector indexes, global tables",
    "PutItem": "no legacy parameters",
    "GetItem": "no legacy parameters",
    "DeleteItem": "no legacy parameters",
    "UpdateItem": "no legacy parameters",
    "Query": "no legacy parameters",
    "Scan": "no legacy parameters",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
