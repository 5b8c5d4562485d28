"""Which key does a request mean, and may it be used as it stands?

Reads within whatever transaction or snapshot it is given, and never suspends there.
"""

from typing import TypeVar

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.kms.errors import (
    AccessDeniedException,
    DisabledException,
    KMSInvalidStateException,
    NotFoundException,
    unknown_alias,
    unknown_key,
)
from pileus.services.kms.key_records import KnownKeys, find_alias
from pileus.services.kms.making import KeyMaker
from pileus.services.kms.managed import service_of_alias
from pileus.services.kms.model import KeyRecord
from pileus.services.kms.names import ALIAS, KeyName, check_region, name_of

S = TypeVar("S", bound=Snapshot)


class KeyFinder:
    """Finds keys by whatever they are called."""

    def __init__(self, known: KnownKeys, maker: KeyMaker) -> None:
        self._known = known
        self._maker = maker

    async def find(self, snapshot: Snapshot, named: KeyName) -> KeyRecord | None:
        """The key of an id or of an alias; None when there is none."""
        key_id = named.name
        if named.is_alias:
            alias = await find_alias(snapshot, account_id=named.account_id, region=named.region, name=named.name)
            if alias is None:
                return None
            key_id = alias.key_id
        return await self._known.find(snapshot, account_id=named.account_id, region=named.region, key_id=key_id)

    async def get(self, snapshot: Snapshot, context: RequestContext, text: str) -> KeyRecord:
        """The key that a request names by id, ARN, alias or alias ARN; NotFoundException."""
        named = name_of(context, text)
        check_region(context, named)
        key = await self.find(snapshot, named)
        if key is None:
            raise unknown_alias(named.arn) if named.is_alias else unknown_key(named.arn)
        return key

    async def get_or_make(self, tx: Transaction, context: RequestContext, text: str) -> KeyRecord:
        """The same; a predefined alias of AWS's brings its key into being."""
        named = name_of(context, text)
        service = service_of_alias(named.name)
        if service and named.account_id == context.account_id and named.region == context.region:
            found = await self.find(tx, named)
            return found or self._maker.make_managed(
                tx, account_id=named.account_id, region=named.region, partition=named.partition, service=service
            )
        return await self.get(tx, context, text)

    async def own(self, snapshot: Snapshot, context: RequestContext, text: str) -> KeyRecord:
        """Of an operation that takes no alias and that no policy opens to other accounts."""
        if text.startswith(ALIAS):
            raise NotFoundException(f"Invalid keyId '{text}'")
        named = name_of(context, text)
        check_region(context, named)
        if named.account_id != context.account_id:
            raise AccessDeniedException(
                f"User: {context.principal.arn} is not authorized to perform: kms:{context.operation} "
                f"on resource: {named.arn}"
            )
        key = await self.find(snapshot, named)
        if key is None:
            raise unknown_key(named.arn)
        return key

    async def customers(self, snapshot: Snapshot, context: RequestContext, text: str) -> KeyRecord:
        """The same, of what is not done to keys that AWS manages: their policies let nobody."""
        key = await self.own(snapshot, context, text)
        if key.service:
            action = f"kms:{context.operation}"
            raise AccessDeniedException(
                f"User: {context.principal.arn} is not authorized to perform: {action} on resource: {key.arn} "
                f"because no resource-based policy allows the {action} action"
            )
        return key


def check_usable(key: KeyRecord) -> None:
    """For all that needs the key itself. KMSInvalidStateException, DisabledException."""
    check_alive(key)
    if key.state == "PendingImport":
        raise KMSInvalidStateException(f"{key.arn} is pending import.")
    if key.state == "Disabled":
        raise DisabledException(key.arn)


def check_alive(key: KeyRecord) -> None:
    """For what may be done to a key unless it is about to go. KMSInvalidStateException."""
    if key.deletion_at_s is not None:
        raise KMSInvalidStateException(f"{key.arn} is pending deletion.")
