"""What was sent to people, and how much of it is kept?

All of it, up to `MESSAGES_MAX` messages and `BYTES_MAX` bytes; then the oldest make room. Messages are numbered as they
come, below `(sns-inbox)`: `(message, NUMBER)` is one, `(once, TEXT)` its number, and `(state)` says how many there are.
"""

from datetime import UTC, datetime
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Event, Snapshot, Store, Transaction
from pileus.services.sns.inbox.records import InboxState, KeptMessage, SentMessage

MESSAGES_MAX: Final = 1_000
BYTES_MAX: Final = 16 * 1024 * 1024
PAGE: Final = 100
"""Messages read at a time; ours."""

MAIL_TOPIC: Final = "sns.mail"
"""The outbox topic of emails on their way to a mail server."""

_ROOT: Final = Subspace("sns-inbox")
_STATE: Final = _ROOT.pack("state")


class Inbox:
    """Takes what is sent to people. mail: whether a mail server gets the emails, too."""

    def __init__(self, *, clock: Clock, mail: bool = False) -> None:
        self._clock = clock
        self._mail = mail

    async def put(self, tx: Transaction, sent: SentMessage, *, once: str = "") -> None:
        """Write a message down in the caller's transaction.

        once: by what it is recognised when an interrupted delivery brings it again; "" takes it every time.
        """
        once_key = _ROOT.pack("once", once)
        if once and await tx.get(once_key) is not None:
            return
        state = await _state(tx)
        value = encode(KeptMessage(sent=sent, at_s=self._clock.timestamp(), once=once))
        tx.set(_ROOT.pack("message", state.next), value)
        if once:
            tx.set(once_key, b"%d" % state.next)
        state = InboxState(first=state.first, next=state.next + 1, size_bytes=state.size_bytes + len(value))
        tx.set(_STATE, encode(await _make_room(tx, state)))
        if self._mail and sent.kind in ("email", "email-json"):
            tx.emit(Event(topic=MAIL_TOPIC, payload=encode(sent)))


async def find(
    snapshot: Snapshot, *, recipient: str = "", kind: str = "", topic_arn: str = "", limit: int = PAGE
) -> list[KeptMessage]:
    """The newest first. "" means any."""
    found: list[KeptMessage] = []
    begin, end = _ROOT.range("message")
    while len(found) < limit:
        pairs = await snapshot.range(begin, end, limit=PAGE, reverse=True)
        for key, value in pairs:
            kept, end = decode(value, KeptMessage), key
            sent = kept.sent
            if (
                (not recipient or sent.recipient.lower() == recipient.lower())
                and (not kind or sent.kind == kind)
                and (not topic_arn or sent.topic_arn == topic_arn)
            ):
                found.append(kept)
        if len(pairs) < PAGE:
            break
    return found[:limit]


async def forget_all(store: Store) -> None:
    """Empty the inbox; numbers go on from where they were."""

    async def clear(tx: Transaction) -> None:
        state = await _state(tx)
        for part in ("message", "once"):
            tx.clear_range(*_ROOT.range(part))
        tx.set(_STATE, encode(InboxState(first=state.next, next=state.next, size_bytes=0)))

    await store.run(clear)


def told(kept: KeptMessage) -> dict[str, object]:
    """As `/_pileus/inbox` shows it."""
    sent = kept.sent
    return {
        "at": datetime.fromtimestamp(kept.at_s, UTC).isoformat(timespec="milliseconds"),
        "kind": sent.kind,
        "recipient": sent.recipient,
        "subject": sent.subject,
        "body": sent.body,
        "account_id": sent.account_id,
        "region": sent.region,
        "topic_arn": sent.topic_arn,
        "message_id": sent.message_id,
        "attributes": sent.attributes,
    }


async def _state(snapshot: Snapshot) -> InboxState:
    value = await snapshot.get(_STATE)
    return InboxState() if value is None else decode(value, InboxState)


async def _make_room(tx: Transaction, state: InboxState) -> InboxState:
    """The oldest go, but never the newest."""
    first, size_bytes = state.first, state.size_bytes
    while first < state.next - 1 and (state.next - first > MESSAGES_MAX or size_bytes > BYTES_MAX):
        key = _ROOT.pack("message", first)
        value = await tx.get(key)
        assert value is not None, "a message of the inbox is missing"
        once = decode(value, KeptMessage).once
        if once:
            tx.clear(_ROOT.pack("once", once))
        tx.clear(key)
        size_bytes -= len(value)
        first += 1
    return InboxState(first=first, next=state.next, size_bytes=size_bytes)
