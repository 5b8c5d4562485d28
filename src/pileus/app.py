"""Which parts is Pileus made of, and who is handed to whom? The one file that knows every service.

How a part is built is said in `composition/`. A part is built when its first request arrives, so that one that nobody
uses costs neither time nor memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pileus.admin import Admin, admin_token
from pileus.composition.apigatewayv2 import ApiGatewayV2Part
from pileus.composition.authorization import LateAuthorizer
from pileus.composition.cloudwatch import CloudWatchPart
from pileus.composition.dynamodb import DynamoDbPart
from pileus.composition.events import EventsPart
from pileus.composition.foundation import Foundation
from pileus.composition.iam import IamPart
from pileus.composition.kms import KmsPart
from pileus.composition.lambda_ import LambdaPart
from pileus.composition.logs import LogsPart
from pileus.composition.pages import pages
from pileus.composition.part import Part
from pileus.composition.s3 import S3Part
from pileus.composition.s3control import S3ControlPart
from pileus.composition.sns import SnsPart
from pileus.composition.sqs import SqsPart
from pileus.composition.sts import StsPart
from pileus.duties import perform
from pileus.kernel.auth.audit import DENIED_TOPIC, AuditLog
from pileus.kernel.auth.authenticator import Authenticator
from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.auth.root_credentials import RootCredentials
from pileus.kernel.http.browsers import BrowserGuard, loopback
from pileus.kernel.http.messages import Handler
from pileus.kernel.metrics.holding import Holdings
from pileus.kernel.routing import Router
from pileus.kernel.service import Duty, Service
from pileus.kernel.wire.dispatcher import Dispatcher

if TYPE_CHECKING:
    from pileus.composition.object_writing import ObjectsOfRoles
    from pileus.composition.role_permissions import LateRolePermissions
    from pileus.services.cloudwatch.alarms.actions import AlarmTopics
    from pileus.services.events.bus import DefaultBus
    from pileus.services.lambda_.destinations import EventTargets
    from pileus.services.lambda_.mappings.queues import QueueSource
    from pileus.services.lambda_.mappings.sources import StreamSource
    from pileus.services.lambda_.operations.base import ServiceInvoker
    from pileus.services.lambda_.sources import ObjectReader
    from pileus.services.logs.exports import Buckets
    from pileus.services.s3.replication.copying import RolePermissions
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sns.queue_target import QueueTarget
    from pileus.services.sqs.sender import QueueSender


class Parts:
    """Everything that a reset replaces: the services, their caches, and what runs beside requests."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        root: RootCredentials | None,
        reset: Callable[[], Awaitable[None]],
        clock_moved: Callable[[], Awaitable[None]],
    ) -> None:
        """root: its key pair, once there is one. reset, clock_moved: see `Admin`."""
        self._foundation = foundation
        self._settings = foundation.settings
        self._audit = AuditLog(foundation.store)
        self._authorizer = self._late_authorizer()

        # Who is handed to whom.
        functions = self._invoker
        self._iam = IamPart(foundation, root=root)
        self._sts = StsPart(foundation, iam=self._iam)
        self._logs = LogsPart(
            foundation, functions=functions, buckets=self._export_buckets if self._has("s3") else None
        )
        self._dynamodb = DynamoDbPart(foundation, keys=(lambda: self._kms.keeper) if self._has("kms") else None)
        self._sqs = SqsPart(foundation)
        bus = self._default_bus if self._has("events") else None
        self._kms = KmsPart(foundation, authorizer=self._authorizer, bus=bus)
        self._lambda = LambdaPart(
            foundation,
            iam=self._iam,
            logs=self._logs,
            sources=self._event_sources,
            queues=self._event_queues,
            targets=self._event_targets,
            objects=self._code_objects,
            authorizer=self._authorizer,
            authenticator=lambda: self._authenticator,
        )
        invoker = functions if self._has("lambda") else None
        self._sns = SnsPart(
            foundation,
            functions=invoker,
            queues=self._topic_queues if self._has("sqs") else None,
            logs=(lambda: self._logs.function_logs) if self._has("logs") else None,
        )
        self._events = EventsPart(
            foundation,
            queues=self._queue_sender if self._has("sqs") else None,
            topics=self._topic_publisher if self._has("sns") else None,
            functions=invoker,
            logs=self._has("logs"),
            roles=self._event_roles,
        )
        self._s3control = S3ControlPart(foundation)
        self._s3 = S3Part(
            foundation,
            queues=self._queue_sender if self._has("sqs") else None,
            topics=self._topic_publisher if self._has("sns") else None,
            functions=invoker,
            authorizer=self._authorizer,
            authenticator=lambda: self._authenticator,
            roles=self._replication_roles,
            keys=(lambda: self._kms.keeper) if self._has("kms") else None,
            bus=bus,
            root_devices=lambda: self._iam.mfa,
        )
        self._cloudwatch = CloudWatchPart(
            foundation,
            functions=invoker,
            topics=self._alarm_topics,
            bus=bus,
        )
        self._apigatewayv2 = ApiGatewayV2Part(foundation, functions=functions, authorizer=self._authorizer)

        # In this order they are closed: functions before the logs that they still write to.
        self._all: Sequence[Part] = (
            self._apigatewayv2,
            self._cloudwatch,
            self._dynamodb,
            self._events,
            self._iam,
            self._kms,
            self._lambda,
            self._logs,
            self._s3,
            self._s3control,
            self._sns,
            self._sqs,
            self._sts,
        )
        services = {service: part for part in self._all for service in part.services() if self._has(service.name)}
        self._offered: Sequence[Part] = tuple(dict.fromkeys(services.values()))
        self._authenticator = self._new_authenticator(tuple(services))
        self.router = self._new_router(tuple(services))
        self._holdings = Holdings(
            store=foundation.store,
            metrics=foundation.metrics,
            clock=foundation.clock,
            gauges=[gauge for part in self._offered for gauge in part.gauges()],
        )
        admin = self._admin(tuple(services), reset=reset, clock_moved=clock_moved)
        self.router.add_path("/_pileus/", admin)
        self.router.add_path("/_localstack/", admin)
        for part in self._offered:
            part.route(self.router)
        self._duties: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin what runs beside requests."""
        outbox, metrics = self._foundation.outbox, self._foundation.metrics
        duties: list[Duty] = [outbox.run, metrics.run, self._holdings.run]
        for part in self._all:
            part.subscribe(outbox)
            duties += part.duties()
        outbox.subscribe(DENIED_TOPIC, lambda delivery: self._audit.note_emitted(delivery.event))
        self._duties = asyncio.create_task(perform(duties))

    async def answer_waiting(self) -> None:
        """Before requests under way are waited for: nobody's patience is to be waited for with them."""
        for part in self._all:
            await part.answer_waiting()

    async def close(self) -> None:
        """Stop duties and functions; what must still be written is written."""
        for part in self._all:
            await part.hang_up()
        if self._duties is not None:
            # Before the functions: an event whose function we end is to be delivered again, not to count as failed.
            self._duties.cancel()
            await asyncio.gather(self._duties, return_exceptions=True)
        for part in self._all:
            await part.close()
        await self._foundation.metrics.flush()

    def _has(self, service: str) -> bool:
        return service in self._settings.services

    # What one service is to another.

    def _invoker(self) -> "ServiceInvoker":
        return self._lambda.invoker

    def _queue_sender(self) -> "QueueSender":
        return self._sqs.sender

    def _default_bus(self) -> "DefaultBus":
        return self._events.default_bus

    def _topic_publisher(self) -> "TopicPublisher":
        return self._sns.publisher

    def _alarm_topics(self) -> "AlarmTopics":
        from pileus.composition.alarm_topics import PublisherOfAlarms

        return PublisherOfAlarms(self._sns.publisher if self._has("sns") else None)

    def _topic_queues(self) -> "QueueTarget":
        from pileus.composition.queue_targets import TopicQueues

        return TopicQueues(self._sqs.sender)

    def _export_buckets(self) -> "Buckets":
        from pileus.composition.log_exports import ExportBuckets

        return ExportBuckets(
            store=self._foundation.store,
            clock=self._foundation.clock,
            writer=lambda: self._s3.api.writer,
            organization=self._settings.organization,
        )

    def _event_sources(self) -> "Mapping[str, StreamSource]":
        from pileus.composition.event_sources import DynamoDbStreamSource

        return {"dynamodb": DynamoDbStreamSource(self._dynamodb.stream_reader)} if self._has("dynamodb") else {}

    def _event_queues(self) -> "Mapping[str, QueueSource]":
        from pileus.composition.event_sources import SqsQueueSource

        return {"sqs": SqsQueueSource(lambda: self._sqs.receiver)} if self._has("sqs") else {}

    def _event_targets(self) -> "EventTargets":
        from pileus.composition.event_targets import ServiceTargets

        return ServiceTargets(
            store=self._foundation.store,
            queues=self._queue_sender if self._has("sqs") else None,
            topics=self._topic_publisher if self._has("sns") else None,
            objects=self._objects_of_roles() if self._has("s3") else None,
            buses=(lambda: self._events.of_services) if self._has("events") else None,
        )

    def _objects_of_roles(self) -> "ObjectsOfRoles":
        from pileus.composition.object_writing import ObjectsOfRoles

        return ObjectsOfRoles(
            store=self._foundation.store,
            api=lambda: self._s3.api,
            roles=lambda: self._role_permissions("lambda", "awslambda"),
        )

    def _replication_roles(self) -> "RolePermissions":
        return self._role_permissions("s3", "s3-replication")

    def _event_roles(self) -> "LateRolePermissions":
        return self._role_permissions("events", "EventBridge")

    def _role_permissions(self, service: str, session_name: str) -> "LateRolePermissions":
        from pileus.composition.role_permissions import LateRolePermissions

        return LateRolePermissions(
            authorizer=self._authorizer,
            roles=lambda: self._iam.roles,
            clock=self._foundation.clock,
            ids=self._foundation.ids,
            service=service,
            session_name=session_name,
            organization=self._settings.organization,
        )

    def _code_objects(self) -> "ObjectReader | None":
        if not self._has("s3"):
            return None
        from pileus.composition.object_reading import ObjectsForCallers
        from pileus.services.lambda_.limits import UNZIPPED_BYTES_MAX

        return ObjectsForCallers(lambda: self._s3.api, self._authorizer, size_bytes_max=UNZIPPED_BYTES_MAX)

    def _resources(self) -> Mapping[str, ResourceSource]:
        known: dict[str, ResourceSource] = {}
        for part in self._knowing():
            known |= part.resources()
        return known

    def _knowing(self) -> Sequence[Part]:
        """Roles are passed to other services, and assumed by them: also where nobody can ask IAM and STS themselves."""
        return (self._iam, self._sts, *self._offered)

    # What stands before all services.

    def _late_authorizer(self) -> LateAuthorizer:
        foundation = self._foundation
        return LateAuthorizer(
            store=foundation.store,
            audit=self._audit,
            clock=foundation.clock,
            resources=self._resources,
            modules=lambda: [service.permissions for part in self._knowing() for service in part.services()],
            messages=AuthorizationMessages(foundation.secret, foundation.ids),
            organization=self._settings.organization,
        )

    def _new_authenticator(self, services: Sequence[Service]) -> Authenticator:
        return Authenticator(
            mode=self._settings.auth_mode,
            keys=self._iam.keys(),
            sealer=self._foundation.sealer,
            clock=self._foundation.clock,
            signing_names={service.name: service.signing_name for service in services},
            note_use=self._iam.note_use,
        )

    def _new_router(self, services: Sequence[Service]) -> Router:
        settings, foundation = self._settings, self._foundation
        is_open = settings.auth_mode == "open"
        guard = BrowserGuard(allowed=settings.allowed_hosts, any_host=not loopback(settings.host)) if is_open else None
        dispatcher = Dispatcher(
            services,
            authenticator=self._authenticator,
            authorizer=self._authorizer,
            clock=foundation.clock,
            ids=foundation.ids,
        )
        return Router(dispatcher, guard=guard)

    def _admin(
        self,
        services: Sequence[Service],
        *,
        reset: Callable[[], Awaitable[None]],
        clock_moved: Callable[[], Awaitable[None]],
    ) -> Admin:
        clock = self._foundation.clock
        mounted: dict[str, Handler] = {}
        guarded = dict(
            pages(
                audit=self._audit,
                metrics=self._foundation.metrics,
                holdings=self._holdings,
                clock=clock,
                store=self._foundation.store,
            )
        )
        for part in self._offered:
            mounted |= part.admin_paths()
            guarded |= part.guarded_paths()
        return Admin(
            clock=clock,
            services={service.name: "running" for service in services},
            token=None if self._settings.auth_mode == "open" else admin_token(self._foundation.secret),
            reset=reset,
            clock_moved=clock_moved,
            mounted=mounted,
            guarded=guarded,
        )
