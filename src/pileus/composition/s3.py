"""How is S3 built, and what is done to objects without a request?"""

import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from pileus.composition.foundation import Foundation
from pileus.composition.object_duties import ObjectDuties
from pileus.composition.part import Part, described
from pileus.composition.s3_edges import S3Edges
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.http.messages import Handler, Request, Response
from pileus.kernel.metrics.holding import Gauge, Held
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.routing import Router
from pileus.kernel.service import Duty, Service
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pathlib import Path

    from pileus.kernel.blobs.objects import BlobStore
    from pileus.kernel.event_bus import EventBus
    from pileus.kernel.wire.performing import OperationAuthorizer
    from pileus.services.kms.keeper import KeyKeeper
    from pileus.services.lambda_.operations.base import ServiceInvoker
    from pileus.services.s3.api import S3Api
    from pileus.services.s3.events.delivering import EventDelivery
    from pileus.services.s3.events.targets import EventReceivers
    from pileus.services.s3.keeping import BlobKeeping
    from pileus.services.s3.mfa import RootDevices
    from pileus.services.s3.posting.posts import PolicyAuthenticator
    from pileus.services.s3.replication.copying import Replicating, RolePermissions
    from pileus.services.sns.publisher import TopicPublisher
    from pileus.services.sqs.sender import QueueSender

_BLOBS_LOOKED_FOR_EVERY: Final = timedelta(minutes=1)
_BUCKETS: Final = Subspace("s3", "bucket")
_OF_UPLOADS: Final = ("s3.completed", "s3.abandon", "s3.parts")


class S3Part(Part):
    """Buckets and their objects."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        queues: "Callable[[], QueueSender] | None",
        topics: "Callable[[], TopicPublisher] | None",
        functions: "Callable[[], ServiceInvoker] | None",
        authorizer: "OperationAuthorizer",
        authenticator: "Callable[[], PolicyAuthenticator]",
        roles: "Callable[[], RolePermissions]",
        keys: "Callable[[], KeyKeeper] | None",
        bus: "Callable[[], EventBus] | None",
        root_devices: "Callable[[], RootDevices]",
    ) -> None:
        """queues, topics, functions: who hears of what happens to objects; None of a service that is not there.

        authorizer, authenticator: of those who come otherwise than by the API. roles: what those may in whose name
        objects are replicated. keys: KMS's, None where there is no KMS. bus: the default event buses, likewise.
        root_devices: whose codes let versions be deleted for good.
        """
        super().__init__(foundation)
        self._began_s = time.time()
        self._queues = queues
        self._topics = topics
        self._functions = functions
        self._keys = keys
        self._bus = bus
        self._root_devices = root_devices
        self._roles = roles
        self._duties = ObjectDuties(foundation, writer=lambda: self._api.writer)
        self._edges = S3Edges(
            foundation, authorizer=authorizer, authenticator=authenticator, service=lambda: self._service
        )
        self._service = replace(
            described("s3", lambda: self._api, note_answer=self._duties.note), form=self._edges.form
        )

    def services(self) -> Sequence[Service]:
        return (self._service,)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.s3.access_resources import BucketResources

        return {"s3": BucketResources(self._store)}

    def route(self, router: Router) -> None:
        self._edges.route(router)

    def guarded_paths(self) -> Mapping[str, Handler]:
        return {"/_pileus/s3/scrub": self._answer_scrub}

    def subscribe(self, outbox: Outbox) -> None:
        forever = RetryPolicy(attempts=sys.maxsize)
        outbox.subscribe("s3.free", self._free, retry=forever)
        outbox.subscribe("s3.unlay", self._unlay, retry=forever)
        outbox.subscribe("s3.restored", self._tell_restored)
        outbox.subscribe("s3.notify", self._notify)
        outbox.subscribe("s3.bus", self._tell_bus)
        outbox.subscribe("s3.replicate", self._replicate, on_exhausted=self._give_up_replicating)
        for topic in _OF_UPLOADS:
            outbox.subscribe(topic, self._end_uploads, retry=forever)

    def duties(self) -> Sequence[Duty]:
        return (self._sweep, self._scrub, self._duties.age, self._duties.take_stock, self._duties.log)

    def gauges(self) -> Sequence[Gauge]:
        return (self._hold,)

    async def _hold(self, since: datetime) -> AsyncIterator[Held]:
        if not await self._store.snapshot().range(*_BUCKETS.range(), limit=1):
            return
        from pileus.services.s3.holding import held_by_buckets

        async for one in held_by_buckets(self._store):
            yield one

    async def close(self) -> None:
        await self._duties.close()
        if "_blobs" in self.__dict__:
            self._blobs.close()

    @cached_property
    def _blobs(self) -> "BlobStore":
        if self._settings.s3_objects:
            from pileus.kernel.blobs.remote import remote_blobs_at

            return remote_blobs_at(self._settings.s3_objects, ids=self._ids)
        from pileus.kernel.blobs.objects import local_blobs

        return local_blobs(self._blobs_root, ids=self._ids, durability=self._settings.durability)

    @property
    def api(self) -> "S3Api":
        """For services that read and write objects in the name of their callers."""
        return self._api

    @cached_property
    def _api(self) -> "S3Api":
        from pileus.services.s3.api import S3Api
        from pileus.services.s3.bodies import Bodies
        from pileus.services.s3.encryption import ObjectKeys
        from pileus.services.s3.keys_of_kms import DataKeys, NoDataKeys

        kms: DataKeys = NoDataKeys()
        if self._keys is not None:
            from pileus.composition.key_requests import KeyRequests
            from pileus.composition.object_keys import KmsDataKeys

            kms = KmsDataKeys(self._keys, self._store, KeyRequests(self._metrics, self._clock))
        api = S3Api(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            bodies=Bodies(self._blobs, self._ids),
            keys=ObjectKeys(
                ids=self._ids,
                secret=self._foundation.secret,
                kms=kms,
                everything=self._settings.s3_encrypt_everything,
            ),
            metrics=self._metrics,
        )
        api.event_receivers = self._receivers
        api.root_devices = self._root_devices()
        return api

    @cached_property
    def _receivers(self) -> "EventReceivers":
        from pileus.composition.object_events import ServiceReceivers

        return ServiceReceivers(queues=self._queues, topics=self._topics, functions=self._functions)

    @cached_property
    def _events(self) -> "EventDelivery":
        from pileus.services.s3.events.delivering import EventDelivery

        return EventDelivery(
            store=self._store, receivers=self._receivers, bus=None if self._bus is None else self._bus()
        )

    async def _notify(self, delivery: Delivery) -> None:
        await self._events.notify(delivery)

    async def _tell_bus(self, delivery: Delivery) -> None:
        await self._events.tell_bus(delivery)

    @cached_property
    def _replicating(self) -> "Replicating":
        return self._api.replicating(self._roles())

    async def _replicate(self, delivery: Delivery) -> None:
        await self._replicating.deliver(delivery)

    async def _give_up_replicating(self, delivery: Delivery, error: BaseException) -> None:
        await self._replicating.give_up(delivery, error)

    @property
    def _blobs_root(self) -> "Path":
        return self._settings.data_dir / "objects"

    @cached_property
    def _keeping(self) -> "BlobKeeping":
        from pileus.services.s3.keeping import BlobKeeping

        return BlobKeeping(
            store=self._store,
            clock=self._clock,
            blobs=self._blobs,
            alone_since_s=None if self._settings.s3_objects else self._began_s,
        )

    async def _end_uploads(self, delivery: Delivery) -> None:
        from pileus.services.s3.uploads.remains import UploadRemains

        await UploadRemains(self._store).take(delivery)

    async def _free(self, delivery: Delivery) -> None:
        await self._keeping.free(delivery)

    async def _unlay(self, delivery: Delivery) -> None:
        await self._keeping.unlay(delivery)

    async def _tell_restored(self, delivery: Delivery) -> None:
        from pileus.services.s3.restoring import RestoreTelling

        await RestoreTelling(store=self._store, clock=self._clock).deliver(delivery)

    async def _sweep(self) -> None:
        await self._blobs_there()
        await self._keeping.sweep()

    async def _scrub(self) -> None:
        await self._blobs_there()
        await self._keeping.scrub()

    async def _answer_scrub(self, request: Request) -> Response:
        """Look through all bytes of objects now, instead of once a week."""
        if request.method != "POST":
            return Response(405, (("Content-Type", "text/plain"),), b"POST looks through the bytes of all objects\n")
        found = await self._keeping.look_through()
        told = msgspec.json.encode({"blobs": found.blobs, "damaged": found.damaged})
        return Response(200, (("Content-Type", "application/json"),), told)

    async def _blobs_there(self) -> None:
        """Wait until there is something to look after."""
        while not (self._settings.s3_objects or self._blobs_root.exists()):
            await self._clock.sleep(_BLOBS_LOOKED_FOR_EVERY)
