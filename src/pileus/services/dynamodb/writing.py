"""How does one item change, with everything that hangs on it?

Every change of an item goes through `write`: the item itself, its entries in the indexes, the size of its collection,
when it expires, and the table's change log. All in the transaction of the operation, so that none is ever without the
others.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.kernel.storage.seam import Transaction
from pileus.services.dynamodb import capacity
from pileus.services.dynamodb.capacity import Units
from pileus.services.dynamodb.changes import Change, ChangeKind
from pileus.services.dynamodb.errors import ConditionalCheckFailedException, ValidationException
from pileus.services.dynamodb.expiry import expires_at, maintain_expiry
from pileus.services.dynamodb.index_rules import check_against_indexes
from pileus.services.dynamodb.indexes import Writer
from pileus.services.dynamodb.limits import ITEM_BYTES_MAX
from pileus.services.dynamodb.model import canonical_key
from pileus.services.dynamodb.requests import WritePlan, check_against_key, legal_item
from pileus.services.dynamodb.shapes import AttributeValue
from pileus.services.dynamodb.store import Table
from pileus.services.dynamodb.stored import Stored, found, stored
from pileus.services.dynamodb.values import Item, more_members_than

ITEM_TOO_LARGE: Final = "Item size has exceeded the maximum allowed size"
UPDATED_ITEM_TOO_LARGE: Final = "Item size to update has exceeded the maximum allowed size"

_encode: Final = msgspec.json.Encoder().encode


class Written:
    """What a write did.

    old, new: before and after. units: what it consumed. collection_bytes: of a table with local indexes, afterwards.
    """

    __slots__ = ("collection_bytes", "key", "new", "old", "table", "units")

    def __init__(self, table: Table, key: bytes, old: Stored | None, new: Stored | None) -> None:
        self.table = table
        self.key = key
        self.old = old
        self.new = new
        before_bytes = 0 if old is None else old.size
        after_bytes = 0 if new is None else new.size
        self.units = Units(capacity.write_units(before_bytes=before_bytes, after_bytes=after_bytes))
        self.collection_bytes: int | None = None


async def write(
    tx: Transaction,
    table: Table,
    key: bytes,
    old: Stored | None,
    new: Stored | None,
    *,
    now_s: float,
    updating: bool = False,
    transacted: bool = False,
    by_ttl: bool = False,
) -> Written:
    """Make the item at `key` from `old` to `new` (None: no item).

    updating, transacted: by an update expression, in a transaction; for messages.
    """
    if new is not None:
        tx.set(key, new.data)
    elif old is not None:
        tx.clear(key)
    written = Written(table, key, old, new)
    if table.plain:
        return written
    grown = (0 if new is None else new.size) - (0 if old is None else old.size)
    writer: Writer = "put" if not updating else "transacted update" if transacted else "update"
    for index in table.indexes:
        units, index_grown = index.maintain(tx, key, old, new, writer=writer)
        written.units.count(index.name, units, local=index.local)
        if index.local:
            grown += index_grown
    if table.collections is not None:
        partition = table.key.partition_of(key)
        written.collection_bytes = await table.collections.grow(tx, partition, grown)
    if table.ttl is not None:
        maintain_expiry(tx, table.expiry(key), _expires(old, table.ttl), _expires(new, table.ttl))
    if table.log.needs is not None:
        await _log_change(tx, table, old, new, now_s=now_s, by_ttl=by_ttl)
    return written


def _expires(image: Stored | None, attribute: str) -> int | None:
    return None if image is None else expires_at(image.item, attribute)


async def _log_change(
    tx: Transaction, table: Table, old: Stored | None, new: Stored | None, *, now_s: float, by_ttl: bool
) -> None:
    """Nothing is logged when nothing changed."""
    image = new or old
    if image is None:
        return
    kind: ChangeKind = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
    if old is not None and new is not None and old.same_as(new):
        return
    needs = table.log.needs
    assert needs is not None
    await table.log.append(
        tx,
        Change(
            kind=kind,
            keys=_encode(table.key.pick(image.item)),
            at_ms=int(now_s * 1000),
            old=old.data if old is not None and needs.old else None,
            new=new.data if new is not None and needs.new else None,
            by_ttl=by_ttl,
        ),
    )


# --- the four writes of the API --------------------------------------------------------------------------------------


def check_against_table(plan: WritePlan, table: Table) -> None:
    """What only the table can tell of a plan: which attributes are keys, its own or its indexes'."""
    check_against_key(plan, table.key)
    if table.indexes:
        check_against_indexes(plan, table.indexes)


def check_condition(plan: WritePlan, old: Stored | None) -> None:
    """`ConditionalCheckFailedException` when the plan's condition is false."""
    if plan.condition is None:
        return
    item: Mapping[str, AttributeValue] = {} if old is None else old.item
    if not plan.condition.test(item, plan.values):
        raise ConditionalCheckFailedException(item if old is not None and plan.shows_item_on_failure else None)


class Images:
    """An item as an earlier attempt of the same transaction saw it, and what it made of it.

    To look into a large item takes long, and so does to make a new one of it; neither is done again while the item is
    what it was. changed: is only there where all that the plan asks was true of `old`.
    """

    __slots__ = ("changed", "old")

    def __init__(self) -> None:
        self.old: Stored | None = None
        self.changed: Stored | None = None

    def seen(self, data: bytes | None) -> Stored | None:
        """What a read of the item has found."""
        if data != (None if self.old is None else self.old.data):
            self.old = found(data)
            self.changed = None
        return self.old


async def put(
    tx: Transaction,
    table: Table,
    item: dict[str, AttributeValue],
    size: int,
    plan: WritePlan | None,
    *,
    now_s: float,
    place: bytes | None = None,
    images: Images | None = None,
) -> Written:
    """item, size: legal, as `legal_item` gives them. plan None: neither condition nor answer. place: if known."""
    if place is None:
        place = table.key.key_of(item)
    if plan is not None:
        check_against_table(plan, table)
    data = await tx.get(place)
    old = found(data) if images is None else images.seen(data)
    if plan is not None and plan.condition is not None:
        check_condition(plan, old)
    return await write(tx, table, place, old, stored(item, size), now_s=now_s)


async def delete(
    tx: Transaction,
    table: Table,
    key: Item,
    plan: WritePlan | None,
    *,
    now_s: float,
    place: bytes | None = None,
    images: Images | None = None,
) -> Written:
    """Arguments as of `put`."""
    if place is None:
        place = table.key.key(key)
    if plan is not None:
        check_against_table(plan, table)
    data = await tx.get(place)
    old = found(data) if images is None else images.seen(data)
    if plan is not None and plan.condition is not None:
        check_condition(plan, old)
    return await write(tx, table, place, old, None, now_s=now_s)


async def update(
    tx: Transaction,
    table: Table,
    key: Item,
    plan: WritePlan,
    *,
    now_s: float,
    transacted: bool = False,
    place: bytes | None = None,
    images: Images | None = None,
) -> Written:
    """Arguments as of `put`."""
    if place is None:
        place = table.key.key(key)
    check_against_table(plan, table)
    data = await tx.get(place)
    old = found(data) if images is None else images.seen(data)
    new = None if images is None else images.changed
    if new is None:
        check_condition(plan, old)
        if old is None and plan.update is not None and not plan.update.creates:
            plan.update.apply(canonical_key(key), plan.values)  # only for what may be wrong with it
            return Written(table, place, None, None)
        new = changed(key, old, plan)
        if images is not None:
            images.changed = new
    return await write(tx, table, place, old, new, now_s=now_s, updating=True, transacted=transacted)


def changed(key: Item, old: Stored | None, plan: WritePlan) -> Stored:
    """What the update of a plan makes of an item, or of no more than its key."""
    before = canonical_key(key) if old is None else old.item
    return stored(*legal_update(before if plan.update is None else plan.update.apply(before, plan.values)))


def legal_update(changed: dict[str, AttributeValue]) -> tuple[dict[str, AttributeValue], int]:
    """What an update has made of an item, as `legal_item` gives it. Each member weighs at least a byte."""
    if more_members_than(ITEM_BYTES_MAX, changed):
        raise ValidationException(UPDATED_ITEM_TOO_LARGE)
    return legal_item(changed, UPDATED_ITEM_TOO_LARGE)


async def check(
    tx: Transaction,
    table: Table,
    key: Item,
    plan: WritePlan | None,
    *,
    place: bytes | None = None,
    images: Images | None = None,
) -> Written:
    """A ConditionCheck: costs what a write would, and writes nothing. Arguments as of `put`."""
    if place is None:
        place = table.key.key(key)
    if plan is not None:
        check_against_table(plan, table)
    data = await tx.get(place)
    old = found(data) if images is None else images.seen(data)
    if plan is not None:
        check_condition(plan, old)
    return Written(table, place, old, old)


# --- what a write answers --------------------------------------------------------------------------------------------


def returned_attributes(plan: WritePlan, written: Written, key: Item | None) -> bytes | None:
    """`Attributes` as JSON. key: of the request, when it was an update."""
    old, new = written.old, written.new
    match plan.returns:
        case "ALL_OLD":
            return None if old is None else old.json
        case "ALL_NEW":
            return None if new is None else new.json
        case "UPDATED_OLD" | "UPDATED_NEW" if plan.update is not None:
            if plan.returns == "UPDATED_NEW":
                image: Item | None = None if new is None else new.item
            else:
                image = old.item if old is not None else None if key is None else canonical_key(key)
            touched = plan.update.touched(image) if image is not None else None
            return _encode(touched) if touched else None
    return None
