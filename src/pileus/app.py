"""Which parts is Pileus made of, and who is handed to whom? The one file that knows every service.

A service is built when its first request arrives, so that one that nobody uses costs neither time nor memory.
"""

import asyncio
import logging
import shutil
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from pileus import billing, decisions, prometheus
from pileus.admin import Admin, admin_token
from pileus.authorization import LateAuthorizer
from pileus.kernel.auth.audit import AuditLog
from pileus.kernel.auth.authenticator import Authenticator
from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.credentials import CredentialIssuer, KeyDirectory, SigningKey
from pileus.kernel.auth.key_ids import KeyIds
from pileus.kernel.auth.root_credentials import (
    RootCredentials,
    RootKeyDirectory,
    load_or_create_root_credentials,
    load_root_credentials,
)
from pileus.kernel.auth.sealing import Seal
from pileus.kernel.auth.server_secret import load_or_create_server_secret
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.clock import MovableClock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.browsers import BrowserGuard, loopback
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.http.server import HttpServer
from pileus.kernel.ids import SystemIds
from pileus.kernel.metrics.counting import Metrics
from pileus.kernel.outbox import Delivery, Outbox, RetryPolicy
from pileus.kernel.routing import Router
from pileus.kernel.service import Duty, NoteFailure, Service
from pileus.kernel.storage.keys import Subspace
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.kernel.wire.dispatcher import Dispatcher
from pileus.running import FORGOTTEN_PREFIX
from pileus.settings import Settings

if TYPE_CHECKING:
    from pileus.monitoring import Monitoring
    from pileus.role_permissions import LateRolePermissions
    from pileus.services.apigatewayv2.dataplane import ExecuteApi
    from pileus.services.dynamodb.metrics import DynamoDbMetrics
    from pileus.services.dynamodb.streams.reader import StreamReader
    from pileus.services.dynamodb.table_work import TableWork
    from pileus.services.iam.key_uses import KeyUseRecorder
    from pileus.services.iam.store import IamRoleDirectory
    from pileus.services.lambda_.api import LambdaApi
    from pileus.services.lambda_.environments.pool import EnvironmentPool
    from pileus.services.lambda_.mappings.sources import StreamSource
    from pileus.services.lambda_.urls.gateway import FunctionUrls
    from pileus.services.logs.subscriptions import Subscriptions
    from pileus.services.logs.writer import FunctionLogWriter

_log: Final = logging.getLogger(__name__)

DRAIN_GRACE: Final = timedelta(seconds=10)
"""How long requests in flight may take to finish after SIGTERM."""
RESET_GRACE: Final = timedelta(seconds=5)
"""How long requests in flight may take to finish before a reset cuts them off; their functions have ended by then."""
_CLOCK_KEY: Final = Subspace("pileus").pack("clock")
HOUSEKEEPING_EVERY: Final = timedelta(hours=1)
ALARMS_LOOKED_FOR_EVERY: Final = timedelta(seconds=10)
_DUTY_RESTARTS_AFTER: Final = timedelta(seconds=1)


class ClockRecord(msgspec.Struct, frozen=True, kw_only=True, tag="clock.v1"):
    """How far the clock is ahead of the machine's, or where it stands still (seconds since 1970)."""

    offset_s: float
    frozen_at_s: float | None = None


class Parts:
    """Everything that a reset replaces: the services, their caches, and what runs beside requests."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: SqliteStore,
        clock: MovableClock,
        ids: SystemIds,
        secret: bytes,
        root: RootCredentials | None,
        endpoint_url: Callable[[], str],
        reset: Callable[[], Coroutine[Any, Any, None]],
        clock_moved: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """endpoint_url: where functions reach this server; known once it listens. secret: see `server_secret`."""
        self._settings = settings
        self._store = store
        self._clock = clock
        self._ids = ids
        self._secret = secret
        self._root = root
        self._endpoint_url = endpoint_url
        self._sealer = SessionSealer(secret, clock, ids)
        self.outbox = Outbox(store, clock)
        self.metrics = Metrics(store, clock)
        services = [service for service in self._all_services() if service.name in settings.services]
        authenticator = Authenticator(
            mode=settings.auth_mode,
            keys=self._keys(),
            sealer=self._sealer,
            clock=clock,
            signing_names={service.name: service.signing_name for service in services},
            note_use=self._note_use,
        )
        self._authenticator = authenticator
        is_open = settings.auth_mode == "open"
        guard = BrowserGuard(allowed=settings.allowed_hosts, any_host=not loopback(settings.host)) if is_open else None
        audit = AuditLog(store)
        authorizer = LateAuthorizer(
            store=store,
            audit=audit,
            clock=clock,
            services=settings.services,
            messages=AuthorizationMessages(secret, ids),
            organization=settings.organization,
        )
        self._denials = authorizer
        dispatcher = Dispatcher(services, authenticator=authenticator, authorizer=authorizer, clock=clock, ids=ids)
        self.router = Router(dispatcher, guard=guard)
        admin = Admin(
            clock=clock,
            services={service.name: "running" for service in services},
            token=None if is_open else admin_token(secret),
            reset=reset,
            clock_moved=clock_moved,
            mounted={"/_pileus/lambda/": self._function_code} if "lambda" in settings.services else {},
            guarded={
                decisions.PATH: decisions.Decisions(audit),
                prometheus.PATH: prometheus.Prometheus(self.metrics, clock),
                billing.PATH: billing.Billing(self.metrics, clock),
            },
        )
        self.router.add_path("/_pileus/", admin)
        self.router.add_path("/_localstack/", admin)
        if "apigatewayv2" in settings.services:
            self.router.add_host("execute-api", self._execute_api_request)
            self.router.add_path("/_aws/execute-api/", self._execute_api_request, deployed=True)
        if "lambda" in settings.services:
            self.router.add_host("lambda-url", self._function_url_request)
            self.router.add_path("/_aws/lambda-url/", self._function_url_request, deployed=True)
        self._function_logs_wanted = asyncio.Event()
        self._key_uses_wanted = asyncio.Event()
        self._duties: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin what runs beside requests."""
        self.outbox.subscribe("cloudwatch.actions", self._act_for_alarm)
        self.outbox.subscribe("lambda.invoke", self._invoke_later)
        self.outbox.subscribe("lambda.destination", self._send_to_destination)
        self.outbox.subscribe("lambda.snapshot", self._take_snapshot)
        self.outbox.subscribe("logs.subscription", self._send_subscribed, retry=RetryPolicy(attempts=sys.maxsize))
        self.outbox.subscribe("logs.query", self._run_query, concurrency=4)
        self.outbox.subscribe("dynamodb.tables", self._work_on_table, retry=RetryPolicy(attempts=sys.maxsize))
        duties: Sequence[Duty] = (
            self.outbox.run,
            self.metrics.run,
            self._prepare_environments,
            self._write_function_logs,
            self._write_key_uses,
            self._forget_old_logs,
            self._watch_alarms,
            self._expire_items,
            self._trim_streams,
            self._run_mappings,
            self._forget_tokens,
            self._count_tables,
            self._sweep_code,
        )
        self._duties = asyncio.create_task(_perform(duties))

    async def close(self) -> None:
        """Stop duties and functions; what must still be written is written."""
        if "execute_api" in self.__dict__:
            await self.execute_api.close()
        if self._duties is not None:
            # Before the functions: an event whose function we end is to be delivered again, not to count as failed.
            self._duties.cancel()
            await asyncio.gather(self._duties, return_exceptions=True)
        if "environments" in self.__dict__:
            await self.environments.close()
        if "function_logs" in self.__dict__:
            await self.function_logs.flush()
        await self.metrics.flush()

    # The services, each built on first use.

    def _all_services(self) -> Sequence[Service]:
        def described(
            name: str,
            api: Callable[[], object],
            *,
            package: str = "",
            signing_name: str = "",
            note_failure: NoteFailure | None = None,
        ) -> Service:
            home = f"pileus.services.{package or name}"
            return Service(
                name=name,
                api=api,
                shapes=f"{home}.shapes",
                signing_name=signing_name or name,
                permissions=f"{home}.permissions",
                note_failure=note_failure,
            )

        return (
            described("apigatewayv2", self._api_gateway_v2, signing_name="apigateway"),
            described("cloudwatch", lambda: self._monitoring.api, signing_name="monitoring"),
            described("dynamodb", self._dynamodb, note_failure=self._note_dynamodb_failure),
            described(
                "dynamodbstreams",
                self._dynamodb_streams,
                package="dynamodb.streams",
                signing_name="dynamodb",
                note_failure=self._note_dynamodb_failure,
            ),
            described("iam", self._iam),
            described("lambda", lambda: self.functions, package="lambda_"),
            described("logs", self._logs),
            described("sts", self._sts),
        )

    def _api_gateway_v2(self) -> object:
        from pileus.services.apigatewayv2.api import ApiGatewayV2Api

        return ApiGatewayV2Api(store=self._store, clock=self._clock, ids=self._ids)

    @cached_property
    def _monitoring(self) -> "Monitoring":
        from pileus.monitoring import Monitoring

        return Monitoring(
            store=self._store,
            metrics=self.metrics,
            clock=self._clock,
            ids=self._ids,
            functions=(lambda: self.functions.invoker) if "lambda" in self._settings.services else None,
        )

    def _dynamodb(self) -> object:
        from pileus.services.dynamodb.api import DynamoDbApi

        return DynamoDbApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            metrics=self._dynamodb_metrics,
            changes_take=self._settings.dynamodb_table_delay,
        )

    def _dynamodb_streams(self) -> object:
        from pileus.services.dynamodb.streams.api import DynamoDbStreamsApi

        return DynamoDbStreamsApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            secret=self._secret,
            metrics=self._dynamodb_metrics,
        )

    @cached_property
    def _table_work(self) -> "TableWork":
        from pileus.services.dynamodb.table_work import TableWork

        return TableWork(store=self._store)

    @cached_property
    def _dynamodb_metrics(self) -> "DynamoDbMetrics":
        from pileus.services.dynamodb.metrics import DynamoDbMetrics

        return DynamoDbMetrics(self.metrics, self._clock)

    def _note_dynamodb_failure(self, context: RequestContext, given: object, error: ServiceError) -> None:
        self._dynamodb_metrics.note_failure(context, given, error)

    def _iam(self) -> object:
        from pileus.services.iam.api import IamApi

        return IamApi(
            store=self._store,
            seal=self._secrets_seal,
            key_ids=KeyIds(self._secret, self._ids),
            clock=self._clock,
            ids=self._ids,
            devices_clock=MovableClock(),
        )

    def _logs(self) -> object:
        from pileus.services.logs.api import LogsApi

        return LogsApi(
            store=self._store,
            clock=self._clock,
            ids=self._ids,
            metrics=self.metrics,
            functions=lambda: self.functions.invoker,
        )

    def _sts(self) -> object:
        from pileus.identity import sts_api

        return sts_api(
            store=self._store,
            roles=self._roles,
            sealer=self._sealer,
            keys=self._keys(),
            secrets_seal=self._secrets_seal,
            secret=self._secret,
            clock=self._clock,
            ids=self._ids,
            open_mode=self._settings.auth_mode == "open",
            private_issuers=self._settings.private_issuers,
            organization=self._settings.organization,
        )

    @cached_property
    def functions(self) -> "LambdaApi":
        from pileus.services.lambda_.api import LambdaApi

        return LambdaApi(
            store=self._store,
            blobs=self._blobs,
            pool=self.environments,
            clock=self._clock,
            ids=self._ids,
            data_dir=self._settings.data_dir,
            secret=self._secret,
            credentials=self._function_credentials,
            metrics=self.metrics,
            roles=self._role_permissions,
            hot_reload=self._settings.auth_mode == "open",
            sources=self._event_sources(),
        )

    def _event_sources(self) -> "Mapping[str, StreamSource]":
        from pileus.event_sources import DynamoDbStreamSource

        return {"dynamodb": DynamoDbStreamSource(self._stream_reader)} if "dynamodb" in self._settings.services else {}

    def _stream_reader(self) -> "StreamReader":
        from pileus.services.dynamodb.streams.reader import StreamReader

        return StreamReader(store=self._store, clock=self._clock)

    @cached_property
    def function_urls(self) -> "FunctionUrls":
        return self.functions.function_urls(authenticator=self._authenticator, authorizer=self._denials)

    @cached_property
    def _role_permissions(self) -> "LateRolePermissions":
        from pileus.role_permissions import LateRolePermissions

        return LateRolePermissions(
            authorizer=self._denials,
            roles=lambda: self._roles,
            clock=self._clock,
            ids=self._ids,
            service="lambda",
            session_name="awslambda",
        )

    @cached_property
    def _function_credentials(self) -> CredentialIssuer:
        from pileus.services.sts.issuer import RoleCredentialIssuer

        return RoleCredentialIssuer(service_principal="lambda.amazonaws.com", roles=self._roles, sealer=self._sealer)

    @cached_property
    def _blobs(self) -> LocalBlobs:
        return LocalBlobs(self._settings.data_dir / "blobs", durability=self._settings.durability)

    @cached_property
    def environments(self) -> "EnvironmentPool":
        from pileus.services.lambda_.environments.pool import EnvironmentPool

        return EnvironmentPool(
            credentials=self._function_credentials,
            logs=self.function_logs,
            clock=self._clock,
            ids=self._ids,
            endpoint_url=self._endpoint_url,
            data_dir=self._settings.data_dir,
            strict_runtimes=self._settings.strict_runtimes,
        )

    @cached_property
    def function_logs(self) -> "FunctionLogWriter":
        from pileus.services.logs.writer import FunctionLogWriter

        self._function_logs_wanted.set()
        return FunctionLogWriter(self._store, self._clock, self._ids, metrics=self.metrics)

    @cached_property
    def _log_subscriptions(self) -> "Subscriptions":
        from pileus.services.logs.subscriptions import Subscriptions

        return Subscriptions(
            store=self._store,
            clock=self._clock,
            functions=lambda: self.functions.invoker,
            metrics=self.metrics,
        )

    @cached_property
    def key_uses(self) -> "KeyUseRecorder":
        from pileus.services.iam.key_uses import KeyUseRecorder

        return KeyUseRecorder(store=self._store, clock=self._clock)

    @cached_property
    def execute_api(self) -> "ExecuteApi":
        from pileus.services.apigatewayv2.dataplane import ExecuteApi

        return ExecuteApi(
            store=self._store,
            invoker=self.functions.invoker,
            clock=self._clock,
            ids=self._ids,
            denials=self._denials,
        )

    @cached_property
    def _roles(self) -> "IamRoleDirectory":
        from pileus.services.iam.store import IamRoleDirectory

        return IamRoleDirectory(self._store)

    @cached_property
    def _secrets_seal(self) -> Seal:
        from pileus.services.iam.store import SECRETS_PURPOSE

        return Seal(self._secret, purpose=SECRETS_PURPOSE, ids=self._ids)

    def _keys(self) -> KeyDirectory:
        keys = _LateKeys(self._iam_keys)
        return RootKeyDirectory(self._root, keys) if self._root is not None else keys

    def _iam_keys(self) -> KeyDirectory:
        from pileus.services.iam.store import IamKeyDirectory

        return IamKeyDirectory(self._store, self._secrets_seal)

    # What reaches a service otherwise than by its API.

    def _execute_api_request(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self.execute_api(request)

    def _function_url_request(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self.function_urls(request)

    def _function_code(self, request: Request) -> Coroutine[Any, Any, Response]:
        return self.functions.code_handler(request)

    # What happens without a request. Nothing here builds a service before it has work.

    async def _prepare_environments(self) -> None:
        """Where there are functions, somebody will invoke one: their environments then start in milliseconds.

        So do those of versions with SnapStart, whose snapshots do not outlive a process.
        """
        begin, end = Subspace("lambda").range()
        if await self._store.snapshot().range(begin, end, limit=1):
            self.environments.prepare()
        begin, end = Subspace("lambda-snapshots").range()
        if await self._store.snapshot().range(begin, end, limit=1):
            await self.functions.take_snapshots_again()

    async def _act_for_alarm(self, delivery: Delivery) -> None:
        await self._monitoring.act(delivery)

    async def _watch_alarms(self) -> None:
        """Once there is an alarm, in any account."""
        begin, end = Subspace("cloudwatch", "alarms").range()
        while not await self._store.snapshot().range(begin, end, limit=1):
            await self._clock.sleep(ALARMS_LOOKED_FOR_EVERY)
        await self._monitoring.watch()

    async def _invoke_later(self, delivery: Delivery) -> None:
        await self.functions.deliver(delivery)

    async def _take_snapshot(self, delivery: Delivery) -> None:
        await self.functions.take_snapshot(delivery)

    async def _send_to_destination(self, delivery: Delivery) -> None:
        await self.functions.deliver_message(delivery)

    async def _send_subscribed(self, delivery: Delivery) -> None:
        await self._log_subscriptions.deliver(delivery)

    async def _run_query(self, delivery: Delivery) -> None:
        from pileus.services.logs.queries import Queries

        await Queries(store=self._store, clock=self._clock).deliver(delivery)

    async def _work_on_table(self, delivery: Delivery) -> None:
        await self._table_work.deliver(delivery)

    async def _write_function_logs(self) -> None:
        await self._function_logs_wanted.wait()
        await self.function_logs.run()

    def _note_use(self, principal: Principal, service: str, region: str) -> None:
        self.key_uses.note_use(principal, service, region)
        self._key_uses_wanted.set()

    async def _write_key_uses(self) -> None:
        await self._key_uses_wanted.wait()
        await self.key_uses.run()

    async def _forget_old_logs(self) -> None:
        await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.logs.worker import Retention

        await Retention(store=self._store, clock=self._clock).run()

    async def _forget_tokens(self) -> None:
        await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.dynamodb.tokens import sweep_always

        await sweep_always(self._store, self._clock)

    async def _expire_items(self) -> None:
        from pileus.services.dynamodb.expiry import until_expired

        await until_expired(self._store.snapshot(), self._clock)
        from pileus.services.dynamodb.expiring import ItemExpiry

        await ItemExpiry(store=self._store, clock=self._clock, metrics=self._dynamodb_metrics).run()

    async def _trim_streams(self) -> None:
        begin, end = Subspace("dynamodb-stream").range()
        while not await self._store.snapshot().range(begin, end, limit=1):
            await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.dynamodb.streams.retention import StreamRetention

        await StreamRetention(store=self._store, clock=self._clock).run()

    async def _run_mappings(self) -> None:
        """Once there is an event source mapping."""
        begin, end = Subspace("lambda-mappings").range()
        watch = self._store.watch(Subspace("lambda-mappings-changed").prefix)
        if not await self._store.snapshot().range(begin, end, limit=1):
            await watch.changed()
        watch.cancel()
        await self.functions.run_mappings()

    async def _count_tables(self) -> None:
        await self._clock.sleep(HOUSEKEEPING_EVERY)
        from pileus.services.dynamodb.contents import TableCensus

        await TableCensus(store=self._store, clock=self._clock).run()

    async def _sweep_code(self) -> None:
        """Remove packages that no function has any more."""
        while True:
            await self._clock.sleep(HOUSEKEEPING_EVERY)
            if (self._settings.data_dir / "blobs").exists():
                await self.functions.sweep_code()
                await self._blobs.sweep(await self.functions.referenced_blobs(), older_than=HOUSEKEEPING_EVERY)


class _LateKeys:
    """A key directory that is built when the first key is looked up."""

    def __init__(self, build: Callable[[], KeyDirectory]) -> None:
        self._build = build
        self._built: KeyDirectory | None = None

    async def find(self, access_key_id: str) -> SigningKey | None:
        if self._built is None:
            self._built = self._build()
        return await self._built.find(access_key_id)


async def _perform(duties: Sequence[Duty]) -> None:
    """Run every duty until cancelled."""
    async with asyncio.TaskGroup() as group:
        for duty in duties:
            group.create_task(_keep_going(duty))


async def _keep_going(duty: Duty) -> None:
    """A duty that fails (a full disk, our bug) must not end the server: say so, and try again."""
    while True:
        try:
            await duty()
        except Exception:  # noqa: BLE001 - the edge of all background work
            _log.exception("a background duty failed and is started again")
            await asyncio.sleep(_DUTY_RESTARTS_AFTER.total_seconds())
        else:
            return


class Application:
    """One Pileus: from an empty process to a closed store."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._clock = MovableClock()
        self._ids = SystemIds()
        self._store: SqliteStore | None = None
        self._parts: Parts | None = None
        self._server: HttpServer | None = None
        self._secret = b""
        self._root: RootCredentials | None = None
        self._root_is_new = False
        self._resetting = asyncio.Lock()
        self._reset_done: asyncio.Event | None = None
        self._port = 0

    async def start(self) -> int:
        """Open the store and listen; gives the port. StoreInUse, NewerData, BadServerSecret, OSError (no such port)."""
        settings = self._settings
        self._store = open_store(settings.data_dir, clock=self._clock, durability=settings.durability)
        for left in settings.data_dir.glob(f"{FORGOTTEN_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)  # by a reset that was killed
        await self._restore_clock(self._store)
        self._secret = load_or_create_server_secret(settings.data_dir, ids=self._ids)
        self._root = self._root_credentials()
        self._parts = self._build(self._store)
        self._server = HttpServer(self._answer, gate=self._store.gate, clock=self._clock)
        self._port = await self._server.start(settings.host, settings.port)
        self._parts.start()
        return self._port

    @property
    def root_credentials(self) -> tuple[str, str] | None:
        """The root's access key id and secret; None when no strict start has made them yet."""
        return (self._root.access_key_id, self._root.secret_access_key) if self._root else None

    @property
    def new_root_credentials(self) -> tuple[str, str] | None:
        """The same, when this start has made them: they are shown once."""
        return self.root_credentials if self._root_is_new else None

    async def close(self) -> None:
        """Finish what is under way, stop what runs, and close the store."""
        if self._server is not None:
            await self._server.drain(DRAIN_GRACE)
        if self._parts is not None:
            await self._parts.close()
        if self._store is not None:
            await self._store.close()

    def _root_credentials(self) -> RootCredentials | None:
        """The root's key pair: made at the first strict start; honoured in open mode too, once it exists."""
        data_dir = self._settings.data_dir
        if self._settings.auth_mode == "open":
            return load_root_credentials(data_dir, secret=self._secret, ids=self._ids)
        first = load_or_create_root_credentials(data_dir, secret=self._secret, ids=self._ids)
        self._root_is_new = first.created
        return first.credentials

    def _answer(self, request: Request) -> Coroutine[Any, Any, Response]:
        assert self._parts is not None
        if self._reset_done is not None:
            return self._answer_after_reset(request, self._reset_done)
        return self._parts.router(request)

    async def _answer_after_reset(self, request: Request, reset_done: asyncio.Event) -> Response:
        await reset_done.wait()
        return await self._answer(request)

    def _build(self, store: SqliteStore) -> Parts:
        return Parts(
            self._settings,
            store=store,
            clock=self._clock,
            ids=self._ids,
            secret=self._secret,
            root=self._root,
            endpoint_url=self._endpoint_url,
            reset=self._reset,
            clock_moved=self._keep_clock,
        )

    def _endpoint_url(self) -> str:
        host = self._settings.host
        if host in {"0.0.0.0", "::", ""} or loopback(host):  # noqa: S104 - only compared with
            host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    async def _reset(self) -> None:
        """Stop the old parts, forget all, begin with new ones.

        Requests that arrive meanwhile wait, those under way end first: none may write what belongs to before into the
        store of after. One reset at a time.
        """
        assert self._store is not None
        assert self._parts is not None
        assert self._server is not None
        async with self._resetting:
            under_way = self._server.under_way() - {asyncio.current_task()}
            self._reset_done = asyncio.Event()
            try:
                await self._parts.close()
                await self._server.settle(under_way, RESET_GRACE)
                await self._store.clear_all()
                old = self._set_files_aside()
                self._clock.restore(offset=timedelta(0), frozen_at=None)
                self._parts = self._build(self._store)
                self._parts.start()
            finally:
                self._reset_done.set()
                self._reset_done = None
            await asyncio.to_thread(shutil.rmtree, old, ignore_errors=True)

    def _set_files_aside(self) -> Path:
        """Take the packages out of the way at once, since deleting them may take long; where they are now."""
        aside = self._settings.data_dir / f"{FORGOTTEN_PREFIX}{self._ids.base36(8)}"
        aside.mkdir(mode=0o700)
        for name in ("blobs", "code"):
            folder = self._settings.data_dir / name
            if folder.exists():
                folder.rename(aside / name)
        return aside

    # Where the clock stands is kept, since what is due later is written in its time.

    async def _keep_clock(self) -> None:
        assert self._store is not None
        clock = self._clock
        record = ClockRecord(
            offset_s=0.0 if clock.frozen else clock.offset.total_seconds(),
            frozen_at_s=clock.timestamp() if clock.frozen else None,
        )
        async with self._store.transaction() as tx:
            tx.set(_CLOCK_KEY, encode(record))

    async def _restore_clock(self, store: SqliteStore) -> None:
        kept = await store.snapshot().get(_CLOCK_KEY)
        if kept is None:
            return
        record = decode(kept, ClockRecord)
        frozen_at = None if record.frozen_at_s is None else datetime.fromtimestamp(record.frozen_at_s, UTC)
        self._clock.restore(offset=timedelta(seconds=record.offset_s), frozen_at=frozen_at)
