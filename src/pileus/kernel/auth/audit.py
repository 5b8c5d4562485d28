"""What was decided, for whom, and why? The log behind `pileus explain` and `/_pileus/decisions`.

The latest decisions of either kind stay in memory, DECISIONS_KEPT of them; that costs a hundred nanoseconds each and no
disk. A denial is also written to the store, in its own small transaction before it is answered, so that whoever looks
for the reason the next morning finds it: the latest DENIALS_KEPT of them, since each new one takes the place of the one
so many before it.

Nobody decides about the root of an account unless a resource's own policy or an SCP has a say, and in `open` mode about
whoever was not minted unless they reach into another account: then nothing is written here.

Some refusals come after the policies have allowed, or without any: a role that does not trust, an API that a function
does not let in. Whoever discovers one attaches a `Denial` to the error (`ServiceError.because`), and the edge that
turns the error into an answer notes it here, under the request id that the client is told. A denial may say more than
the client may hear: whether a role exists, for example.

Some come where no client waits, and in a transaction of somebody else's: a queue that does not let a topic in. They are
written into that transaction (`emit_denial`) and noted from the outbox: what was rolled back refused nobody.
"""

from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Final, NamedTuple, Protocol

import msgspec

from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Store, Transaction

DENIED_TOPIC: Final = "audit.denied"
"""Of the outbox: `AuditLog.note_emitted` takes its events."""
DECISIONS_KEPT: Final = 4_096
"""In memory. A quarter of a KiB each, so a MiB at most."""
DENIALS_KEPT: Final = 10_000
"""In the store."""
OUTSIDERS_KEPT: Final = 1_000
"""Of those, of whoever belongs to no account: strangers come by them with web identities, and with requests to APIs
that a function does not let in, and must not push out what happened to others."""
_DENIALS: Final = Subspace("audit", "denial")
_OUTSIDERS: Final = Subspace("audit", "outsider")


class DecisionRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="decision.v1"):
    """One decision. principal: its ARN. at_s: seconds since 1970. The rest: see `Denial`, `policy.types.Decision`."""

    at_s: float
    request_id: str
    account_id: str
    principal: str
    action: str
    resource: str
    region: str
    source_ip: str
    allowed: bool
    explicit_deny: bool = False
    kind: str = ""
    policy: str | None = None
    statement: str | None = None
    missing_context: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    reason: str = ""


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was refused, whatever the client hears of it.

    principal: an ARN, or the name of a service or a provider. reason: in words, where it was no policy's.
    missing_context: keys as AWS spells them. near_misses: see `policy.near_misses`.
    """

    principal: str
    account_id: str
    action: str
    resource: str
    explicit_deny: bool = False
    kind: str = ""
    policy: str | None = None
    statement: str | None = None
    missing_context: tuple[str, ...] = ()
    near_misses: tuple[str, ...] = ()
    reason: str = ""


def record_of(denial: Denial, happened: "Happened", *, at_s: float) -> DecisionRecord:
    """A denial, of the request in which it happened."""
    return DecisionRecord(
        at_s=at_s,
        request_id=happened.request_id,
        region=happened.region,
        source_ip=happened.source_ip,
        allowed=False,
        **msgspec.structs.asdict(denial),
    )


class Happened(Protocol):
    """In which request: a `RequestContext`, or what another edge knows."""

    @property
    def request_id(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def source_ip(self) -> str: ...


class Occasion(NamedTuple):
    """What `Happened` wants to know, of what was no request. request_id: of whatever caused it."""

    request_id: str
    region: str
    source_ip: str = ""


def emit_denial(tx: Transaction, record: DecisionRecord) -> None:
    """Have it noted once the transaction has committed."""
    tx.emit(Event(topic=DENIED_TOPIC, payload=encode(record)))


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which decisions somebody wants to see: all that fit what is not None. principal, action, resource: any part."""

    principal: str | None = None
    action: str | None = None
    resource: str | None = None
    allowed: bool | None = None
    request_id: str | None = None

    def fits(self, record: DecisionRecord) -> bool:
        return (
            (self.allowed is None or record.allowed is self.allowed)
            and (self.request_id is None or record.request_id == self.request_id)
            and (self.principal is None or self.principal.lower() in record.principal.lower())
            and (self.action is None or self.action.lower() in record.action.lower())
            and (self.resource is None or self.resource.lower() in record.resource.lower())
        )


class AuditLog:
    """Remembers decisions."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._latest: deque[DecisionRecord] = deque(maxlen=DECISIONS_KEPT)

    async def note(self, record: DecisionRecord) -> None:
        self._latest.append(record)
        if not record.allowed:
            await self._store.run(lambda tx: _write_down(tx, record))

    async def note_emitted(self, event: Event) -> None:
        """What `emit_denial` wrote down."""
        await self.note(decode(event.payload, DecisionRecord))

    async def find(self, wish: Wish, *, limit: int) -> list[DecisionRecord]:
        """At most `limit`, the latest first."""
        assert limit > 0
        found = list(islice(filter(wish.fits, reversed(self._latest)), limit))
        if len(found) < limit and wish.allowed is not True:
            known = {(record.request_id, record.action, record.resource) for record in self._latest}
            older = (record for record in await self._denials() if wish.fits(record))
            found += islice(_unknown(older, known), limit - len(found))
        return sorted(found, key=lambda record: -record.at_s)

    async def _denials(self) -> list[DecisionRecord]:
        snapshot = self._store.snapshot()
        pairs = [pair for ring in (_DENIALS, _OUTSIDERS) for pair in await snapshot.range(*ring.range(), reverse=True)]
        found = [decode(value, DecisionRecord) for _, value in pairs]
        return sorted(found, key=lambda record: -record.at_s)


def _unknown(records: Iterable[DecisionRecord], known: set[tuple[str, str, str]]) -> Iterable[DecisionRecord]:
    return (record for record in records if (record.request_id, record.action, record.resource) not in known)


async def _write_down(tx: Transaction, record: DecisionRecord) -> None:
    ring, kept = (_DENIALS, DENIALS_KEPT) if record.account_id else (_OUTSIDERS, OUTSIDERS_KEPT)
    last = await tx.range(*ring.range(), limit=1, reverse=True)
    number = 1 + _number(ring, last[0][0]) if last else 0
    tx.set(ring.pack(number), encode(record))
    if number >= kept:
        tx.clear(ring.pack(number - kept))


def _number(ring: Subspace, key: bytes) -> int:
    number = ring.unpack(key)[0]
    assert isinstance(number, int)
    return number
