"""What does DynamoDB count for CloudWatch? The metrics of `AWS/DynamoDB`.

An operation that succeeds tells its table, whose `TableMetrics` is kept with it; one that fails is told to
`DynamoDbMetrics.note_failure` by the front door, which also knows of requests that no operation ever saw.
As on AWS there is nothing where there was nothing to count: no zeros.

Latency is the operation's own; that its commit is durable is awaited later, and not in it.

Source: Developer Guide, "DynamoDB metrics and dimensions".
"""

from collections.abc import Callable
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus, ServiceError
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Dimensions
from pileus.services.dynamodb.capacity import Units
from pileus.services.dynamodb.shapes import (
    BatchGetItemInput,
    BatchWriteItemInput,
    CancellationReason,
    TransactGetItemsInput,
    TransactWriteItemsInput,
)

NAMESPACE: Final = "AWS/DynamoDB"
PLACES_MAX: Final = 1_000
"""Accounts and regions whose users' errors are counted, the first since the start.

In open mode whoever asks names an account and a region, and each new one would leave a metric in the store.
"""
_MS: Final = 1_000.0
_TABLE_ARN: Final = ":table/"
_ARN_PARTS: Final = 5
_THROTTLED: Final = frozenset({"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException"})
_CHECK_FAILED: Final = "ConditionalCheckFailedException"
_CONFLICT: Final = "TransactionConflictException"
_CONFLICT_REASON: Final = "TransactionConflict"
_INTERNAL_STATUS: Final = 500

Add = Callable[[float], None]


class TableMetrics:
    """What is counted of one table. started_s: `clock.monotonic()` when the operation began."""

    __slots__ = ("_counted", "_latency", "_monotonic", "_read", "_written")

    def __init__(self, metrics: Metrics, clock: Clock, *, account_id: str, region: str, name: str) -> None:
        def series(metric: str, unit: str, *dimensions: tuple[str, str]) -> Add:
            of_table: Dimensions = (("TableName", name), *dimensions)
            return metrics.series(account_id, region, NAMESPACE, metric, of_table, unit).add

        self._monotonic = clock.monotonic
        self._counted = _Counted(series)
        self._latency = _Latency(series)
        self._read = self._counted["ConsumedReadCapacityUnits", "Count"]
        self._written = self._counted["ConsumedWriteCapacityUnits", "Count"]

    # What succeeded

    def read(self, operation: str, units: float, started_s: float) -> None:
        """An operation read from the table alone, for so many units. For the hot path: 0.6 us."""
        self._read(units)
        self._latency[operation]((self._monotonic() - started_s) * _MS)

    def wrote(self, operation: str, units: float, started_s: float) -> None:
        """The same, of one that wrote."""
        self._written(units)
        self._latency[operation]((self._monotonic() - started_s) * _MS)

    def succeeded(self, operation: str, started_s: float) -> None:
        self._latency[operation]((self._monotonic() - started_s) * _MS)

    def done(self, operation: str, units: Units, started_s: float, *, writing: bool, factor: int = 1) -> None:
        """An operation consumed this of table and indexes, and has ended. factor: see `consumed`."""
        self.consumed(units, writing=writing, factor=factor)
        self.succeeded(operation, started_s)

    def consumed(self, units: Units, *, writing: bool, factor: int = 1) -> None:
        """units: of table and indexes; each global index is counted by itself, local ones with the table.

        factor: 2 in a transaction.
        """
        metric = "ConsumedWriteCapacityUnits" if writing else "ConsumedReadCapacityUnits"
        own = units.table + sum(units.local.values()) if units.local else units.table
        if own:
            self._counted[metric, "Count"](own * factor)
        for index, share in units.globally.items():
            self._counted[metric, "Count", ("GlobalSecondaryIndexName", index)](share * factor)

    def returned_items(self, operation: str, count: int) -> None:
        """Query, Scan, or a select of PartiQL answered so many items."""
        self._counted["ReturnedItemCount", "Count", ("Operation", operation)](count)

    def returned_records(self, stream_label: str, *, count: int, size_bytes: int, started_s: float) -> None:
        """GetRecords answered so many of a stream's records."""
        of_stream = (("Operation", "GetRecords"), ("StreamLabel", stream_label))
        self._counted["ReturnedRecordsCount", "Count", *of_stream](count)
        self._counted["ReturnedBytes", "Bytes", *of_stream](size_bytes)
        latency_ms = (self._monotonic() - started_s) * _MS
        self._counted["SuccessfulRequestLatency", "Milliseconds", *of_stream](latency_ms)

    def expired(self, count: int) -> None:
        """TTL deleted so many items."""
        self._counted["TimeToLiveDeletedItemCount", "Count"](count)

    # What failed

    def check_failed(self) -> None:
        self._counted["ConditionalCheckFailedRequests", "Count"](1)

    def conflicted(self, actions: int) -> None:
        """So many actions of one request met another transaction."""
        self._counted["TransactionConflict", "Count"](actions)

    def throttled(self, operation: str) -> None:
        self._counted["ThrottledRequests", "Count", ("Operation", operation)](1)

    def broke(self, operation: str) -> None:
        """It was our fault."""
        self._counted["SystemErrors", "Count", ("Operation", operation)](1)


class DynamoDbMetrics:
    """Gives tables what they count with, and counts failures."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._places: set[tuple[str, str]] = set()

    def table(self, account_id: str, region: str, name: str) -> TableMetrics:
        """What to keep with a table."""
        return TableMetrics(self._metrics, self._clock, account_id=account_id, region=region, name=name)

    def note_failure(self, context: RequestContext, given: object, error: ServiceError) -> None:
        """A request was answered with an error. given: the operation's input; None when it could not be read."""
        if isinstance(error, NotImplementedByPileus):
            return  # no error of AWS's
        code = error.error_code
        tables = [self._named(context, name) for name in sorted(_table_names(given))]
        status = error.http_status if isinstance(error, AnyServiceError) else error.status
        if status >= _INTERNAL_STATUS:
            for table in tables:
                table.broke(context.operation)
        elif code in _THROTTLED:
            for table in tables:
                table.throttled(context.operation)
        elif code == _CHECK_FAILED:
            for table in tables:
                table.check_failed()
        else:
            for name, actions in _conflicts(given, error).items():
                self._named(context, name).conflicted(actions)
            self._count_user_error(context.account_id, context.region)

    def _count_user_error(self, account_id: str, region: str) -> None:
        place = account_id, region
        if place not in self._places:
            if len(self._places) >= PLACES_MAX:
                return
            self._places.add(place)
        self._metrics.series(account_id, region, NAMESPACE, "UserErrors", (), "Count").add(1)

    def _named(self, context: RequestContext, given: str) -> TableMetrics:
        """given: a name, or the ARN of a table which may be another account's."""
        head, _, name = given.rpartition(_TABLE_ARN)
        arn = head.split(":")  # arn:aws:dynamodb:REGION:ACCOUNT
        if len(arn) == _ARN_PARTS:
            return self.table(arn[4], arn[3], name)
        return self.table(context.account_id, context.region, name)


class _Counted(dict[tuple[str, str, *tuple[tuple[str, str], ...]], Add]):
    """Metric, unit and further dimensions -> how to count; a series is made when it is first counted."""

    def __init__(self, series: Callable[..., Add]) -> None:
        super().__init__()
        self._series = series

    def __missing__(self, key: tuple[str, str, *tuple[tuple[str, str], ...]]) -> Add:
        add = self[key] = self._series(*key)
        return add


class _Latency(dict[str, Add]):
    """Operation -> how to count how long it took, in milliseconds."""

    def __init__(self, series: Callable[..., Add]) -> None:
        super().__init__()
        self._series = series

    def __missing__(self, operation: str) -> Add:
        add = self[operation] = self._series("SuccessfulRequestLatency", "Milliseconds", ("Operation", operation))
        return add


def _table_names(given: object) -> set[str]:
    """The tables that a request names, as far as its members say; a statement's are not looked for."""
    match given:
        case BatchGetItemInput() | BatchWriteItemInput():
            return set(given.request_items)
        case TransactWriteItemsInput() | TransactGetItemsInput():
            return set(_action_tables(given))
    name = getattr(given, "table_name", None)
    return {name} if isinstance(name, str) else set()


def _action_tables(given: TransactWriteItemsInput | TransactGetItemsInput) -> list[str]:
    """The table of each action."""
    if isinstance(given, TransactGetItemsInput):
        return [item.get.table_name for item in given.transact_items]
    actions = [item.condition_check or item.put or item.delete or item.update for item in given.transact_items]
    return ["" if action is None else action.table_name for action in actions]


def _conflicts(given: object, error: ServiceError) -> dict[str, int]:
    """How many actions on each table were refused because of another transaction."""
    if error.error_code == _CONFLICT:
        return dict.fromkeys(_table_names(given), 1)
    reasons = error.members.get("CancellationReasons")
    found: dict[str, int] = {}
    if isinstance(reasons, list) and isinstance(given, TransactWriteItemsInput | TransactGetItemsInput):
        for name, reason in zip(_action_tables(given), reasons, strict=False):
            if isinstance(reason, CancellationReason) and reason.code == _CONFLICT_REASON:
                found[name] = found.get(name, 0) + 1
    return found
