"""Where are platform applications and endpoints kept?

Below `(sns, ACCOUNT, REGION)`: `(app, PLATFORM, NAME)` is an application; `(app-endpoint, SERIAL, ID)` an endpoint of
it, and `(app-token, SERIAL, TOKEN)` its id.
"""

from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sns.errors import NotFound
from pileus.services.sns.platforms.model import ApplicationName, ApplicationRecord, EndpointName, EndpointRecord
from pileus.services.sns.store import space_of


def _space(name: ApplicationName) -> Subspace:
    return space_of(name.account_id, name.region)


async def find_application(snapshot: Snapshot, name: ApplicationName) -> ApplicationRecord | None:
    value = await snapshot.get(_space(name).pack("app", name.platform, name.name))
    return None if value is None else decode(value, ApplicationRecord)


async def get_application(snapshot: Snapshot, name: ApplicationName) -> ApplicationRecord:
    """Or NotFound."""
    found = await find_application(snapshot, name)
    if found is None:
        raise NotFound("PlatformApplication does not exist")
    return found


def put_application(tx: Transaction, name: ApplicationName, record: ApplicationRecord) -> None:
    tx.set(_space(name).pack("app", name.platform, name.name), encode(record))


def clear_application(tx: Transaction, name: ApplicationName, record: ApplicationRecord) -> None:
    """With its endpoints."""
    space = _space(name)
    tx.clear(space.pack("app", name.platform, name.name))
    tx.clear_range(*space.range("app-endpoint", record.serial))
    tx.clear_range(*space.range("app-token", record.serial))


async def list_applications(
    snapshot: Snapshot, space: Subspace, *, beyond: tuple[str, str] | None, limit: int
) -> list[ApplicationRecord]:
    """By platform and name. beyond: begin behind this one."""
    begin, end = space.range("app")
    if beyond is not None:
        begin = after(space.pack("app", *beyond))
    return [decode(value, ApplicationRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


async def find_endpoint(snapshot: Snapshot, name: EndpointName) -> tuple[ApplicationRecord, EndpointRecord] | None:
    application = await find_application(snapshot, name.application)
    if application is None:
        return None
    value = await snapshot.get(_space(name.application).pack("app-endpoint", application.serial, name.endpoint_id))
    return None if value is None else (application, decode(value, EndpointRecord))


async def endpoint_of_token(
    snapshot: Snapshot, name: ApplicationName, application: ApplicationRecord, token: str
) -> EndpointRecord | None:
    space = _space(name)
    found = await snapshot.get(space.pack("app-token", application.serial, token))
    if found is None:
        return None
    value = await snapshot.get(space.pack("app-endpoint", application.serial, found.decode()))
    return None if value is None else decode(value, EndpointRecord)


def put_endpoint(
    tx: Transaction,
    name: ApplicationName,
    application: ApplicationRecord,
    record: EndpointRecord,
    *,
    before: EndpointRecord | None = None,
) -> None:
    """before: what it was."""
    space = _space(name)
    if before is not None:
        tx.clear(space.pack("app-token", application.serial, before.attributes["Token"]))
    tx.set(space.pack("app-endpoint", application.serial, record.endpoint_id), encode(record))
    tx.set(space.pack("app-token", application.serial, record.attributes["Token"]), record.endpoint_id.encode())


def clear_endpoint(
    tx: Transaction, name: ApplicationName, application: ApplicationRecord, record: EndpointRecord
) -> None:
    space = _space(name)
    tx.clear(space.pack("app-endpoint", application.serial, record.endpoint_id))
    tx.clear(space.pack("app-token", application.serial, record.attributes["Token"]))


async def list_endpoints(
    snapshot: Snapshot, name: ApplicationName, application: ApplicationRecord, *, beyond: str | None, limit: int
) -> list[EndpointRecord]:
    """In order of their ids. beyond: begin behind this one."""
    space = _space(name)
    begin, end = space.range("app-endpoint", application.serial)
    if beyond is not None:
        begin = after(space.pack("app-endpoint", application.serial, beyond))
    return [decode(value, EndpointRecord) for _, value in await snapshot.range(begin, end, limit=limit)]
