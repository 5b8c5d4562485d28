"""Which environment handles an invocation, and when is one started or ended?

Environments of one function form a fleet. An invocation takes the warm environment that was used last, so that the
others may grow old and expire; without one it starts another. Each handles one event at a time, as on AWS.
"""

import asyncio
import functools
import logging
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from pileus.kernel.auth.credentials import CredentialIssuer, Credentials
from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell, Order
from pileus.kernel.sandbox.merging import merged
from pileus.kernel.sandbox.sandbox import Sandbox, SandboxFailed
from pileus.services.lambda_.environments import provisioned, reports, snapshots
from pileus.services.lambda_.environments.api_listener import ApiListener
from pileus.services.lambda_.environments.concurrency import Limits, ScalingRate, Unreserved
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.extensions import may_have_extensions, programs, programs_of_image
from pileus.services.lambda_.environments.fleets import Fleet
from pileus.services.lambda_.environments.freezing import Freezing
from pileus.services.lambda_.environments.gathering import Gathering
from pileus.services.lambda_.environments.launching import PYTHON, Places, launch, runs_here, unstartable
from pileus.services.lambda_.environments.lifecycle import State
from pileus.services.lambda_.environments.links import NativeLink
from pileus.services.lambda_.environments.logs import EnvironmentLog
from pileus.services.lambda_.environments.provisioned import Provisions
from pileus.services.lambda_.environments.runtime_api import HttpLink
from pileus.services.lambda_.environments.snapshots import AFTER_RESTORE_S_MAX, FORK, Snapshots
from pileus.services.lambda_.environments.types import (
    ConcurrencyExceeded,
    EnvironmentsClosed,
    FunctionSpec,
    InitFailed,
    Invocation,
    InvocationResult,
    LogSink,
    RestoreFailed,
    UnsupportedRuntime,
)
from pileus.services.lambda_.environments.variables import LAYERS_ROOT, TASK_ROOT, variables
from pileus.services.lambda_.errors import CrossAccountRole
from pileus.services.lambda_.names import LATEST, account_of_role
from pileus.services.lambda_.provisioning import Provisioned
from pileus.services.lambda_.runtimes.toolchains import supports as supports

_log: Final = logging.getLogger(__name__)
INIT_S_MAX: Final = 10.0
"""Initialising longer than this is begun again, within the function's timeout.
Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", Init phase."""
INIT_AHEAD_S_MAX: Final = 130.0
"""Where nobody waits for it: so long, or as long as the function's timeout. Source: as above."""
ENVIRONMENTS_MAX: Final = 1_000
"""Source: Lambda Developer Guide, "Lambda quotas", concurrent executions."""
IDLE_EXPIRY: Final = timedelta(minutes=10)
"""AWS names no number; it is observed to be 5 to 15 minutes."""
_CREDENTIALS_LIFE: Final = timedelta(hours=12)
_AGE_S_MAX: Final = 6 * 3600.0
"""An environment cannot be given new credentials, so it ends long before they do."""
_SWEEP_S: Final = 15.0
_MEMORY_WATCH_S: Final = 0.02
_MEMORY_WATCH_EACH_S: Final = 0.0005
"""How often working environments are asked how much memory they hold: 10 us each, so that it is 2 % of the time of one
processor at most. What grows faster than we look meets the control group's limit, which leaves room for `/tmp`, too."""
_MIB: Final = 1024 * 1024

_PRELOAD: Final = (
    PYTHON,
    *("json", "logging", "datetime", "decimal", "re", "uuid", "urllib.request", "urllib.parse", "http.client", "ssl"),
    *(
        "hashlib",
        "hmac",
        "base64",
        "collections",
        "functools",
        "itertools",
        "random",
        "secrets",
        "tempfile",
        "traceback",
    ),
    *("typing", "dataclasses", "enum", "threading", "concurrent.futures", "queue", "contextlib", "copy", "csv", "io"),
    *("math", "string", "time", "zipfile", "gzip", "shutil", "subprocess", "pathlib", "asyncio"),
)
_LATER: Final = ("boto3", "boto3.dynamodb.table", "boto3.s3.inject")
"""Importing the SDK takes 130 ms and 26 MB; forked, its pages are shared."""


class EnvironmentPool:
    """All environments of this host. Belongs to one event loop; nothing starts before the first invocation.

    endpoint_url: where functions reach Pileus. data_dir: Pileus's data, which no function may see.
    strict_runtimes: run a function on no other version than its runtime names.
    limits: who knows what is reserved; None while nobody can reserve anything.
    appeared: called when a version is run for the first time, of which environments may have to be kept initialised.
    """

    limits: Limits | None = None
    appeared: Callable[[], None] | None = None

    def __init__(
        self,
        *,
        credentials: CredentialIssuer,
        logs: LogSink,
        clock: Clock,
        ids: Ids,
        endpoint_url: Callable[[], str],
        data_dir: Path,
        environments_max: int = ENVIRONMENTS_MAX,
        idle_expiry: timedelta = IDLE_EXPIRY,
        sandbox: Sandbox | None = None,
        strict_runtimes: bool = False,
    ) -> None:
        self._credentials = credentials
        self._logs = logs
        self._clock = clock
        self._ids = ids
        self._endpoint_url = endpoint_url
        self._environments_max = environments_max
        self._idle_expiry = idle_expiry
        self._sandbox = sandbox or Sandbox(preload=_PRELOAD, later=_LATER, hidden=[data_dir])
        self._strict_runtimes = strict_runtimes
        self._freezing = Freezing()
        self._gathering = Gathering()
        self._scaling = ScalingRate()
        self._provisions = Provisions(functools.partial(self.initialise, kind=provisioned.INITIALIZATION_TYPE))
        self._snapshots = Snapshots(self, groups=self._sandbox.make_groups)
        self._runtimes_cache = data_dir / "runtimes"
        self._layers_cache = data_dir / "layers"
        self._fleets: dict[str, Fleet] = {}
        self._count = 0
        self._environments: set[Environment] = set()
        self._sweeper: asyncio.TimerHandle | None = None
        self._watcher: asyncio.TimerHandle | None = None
        self._closed = False

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """Run the function; `UnsupportedRuntime`, `ConcurrencyExceeded`, `SandboxFailed` when it cannot be run.

        `EnvironmentsClosed` when we end before it does: it may have run, in part or whole, and told nobody.
        """
        self._require_open()
        fleet = self._fleets.get(spec.function_arn)
        if fleet is None or fleet.spec.revision != spec.revision:
            fleet = self._renew(spec)
        while (environment := fleet.pop()) is not None:
            if self._clock.timestamp() < environment.good_until_s:
                return await self._invoke(environment, invocation)
            environment.stop()
        return await self._start_and_invoke(fleet, spec, invocation)

    def _invoke(self, environment: Environment, invocation: Invocation) -> "asyncio.Future[InvocationResult]":
        """Watched: nobody looks at what is idle, and an environment is so until its first event arrives."""
        if self._watcher is None:
            self._watch_memory()
        return environment.invoke(invocation)

    def prepare(self) -> None:
        """A function was created or found: make ready for its first invocation, in the background (1 to 2 ms here)."""
        self._sandbox.prepare()

    async def why_no_images(self) -> str:
        """Why functions cannot be made of container images on this host; '' where they can."""
        self._require_open()
        (await self._take_cell()).close()
        return "" if self._sandbox.contained else self._sandbox.reason

    def provide(self, wanted: Sequence[tuple[FunctionSpec, int]]) -> None:
        """Keep so many environments of each initialised, and none of any other; returns at once."""
        if self._closed:
            return
        asked = {spec.function_arn for spec, _ in wanted}
        for arn, fleet in self._fleets.items():
            if fleet.wanted and arn not in asked:
                self._provisions.want(fleet, 0)
        for spec, count in wanted:
            known = self._fleets.get(spec.function_arn)
            if known is None or known.spec.revision != spec.revision:
                if not runs_here(spec):
                    continue
                known = self._renew(spec)
            self._provisions.want(known, count)

    def provisioned(self, function_arn: str) -> Provisioned | None:
        """How far those of a function have come; None where nobody has asked for any."""
        fleet = self._fleets.get(function_arn)
        return None if fleet is None or not fleet.wanted else self._provisions.far(fleet)

    async def take_snapshot(self, spec: FunctionSpec) -> None:
        """Initialise a version of which environments are to be restored; InitFailed."""
        self._require_open()
        fleet = self._fleets.get(spec.function_arn)
        if fleet is None or fleet.spec.revision != spec.revision:
            fleet = self._renew(spec)
        await self._snapshots.taken(fleet)

    async def initialise(self, fleet: Fleet, *, kind: str, snapshot: str = "") -> Environment:
        """An environment that waits for its first event; InitFailed."""
        environment = await self._start(fleet, fleet.spec, kind=kind, snapshot=snapshot)
        if isinstance(environment, InitFailed):
            raise environment
        limit_s = max(INIT_AHEAD_S_MAX, fleet.spec.timeout.total_seconds())
        timer = asyncio.get_running_loop().call_later(limit_s, environment.initialise_no_longer)
        try:
            await environment.ready
        except asyncio.CancelledError:
            environment.stop()
            raise
        finally:
            timer.cancel()
        return environment

    async def retire(self, function_arn: str) -> None:
        """End the function's environments: idle ones now, busy ones when they have answered."""
        fleet = self._fleets.pop(function_arn, None)
        if fleet is not None:
            self._retire(fleet)

    async def close(self) -> None:
        """End every environment and the processes that serve them; nothing of it is left afterwards."""
        self._closed = True
        await self._provisions.close()
        self._snapshots.close()
        self._freezing.close()
        for timer in (self._sweeper, self._watcher):
            if timer is not None:
                timer.cancel()
        ending = [environment.gone for environment in self._environments if environment.shutdown.all_s]
        for fleet in self._fleets.values():
            fleet.retired = True
            for environment in list(fleet.environments):
                environment.stop()
        self._fleets.clear()
        if ending:
            await asyncio.wait(ending)  # each is killed when its time is over
        self._gathering.close()
        await self._sandbox.close()

    def _renew(self, spec: FunctionSpec) -> Fleet:
        if not runs_here(spec):
            raise UnsupportedRuntime(spec.runtime)
        old = self._fleets.get(spec.function_arn)
        if old is not None:
            self._retire(old)
        elif self.appeared is not None and spec.version != LATEST:
            self.appeared()
        fleet = self._fleets[spec.function_arn] = Fleet(spec)
        return fleet

    def _retire(self, fleet: Fleet) -> None:
        fleet.retired = True
        for environment in fleet.all_idle():
            environment.stop()
        self._snapshots.left(fleet)

    async def _start_and_invoke(self, fleet: Fleet, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        if spec.snap_start:
            try:
                return await self._restore_and_invoke(fleet, spec, invocation)
            except InitFailed as unable:  # as it fails again now, whoever invokes hears of it
                _log.info("no snapshot of %s: %s", spec.function_arn, unable)
        limit_s = INIT_S_MAX
        while True:
            environment = await self._start(fleet, spec)
            if isinstance(environment, InitFailed):
                return self._never_started(spec, invocation, environment)
            timer = asyncio.get_running_loop().call_later(limit_s, environment.initialise_no_longer)
            try:
                await environment.ready
                if environment.state is State.IDLE:
                    return await self._invoke(environment, invocation)
                self._require_open()
                failure = InitFailed("Runtime.ExitError", reports.exited(None))
            except InitFailed as known:
                failure = known
            except asyncio.CancelledError:
                if environment.state is State.STARTING:
                    environment.stop()
                raise
            finally:
                timer.cancel()
            timeout_s = spec.timeout.total_seconds()
            if failure.kind != "Sandbox.Timedout":
                return environment.conclude_failed_start(invocation, failure)
            if limit_s != INIT_S_MAX or timeout_s <= INIT_S_MAX:
                failure = InitFailed(failure.kind, reports.timed_out(spec.timeout))
                return environment.conclude_failed_start(invocation, failure)
            limit_s = timeout_s

    async def _restore_and_invoke(self, fleet: Fleet, spec: FunctionSpec, invocation: Invocation) -> InvocationResult:
        """InitFailed, where there can be no snapshot; RestoreFailed."""
        await self._admit(spec)
        environment = await self._snapshots.restored(fleet)
        timer = asyncio.get_running_loop().call_later(AFTER_RESTORE_S_MAX, environment.initialise_no_longer)
        try:
            await environment.ready
        except InitFailed as failure:
            environment.conclude_failed_start(invocation, failure)
            raise RestoreFailed(timed_out=failure.kind == "Sandbox.Timedout") from failure
        except asyncio.CancelledError:
            if environment.state is State.STARTING:
                environment.stop()
            raise
        finally:
            timer.cancel()
        return await self._invoke(environment, invocation)

    async def revive(self, fleet: Fleet, cell: Cell, template: Environment) -> Environment:
        """The environment in a cell that was forked from `template`; it is not ready yet."""
        spec = fleet.spec
        try:
            self._make_room()
        except ConcurrencyExceeded:
            cell.close()
            raise
        self._count += 1
        try:
            credentials = await self._issue(spec)
        except BaseException:
            self._count -= 1
            cell.close()
            raise
        environment = self._make(fleet, spec, cell, credentials, kind=snapshots.INITIALIZATION_TYPE)
        environment.good_until_s = min(environment.good_until_s, template.good_until_s)
        environment.attach(NativeLink(cell, environment, loop=asyncio.get_running_loop()))
        changed = {
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            "AWS_LAMBDA_LOG_STREAM_NAME": environment.log_stream,
        }
        environment.begin(restores=True)
        order = Order(environment=changed, directory="", temporary_bytes_max=spec.ephemeral_storage_mb * _MIB)
        cell.configure(order, memory_bytes=spec.memory_mb * _MIB)
        return environment

    async def _start(
        self, fleet: Fleet, spec: FunctionSpec, *, kind: str = "on-demand", snapshot: str = ""
    ) -> Environment | InitFailed:
        """An environment whose runtime is loading the function. kind: as the function sees it."""
        if (failure := unstartable(spec)) is not None:
            return InitFailed(*failure)
        if kind == "on-demand":
            await self._admit(spec)
        self._make_room()
        self._count += 1
        try:
            credentials = await self._issue(spec)
            cell = await self._take_cell()
        except BaseException:
            self._count -= 1
            raise
        environment = self._make(fleet, spec, cell, credentials, kind=kind)
        try:
            await self._order(environment, cell, spec, credentials, kind=kind, snapshot=snapshot)
        except BaseException:
            environment.stop()
            raise
        return environment

    async def _issue(self, spec: FunctionSpec) -> Credentials:
        """Those of the function's role."""
        if account_of_role(spec.role_arn) != spec.account_id:
            raise CrossAccountRole
        return await self._credentials.for_role(
            role_arn=spec.role_arn,
            session_name=spec.function_name,
            duration=_CREDENTIALS_LIFE,
            # Lambda Developer Guide, "Using source function ARN to control function access behavior".
            context={"lambda:sourcefunctionarn": spec.function_arn},
        )

    def _make(
        self, fleet: Fleet, spec: FunctionSpec, cell: Cell, credentials: Credentials, *, kind: str
    ) -> Environment:
        loop = asyncio.get_running_loop()
        log_stream = f"{self._clock.now():%Y/%m/%d}/[{spec.version}]{self._ids.bytes(16).hex()}"
        environment = Environment(
            spec,
            cell,
            log=EnvironmentLog(
                spec, log_stream=log_stream, sink=self._logs, clock=self._clock, gathering=self._gathering
            ),
            log_stream=log_stream,
            clock=self._clock,
            loop=loop,
            good_until_s=(credentials.expires_at - spec.timeout).timestamp(),
            freezing=self._freezing,
            kind=kind,
            released=functools.partial(self._released, fleet),
            ended=functools.partial(self._ended, fleet),
        )
        fleet.environments.add(environment)
        self._environments.add(environment)
        if self._watcher is None:
            self._watch_memory()
        if self._sweeper is None:
            self._sweeper = loop.call_later(_SWEEP_S, self._sweep)
        return environment

    async def _admit(self, spec: FunctionSpec) -> None:
        """Or ConcurrencyExceeded: the function, or its account, has no room for another environment now."""
        if self.limits is not None:
            shared = await self.limits.unreserved(account_id=spec.account_id, region=spec.region)
            if spec.function_name not in shared.reserved_by and self._count >= shared.concurrency:
                self._check_account(spec, shared)
        function = f"{spec.account_id}:{spec.region}:{spec.function_name}"
        if not self._scaling.gains(function, asyncio.get_running_loop().time()):
            raise ConcurrencyExceeded("FunctionInvocationRateLimitExceeded")

    def _check_account(self, spec: FunctionSpec, shared: Unreserved) -> None:
        at_work = self._count - len(self._environments)  # and those that are about to be made
        at_work += sum(
            environment.state is not State.IDLE
            and environment.spec.account_id == spec.account_id
            and environment.spec.region == spec.region
            and environment.spec.function_name not in shared.reserved_by
            for environment in self._environments
        )
        if at_work >= shared.concurrency:
            raise ConcurrencyExceeded

    async def _take_cell(self) -> Cell:
        self._require_open()
        try:
            cell = await self._sandbox.take()
        except SandboxFailed:
            self._require_open()
            raise
        try:
            self._require_open()
        except EnvironmentsClosed:
            cell.close()
            raise
        return cell

    def _require_open(self) -> None:
        if self._closed:
            raise EnvironmentsClosed

    async def _order(
        self,
        environment: Environment,
        cell: Cell,
        spec: FunctionSpec,
        credentials: Credentials,
        *,
        kind: str,
        snapshot: str,
    ) -> None:
        """Open the way to the runtime, and tell the blank cell what to become."""
        places = await self._places(cell, spec)
        started = await launch(
            spec, places, cache=self._runtimes_cache, strict=self._strict_runtimes, snapshot=snapshot
        )
        beside, runtime_api = programs(spec.layers, places.layers_root), ""
        if spec.image is not None:
            beside = programs_of_image(spec.image.root, LAYERS_ROOT)
        api = ApiListener(cell) if started.http or may_have_extensions(spec) else None
        if api is not None:
            environment.accompany(api, external=[os.path.basename(program) for program in beside], ids=self._ids)
        if started.http:
            environment.attach(HttpLink(cell, environment, api))
        else:
            environment.attach(NativeLink(cell, environment, loop=asyncio.get_running_loop()))
        if api is not None:
            runtime_api = await api.open(self._ids)
        if started.warning:
            environment.logged_line(started.warning)
        order = Order(
            mounts=[(str(spec.code_path.resolve()), TASK_ROOT), *started.mounts],
            root=started.root,
            layers=[str(folder.resolve()) for folder in spec.layers],
            readable=[*([places.layers_root] if spec.layers else []), *started.readable],
            environment=variables(
                spec,
                credentials=credentials,
                log_stream=environment.log_stream,
                endpoint_url=self._endpoint_url(),
                runtime_api=runtime_api,
                task_root=places.task_root,
                layers_root=places.layers_root,
                defaults=started.variables,
                kind=kind,
            ),
            directory=started.directory or places.task_root,
            hostname="169.254.100.6",
            call=started.call,
            argument=started.argument,
            execute=started.execute,
            channel_at=started.channel_at,
            beside=beside,
            temporary_bytes_max=spec.ephemeral_storage_mb * _MIB,
            nests=snapshot == FORK,
        )
        environment.begin()
        cell.configure(order, memory_bytes=spec.memory_mb * _MIB)

    async def _places(self, cell: Cell, spec: FunctionSpec) -> Places:
        """Where the function's package and layers are seen."""
        if cell.contained:
            return Places(contained=True, task_root=TASK_ROOT, layers_root=LAYERS_ROOT)
        layers_root = LAYERS_ROOT
        if spec.layers:
            run = asyncio.get_running_loop().run_in_executor
            layers_root = str(await run(None, merged, spec.layers, self._layers_cache))
        return Places(contained=False, task_root=str(spec.code_path), layers_root=layers_root)

    def _never_started(self, spec: FunctionSpec, invocation: Invocation, failure: InitFailed) -> InvocationResult:
        """A package that cannot run at all: there was no environment, hence nothing was logged."""
        return InvocationResult(
            payload=reports.error_document(failure.kind, request_id=invocation.request_id, message=failure.message),
            function_error="Unhandled",
            duration=timedelta(0),
            init_duration=None,
            max_memory_bytes=0,
            log=b"",
            log_stream="",
        )

    def _make_room(self) -> None:
        """At the host's limit, the longest idle environment of any function makes way."""
        if self._count < self._environments_max:
            return
        idle = [environment for fleet in self._fleets.values() for environment in fleet.idle]
        if not idle:
            raise ConcurrencyExceeded
        oldest = min(idle, key=lambda environment: environment.idle_since_s)
        oldest.stop()

    def _released(self, fleet: Fleet, environment: Environment) -> None:
        if fleet.retired:
            environment.stop()
        else:
            fleet.released(environment)

    def _ended(self, fleet: Fleet, environment: Environment) -> None:
        self._count -= 1
        fleet.ended(environment)
        self._environments.discard(environment)
        if fleet.retired:
            self._snapshots.left(fleet)
        if environment.provisioned and fleet.wanted and not self._closed:
            asyncio.get_running_loop().call_soon(self._provisions.fill, fleet)

    def _watch_memory(self) -> None:
        """Look again soon, as long as anything is at work; what an idle environment holds is seen at its next event."""
        delay_s = max(_MEMORY_WATCH_S, len(self._environments) * _MEMORY_WATCH_EACH_S)
        self._watcher = asyncio.get_running_loop().call_later(delay_s, self._look_at_memory)

    def _look_at_memory(self) -> None:
        self._watcher = None
        working = [environment.watch_memory() for environment in list(self._environments)]
        if any(working) and not self._closed:
            self._watch_memory()

    def _sweep(self) -> None:
        """End what has been idle for long, or is too old for its credentials."""
        loop = asyncio.get_running_loop()
        self._sweeper = None
        now_s = loop.time()
        expiry_s = self._idle_expiry.total_seconds()
        for fleet in self._fleets.values():
            for environment in list(fleet.idle):
                if now_s - environment.idle_since_s >= expiry_s or now_s - environment.created_s >= _AGE_S_MAX:
                    environment.stop()
            for environment in list(fleet.provisioned):
                if now_s - environment.created_s >= _AGE_S_MAX:
                    environment.stop()
        if self._count:
            self._sweeper = loop.call_later(min(_SWEEP_S, expiry_s), self._sweep)
