"""What do all groups of operations share?"""

from collections.abc import Callable

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.logs.errors import InvalidNextToken, InvalidOperationException, LimitExceededException
from pileus.services.logs.exports import Buckets
from pileus.services.logs.incoming import Incoming
from pileus.services.logs.limits import REGEX_FILTERS_MAX
from pileus.services.logs.model import GroupRecord
from pileus.services.logs.patterns import Pattern, parse
from pileus.services.logs.store import METRIC_FILTERS, SUBSCRIPTION_FILTERS, Region
from pileus.services.logs.subscriptions import FunctionInvokers


class LogsBase:
    """What every group of operations is built on."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        metrics: Metrics | None = None,
        functions: FunctionInvokers | None = None,
        buckets: Callable[[], Buckets] | None = None,
    ) -> None:
        """metrics: what events count; without it, they count nothing. functions: those that subscribe. buckets: those
        that are exported to.
        """
        self._functions = functions
        self._buckets = buckets
        self._metrics = metrics
        self._incoming = Incoming(metrics)
        self._store = store
        self._clock = clock
        self._ids = ids

    def _now_ms(self) -> int:
        return int(self._clock.timestamp() * 1000)


def region_of(context: RequestContext) -> Region:
    return context.account_id, context.region


def write_name_token(name: str) -> str:
    """A token that says: go on behind this name."""
    return name.encode().hex()


def read_name_token(token: str | None) -> str | None:
    """Or InvalidNextToken."""
    if token is None:
        return None
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise InvalidNextToken from None


async def check_filtered(snapshot: Snapshot, region: Region, group: GroupRecord, name: str, pattern: Pattern) -> None:
    """Whether a group may have this filter. name: of the filter, which replaces one of its name.

    InvalidOperationException, LimitExceededException.
    """
    if group.log_class != "STANDARD":
        raise InvalidOperationException(f"The operation is not supported for log groups of class {group.log_class}.")
    if pattern.regexes:
        counting = await METRIC_FILTERS.list(snapshot, region, group.name)
        sending = await SUBSCRIPTION_FILTERS.list(snapshot, region, group.name)
        patterns = [one.pattern for one in counting if one.name != name]
        patterns += [one.pattern for one in sending if one.name != name]
        if sum(parse(text).regexes > 0 for text in patterns) >= REGEX_FILTERS_MAX:
            raise LimitExceededException
