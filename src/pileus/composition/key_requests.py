"""Which requests of KMS are paid for that other services make? The key's account pays; see `billing`.

S3 asks for each object, but with a bucket's key once for who asks; DynamoDB once for who uses a table. What they got is
kept by them until it was not used for five minutes. So it is of DynamoDB; how long S3 keeps a bucket's key AWS does
not tell.

Sources: DynamoDB Developer Guide, "DynamoDB encryption at rest", "Usage notes"; S3 User Guide, "Reducing the cost of
SSE-KMS with Amazon S3 Bucket Keys".
"""

from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.metering import KEY_REQUESTS, Meters

KEPT_FOR_S: Final = 300.0
_KEPT_MAX: Final = 4_096


class KeyRequests:
    """Counts what one service asks."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._meters = Meters(metrics)
        self._clock = clock
        self._used_s: dict[tuple[str, ...], float] = {}

    def add(self, operation: str, key_arn: str) -> None:
        _, _, _, region, account_id, _ = key_arn.split(":", 5)
        self._meters.add(account_id, region, KEY_REQUESTS, "Operation", operation)

    def kept(self, *of: str) -> bool:
        """Whether the service has it still, and need not ask. It is used now."""
        now_s = self._clock.timestamp()
        used_s = self._used_s.get(of)
        if used_s is None and len(self._used_s) >= _KEPT_MAX:
            self._used_s.clear()
        self._used_s[of] = now_s
        return used_s is not None and now_s - used_s < KEPT_FOR_S
