"""How is Lambda built: functions, their environments, URLs and event source mappings?"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pileus.composition.authorization import LateAuthorizer
from pileus.composition.foundation import Foundation
from pileus.composition.iam import IamPart
from pileus.composition.logs import LogsPart
from pileus.composition.part import HOUSEKEEPING_EVERY, Part, described
from pileus.kernel.auth.authenticator import Authenticator
from pileus.kernel.auth.credentials import CredentialIssuer
from pileus.kernel.auth.permissions import ResourceSource
from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.http.messages import Handler, Request, Response
from pileus.kernel.outbox import Delivery, Outbox
from pileus.kernel.routing import Router
from pileus.kernel.service import Duty, Service
from pileus.kernel.storage.keys import Subspace

if TYPE_CHECKING:
    from pileus.composition.role_permissions import LateRolePermissions
    from pileus.services.lambda_.api import LambdaApi
    from pileus.services.lambda_.destinations import EventTargets
    from pileus.services.lambda_.environments.pool import EnvironmentPool
    from pileus.services.lambda_.images.kept import ImageSources
    from pileus.services.lambda_.mappings.queues import QueueSource
    from pileus.services.lambda_.mappings.sources import StreamSource
    from pileus.services.lambda_.operations.base import ServiceInvoker
    from pileus.services.lambda_.sources import ObjectReader
    from pileus.services.lambda_.urls.gateway import FunctionUrls

_IMPORTS: Final = (
    "pileus.services.lambda_.environments.pool",
    "pileus.services.logs.writer",
    "pileus.services.sts.issuer",
)


class LambdaPart(Part):
    """Functions, and all that runs them."""

    def __init__(
        self,
        foundation: Foundation,
        *,
        iam: IamPart,
        logs: LogsPart,
        sources: "Callable[[], Mapping[str, StreamSource]]",
        queues: "Callable[[], Mapping[str, QueueSource]]",
        targets: "Callable[[], EventTargets]",
        objects: "Callable[[], ObjectReader | None]",
        authorizer: LateAuthorizer,
        authenticator: Callable[[], Authenticator],
    ) -> None:
        """iam: whose roles functions have. logs: where they write. sources, queues: of records and messages for
        mappings, by the service in their ARNs. targets: who takes messages for queues and topics. objects: who reads
        code in S3. authorizer, authenticator: who may call a function's URL.
        """
        super().__init__(foundation)
        self._iam = iam
        self._logs = logs
        self._sources = sources
        self._queues = queues
        self._targets = targets
        self._objects = objects
        self._authorizer = authorizer
        self._authenticator = authenticator

    def services(self) -> Sequence[Service]:
        return (described("lambda", lambda: self._functions, package="lambda_", imports=_IMPORTS),)

    def resources(self) -> Mapping[str, ResourceSource]:
        from pileus.services.lambda_.known_resources import LambdaResources

        return {"lambda": LambdaResources(self._store)}

    def route(self, router: Router) -> None:
        router.add_host("lambda-url", self._answer_url)
        router.add_path("/_aws/lambda-url/", self._answer_url, deployed=True)

    def admin_paths(self) -> Mapping[str, Handler]:
        return {"/_pileus/lambda/": self._answer_code}

    def subscribe(self, outbox: Outbox) -> None:
        outbox.subscribe("lambda.invoke", self._invoke_later)
        outbox.subscribe("lambda.destination", self._send_to_destination)
        outbox.subscribe("lambda.snapshot", self._take_snapshot)

    def duties(self) -> Sequence[Duty]:
        return (self._prepare_environments, self._run_mappings, self._sweep_code)

    async def close(self) -> None:
        if "_environments" in self.__dict__:
            await self._environments.close()

    @property
    def invoker(self) -> "ServiceInvoker":
        """Invokes functions for another service."""
        return self._functions.invoker

    # How it is built.

    @cached_property
    def _functions(self) -> "LambdaApi":
        from pileus.services.lambda_.api import LambdaApi

        return LambdaApi(
            store=self._store,
            blobs=self._blobs,
            pool=self._environments,
            clock=self._clock,
            ids=self._ids,
            data_dir=self._settings.data_dir,
            secret=self._foundation.secret,
            credentials=self._credentials,
            metrics=self._metrics,
            roles=self._role_permissions,
            hot_reload=self._settings.auth_mode == "open",
            sources=self._sources(),
            queues=self._queues(),
            targets=self._targets(),
            objects=self._objects(),
            image_sources=self._image_sources(),
        )

    def _image_sources(self) -> "ImageSources":
        from pileus.services.lambda_.images.addresses import read_registry
        from pileus.services.lambda_.images.kept import ImageSources

        return ImageSources(
            folder=self._settings.images,
            registries=[read_registry(text) for text in self._settings.image_registries],
        )

    @cached_property
    def _environments(self) -> "EnvironmentPool":
        from pileus.services.lambda_.environments.pool import EnvironmentPool

        return EnvironmentPool(
            credentials=self._credentials,
            logs=self._logs.function_logs,
            clock=self._clock,
            ids=self._ids,
            endpoint_url=self._foundation.endpoint_url,
            data_dir=self._settings.data_dir,
            strict_runtimes=self._settings.strict_runtimes,
        )

    @cached_property
    def _blobs(self) -> LocalBlobs:
        return LocalBlobs(self._settings.data_dir / "blobs", durability=self._settings.durability)

    @cached_property
    def _credentials(self) -> CredentialIssuer:
        from pileus.services.sts.issuer import RoleCredentialIssuer

        return RoleCredentialIssuer(
            service_principal="lambda.amazonaws.com",
            roles=self._iam.roles,
            sealer=self._foundation.sealer,
            clock=self._clock,
            organization=self._settings.organization,
        )

    @cached_property
    def _role_permissions(self) -> "LateRolePermissions":
        from pileus.composition.role_permissions import LateRolePermissions

        return LateRolePermissions(
            authorizer=self._authorizer,
            roles=lambda: self._iam.roles,
            clock=self._clock,
            ids=self._ids,
            service="lambda",
            session_name="awslambda",
            organization=self._settings.organization,
        )

    @cached_property
    def _function_urls(self) -> "FunctionUrls":
        return self._functions.function_urls(authenticator=self._authenticator(), authorizer=self._authorizer)

    # What reaches it otherwise than by its API.

    def _answer_url(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self._function_urls(request)

    def _answer_code(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self._functions.code_handler(request)

    # What happens without a request.

    async def _invoke_later(self, delivery: Delivery) -> None:
        await self._functions.deliver(delivery)

    async def _take_snapshot(self, delivery: Delivery) -> None:
        await self._functions.take_snapshot(delivery)

    async def _send_to_destination(self, delivery: Delivery) -> None:
        await self._functions.deliver_message(delivery)

    async def _prepare_environments(self) -> None:
        """Where there are functions, somebody will invoke one: their environments then start in milliseconds.

        So do those of versions with SnapStart, whose snapshots do not outlive a process.
        """
        begin, end = Subspace("lambda").range()
        if await self._store.snapshot().range(begin, end, limit=1):
            self._environments.prepare()
        begin, end = Subspace("lambda-snapshots").range()
        if await self._store.snapshot().range(begin, end, limit=1):
            await self._functions.take_snapshots_again()

    async def _run_mappings(self) -> None:
        """Once there is an event source mapping."""
        begin, end = Subspace("lambda-mappings").range()
        watch = self._store.watch(Subspace("lambda-mappings-changed").prefix)
        if not await self._store.snapshot().range(begin, end, limit=1):
            await watch.changed()
        watch.cancel()
        await self._functions.run_mappings()

    async def _sweep_code(self) -> None:
        """Remove packages and images that no function has any more."""
        while True:
            await self._clock.sleep(HOUSEKEEPING_EVERY)
            kept = {name for name in ("blobs", "images") if (self._settings.data_dir / name).exists()}
            if kept:
                await self._functions.sweep_code()
            if "blobs" in kept:
                await self._blobs.sweep(await self._functions.referenced_blobs(), older_than=HOUSEKEEPING_EVERY)
