"""How do messages go back from a dead-letter queue?

A task is a record below its source queue's serial, and an event in the outbox. Each event is one step: within one
transaction it reads the task, moves some messages, writes what it did, and emits the next step, due when the rate
allows it. So a kill between two steps loses nothing and repeats nothing, and who cancels a task writes into the record
that the next step reads. A queue has at most one running task; the ten newest are kept.

    RUNNING → COMPLETED | FAILED             by a step
    RUNNING → CANCELLING → CANCELLED         by CancelMessageMoveTask, then by a step

Sources: API_StartMessageMoveTask and its neighbours; recordings sqs/sqs_move_task.
"""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Store, Transaction
from pileus.services.sqs.contents import Moved, QueueContents
from pileus.services.sqs.limits import MOVE_TASKS_LISTED_MAX
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.queue_records import find_queue_by_arn

TOPIC: Final = "sqs.move"
RUNNING: Final = "RUNNING"
CANCELLING: Final = "CANCELLING"
CANCELLED: Final = "CANCELLED"
COMPLETED: Final = "COMPLETED"
FAILED: Final = "FAILED"
QUEUE_GONE: Final = "AWS.SimpleQueueService.NonExistentQueue"
"""Recording test_move_task_delete_destination_queue_while_running."""

_TASKS: Final = Subspace("sqs", "move")
_STEP_MESSAGES: Final = 100
_STEPS_PER_SECOND_MAX: Final = 10
_HANDLE_CHARACTERS_MAX: Final = 2_048


class MoveTaskRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="sqs.move-task.v1"):
    """A task. sequence: orders the tasks of a queue. target_arn: "" for the queue that each message came from.

    per_second: at most so many messages; 0 for as many as there are.
    """

    task_id: str
    sequence: int
    source_arn: str
    source_serial: bytes
    started_ms: int
    target_arn: str = ""
    per_second: int = 0
    status: str = RUNNING
    moved: int = 0
    to_move: int = 0
    failure: str = ""

    @property
    def active(self) -> bool:
        return self.status in (RUNNING, CANCELLING)


class MoveStepRecord(msgspec.Struct, frozen=True, kw_only=True, tag="sqs.move-step.v1"):
    """The next step of a task."""

    source_serial: bytes
    sequence: int


class _Handle(msgspec.Struct, frozen=True, rename="camel"):
    """What a task handle says, in JSON, in base64. Recording test_basic_move_task_workflow's test."""

    task_id: str
    source_arn: str


def write_handle(task: MoveTaskRecord) -> str:
    return base64.b64encode(msgspec.json.encode(_Handle(task.task_id, task.source_arn))).decode()


def read_handle(handle: str) -> tuple[str, str] | None:
    """Task id and source ARN; None when it is no handle."""
    if len(handle) > _HANDLE_CHARACTERS_MAX:
        return None
    try:
        said = msgspec.json.decode(base64.b64decode(handle, validate=True), type=_Handle)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None
    return said.task_id, said.source_arn


async def list_tasks(snapshot: Snapshot, source: QueueRecord) -> list[MoveTaskRecord]:
    """The newest first."""
    begin, end = _TASKS.range(source.serial)
    return [decode(value, MoveTaskRecord) for _, value in await snapshot.range(begin, end, reverse=True)]


def start_task(tx: Transaction, task: MoveTaskRecord, *, known: list[MoveTaskRecord]) -> None:
    """Write a task down, with its first step. known: those of its queue, of which the oldest may be forgotten."""
    assert not any(before.active for before in known)
    for forgotten in known[MOVE_TASKS_LISTED_MAX - 1 :]:
        tx.clear(_key(forgotten))
    put_task(tx, task)
    _emit_step(tx, task, at=None)


def put_task(tx: Transaction, task: MoveTaskRecord) -> None:
    tx.set(_key(task), encode(task))


def forget_tasks(tx: Transaction, source: QueueRecord) -> None:
    """Of a queue that is deleted; a step that is still due finds no task."""
    tx.clear_range(*_TASKS.range(source.serial))


class Moving:
    """Handles the topic."""

    def __init__(self, *, store: Store, clock: Clock, contents: QueueContents) -> None:
        self._store = store
        self._clock = clock
        self._contents = contents

    async def deliver(self, delivery: Delivery) -> None:
        step = decode(delivery.event.payload, MoveStepRecord)

        async def run(tx: Transaction) -> None:
            value = await tx.get(_TASKS.pack(step.source_serial, step.sequence))
            if value is not None:
                await self._step(tx, decode(value, MoveTaskRecord), due=delivery.due)

        await self._store.run(run)

    async def _step(self, tx: Transaction, task: MoveTaskRecord, *, due: datetime) -> None:
        if task.status == CANCELLING:
            put_task(tx, msgspec.structs.replace(task, status=CANCELLED))
        if task.status != RUNNING:
            return
        limit, pause = pace(task.per_second)
        moved = await self._move(tx, task, limit=limit)
        status = FAILED if moved.failure else RUNNING if moved.more else COMPLETED
        put_task(
            tx, msgspec.structs.replace(task, moved=task.moved + moved.count, status=status, failure=moved.failure)
        )
        if status == RUNNING:
            # From the moment this step was due, so that the time it took does not slow the task down.
            _emit_step(tx, task, at=max(due + pause, self._clock.now()) if pause else None)

    async def _move(self, tx: Transaction, task: MoveTaskRecord, *, limit: int) -> Moved:
        source = await find_queue_by_arn(tx, task.source_arn)
        if source is None or source.serial != task.source_serial:
            return Moved(count=0, failure=QUEUE_GONE)
        target = await find_queue_by_arn(tx, task.target_arn) if task.target_arn else None
        if task.target_arn and target is None:
            return Moved(count=0, failure=QUEUE_GONE)
        return await self._contents.move(tx, source, target, limit=limit)


def pace(per_second: int) -> tuple[int, timedelta]:
    """How many messages a step moves, and how long it waits then.

    Slow tasks move one by one; from ten a second on, a step has more messages instead of coming more often.
    """
    if not per_second:
        return _STEP_MESSAGES, timedelta(0)
    messages = -(-per_second // _STEPS_PER_SECOND_MAX)
    return messages, timedelta(seconds=messages / per_second)


def _emit_step(tx: Transaction, task: MoveTaskRecord, *, at: datetime | None) -> None:
    step = MoveStepRecord(source_serial=task.source_serial, sequence=task.sequence)
    tx.emit(Event(topic=TOPIC, payload=encode(step)), at=at)


def _key(task: MoveTaskRecord) -> bytes:
    return _TASKS.pack(task.source_serial, task.sequence)
