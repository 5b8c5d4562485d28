"""What is a cell told to become?"""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from pileus.kernel.auth.credentials import CredentialIssuer, Credentials
from pileus.kernel.ids import Ids
from pileus.kernel.sandbox.cell import Cell, Order
from pileus.kernel.sandbox.merging import merged
from pileus.services.lambda_.environments.api_listener import ApiListener
from pileus.services.lambda_.environments.environment import Environment
from pileus.services.lambda_.environments.extensions import may_have_extensions, programs, programs_of_image
from pileus.services.lambda_.environments.launching import ARCHIVE, Places, launch
from pileus.services.lambda_.environments.links import NativeLink
from pileus.services.lambda_.environments.runtime_api import HttpLink
from pileus.services.lambda_.environments.snapshots import FORK
from pileus.services.lambda_.environments.types import FunctionSpec
from pileus.services.lambda_.environments.variables import LAYERS_ROOT, TASK_ROOT, variables
from pileus.services.lambda_.errors import CrossAccountRole
from pileus.services.lambda_.names import account_of_role
from pileus.services.lambda_.runtimes.java import sharing

_CREDENTIALS_LIFE: Final = timedelta(hours=12)
_MIB: Final = 1024 * 1024


class Ordering:
    """Writes orders. runtimes_cache, layers_cache: where what is made of runtimes and layers is kept.

    endpoint_url: where functions reach Pileus. strict: run a function on no other version than its runtime names.
    """

    def __init__(
        self,
        *,
        issuer: CredentialIssuer,
        ids: Ids,
        endpoint_url: Callable[[], str],
        runtimes_cache: Path,
        layers_cache: Path,
        strict: bool,
    ) -> None:
        self._issuer = issuer
        self._ids = ids
        self._endpoint_url = endpoint_url
        self._runtimes_cache = runtimes_cache
        self._layers_cache = layers_cache
        self._strict = strict

    async def credentials_for(self, spec: FunctionSpec) -> Credentials:
        """Those of the function's role."""
        if account_of_role(spec.role_arn) != spec.account_id:
            raise CrossAccountRole
        return await self._issuer.for_role(
            role_arn=spec.role_arn,
            session_name=spec.function_name,
            duration=_CREDENTIALS_LIFE,
            # Lambda Developer Guide, "Using source function ARN to control function access behavior".
            context={"lambda:sourcefunctionarn": spec.function_arn},
        )

    async def order(
        self,
        environment: Environment,
        cell: Cell,
        credentials: Credentials,
        *,
        kind: str,
        snapshot: str,
    ) -> None:
        """Open the way to the runtime, and tell the blank cell what to become."""
        spec = environment.spec
        places = await self._places(cell, spec)
        started = await launch(spec, places, cache=self._runtimes_cache, strict=self._strict, snapshot=snapshot)
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

    async def order_archive(self, spec: FunctionSpec, cell: Cell) -> Path:
        """Tell a blank cell to make the function's class archive; gives where it is to be kept. CannotShare."""
        places = await self._places(cell, spec)
        started = await launch(spec, places, cache=self._runtimes_cache, strict=self._strict, snapshot=ARCHIVE)
        order = Order(
            mounts=[(str(spec.code_path.resolve()), TASK_ROOT), *started.mounts],
            layers=[str(folder.resolve()) for folder in spec.layers],
            readable=[*([places.layers_root] if spec.layers else []), *started.readable],
            environment=variables(
                spec,
                credentials=await self.credentials_for(spec),
                log_stream="",
                endpoint_url=self._endpoint_url(),
                runtime_api="",
                task_root=places.task_root,
                layers_root=places.layers_root,
                defaults=started.variables,
                kind="snap-start",
            ),
            directory=places.task_root,
            hostname="169.254.100.6",
            execute=started.execute,
            channel_at=started.channel_at,
            temporary_bytes_max=spec.ephemeral_storage_mb * _MIB,
        )
        cell.configure(order, memory_bytes=spec.memory_mb * _MIB)
        return Path(started.archive)

    def archives_of(self, function_arn: str) -> Path:
        """The folder that goes when this version does."""
        return sharing.home(self._runtimes_cache, function_arn)

    def order_again(self, environment: Environment, cell: Cell, credentials: Credentials) -> None:
        """Tell a cell that was forked from an initialised one in what it differs."""
        spec = environment.spec
        changed = {
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
            "AWS_SESSION_TOKEN": credentials.session_token,
            "AWS_LAMBDA_LOG_STREAM_NAME": environment.log_stream,
        }
        environment.begin(restores=True)
        order = Order(environment=changed, directory="", temporary_bytes_max=spec.ephemeral_storage_mb * _MIB)
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
