"""What do all operations share: the store, the environments, and how a function is found?"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import msgspec

from pileus.kernel.auth.credentials import CredentialIssuer
from pileus.kernel.auth.sealing import SECRET_BYTES
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus, ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.lambda_ import store as records
from pileus.services.lambda_.checking import HOST_ARCHITECTURE
from pileus.services.lambda_.code import CodePackages
from pileus.services.lambda_.configuring import Change, Package
from pileus.services.lambda_.destinations import Destinations, EventTargets
from pileus.services.lambda_.downloads import CodeDownloads
from pileus.services.lambda_.errors import (
    CrossAccountRole,
    InvalidParameterValueException,
    PreconditionFailedException,
)
from pileus.services.lambda_.events_metrics import EventMetrics
from pileus.services.lambda_.images.kept import ImageSources
from pileus.services.lambda_.images.store import Images
from pileus.services.lambda_.invoking import Invoker, ServiceInvocation
from pileus.services.lambda_.limits import UNZIPPED_BYTES_MAX
from pileus.services.lambda_.mappings.invoke import MappingInvoke
from pileus.services.lambda_.mappings.poller import MappingPoller, PollerParts
from pileus.services.lambda_.mappings.queues import QueueSource
from pileus.services.lambda_.mappings.sources import StreamSource
from pileus.services.lambda_.metrics import CountedEnvironments
from pileus.services.lambda_.model import (
    AliasRecord,
    FunctionRecord,
    Target,
    VersionRecord,
    published,
    same_when_published,
)
from pileus.services.lambda_.names import FunctionName, account_of_role
from pileus.services.lambda_.provisioner import AccountConcurrency, Fleets, Provisioner
from pileus.services.lambda_.provisioning import ProvisionedFleets
from pileus.services.lambda_.reservations import ReservedEnvironments
from pileus.services.lambda_.resolving import resolve
from pileus.services.lambda_.role_permissions import RolePermissions
from pileus.services.lambda_.running import ROLE_REFUSED, Environments
from pileus.services.lambda_.snapshotting import PENDING, SnapshotTaker, Snapshotting, SnapshotWanted, emit_snapshot
from pileus.services.lambda_.sources import Code, Folder, ObjectReader, source_of
from pileus.services.lambda_.worker import AsyncInvocations

_ROLE_TRIAL: Final = timedelta(minutes=15)
"""The shortest session that STS gives (API_AssumeRole)."""


@runtime_checkable
class ImageRunner(Protocol):
    """What can run container images, perhaps: the `EnvironmentPool`."""

    async def why_no_images(self) -> str:
        """'' where it can."""
        ...


class ServiceInvoker:
    """The face for other services: they name their principal and the resource they act for."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker

    async def invoke(
        self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str, source_account: str = ""
    ) -> ServiceInvocation:
        """Raises ResourceNotFoundException, AccessDeniedException, TooManyRequestsException."""
        return await self._invoker.for_service(
            function_arn=function_arn,
            payload=payload,
            service_principal=service_principal,
            source_arn=source_arn,
            source_account=source_account,
        )

    async def invoke_event(
        self,
        *,
        function_arn: str,
        payload: bytes,
        service_principal: str,
        source_arn: str,
        source_account: str = "",
        trace_header: str = "",
    ) -> str:
        """Asynchronously: accepted once this returns the request id, and then delivered at least once, with retries.

        trace_header: of whoever caused it, which goes on.

        Raises ResourceNotFoundException, AccessDeniedException, RequestTooLargeException.
        """
        call = ServiceCall(service=service_principal, source_arn=source_arn, source_account=source_account)
        return await self.accept_event(function_arn=function_arn, payload=payload, call=call, trace_header=trace_header)

    async def accept_event(
        self, *, function_arn: str, payload: bytes, call: ServiceCall, trace_header: str = ""
    ) -> str:
        """The same, for a service that tells more of its call."""
        return await self._invoker.event_for_service(
            function_arn=function_arn, payload=payload, call=call, trace_header=trace_header
        )

    async def check(self, *, function_arn: str, call: ServiceCall) -> None:
        """Return if a function would take what the service sends. ResourceNotFoundException, AccessDeniedException."""
        await self._invoker.check_for_service(function_arn=function_arn, call=call)


class LambdaBase:
    """What every group of operations is built on.

    provisioned_fleets: who keeps environments ready; without it, nobody can ask for that.
    """

    provisioned_fleets: ProvisionedFleets | None = None

    def __init__(
        self,
        *,
        store: Store,
        blobs: LocalBlobs,
        pool: Environments,
        clock: Clock,
        ids: Ids,
        data_dir: Path,
        secret: bytes | None = None,
        credentials: CredentialIssuer | None = None,
        metrics: Metrics | None = None,
        targets: EventTargets | None = None,
        roles: RolePermissions | None = None,
        objects: ObjectReader | None = None,
        hot_reload: bool = False,
        sources: Mapping[str, StreamSource] | None = None,
        image_sources: ImageSources | None = None,
        queues: Mapping[str, QueueSource] | None = None,
    ) -> None:
        """secret: the server's; without it, addresses of code do not outlive this process. credentials: issues those
        of functions' roles; without it, nobody asks whether a role can be assumed before the first invocation.
        targets: the services that records and events go to. roles: without it, every role may do all.
        sources, queues: of records and messages for mappings, by the service in their ARNs.
        objects: code in S3; without it, code comes in requests only. hot_reload: whether folders of this machine may be
        packages, which makes all that Pileus may read readable to whoever may create functions. image_sources: where
        container images are; without it, there are none.
        """
        self._store = store
        self._pool = pool
        self._credentials = credentials
        self._clock = clock
        self._ids = ids
        self._packages = CodePackages(blobs=blobs, data_dir=data_dir)
        self._images = Images(data_dir=data_dir, sources=image_sources or ImageSources())
        self._objects = objects
        self._hot_reload = hot_reload
        self._event_metrics = EventMetrics(metrics)
        reserved = ReservedEnvironments(pool, store)
        self._invoker = Invoker(
            store=store,
            environments=reserved if metrics is None else CountedEnvironments(reserved, metrics),
            packages=self._packages,
            images=self._images,
            clock=clock,
            ids=ids,
            metrics=self._event_metrics,
        )
        self._async_invocations = AsyncInvocations(
            store=store, invoker=self._invoker, clock=clock, ids=ids, metrics=self._event_metrics
        )
        self._roles = roles
        self._sources = dict(sources or {})
        self._queues = dict(queues or {})
        self._mapping_poller = MappingPoller(
            PollerParts(
                store=store,
                clock=clock,
                ids=ids,
                invoke=MappingInvoke(self._invoker, clock),
                metrics=self._event_metrics,
                sources=self._sources,
                queues=self._queues,
                roles=roles,
                recursion=self._invoker.recursion,
            )
        )
        self._destinations = Destinations(
            store=store, clock=clock, ids=ids, metrics=self._event_metrics, targets=targets, roles=roles
        )
        if isinstance(pool, Fleets):
            pool.limits = AccountConcurrency(store)
            self.provisioned_fleets = Provisioner(store=store, resolver=self._invoker.resolver, fleets=pool)
        self._snapshotting: Snapshotting | None = None
        if isinstance(pool, SnapshotTaker):
            self._snapshotting = Snapshotting(store=store, resolver=self._invoker.resolver, taker=pool)
        self.invoker = ServiceInvoker(self._invoker)
        self.code_handler = CodeDownloads(blobs=blobs, secret=secret or ids.bytes(SECRET_BYTES), clock=clock, ids=ids)

    async def _package(self, context: RequestContext, code: Code, *, within: str = "") -> Package:
        """Keep the code that a request brings or names. within: the member of the request that it is."""
        source = await source_of(
            code, context=context, objects=self._objects, hot_reload=self._hot_reload, within=within
        )
        if isinstance(source, Folder):
            return Package(sha256=source.sha256, size_bytes=0, unzipped_bytes=0, folder=str(source.path))
        if code.zip_file is None:  # from S3, where only what is unpacked counts
            return await self._packages.add(source, zipped_bytes_max=UNZIPPED_BYTES_MAX)
        return await self._packages.add(source)

    async def _image(self, context: RequestContext, uri: str, architectures: Sequence[str] | None) -> Package:
        """Unpack and keep the image that a URI means now. ImageRefused, NotImplementedByPileus."""
        if isinstance(self._pool, ImageRunner) and (reason := await self._pool.why_no_images()):
            raise NotImplementedByPileus(f"PackageType Image is not implemented without namespaces: {reason}")
        architecture = next(iter(architectures or ()), HOST_ARCHITECTURE)
        found, resolved = await self._images.add(uri, region=context.region, architecture=architecture)
        return Package(sha256=found.digest, size_bytes=0, unzipped_bytes=0, image_uri=uri, resolved_image_uri=resolved)

    async def _resolve(self, function: FunctionName) -> Target:
        """What is there under a name; FunctionNotFound."""
        return await resolve(self._store.snapshot(), function)

    async def _require(self, function: FunctionName) -> FunctionRecord:
        """The function, where no version can be meant; FunctionNotFound."""
        return await records.require_function(self._store.snapshot(), function.only_latest())

    async def _check_role(self, function: FunctionName, role_arn: str) -> None:
        """Or CrossAccountRole, InvalidParameterValueException."""
        if account_of_role(role_arn) != function.account_id:
            raise CrossAccountRole
        if self._credentials is None:
            return
        try:
            await self._credentials.for_role(role_arn=role_arn, session_name="lambda", duration=_ROLE_TRIAL)
        except ServiceError as error:
            raise InvalidParameterValueException(ROLE_REFUSED).because(error.denial) from error

    async def _change(
        self,
        function: FunctionName,
        change: Callable[[FunctionRecord], FunctionRecord],
        *,
        revision_id: str | None,
        revision_from: str = "GetFunction/GetAlias",
    ) -> FunctionRecord:
        """Replace a function by what `change` makes of it, if it is still at the revision the caller knows."""

        async def write(tx: Transaction) -> FunctionRecord:
            record = await records.require_function(tx, function.only_latest())
            check_revision(record, revision_id, revision_from)
            changed = change(record)
            records.put_function(tx, function, changed)
            return changed

        return await self._store.run(write)

    async def _publish(
        self, tx: Transaction, function: FunctionName, record: FunctionRecord, *, description: str | None = None
    ) -> VersionRecord:
        """Publish `$LATEST`, unless it is the same as the version published last, which is then the answer."""
        last = await records.get_version(tx, function, record.last_version)
        if last is not None and same_when_published(record, last):
            return last
        version = published(
            record, number=record.last_version + 1, description=description, revision_id=self._ids.uuid()
        )
        latest = msgspec.structs.replace(record, last_version=version.number, revision_id=self._ids.uuid())
        if record.snap_start and self._snapshotting is not None:
            version = msgspec.structs.replace(version, **PENDING)
            emit_snapshot(tx, SnapshotWanted(function=function.qualified_by(None), number=version.number))
        records.put_version(tx, function, version)
        records.put_function(tx, function, latest)
        return version

    def _provisions_changed(self) -> None:
        """What is provisioned, or the version that an alias of it points at."""
        if self.provisioned_fleets is not None:
            self.provisioned_fleets.provisions_changed()

    def _new_change(self) -> Change:
        return Change(revision_id=self._ids.uuid(), fleet_revision=self._ids.uuid(), moment=self._clock.now())


def check_revision(record: FunctionRecord | AliasRecord, given: str | None, operation: str) -> None:
    """Or PreconditionFailedException."""
    check_same_revision(record.revision_id, given, operation)


def check_same_revision(revision_id: str, given: str | None, operation: str) -> None:
    """Or PreconditionFailedException, which names the operation that tells the right one."""
    if given is not None and given != revision_id:
        raise PreconditionFailedException(
            "The Revision Id provided does not match the latest Revision Id. "
            f"Call the {operation} API to retrieve the latest Revision Id"
        )
