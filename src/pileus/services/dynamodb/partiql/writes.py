"""What do INSERT, UPDATE, DELETE and EXISTS do to their item?

INSERT replaces nothing, UPDATE creates nothing, and DELETE of no item does nothing, whatever its condition says.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

import msgspec

from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb import writing
from pileus.services.dynamodb.errors import (
    ConditionalCheckFailedException,
    DuplicateItemException,
    ValidationException,
    invalid_parameter,
)
from pileus.services.dynamodb.expressions.checks import Values
from pileus.services.dynamodb.expressions.syntax import Combination, Node
from pileus.services.dynamodb.model import KeySchema
from pileus.services.dynamodb.partiql.checked import (
    DeleteStatement,
    ExistsStatement,
    InsertStatement,
    UpdateStatement,
    condition_test,
    paths_of,
)
from pileus.services.dynamodb.partiql.keys import NamedItem, named_item
from pileus.services.dynamodb.partiql.literals import TOO_DEEP
from pileus.services.dynamodb.partiql.reads import check_scalar_key, key_mismatch_of
from pileus.services.dynamodb.requests import legal_item
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import Stored, found, stored
from pileus.services.dynamodb.writing import ITEM_TOO_LARGE, Images, Written

WriteStatement: TypeAlias = InsertStatement | UpdateStatement | DeleteStatement | ExistsStatement

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A statement that writes, with its values.

    transacted: AWS has other words for a key that is none. shows_item: with a condition that failed.
    images: what an attempt that was given up has found out; see `foresee`.
    """

    statement: WriteStatement
    values: Values
    transacted: bool = False
    shows_item: bool = False
    images: Images | None = None

    def check_exists(self, table: Table) -> None:
        """EXISTS names one item, and says something of it."""
        if isinstance(self.statement, ExistsStatement):
            if self.statement.select.index is not None:
                raise ValidationException("Operations on indices are not supported in transactions")
            named = self._named(table.key)
            if len(named.key) < len(table.key.names) or not named.rest:
                raise ValidationException("EXISTS() must contain a single item read with additional condition")

    def place(self, table: Table) -> bytes:
        """Where its item lies; `ValidationException` when it names none, or not exactly one."""
        statement, schema = self.statement, table.key
        if isinstance(statement, InsertStatement):
            return schema.key_of(statement.item(self.values))
        _check_paths(statement, schema)
        return self._named_place(self._named(schema), schema)

    async def perform(self, tx: Transaction, table: Table, *, now_s: float) -> Written:
        """Do it."""
        place, images = self.place(table), self.images
        data = await tx.get(place)
        old = found(data) if images is None else images.seen(data)
        new = None if images is None else images.changed
        match self.statement:
            case InsertStatement() as insert:
                new = new or self._inserted(insert)
                if old is not None:
                    raise DuplicateItemException
                return await writing.write(tx, table, place, None, new, now_s=now_s)
            case UpdateStatement() as update:
                new = new or self._changed(update, old)
                return await writing.write(tx, table, place, old, new, now_s=now_s, updating=True)
            case DeleteStatement() as delete:
                if old is not None:
                    self._check(delete.where, old)
                return await writing.write(tx, table, place, old, None, now_s=now_s)
            case ExistsStatement():
                rest = self._named(table.key).rest
                self._check(rest[0] if len(rest) == 1 else Combination("AND", rest), old)
                return Written(table, place, old, old)
            case _:
                assert_never(self.statement)

    async def foresee(self, reader: Snapshot, table: Table) -> None:
        """Make of the item what `perform` would, so that it need not while that is the same; it says what is wrong."""
        images = self.images
        assert images is not None, "there is where to keep it"
        try:
            old = images.seen(await reader.get(self.place(table)))
            match self.statement:
                case InsertStatement() as insert:
                    images.changed = self._inserted(insert)
                case UpdateStatement() as update:
                    images.changed = self._changed(update, old)
                case _:
                    _ = None if old is None else old.item
        except ServiceError:
            images.changed = None

    def _inserted(self, insert: InsertStatement) -> Stored:
        return stored(*legal_item(insert.item(self.values), ITEM_TOO_LARGE))

    def _changed(self, update: UpdateStatement, old: Stored | None) -> Stored:
        if old is None:
            raise ConditionalCheckFailedException
        self._check(update.where, old)
        return stored(*_legal_update(update.apply(old.item, self.values)))

    def _named(self, schema: KeySchema) -> NamedItem:
        assert not isinstance(self.statement, InsertStatement)
        return named_item(self.statement.where, schema.names, self.values)

    def _named_place(self, named: NamedItem, schema: KeySchema) -> bytes:
        if len(named.key) < len(schema.names) and not self.transacted:
            raise ValidationException("Where clause does not contain a mandatory equality on all key attributes")
        if named.twice is not None and not isinstance(self.statement, ExistsStatement):
            raise ValidationException(
                f"Multiple conditions on same key {named.twice}. Only single item Update/Insert/Delete are supported"
            )
        if not self.transacted:
            for attribute in (*schema.partition_attributes, *schema.sort_attributes):
                if attribute.encode(named.key[attribute.name]) is None:
                    raise key_mismatch_of(attribute)
        return schema.key(named.key)

    def _check(self, where: Node | None, old: Stored | None) -> None:
        """`ConditionalCheckFailedException` when the clause is false of the item."""
        assert where is not None, "a clause that names the key is there"
        if not condition_test(where)({} if old is None else old.item, self.values):
            raise ConditionalCheckFailedException(old.item if old is not None and self.shows_item else None)


def _legal_update(item: dict[str, AttributeValue]) -> tuple[dict[str, AttributeValue], int]:
    try:
        return writing.legal_update(item)
    except ValidationException as error:
        if error.message.startswith(TOO_DEEP):
            raise ValidationException(TOO_DEEP) from None
        raise


def _check_paths(statement: UpdateStatement | DeleteStatement | ExistsStatement, schema: KeySchema) -> None:
    """No key attribute is written, and no path goes into one."""
    if statement.where is not None:
        for steps in paths_of(statement.where):
            check_scalar_key(steps, schema.names)
    if isinstance(statement, UpdateStatement):
        for steps in statement.written:
            check_scalar_key(steps, schema.names)
            if steps[0] in schema.names:
                raise invalid_parameter(f"Cannot update attribute {steps[0]}. This attribute is part of the key")


def returned(statement: WriteStatement, written: Written) -> bytes | None:
    """What RETURNING asks for, as JSON; None when that is nothing."""
    wanted = statement.returning if isinstance(statement, UpdateStatement | DeleteStatement) else None
    if wanted is None:
        return None
    image = written.old if wanted.endswith("OLD") else written.new
    if image is None:
        return None
    if wanted.startswith("ALL"):
        return image.json
    assert isinstance(statement, UpdateStatement)
    touched = statement.touched(image.item)
    return _encode(touched) if touched else None
