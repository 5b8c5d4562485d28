"""What is every group of API Gateway v2's operations built on?"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec.structs import asdict

from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.apigatewayv2.deploying import configuration_changed
from pileus.services.apigatewayv2.errors import BadRequestException
from pileus.services.apigatewayv2.limits import PAGE_ITEMS_MAX
from pileus.services.apigatewayv2.store import Reading, Writing

T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")


class ApiGatewayV2Base:
    """Reads and changes the APIs of an account in a region."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def _reading(self, context: RequestContext) -> Reading:
        return Reading(self._store.snapshot(), account_id=context.account_id, region=context.region)

    async def _write(self, context: RequestContext, work: Callable[[Writing], Awaitable[R]]) -> R:
        async def within(transaction: Transaction) -> R:
            return await work(Writing(transaction, account_id=context.account_id, region=context.region))

        return await self._store.run(within)

    async def _change(self, context: RequestContext, api_id: str, work: Callable[[Writing], Awaitable[R]]) -> R:
        """Change what belongs to an API, and let its stages follow."""

        async def within(apis: Writing) -> R:
            await apis.api(api_id)
            outcome = await work(apis)
            await configuration_changed(apis, await apis.api(api_id), ids=self._ids, now=self._now())
            return outcome

        return await self._write(context, within)

    def _now(self) -> datetime:
        """Whole seconds, as AWS's answers have them."""
        return self._clock.now().replace(microsecond=0)


def output(kind: type[T], item: msgspec.Struct) -> T:
    """The same members under the name that the model gives them as an operation's output."""
    return kind(**asdict(item))


def page(max_results: str | None, next_token: str | None) -> tuple[str, int]:
    """The id after which a page starts, and how many it holds; the token is that id."""
    if max_results is None:
        return next_token or "", PAGE_ITEMS_MAX
    if not max_results.isdecimal() or not 1 <= int(max_results) <= PAGE_ITEMS_MAX:
        raise BadRequestException(f"Invalid value for MaxResults: {max_results}")
    return next_token or "", int(max_results)


def next_token(found: Sequence[object], limit: int, last_id: Callable[[], str]) -> str | None:
    """What the next page is asked for with; found: up to one more than the page holds. last_id: of this page."""
    return last_id() if len(found) > limit else None
