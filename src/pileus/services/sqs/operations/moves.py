"""StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks. Recordings sqs/sqs_move_task."""

from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot
from pileus.services.sqs.errors import InvalidParameterValueException, ResourceNotFoundException
from pileus.services.sqs.limits import MOVE_TASKS_LISTED_MAX, MOVES_PER_SECOND_MAX
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.move_tasks import (
    CANCELLING,
    RUNNING,
    MoveTaskRecord,
    list_tasks,
    put_task,
    read_handle,
    start_task,
    write_handle,
)
from pileus.services.sqs.names import queue_of_arn
from pileus.services.sqs.operations.base import SqsBase
from pileus.services.sqs.queue_records import find_queue, list_sources
from pileus.services.sqs.shapes import (
    CancelMessageMoveTaskRequest,
    CancelMessageMoveTaskResult,
    ListMessageMoveTasksRequest,
    ListMessageMoveTasksResult,
    ListMessageMoveTasksResultEntry,
    StartMessageMoveTaskRequest,
    StartMessageMoveTaskResult,
)

_ARN_PARTS: Final = 6


class MoveOperations(SqsBase):
    """Tasks that move messages out of dead-letter queues."""

    async def start_message_move_task(
        self, context: RequestContext, request: StartMessageMoveTaskRequest
    ) -> StartMessageMoveTaskResult:
        rate = request.max_number_of_messages_per_second
        if rate is not None and not 1 <= rate <= MOVES_PER_SECOND_MAX:
            raise InvalidParameterValueException(
                "Value for parameter MaxNumberOfMessagesPerSecond is invalid. "
                f"Reason: You must enter a number that's between 1 and {MOVES_PER_SECOND_MAX}."
            )
        now_s = self._clock.timestamp()
        async with self._store.transaction() as tx:
            source = await _own_queue(tx, context, request.source_arn, "SourceArn")
            if not await list_sources(tx, source.queue_name, limit=1):
                raise InvalidParameterValueException("Source queue must be configured as a Dead Letter Queue.")
            if request.destination_arn is not None:
                await _check_destination(tx, context, source, request.destination_arn)
            known = await list_tasks(tx, source)
            if any(task.active for task in known):
                raise InvalidParameterValueException(
                    "There is already a task running. "
                    "Only one active task is allowed for a source queue arn at a given time."
                )
            task = MoveTaskRecord(
                task_id=self._ids.uuid(),
                sequence=known[0].sequence + 1 if known else 1,
                source_arn=source.arn,
                source_serial=source.serial,
                started_ms=int(now_s * 1000),
                target_arn=request.destination_arn or "",
                per_second=rate or 0,
                to_move=(await self._contents.counts(tx, source)).visible,
            )
            start_task(tx, task, known=known)
        return StartMessageMoveTaskResult(task_handle=write_handle(task))

    async def cancel_message_move_task(
        self, context: RequestContext, request: CancelMessageMoveTaskRequest
    ) -> CancelMessageMoveTaskResult:
        """What was moved stays moved."""
        named = read_handle(request.task_handle)
        if named is None:
            raise InvalidParameterValueException("Value for parameter TaskHandle is invalid.")
        task_id, source_arn = named
        async with self._store.transaction() as tx:
            source = await _own_queue(tx, context, source_arn, "SourceArn")
            task = next((task for task in await list_tasks(tx, source) if task.task_id == task_id), None)
            if task is None:
                raise ResourceNotFoundException("Task does not exist.")
            if task.status != RUNNING:
                # API_CancelMessageMoveTask: "can only be cancelled when the current status is RUNNING".
                raise InvalidParameterValueException("Only a running task can be cancelled.")
            put_task(tx, msgspec.structs.replace(task, status=CANCELLING))
        return CancelMessageMoveTaskResult(approximate_number_of_messages_moved=task.moved)

    async def list_message_move_tasks(
        self, context: RequestContext, request: ListMessageMoveTasksRequest
    ) -> ListMessageMoveTasksResult:
        """The newest first; one, if not said otherwise (API_ListMessageMoveTasks)."""
        limit = 1 if request.max_results is None else request.max_results
        if not 1 <= limit <= MOVE_TASKS_LISTED_MAX:
            raise InvalidParameterValueException(
                "Value for parameter MaxResults is invalid. "
                f"Reason: You must enter a number that's between 1 and {MOVE_TASKS_LISTED_MAX}."
            )
        snapshot = self._store.snapshot()
        source = await _own_queue(snapshot, context, request.source_arn, "SourceArn")
        tasks = await list_tasks(snapshot, source)
        return ListMessageMoveTasksResult(results=[_entry(task) for task in tasks[:limit]])


async def _own_queue(snapshot: Snapshot, context: RequestContext, arn: str, parameter: str) -> QueueRecord:
    """A queue of the caller's account and region, by its ARN."""
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[0] != "arn":
        raise InvalidParameterValueException(
            f"You must use this format to specify the {parameter}: "
            "arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
        )
    named = queue_of_arn(arn)
    found = None
    if named is not None and (named.account_id, named.region) == (context.account_id, context.region):
        found = await find_queue(snapshot, named)
    if found is None:
        raise ResourceNotFoundException(f"The resource that you specified for the {parameter} parameter doesn't exist.")
    return found


async def _check_destination(snapshot: Snapshot, context: RequestContext, source: QueueRecord, arn: str) -> None:
    destination = await _own_queue(snapshot, context, arn, "DestinationArn")
    if destination.serial == source.serial:
        raise InvalidParameterValueException("Source queue arn and destination queue arn cannot be the same.")
    if destination.fifo != source.fifo:
        raise InvalidParameterValueException("The source queue and destination queue must be of the same queue type.")


def _entry(task: MoveTaskRecord) -> ListMessageMoveTasksResultEntry:
    """Only a task that runs has a handle. Recordings test_basic_move_task_workflow, test_move_task_cancel."""
    return ListMessageMoveTasksResultEntry(
        task_handle=write_handle(task) if task.status == RUNNING else None,
        status=task.status,
        source_arn=task.source_arn,
        destination_arn=task.target_arn or None,
        max_number_of_messages_per_second=task.per_second or None,
        approximate_number_of_messages_moved=task.moved,
        approximate_number_of_messages_to_move=task.to_move,
        failure_reason=task.failure or None,
        started_timestamp=task.started_ms,
    )
