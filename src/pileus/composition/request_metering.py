"""What of S3 and KMS is paid for by the request? Counted as answers leave; see `billing`.

What is refused costs nothing here; AWS charges for some of it. Sources: Amazon S3 Pricing, "Requests & data
retrievals"; AWS Key Management Service Pricing.
"""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import KEY_REQUESTS, OBJECT_READS, OBJECT_WRITES, meter
from pileus.kernel.metrics.series import Series

_WRITING: Final = ("Complete", "Copy", "Create", "List", "Post", "Put", "Restore", "Upload")
_FREE: Final = ("Abort", "Delete")
_KEPT_MAX: Final = 4_096


class RequestMetering:
    """Counts answers: an `AnswerListener` of S3, and one of KMS."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._kept: dict[tuple[str, str, str, str], Series] = {}

    def objects(
        self,
        request: Request,
        context: RequestContext | None,
        given: object,
        response: Response,
        *,
        error_code: str,
        took_s: float,
    ) -> None:
        """By bucket; reads are cheap, deletions free."""
        if context is None or error_code:
            return
        bucket = getattr(given, "bucket", None) or ""
        name = context.operation
        if name.startswith(_FREE):
            return
        kind = OBJECT_WRITES if name.startswith(_WRITING) else OBJECT_READS
        self._add(context, kind, "BucketName", bucket)

    def keys(
        self,
        request: Request,
        context: RequestContext | None,
        given: object,
        response: Response,
        *,
        error_code: str,
        took_s: float,
    ) -> None:
        """All alike."""
        if context is not None and not error_code:
            self._add(context, KEY_REQUESTS, "Operation", context.operation)

    def _add(self, context: RequestContext, kind: str, dimension: str, name: str) -> None:
        key = (context.account_id, context.region, kind, name)
        series = self._kept.get(key)
        if series is None:
            if len(self._kept) >= _KEPT_MAX:
                self._kept.clear()
            series = meter(self._metrics, context.account_id, context.region, kind, ((dimension, name),))
            self._kept[key] = series
        series.add(1)
