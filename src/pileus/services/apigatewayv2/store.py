"""Where are APIs kept?

Below `(apigatewayv2, account, region)`: `(api, ID)`, and `(route, API, ID)` and the like for what belongs to one.
`(apigatewayv2, published, API)` finds an API by its id alone, as requests to it must; it changes with everything the
API serves, so whoever compiled that compares these few bytes instead of reading it all again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.apigatewayv2.errors import ApiNotFound, NotFoundException
from pileus.services.apigatewayv2.model import (
    ApiRecord,
    DeploymentRecord,
    IntegrationRecord,
    PublishedRecord,
    RouteRecord,
    StageRecord,
)

R = TypeVar("R", bound=msgspec.Struct)

_PUBLISHED: Final = Subspace("apigatewayv2", "published")


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """One kind of thing that belongs to an API. `noun` as AWS writes it in errors."""

    part: str
    record: type[R]
    noun: str


INTEGRATION: Final = Kind("integration", IntegrationRecord, "Integration")
ROUTE: Final = Kind("route", RouteRecord, "Route")
STAGE: Final = Kind("stage", StageRecord, "Stage")
DEPLOYMENT: Final = Kind("deployment", DeploymentRecord, "Deployment")
_KINDS: Final = (INTEGRATION, ROUTE, STAGE, DEPLOYMENT)


def published_key(api_id: str) -> bytes:
    """Where an API's `PublishedRecord` is."""
    return _PUBLISHED.pack(api_id)


class Reading:
    """The APIs of one account and region, to be read."""

    def __init__(self, snapshot: Snapshot, *, account_id: str, region: str) -> None:
        self._snapshot = snapshot
        self._account_id = account_id
        self._region = region
        self._space = Subspace("apigatewayv2", account_id, region)

    async def api(self, api_id: str) -> ApiRecord:
        """Or `ApiNotFound`."""
        value = await self._snapshot.get(self._space.pack("api", api_id))
        if value is None:
            raise ApiNotFound(account_id=self._account_id, api_id=api_id)
        return decode(value, ApiRecord)

    async def apis(self, *, after_id: str = "", limit: int = 0) -> list[ApiRecord]:
        """In order of their ids."""
        begin, end = self._space.range("api")
        if after_id:
            begin = after(self._space.pack("api", after_id))
        return [decode(value, ApiRecord) for _, value in await self._snapshot.range(begin, end, limit=limit)]

    async def get(self, kind: Kind[R], api_id: str, name: str) -> R:
        """Or `NotFoundException`."""
        if (record := await self.find(kind, api_id, name)) is None:
            raise NotFoundException(f"Invalid {kind.noun} identifier specified {name}")
        return record

    async def find(self, kind: Kind[R], api_id: str, name: str) -> R | None:
        value = await self._snapshot.get(self._space.pack(kind.part, api_id, name))
        return None if value is None else decode(value, kind.record)

    async def all(self, kind: Kind[R], api_id: str, *, after_id: str = "", limit: int = 0) -> list[R]:
        """Those of one API, in order of their ids."""
        begin, end = self._space.range(kind.part, api_id)
        if after_id:
            begin = after(self._space.pack(kind.part, api_id, after_id))
        return [decode(value, kind.record) for _, value in await self._snapshot.range(begin, end, limit=limit)]


class Writing(Reading):
    """The APIs of one account and region, within a transaction."""

    def __init__(self, transaction: Transaction, *, account_id: str, region: str) -> None:
        super().__init__(transaction, account_id=account_id, region=region)
        self._transaction = transaction

    def put_api(self, record: ApiRecord) -> None:
        self._transaction.set(self._space.pack("api", record.api_id), encode(record))

    def put(self, kind: Kind[R], api_id: str, name: str, record: R) -> None:
        self._transaction.set(self._space.pack(kind.part, api_id, name), encode(record))

    def remove(self, kind: Kind[R], api_id: str, name: str) -> None:
        self._transaction.clear(self._space.pack(kind.part, api_id, name))

    def remove_api(self, api_id: str) -> None:
        """The API and all that belongs to it."""
        for kind in _KINDS:
            self._transaction.clear_range(*self._space.range(kind.part, api_id))
        self._transaction.clear(self._space.pack("api", api_id))
        self._transaction.clear(published_key(api_id))

    async def id_free(self, api_id: str) -> bool:
        """Whether no API of any account has the id: they share one name space of hosts."""
        return await self._transaction.get(published_key(api_id)) is None

    async def publish(self, api_id: str, *, served: bool) -> None:
        """Say that what the API serves has changed."""
        value = await self._transaction.get(published_key(api_id))
        revision = 0 if value is None else decode(value, PublishedRecord).revision
        record = PublishedRecord(account_id=self._account_id, region=self._region, revision=revision + 1, served=served)
        self._transaction.set(published_key(api_id), encode(record))


async def stages_served(
    snapshot: Snapshot, published: PublishedRecord, api_id: str
) -> Sequence[tuple[StageRecord, DeploymentRecord]]:
    """The stages of an API with something deployed, each with what it serves."""
    reading = Reading(snapshot, account_id=published.account_id, region=published.region)
    served: list[tuple[StageRecord, DeploymentRecord]] = []
    for stage in await reading.all(STAGE, api_id):
        if stage.deployment_id is not None:
            served.append((stage, await reading.get(DEPLOYMENT, api_id, stage.deployment_id)))
    return served
