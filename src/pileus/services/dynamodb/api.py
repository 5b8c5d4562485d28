"""DynamoDB: tables of items, found by their keys."""

from collections.abc import Mapping
from typing import Final

from pileus.services.dynamodb.operations.account import AccountOperations
from pileus.services.dynamodb.operations.batches import BatchOperations
from pileus.services.dynamodb.operations.items import ItemOperations
from pileus.services.dynamodb.operations.queries import QueryOperations
from pileus.services.dynamodb.operations.resource_policies import ResourcePolicyOperations
from pileus.services.dynamodb.operations.table_updates import TableUpdateOperations
from pileus.services.dynamodb.operations.tags import TagOperations
from pileus.services.dynamodb.operations.time_to_live import TimeToLiveOperations
from pileus.services.dynamodb.operations.transactions import TransactionOperations
from pileus.services.dynamodb.partiql.operations import PartiQlOperations


class DynamoDbApi(
    AccountOperations,
    BatchOperations,
    ItemOperations,
    PartiQlOperations,
    QueryOperations,
    ResourcePolicyOperations,
    TableUpdateOperations,
    TagOperations,
    TimeToLiveOperations,
    TransactionOperations,
):
    """Every operation, each in the module of what it is about."""


PARTIAL: Final[Mapping[str, str]] = {
    "CreateTable": "no vector indexes, global tables",
    "UpdateContinuousBackups": "switches nothing on",
    "UpdateTable": "no vector indexes, global tables",
}
"""What docs/coverage.md says of operations that work in part; what is missing answers `NotImplemented`."""
