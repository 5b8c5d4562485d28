"""What does one action of TransactWriteItems do?"""

from collections.abc import Awaitable
from typing import TypeAlias

from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.dynamodb import writing
from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.requests import transact_write_plan
from pileus.services.dynamodb.shapes import ConditionCheck, Delete, Put, TransactWriteItem, Update
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.values import Item
from pileus.services.dynamodb.writing import Images, Written

Asked: TypeAlias = Put | Delete | Update | ConditionCheck


def only_action(one: TransactWriteItem) -> Asked:
    actions = [action for action in (one.condition_check, one.put, one.delete, one.update) if action is not None]
    if len(actions) > 1:
        raise ValidationException("TransactItems can only contain one of Check, Put, Update or Delete")
    if not actions:
        raise ValidationException(
            "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
        )
    return actions[0]


class Action:
    """An action that is legal by itself.

    images: what an attempt that was given up has found out; see `foresee`.
    """

    __slots__ = ("_images", "_item", "_plan", "asked", "key", "table_name")

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.table_name = asked.table_name
        self._plan, self._item = transact_write_plan(asked)
        self._images: Images | None = None
        self.key: Item = asked.item if isinstance(asked, Put) else asked.key
        """The members of its key are among it: its Key, or its Item."""

    def place(self, table: Table) -> bytes | None:
        """Where its item lies; None when that is no key of the table's: `perform` will say so."""
        try:
            return table.key.key(self.key) if self._item is None else table.key.key_of(self._item[0])
        except ValidationException:
            return None

    def perform(self, tx: Transaction, table: Table, place: bytes | None, *, now_s: float) -> Awaitable[Written]:
        asked, plan, images = self.asked, self._plan, self._images
        match asked:
            case Put():
                assert self._item is not None, "a Put has its item"
                item, size = self._item
                return writing.put(tx, table, item, size, plan, now_s=now_s, place=place, images=images)
            case Update():
                assert plan is not None, "an Update has a plan"
                return writing.update(
                    tx, table, asked.key, plan, now_s=now_s, transacted=True, place=place, images=images
                )
            case Delete():
                return writing.delete(tx, table, asked.key, plan, now_s=now_s, place=place, images=images)
            case ConditionCheck():
                return writing.check(tx, table, asked.key, plan, place=place, images=images)

    async def foresee(self, reader: Snapshot, table: Table) -> None:
        """Look into the item, and make of it what `perform` would, so that `perform` need not while it is the same.

        What is wrong with it `perform` says.
        """
        place = self.place(table)
        if place is None:
            return
        self._images = images = Images()
        old = images.seen(await reader.get(place))
        if old is not None:
            _ = old.item
        if self._plan is None or not isinstance(self.asked, Update):
            return
        try:
            writing.check_condition(self._plan, old)
            images.changed = writing.changed(self.asked.key, old, self._plan)
        except ServiceError:
            images.changed = None
