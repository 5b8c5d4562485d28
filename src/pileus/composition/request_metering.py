"""What of S3, KMS and CloudWatch is paid for by the request? Counted as answers leave; see `billing`.

What is refused costs nothing here; AWS charges for some of it. Sources: Amazon S3 Pricing, "Requests & data
retrievals" and "Data transfer"; AWS Key Management Service Pricing; Amazon CloudWatch Pricing, "APIs".
"""

from typing import Final

from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Request, Response, size_of
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import (
    BYTES_PER_GB,
    KEY_REQUESTS,
    METRIC_REQUESTS,
    METRICS_ASKED_FOR,
    OBJECT_READS,
    OBJECT_WRITES,
    TRANSFER_GB,
    Meters,
)

_WRITING: Final = ("Complete", "Copy", "Create", "List", "Post", "Put", "Restore", "Upload")
_FREE: Final = ("Abort", "Delete")
_METRIC_REQUESTS: Final = frozenset(
    {
        "DeleteDashboards",
        "GetDashboard",
        "GetMetricStatistics",
        "ListDashboards",
        "ListMetrics",
        "PutDashboard",
        "PutMetricData",
    }
)
_OF_FUNCTION: Final = "exec-env/AWS_Lambda_"
"""In the user agent of AWS's SDKs, where they run in a function: what it reads stays in its region, and is free."""
_NO_BUCKET: Final = "*"
"""What the bill calls the requests that are about an account's buckets, not about one."""


class RequestMetering:
    """Counts answers: an `AnswerListener` of S3, one of KMS, and one of CloudWatch."""

    def __init__(self, metrics: Metrics) -> None:
        self._meters = Meters(metrics)

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
        """By bucket; reads are cheap, deletions free. And the bytes that go to others than functions."""
        if context is None or error_code:
            return
        bucket = getattr(given, "bucket", None) or _NO_BUCKET
        name = context.operation
        size_bytes = size_of(response)
        if size_bytes and _OF_FUNCTION not in request.headers.get("user-agent", ""):
            self._add(context, TRANSFER_GB, "BucketName", bucket, size_bytes / BYTES_PER_GB)
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

    def metrics(
        self,
        request: Request,
        context: RequestContext | None,
        given: object,
        response: Response,
        *,
        error_code: str,
        took_s: float,
    ) -> None:
        """GetMetricData by the metrics that it asks for, others each; what is done with alarms is free."""
        if context is None or error_code:
            return
        name = context.operation
        if name == "GetMetricData":
            queries = getattr(given, "metric_data_queries", ())
            asked = sum(query.metric_stat is not None for query in queries)
            self._add(context, METRICS_ASKED_FOR, "Operation", name, asked or 1)
        elif name in _METRIC_REQUESTS:
            self._add(context, METRIC_REQUESTS, "Operation", name)

    def _add(self, context: RequestContext, kind: str, dimension: str, name: str, amount: float = 1) -> None:
        self._meters.add(context.account_id, context.region, kind, dimension, name, amount)
