"""How many environments may there be, and how fast may they become more?

Every function may gain 1,000 environments within ten seconds. All functions of an account and region that have no
concurrency reserved share what is left of the account's: they may have as many environments at work together. Whoever
knows what is reserved is asked when an environment is to be started, not at every invocation; reserved concurrency
itself is counted by invocations (`services.lambda_.reservations`).
"""

from typing import Final, Protocol

import msgspec

SCALING_MAX: Final = 1_000
SCALING_PER_S: Final = 100.0
"""Source: Lambda Developer Guide, "Understanding Lambda function scaling", concurrency scaling rate: 1,000 environments
every ten seconds, each function by itself; what has not been used does not add up."""
_KEPT_MAX: Final = 8_192


class Unreserved(msgspec.Struct, frozen=True, kw_only=True):
    """What functions of an account and region share. reserved_by: the names of those that do not."""

    concurrency: int
    reserved_by: frozenset[str]


class Limits(Protocol):
    """Who knows what is reserved."""

    async def unreserved(self, *, account_id: str, region: str) -> Unreserved: ...


class ScalingRate:
    """Counts the environments that functions gain."""

    def __init__(self, *, most: int = SCALING_MAX, per_s: float = SCALING_PER_S) -> None:
        self._most = float(most)
        self._per_s = per_s
        self._left: dict[str, tuple[float, float]] = {}

    def gains(self, function_arn: str, now_s: float) -> bool:
        """Whether the function may have one more environment now; if so, it is counted."""
        left, seen_s = self._left.get(function_arn, (self._most, now_s))
        left = min(self._most, left + (now_s - seen_s) * self._per_s)
        if left < 1.0:
            self._left[function_arn] = left, now_s
            return False
        if len(self._left) >= _KEPT_MAX:
            self._forget(now_s)
        self._left[function_arn] = left - 1.0, now_s
        return True

    def _forget(self, now_s: float) -> None:
        """Those that have gained nothing for so long that it makes no difference."""
        self._left = {
            arn: (left, seen_s)
            for arn, (left, seen_s) in self._left.items()
            if left + (now_s - seen_s) * self._per_s < self._most
        }
