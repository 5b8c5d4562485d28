"""What do all groups of operations share?"""

from collections.abc import Sequence
from datetime import datetime

from pileus.kernel.auth.sealing import Seal, derive_key
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.event_bus import EventBus
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.kms.ciphering import Ciphering
from pileus.services.kms.errors import DryRunOperationException, InvalidKeyUsageException
from pileus.services.kms.events import KeyEvents
from pileus.services.kms.finding import KeyFinder, check_usable
from pileus.services.kms.grants import check_token
from pileus.services.kms.key_records import KnownKeys
from pileus.services.kms.making import KeyMaker
from pileus.services.kms.materials import Materials
from pileus.services.kms.model import KeyRecord, Usage, moment


class KmsBase:
    """What every group of operations is built on."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, secret: bytes, bus: EventBus | None = None) -> None:
        """secret: of the server; see `foundation`. bus: None where there are no event buses."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self.known = KnownKeys()
        self.materials = Materials(secret, ids)
        self._events = KeyEvents(bus, clock)
        self.maker = KeyMaker(materials=self.materials, clock=clock, ids=ids, events=self._events)
        self.keys = KeyFinder(self.known, self.maker)
        self.ciphering = Ciphering(self.materials, ids)
        self._token_secret = derive_key(secret, "kms grant tokens")
        self._import_seal = Seal(secret, purpose="kms import tokens", ids=ids)

    async def _usable(
        self,
        snapshot: Snapshot,
        context: RequestContext,
        text: str,
        *,
        usage: Usage,
        grant_tokens: Sequence[str] | None,
    ) -> KeyRecord:
        """The key that a request names, which must be for this and may be used."""
        self._check_tokens(grant_tokens)
        key = await self.keys.get(snapshot, context, text)
        check_for(key, usage, context)
        check_usable(key)
        return key

    def _check_tokens(self, grant_tokens: Sequence[str] | None) -> None:
        """A grant holds at once, so its token adds nothing; but it must be one."""
        for token in grant_tokens or ():
            check_token(token, secret=self._token_secret)


def check_for(key: KeyRecord, usage: Usage, context: RequestContext) -> None:
    """InvalidKeyUsageException: recording kms/kms, test_error_messaging_for_invalid_keys."""
    if key.usage != usage:
        raise InvalidKeyUsageException(
            f"{key.arn} key usage is {key.usage} which is not valid for {context.operation}."
        )


def check_algorithm(key: KeyRecord, algorithm: str) -> None:
    """InvalidKeyUsageException: recording kms/kms, test_invalid_generate_mac."""
    if algorithm not in key.algorithms:
        raise InvalidKeyUsageException(f"Algorithm {algorithm} is incompatible with key spec {key.spec}.")


def end_dry_run(dry_run: bool | None) -> None:
    """Asked when nothing is left that could fail."""
    if dry_run:
        raise DryRunOperationException


def refuse_recipient(recipient: object, context: RequestContext) -> None:
    if recipient is not None:
        raise NotImplementedByPileus(f"Pileus does not implement Recipient of kms {context.operation} yet")


def moment_or_none(at_s: float | None) -> datetime | None:
    return None if at_s is None else moment(at_s)
