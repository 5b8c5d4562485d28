"""What do the statements of a request need, and what do they tell policies?

Source: Developer Guide, "IAM security policies with PartiQL for DynamoDB"; Service Authorization Reference, "Amazon
DynamoDB". That EXISTS needs what a SELECT needs is our reading: AWS says nothing of it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.services.dynamodb.expressions.syntax import Node
from pileus.services.dynamodb.partiql.checked import (
    Bound,
    DeleteStatement,
    ExistsStatement,
    InsertStatement,
    SelectStatement,
    UpdateStatement,
    paths_of,
)
from pileus.services.dynamodb.partiql.checks import bind, legal_parameters
from pileus.services.dynamodb.partiql.keys import branches, named_item
from pileus.services.dynamodb.shapes import (
    AttributeValue,
    BatchExecuteStatementInput,
    BatchStatementRequest,
    ExecuteStatementInput,
    ExecuteTransactionInput,
    ParameterizedStatement,
)

_KINDS: Final = {
    "PartiQLSelect": (SelectStatement, ExistsStatement),
    "PartiQLInsert": (InsertStatement,),
    "PartiQLUpdate": (UpdateStatement,),
    "PartiQLDelete": (DeleteStatement,),
}
ACTIONS: Final = tuple(_KINDS)


@dataclass(frozen=True, slots=True)
class AskedStatement:
    """A statement of a request, named as the members of requests are."""

    bound: Bound

    @property
    def table_name(self) -> str:
        return self.bound.statement.table

    @property
    def index_name(self) -> str | None:
        read = self._read
        return None if read is None else read.index

    @property
    def _read(self) -> SelectStatement | None:
        statement = self.bound.statement
        if isinstance(statement, ExistsStatement):
            return statement.select
        return statement if isinstance(statement, SelectStatement) else None

    @property
    def _where(self) -> Node | None:
        return None if isinstance(self.bound.statement, InsertStatement) else self.bound.statement.where

    def attributes(self) -> set[str]:
        """The attributes at the top level that it names."""
        statement, read = self.bound.statement, self._read
        paths = [] if self._where is None else list(paths_of(self._where))
        if read is not None:
            paths += [steps for _, steps in read.columns or ()]
        if isinstance(statement, UpdateStatement):
            paths += statement.written
            for section in statement.sections:
                for action in section.actions:
                    paths += () if action.operand is None else paths_of(action.operand)
        names = {str(steps[0]) for steps in paths}
        if isinstance(statement, InsertStatement):
            names.update(name for name, _ in statement.members)
        return names

    def leading(self, partition_key: str) -> list[AttributeValue]:
        """The partition keys that it asks for, or writes to."""
        statement, values = self.bound.statement, self.bound.values
        if isinstance(statement, InsertStatement):
            item = statement.item(values)
            return [item[partition_key]] if partition_key in item else []
        if isinstance(statement, SelectStatement):
            found = self._branches(partition_key) or []
            return [values[name] for branch in found for name in branch]
        key = named_item(statement.where, (partition_key,), values).key
        return list(key.values())

    def select(self) -> str | None:
        """What comes back of a SELECT, in the words of API_Query's Select."""
        read = self._read
        if read is None:
            return None
        if read.columns is not None:
            return "SPECIFIC_ATTRIBUTES"
        return "ALL_ATTRIBUTES" if read.index is None else "ALL_PROJECTED_ATTRIBUTES"

    def scans(self, partition_key: str) -> bool | None:
        """Whether a SELECT reads the whole table or index."""
        if not isinstance(self.bound.statement, SelectStatement):
            return None
        return self._branches(partition_key) is None

    def return_values(self) -> str | None:
        """RETURNING, in the words of API_UpdateItem's ReturnValues."""
        statement = self.bound.statement
        if not isinstance(statement, UpdateStatement | DeleteStatement):
            return None
        if statement.returning is None:
            return "NONE"
        return statement.returning.replace("MODIFIED", "UPDATED").replace(" ", "_")

    def _branches(self, partition_key: str) -> list[tuple[str, ...]] | None:
        with suppress(ServiceError):  # the operation itself says what is wrong with it
            found = branches(self._where, partition_key, None)
            return None if found is None else [branch.partitions for branch in found]
        return []


def asked_statements(action: str) -> Callable[[RequestContext, Any], Iterator[AskedStatement]]:
    """The statements of a request that need an action; none of those that cannot be read."""
    kinds = _KINDS[action]

    def found(context: RequestContext, given: Any) -> Iterator[AskedStatement]:
        for one in _statements(given):
            with suppress(ServiceError):
                bound = bind(one.statement, legal_parameters(one.parameters))
                if isinstance(bound.statement, kinds):
                    yield AskedStatement(bound)

    return found


def _statements(
    given: Any,
) -> list[BatchStatementRequest] | list[ParameterizedStatement] | tuple[ExecuteStatementInput]:
    match given:
        case BatchExecuteStatementInput():
            return given.statements
        case ExecuteTransactionInput():
            return given.transact_statements
        case _:
            assert isinstance(given, ExecuteStatementInput)
            return (given,)
