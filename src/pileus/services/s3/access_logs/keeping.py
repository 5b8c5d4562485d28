"""Which answers are logged, and how do the logs get into their bucket?

As on AWS, best effort: lines are in memory until the next delivery, once a minute, and when the server ends. While no
bucket has a log, an answer costs one look at a flag.

Source: S3 User Guide, "Logging requests with server access logging", "Enabling Amazon S3 server access logging".
"""

import logging
from collections import defaultdict, deque
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Watch
from pileus.services.s3.access_logs.lines import Line, line_of
from pileus.services.s3.bucket_records import buckets_with, changes_of, find_bucket, find_setting
from pileus.services.s3.events.naming import host_id
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.names import bucket_arn
from pileus.services.s3.settings.documents import LOGGING, read
from pileus.services.s3.shapes import LoggingEnabled

_log: Final = logging.getLogger(__name__)
_EVERY: Final = timedelta(minutes=1)
_LINES_MAX: Final = 100_000
"""More than these are forgotten, the oldest first: a log is not worth the memory of those who are served."""
SERVICE: Final = "logging.s3.amazonaws.com"


class LogWriter(Protocol):
    """Puts a log into its bucket."""

    async def put(self, bucket: BucketRecord, key: str, data: bytes, *, call: ServiceCall) -> None:
        """ServiceError, of a bucket that does not let the service in."""
        ...


class AccessLogs:
    """Hears of answers, and delivers what it heard."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, writer: LogWriter) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._writer = writer
        self._lines: deque[Line] = deque(maxlen=_LINES_MAX)
        self._logged = False

    def note(
        self,
        request: Request,
        context: RequestContext | None,
        given: object,
        response: Response,
        *,
        error_code: str,
        took_s: float,
    ) -> None:
        """Remember an answer, if any bucket has a log; `kernel.service.AnswerListener`."""
        if not self._logged:
            return
        bucket = getattr(given, "bucket", None)
        if context is None or not bucket:
            return
        self._lines.append(
            line_of(
                request,
                context,
                operation=context.operation,
                bucket=bucket,
                key=getattr(given, "key", None) or "",
                version_id=getattr(given, "version_id", None) or "",
                response=response,
                error_code=error_code,
                took_s=took_s,
                at_s=self._clock.timestamp(),
                host_id=host_id(context.request_id),
            )
        )

    async def run(self) -> None:
        """Deliver until cancelled; a duty."""
        while True:
            watch = self._store.watch(changes_of(LOGGING))
            self._logged = bool(await buckets_with(self._store.snapshot(), LOGGING, limit=1))
            if self._logged:
                watch.cancel()
                await self._clock.sleep(_EVERY)
                await self.deliver()
            else:
                await self._change(watch)

    async def deliver(self) -> None:
        """Write what has gathered."""
        by_bucket: dict[str, list[Line]] = defaultdict(list)
        while self._lines:
            line = self._lines.popleft()
            by_bucket[line.bucket].append(line)
        for name, lines in by_bucket.items():
            try:
                await self._deliver(name, lines)
            except ServiceError as refused:
                _log.info("the access log of %s cannot be delivered: %s", name, refused.message)

    async def _change(self, watch: Watch) -> None:
        try:
            await watch.changed()
        finally:
            watch.cancel()

    async def _deliver(self, name: str, lines: list[Line]) -> None:
        snapshot = self._store.snapshot()
        source = await find_bucket(snapshot, name)
        setting = None if source is None else await find_setting(snapshot, source, LOGGING)
        if source is None or setting is None:
            return
        enabled = read(setting, LoggingEnabled)
        target = await find_bucket(snapshot, enabled.target_bucket)
        if target is None or target.account_id != source.account_id:
            return
        data = "".join(line.written(source.account_id) for line in lines).encode()
        call = ServiceCall(service=SERVICE, source_arn=bucket_arn(name), source_account=source.account_id)
        await self._writer.put(target, self._key(enabled, source, lines[0]), data, call=call)

    def _key(self, enabled: LoggingEnabled, source: BucketRecord, first: Line) -> str:
        """Where a log goes. Source: as above, "Log object key format"."""
        now = self._clock.now()
        name = f"{now:%Y-%m-%d-%H-%M-%S}-{self._ids.bytes(8).hex().upper()}"
        form = enabled.target_object_key_format
        if form is None or form.partitioned_prefix is None:
            return f"{enabled.target_prefix}{name}"
        of_event = form.partitioned_prefix.partition_date_source == "EventTime"
        day = datetime.fromtimestamp(first.at_s, UTC) if of_event else now
        return f"{enabled.target_prefix}{source.account_id}/{source.region}/{source.name}/{day:%Y/%m/%d}/{name}"
