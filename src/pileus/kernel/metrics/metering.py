"""What would be paid for? Amounts that services meter, kept like metrics, and asked for by the month.

They are in a namespace that nobody can name to CloudWatch (one that begins with a colon), so that only `pileus bill`
sees them. As metrics they bear a crash but for its last seconds, and are kept for 455 days.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.metrics.series import Dimensions, Metric, Series

NAMESPACE: Final = ":metering"
GB_SECONDS: Final = "Lambda-GB-Second"
"""Of functions: billed duration times memory."""

Kind = tuple[str, str]
"""A namespace and the name of a metric in it."""


def meter(metrics: Metrics, account_id: str, region: str, what: str, dimensions: Dimensions) -> Series:
    """What to keep and add amounts to. what: as a bill calls it (`Lambda-GB-Second`)."""
    return metrics.series(account_id, region, NAMESPACE, what, dimensions, "None")


async def amounts(metrics: Metrics, kinds: Collection[Kind], *, start: datetime, end: datetime) -> dict[Metric, float]:
    """The sum of each series of these kinds in the time from `start`, a whole hour, until `end`."""
    return await metrics.sums(kinds, start=start, end=end)
