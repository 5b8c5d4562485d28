"""Which messages of a batch go round in a loop, and to which trace belongs an invocation with the others?

A message brings the trace of who sent it (`AWSTraceHeader`). One whose chain came by the function too often keeps it
from being invoked, as if the invocation had failed: it stays in the queue, whose redrive policy decides when that is
enough. The others of its batch have nothing to do with it, except, in a FIFO queue, those behind it in its group.

An invocation goes on with one trace only: with that which came by the function least often, so that no message is taken
for part of a loop because of another one.

Source: Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops"; AWS Compute Blog,
"Detecting and stopping recursive loops in AWS Lambda functions".
"""

import logging
from collections.abc import Sequence
from typing import Final

from pileus.services.lambda_.mappings.queue_events import QueueRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.recursion import Recursion
from pileus.services.lambda_.traces import came_by

_log: Final = logging.getLogger(__name__)


class QueueLoops:
    """Looks at the traces of messages for one function."""

    def __init__(self, recursion: Recursion, function: FunctionName) -> None:
        self._recursion = recursion
        self._function = function

    async def stopped(self, records: Sequence[QueueRecord], *, ordered: bool) -> Sequence[QueueRecord]:
        """Those that the function is not to be invoked with. ordered: they are of a FIFO queue."""
        found: list[QueueRecord] = []
        groups: set[str] = set()
        for record in records:
            group = record.message.attributes.get("MessageGroupId", "") if ordered else ""
            if group and group in groups:
                found.append(record)
            elif await self._goes_round(record):
                _log.info("%s is in a loop: message %s stays", self._function.qualified_arn, record.message_id)
                found.append(record)
                groups.add(group)
        return found

    def trace(self, records: Sequence[QueueRecord]) -> str:
        """Of an invocation with these."""
        header = min(map(_trace, records), key=lambda header: came_by(header, self._function.arn))
        return self._recursion.trace(header, self._function)

    async def _goes_round(self, record: QueueRecord) -> bool:
        header = _trace(record)
        if "Lineage=" not in header:
            return False
        return await self._recursion.found(self._function, self._recursion.trace(header, self._function))


def _trace(record: QueueRecord) -> str:
    return record.message.attributes.get("AWSTraceHeader", "")
