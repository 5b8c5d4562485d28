"""How does an operation see a queue's messages, and change them?

By a visit: it reads the head once, and each lease or group's state once, lets the rules change these copies, and writes
what was changed when it is saved. So ten messages of one batch cost one write of the head and one of their lease.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Transaction
from pileus.services.sqs.messages.keys import QueueKeys, head_key
from pileus.services.sqs.messages.records import GroupState, Head, Lease, MessageRecord
from pileus.services.sqs.model import QueueRecord

US_PER_S: Final = 1_000_000
DROPS_MAX: Final = 64
"""Messages that nobody gets (past their retention, dead letters) which one visit clears away, if they are small."""
_DROP_CHARACTERS: Final = 65_536
"""A message counts as one more for each of these in its body."""


class Taken(NamedTuple):
    """A message that was received. seq: its number. times: how often by now, in this queue."""

    message: MessageRecord
    seq: int
    times: int
    first_received_ms: int
    handle: str


class Visit:
    """One operation's look at one queue, within one transaction."""

    __slots__ = (
        "_before",
        "_groups",
        "_leases",
        "bounded",
        "drops_left",
        "head",
        "keys",
        "now_ms",
        "now_us",
        "queue",
        "tx",
    )

    def __init__(self, tx: Transaction, queue: QueueRecord, data: bytes | None, *, now_us: int) -> None:
        """data: the head, as it was read."""
        self.tx = tx
        self.queue = queue
        self.head = head = Head() if data is None else decode(data, Head)
        self._before = data
        self.keys = _keys(queue.serial, head.generation)
        self.now_us = now_us
        self.now_ms = now_us // 1_000
        self.drops_left = DROPS_MAX
        self.bounded = False
        self._leases: dict[int, Lease | None] = {}
        self._groups: dict[str, GroupState | None] = {}

    def next_seq(self) -> int:
        seq = self.head.next_seq
        self.head.next_seq = seq + 1
        return seq

    def due(self, moment_us: int) -> None:
        """Something is due then."""
        self.head.next_due_us = min(self.head.next_due_us, moment_us)

    def drop(self, message: MessageRecord | None) -> None:
        """One that nobody gets was cleared away; None: it was gone already."""
        self.drops_left -= 1 if message is None else 1 + len(message.body) // _DROP_CHARACTERS

    @property
    def unfinished(self) -> bool:
        """Whether a bound ended the search for messages: who found none may find some by looking again."""
        return self.bounded or self.drops_left <= 0

    def expired(self, message: MessageRecord) -> bool:
        """Whether the queue keeps it no longer."""
        return message.sent_ms + self.queue.retention_s * 1_000 <= self.now_ms

    async def message(self, seq: int, *, grouped: bool = False) -> MessageRecord | None:
        data = await self.tx.get(self.keys.message(seq, grouped=grouped))
        return None if data is None else decode(data, MessageRecord)

    # Leases, of standard queues

    async def lease(self, number: int) -> Lease | None:
        """Whoever changes it says so by `change_lease`."""
        if number in self._leases:
            return self._leases[number]
        data = await self.tx.get(self.keys.lease(number))
        return None if data is None else decode(data, Lease)

    def new_lease(self, lease: Lease) -> int:
        number = self.head.next_lease
        self.head.next_lease = number + 1
        self._leases[number] = lease
        return number

    def change_lease(self, number: int, lease: Lease | None) -> None:
        """None: it is gone."""
        self._leases[number] = lease

    # Groups, of FIFO queues

    async def group(self, name: str) -> GroupState | None:
        """Whoever changes it says so by `change_group`."""
        if name in self._groups:
            return self._groups[name]
        data = await self.tx.get(self.keys.state(name))
        return None if data is None else decode(data, GroupState)

    def change_group(self, name: str, state: GroupState | None) -> None:
        self._groups[name] = state

    def save(self) -> bool:
        """Write what was changed, as the last thing that a visit does; whether the queue's counts were."""
        tx, keys = self.tx, self.keys
        if self._leases:
            for number, lease in self._leases.items():
                if lease is None:
                    tx.clear(keys.lease(number))
                else:
                    tx.set(keys.lease(number), encode(lease))
        if self._groups:
            for name, state in self._groups.items():
                if state is None:
                    tx.clear(keys.state(name))
                else:
                    tx.set(keys.state(name), encode(state))
        head = encode(self.head)
        if head == self._before:
            return False
        tx.set(keys.head, head)
        return True


@lru_cache(maxsize=4_096)
def _keys(serial: bytes, generation: int) -> QueueKeys:
    return QueueKeys(serial, generation)


async def visit(tx: Transaction, queue: QueueRecord, *, now_us: int) -> Visit:
    """To be saved when it has changed anything."""
    return Visit(tx, queue, await tx.get(head_key(queue.serial)), now_us=now_us)
