"""How is SNS built, and who takes what is published?"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from pileus.composition.foundation import Foundation
from pileus.composition.part import Part, described
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.routing import Router
from pileus.kernel.service import Service

if TYPE_CHECKING:
    from pileus.services.sns.api import SnsApi
    from pileus.services.sns.deliveries.worker import Deliveries, FunctionTarget
    from pileus.services.sns.inbox.mail import Mail
    from pileus.services.sns.log_lines import LogSink
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sns.queue_target import QueueTarget

_FOREVER = RetryPolicy(attempts=sys.maxsize)
"""Deliveries say themselves when the last attempt was made."""
_HTTP_AT_ONCE = 256
"""`AT_ONCE` of `deliveries/turns.py`, which shares them out among endpoints; it is imported with the first delivery."""
_MAIL = RetryPolicy(attempts=20, delay=timedelta(seconds=5), factor=2, delay_max=timedelta(minutes=30))
"""Some hours, as mail servers do."""


class SnsPart(Part):
    """functions, queues, logs: who takes messages for functions and queues, and lines, where there is somebody."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        functions: "Callable[[], FunctionTarget] | None",
        queues: "Callable[[], QueueTarget] | None",
        logs: "Callable[[], LogSink] | None" = None,
    ) -> None:
        super().__init__(foundation)
        self._logs = logs
        self._functions = functions
        self._queues = queues

    def services(self) -> Sequence[Service]:
        return (described("sns", lambda: self._topics),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.sns.permissions import SnsResources

        return {"SNS": SnsResources(self._store)}

    def route(self, router: Router) -> None:
        router.add_path("/SimpleNotificationService-", self._answer_certificate, deployed=True)

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("sns.delivery.lambda", self._to_function, retry=_FOREVER)
        outbox.subscribe("sns.delivery.http", self._to_http, retry=_FOREVER, concurrency=_HTTP_AT_ONCE)
        outbox.subscribe("sns.delivery.people", self._to_people, retry=_FOREVER)
        outbox.subscribe("sns.delivery.queue", self._to_queue, retry=_FOREVER)
        outbox.subscribe("sns.fanout", self._fan_out, retry=_FOREVER)
        outbox.subscribe("sns.deleted-topic", self._clean, retry=_FOREVER)
        outbox.subscribe("sns.unconfirmed", self._expire, retry=_FOREVER)
        outbox.subscribe("sns.replay", self._replay, retry=_FOREVER)
        outbox.subscribe("sns.archive", self._clear_archive, retry=_FOREVER)
        outbox.subscribe("sns.log", self._log, retry=_FOREVER)
        outbox.subscribe("sns.mail", self._mail, retry=_MAIL)

    async def close(self) -> None:
        if "_topics" in self.__dict__:
            await self._topics.close()

    @property
    def publisher(self) -> "TopicPublisher":
        """Publishes for another service."""
        return self._topics.publisher

    # How it is built.

    @cached_property
    def _topics(self) -> "SnsApi":
        from pileus.services.sns.api import SnsApi
        from pileus.services.sns.links import Links

        return SnsApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            secret=self._foundation.secret,
            metrics=self._metrics,
            links=Links(template=self._settings.sns_url, fallback=self._foundation.endpoint_url),
            queues=None if self._queues is None else self._queues(),
            signing_bits=self._settings.sns_key_bits or (1024 if self._settings.auth_mode == "open" else 2048),
            organization=self._settings.organization,
        )

    @cached_property
    def _deliveries(self) -> "Deliveries":
        from pileus.services.sns.deliveries.http import HttpCaller
        from pileus.services.sns.deliveries.people import PeopleByInbox
        from pileus.services.sns.deliveries.worker import Deliveries
        from pileus.services.sns.inbox import Inbox
        from pileus.services.sns.platforms.sending import PushNotifications
        from pileus.services.sns.sms.sending import TextMessages

        inbox = Inbox(clock=self._clock, mail=bool(self._settings.smtp))
        topics = self._topics
        return Deliveries(
            store=self._store,
            clock=self._clock,
            signers=topics.signers,
            fanout=topics.fanout,
            metrics=topics.topic_metrics,
            http=HttpCaller(private_allowed=self._settings.auth_mode == "open" or self._settings.private_endpoints),
            functions=self._functions,
            people=PeopleByInbox(
                inbox,
                TextMessages(inbox, clock=self._clock, ids=self._ids),
                PushNotifications(inbox, clock=self._clock, ids=self._ids),
            ),
        )

    # What the outbox delivers.

    async def _to_function(self, delivery: Delivery) -> None:
        await self._deliveries.to_function(delivery)

    async def _to_http(self, delivery: Delivery) -> None:
        await self._deliveries.to_http(delivery)

    async def _to_people(self, delivery: Delivery) -> None:
        await self._deliveries.to_people(delivery)

    async def _to_queue(self, delivery: Delivery) -> None:
        await self._deliveries.to_queue(delivery)

    async def _fan_out(self, delivery: Delivery) -> None:
        await self._topics.fanout.deliver(self._store, delivery)

    async def _clean(self, delivery: Delivery) -> None:
        from pileus.services.sns.cleaning import clean

        await clean(self._store, delivery)

    async def _replay(self, delivery: Delivery) -> None:
        from pileus.services.sns.archive.replaying import Replays

        await Replays(store=self._store, clock=self._clock, resender=self._topics.fanout).deliver(delivery)

    async def _clear_archive(self, delivery: Delivery) -> None:
        from pileus.services.sns.archive.store import clear_archive

        await clear_archive(self._store, delivery)

    async def _log(self, delivery: Delivery) -> None:
        """Where there are no logs, nobody could read it."""
        from pileus.services.sns.log_lines import LogLines

        if self._logs is not None:
            await LogLines(self._logs()).deliver(delivery)

    async def _mail(self, delivery: Delivery) -> None:
        """Emails that were written down while there was a mail server; the inbox has them in any case."""
        if self._settings.smtp:
            await self._mail_server.deliver(delivery)

    @cached_property
    def _mail_server(self) -> "Mail":
        from pileus.services.sns.inbox.mail import Mail, mail_server

        return Mail(mail_server(self._settings.smtp))

    async def _expire(self, delivery: Delivery) -> None:
        from pileus.services.sns.confirming import expire

        await expire(self._store, self._clock.timestamp(), delivery)

    # What it serves beside its API.

    async def _answer_certificate(self, request: Request) -> Response:
        """The one that messages are signed with; nobody needs to say who they are."""
        signer = await self._topics.signers.ready()
        if request.path != signer.path or request.method not in ("GET", "HEAD"):
            return Response(404, (("Content-Type", "text/plain"),), b"There is no such certificate.\n")
        return Response(200, (("Content-Type", "application/x-pem-file"),), signer.certificate)
