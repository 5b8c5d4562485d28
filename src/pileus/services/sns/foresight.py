"""What takes long about a large message, and who waits for it?

Filter policies on bodies and data protection look at every character of it: up to seconds for 256 KiB. A transaction
holds the loop, and with it everybody else; so a large message is looked at before, in a thread, and what was seen is
taken along. There is one such thread, so that the loop gets every other turn of the interpreter at the least. A
transaction that asks for anything else (a policy that changed meanwhile) looks itself. So it does for small messages.
"""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final

from pileus.services.sns.filters import Candidate, Scope
from pileus.services.sns.model import Message, TopicRecord
from pileus.services.sns.protection.findings import Findings
from pileus.services.sns.protection.guard import DataProtection
from pileus.services.sns.views import Subscriber, looks

LARGE_CHARS: Final = 4 * 1024
"""From here on a thread is worth its while: a body as long takes some milliseconds at the worst."""


class Foresight:
    """What is known of a message. candidates: by bodies."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.candidates: dict[str, Candidate] = {}


class Foresights:
    """Looks at large messages."""

    def __init__(self, guard: DataProtection) -> None:
        self._guard = guard

    async def of(
        self, topic: TopicRecord, subscribers: Iterable[Subscriber], message: Message, *, publisher: str | None
    ) -> Foresight | None:
        """None where the message is small, or nobody looks at it. publisher: None of one that was let in already."""
        if not is_large(message) or not looks(topic, subscribers):
            return None
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, self._look, topic, subscribers, message, publisher
        )

    def _look(
        self, topic: TopicRecord, subscribers: Iterable[Subscriber], message: Message, publisher: str | None
    ) -> Foresight:
        """In the thread: what the transaction will do, as far as it takes long."""
        seen = Foresight()
        if publisher is not None:
            message = self._guard.look(topic, message, seen.findings, inbound=True, principal=publisher)
        for record, accepts in subscribers:
            if accepts is not None and accepts.scope is Scope.BODY:
                body = message.body_for(record.protocol)
                candidate = seen.candidates.get(body)
                if candidate is None:
                    candidate = seen.candidates[body] = Candidate(message.attributes, body)
                if not accepts.foresee(candidate):
                    continue
            self._guard.look(topic, message, seen.findings, inbound=False, principal=record.principal_arn)
        return seen

    @cached_property
    def _thread(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="sns-foresight")

    def close(self) -> None:
        """Nobody waits for what is still to be looked at."""
        if "_thread" in self.__dict__:
            self._thread.shutdown(wait=False, cancel_futures=True)


def is_large(message: Message) -> bool:
    return len(message.body) + sum(map(len, message.by_protocol.values())) >= LARGE_CHARS
