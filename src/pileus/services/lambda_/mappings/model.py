"""What are event source mappings, and how far have they come?"""

from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

import msgspec

from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.shapes import EventSourceMappingMetric, EventSourcePosition, FunctionResponseType

NOTHING_PROCESSED: Final = "No records processed"
PROCESSED: Final = "OK"
CALL_FAILED: Final = "PROBLEM: Function call failed"
SOURCE_GONE: Final = "PROBLEM: Stream not found"

UNLIMITED: Final = -1
"""Of retries and of ages."""

State = Literal["Creating", "Enabling", "Enabled", "Disabling", "Disabled", "Updating", "Deleting"]


class MappingRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.mapping.v1"):
    """An event source mapping of a stream or queue. Durations in seconds; UNLIMITED where there is no limit.

    function: as it was named, so with its qualifier. enabled: what it is as soon as whoever asked has been answered;
    the states in between are answers only. filters: patterns, any of which lets a record through; empty: all pass.
    on_failure: '' for none. starting_position: None for queues. concurrency_max: of a queue's; 0 where nobody said.
    metrics: the groups that are counted.
    """

    uuid: str
    function: FunctionName
    source_arn: str
    modified_at: datetime
    starting_position: EventSourcePosition | None = None
    enabled: bool = True
    starting_timestamp: datetime | None = None
    batch_size: int = 100
    batching_window_s: int = 0
    parallelization_factor: int = 1
    filters: list[str] = []
    on_failure: str = ""
    record_age_max_s: int = UNLIMITED
    bisect: bool = False
    retries_max: int = UNLIMITED
    tumbling_window_s: int = 0
    response_types: list[FunctionResponseType] = []
    tags: dict[str, str] = {}
    concurrency_max: int = 0
    metrics: list[EventSourceMappingMetric] = []

    @property
    def arn(self) -> str:
        function = self.function
        return (
            f"arn:{function.partition}:lambda:{function.region}:{function.account_id}:event-source-mapping:{self.uuid}"
        )

    @property
    def service(self) -> str:
        """Whose stream or queue it is."""
        return self.source_arn.split(":", 3)[2]

    @property
    def reports_item_failures(self) -> bool:
        return "ReportBatchItemFailures" in self.response_types


class Window(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tumbling window that is open. state: JSON, as the function returned it last. Milliseconds since 1970."""

    start_ms: int
    end_ms: int
    state: bytes = b"{}"

    def with_state(self, state: bytes) -> "Window":
        return msgspec.structs.replace(self, state=state)


class LaneProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.mapping-lane.v1"):
    """How far one lane of a shard has come. position: of the next record. finished: the shard is read to its end."""

    position: int
    finished: bool = False
    window: Window | None = None


class LaneName(NamedTuple):
    """Which lane: of a shard's records those whose key falls to `number`, of `lanes` of them."""

    shard_id: str
    number: int
    lanes: int


class MappingStatus(msgspec.Struct, frozen=True, kw_only=True, tag="lambda.mapping-status.v1"):
    """What became of the last batch."""

    last_result: str


def window_of(at_ms: int, length: timedelta) -> Window:
    """The tumbling window that a moment falls into; they are counted from 1970."""
    length_ms = int(length.total_seconds() * 1000)
    start_ms = at_ms - at_ms % length_ms
    return Window(start_ms=start_ms, end_ms=start_ms + length_ms)
