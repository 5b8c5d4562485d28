"""ReceiveMessage. Sources: API_ReceiveMessage; recordings sqs/sqs."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.http.presence import presence
from pileus.services.sqs.errors import invalid_parameter
from pileus.services.sqs.limits import VISIBILITY_TIMEOUT_S_MAX, WAIT_S_MAX
from pileus.services.sqs.messages.received import Asked, message_told
from pileus.services.sqs.messages.visit import Taken
from pileus.services.sqs.model import QueueRecord
from pileus.services.sqs.operations.message_base import MessageBase
from pileus.services.sqs.shapes import ReceiveMessageRequest, ReceiveMessageResult

RECEIVED_MAX: Final = 10
LOOKS_S: Final = 1
"""How long a short poll clears away what nobody gets, before it answers with nothing."""

_ATTEMPT_ID: Final = re.compile(r"[!-~]{1,128}")


class ReceiveOperations(MessageBase):
    """How messages are received, and waited for."""

    async def receive_message(self, context: RequestContext, request: ReceiveMessageRequest) -> ReceiveMessageResult:
        limit = _check_receive(request)
        system = [*(request.attribute_names or ()), *(request.message_system_attribute_names or ())]
        asked = Asked(system, request.message_attribute_names or ())
        key = self._key(context, request.queue_url)
        queue, taken, wait_s = await self._receive(key, request, limit)
        if not taken and wait_s:
            taken = await self._poll(queue, lambda: self._receive(key, request, limit), seconds=wait_s)
        counting = self._counting.of(queue)
        if not taken:
            if counting is not None:
                counting.empty_receives(1)
                counting.requests(1)
            return ReceiveMessageResult()
        if counting is not None:
            counting.received(taken)
        told = [message_told(queue, one, asked) for one in taken]
        return ReceiveMessageResult(messages=told)

    async def _receive(
        self, key: bytes, request: ReceiveMessageRequest, limit: int
    ) -> tuple[QueueRecord, list[Taken], int]:
        """Queue, messages, and how long to wait when there are none.

        Behind many that nobody gets (dead letters, what has expired) there may be some: for those it looks again.
        """
        here, end_s = presence(), 0.0
        while True:
            queue, taken, wait_s, unfinished = await self._take(key, request, limit)
            if taken or not unfinished:
                return queue, taken, wait_s
            loop = asyncio.get_running_loop()
            end_s = end_s or loop.time() + max(wait_s, LOOKS_S)
            if loop.time() >= end_s:
                return queue, taken, wait_s
            await asyncio.sleep(0)
            if not here():
                return queue, taken, wait_s

    async def _take(
        self, key: bytes, request: ReceiveMessageRequest, limit: int
    ) -> tuple[QueueRecord, list[Taken], int, bool]:
        """One look: what `_receive` says, and whether another may find more."""
        messages = self._messages
        async with self._store.transaction() as tx:
            queue = await messages.known.get(tx, key)
            attempt_id = request.receive_request_attempt_id
            if attempt_id is not None:
                _check_attempt(queue, attempt_id)
            wait_s = queue.wait_s if request.wait_time_seconds is None else request.wait_time_seconds
            visibility_s = request.visibility_timeout
            seen = await messages.visit(tx, queue)
            taken = await messages.receive(
                seen,
                limit=limit,
                visibility_s=queue.visibility_timeout_s if visibility_s is None else visibility_s,
                attempt_id=attempt_id or "",
                patient=wait_s > 0,
            )
            seen.save()
        return queue, taken, wait_s, seen.unfinished

    async def _poll(
        self,
        queue: QueueRecord,
        receive: Callable[[], Awaitable[tuple[QueueRecord, list[Taken], int]]],
        *,
        seconds: float,
    ) -> list[Taken]:
        """Wait for messages; what a client who has hung up would get, the next one gets."""
        here = presence()
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        while await self._waiting.wait(queue, seconds=end_s - loop.time(), here=here):
            if not here():
                self._waiting.pass_on(queue)
                break
            _, taken, _ = await receive()
            if taken:
                return taken
        return []


def _check_receive(request: ReceiveMessageRequest) -> int:
    """How many messages are wanted; recordings test_send_receive_max_number_of_messages, ..._wait_time_seconds."""
    limit = 1 if request.max_number_of_messages is None else request.max_number_of_messages
    if not 1 <= limit <= RECEIVED_MAX:
        raise invalid_parameter("MaxNumberOfMessages", limit, f"Must be between 1 and {RECEIVED_MAX}, if provided.")
    wait_s = request.wait_time_seconds
    if wait_s is not None and not 0 <= wait_s <= WAIT_S_MAX:
        raise invalid_parameter("WaitTimeSeconds", wait_s, f"Must be >= 0 and <= {WAIT_S_MAX}, if provided.")
    timeout_s = request.visibility_timeout
    if timeout_s is not None and not 0 <= timeout_s <= VISIBILITY_TIMEOUT_S_MAX:
        raise invalid_parameter(
            "VisibilityTimeout", timeout_s, f"Must be >= 0 and <= {VISIBILITY_TIMEOUT_S_MAX}, if provided."
        )
    return limit


def _check_attempt(queue: QueueRecord, attempt_id: str) -> None:
    if not queue.fifo:
        raise invalid_parameter(
            "ReceiveRequestAttemptId",
            attempt_id,
            "The request include parameter that is not valid for this queue type.",
        )
    if _ATTEMPT_ID.fullmatch(attempt_id) is None:
        raise invalid_parameter(
            "ReceiveRequestAttemptId",
            attempt_id,
            "ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.",
        )
