"""What does a name and qualifier lead to?

`resolve` answers for whoever describes or configures; `Resolver` answers for every invocation. It reads the record each
time (one key for a function or a version, two for an alias; two microseconds each) and compares the bytes with those
that it made the kept `FunctionSpec` from. So nothing must be told that a function changed: not by another process, not
by a reset.
"""

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from pileus.kernel.auth.audit import Denial
from pileus.kernel.ids import Ids
from pileus.kernel.storage.records import decode
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.lambda_.code import CodePackages
from pileus.services.lambda_.environments.types import FunctionSpec, ImageSpec
from pileus.services.lambda_.errors import FunctionNotFound, SnapStartNotReadyException
from pileus.services.lambda_.images.store import Images
from pileus.services.lambda_.model import (
    AliasRecord,
    FunctionRecord,
    ImageUse,
    StatementRecord,
    Target,
    VersionRecord,
)
from pileus.services.lambda_.names import LATEST, FunctionName
from pileus.services.lambda_.sources import fingerprint
from pileus.services.lambda_.store import alias_key, function_key, get_alias, get_function, get_version, version_key

_KEPT_MAX: Final = 8_192
_DRAW_BYTES: Final = 4


async def resolve(snapshot: Snapshot, function: FunctionName) -> Target:
    """What is there under a name: of an alias, the version that it is mainly for; FunctionNotFound."""
    if function.latest:
        record = await get_function(snapshot, function)
        if record is None:
            raise FunctionNotFound(function.qualified_arn)
        return Target(function=function, record=record)
    number, alias = function.version, None
    if function.alias is not None:
        alias = await get_alias(snapshot, function, function.alias)
        if alias is None:
            raise FunctionNotFound(function.qualified_arn)
        if alias.version == LATEST:
            record = await get_function(snapshot, function)
            assert record is not None, "a function goes with its aliases"
            return Target(function=function, record=record, alias=alias)
        number = int(alias.version)
    version = None if number is None else await get_version(snapshot, function, number)
    if version is None:
        raise FunctionNotFound(function.qualified_arn)
    return Target(function=function, record=version.function, published=version, alias=alias)


def drawn_version(alias: AliasRecord, ids: Ids) -> str:
    """The version that one invocation of an alias runs."""
    if not alias.weights:
        return alias.version
    share = int.from_bytes(ids.bytes(_DRAW_BYTES), "big") / (1 << 8 * _DRAW_BYTES)
    for version, weight in alias.weights.items():
        share -= weight
        if share < 0:
            return version
    return alias.version


async def _revision_of(folder: str, revision: str) -> str:
    """Of the environments: with a folder instead of a package, also of what is in it."""
    if not folder:
        return revision
    return f"{revision.partition('+')[0]}+{await asyncio.to_thread(fingerprint, Path(folder))}"


class Guarded:
    """What has a policy. value: the record's bytes. denials: what its policy said to callers so far."""

    __slots__ = ("denials", "policy", "value")

    def __init__(self, value: bytes, policy: list[StatementRecord]) -> None:
        self.value = value
        self.policy = policy
        self.denials: dict[tuple[str | None, ...], Denial | None] = {}


class Ready(Guarded):
    """A function or version as it is invoked."""

    __slots__ = ("folder", "spec")

    def __init__(self, value: bytes, record: FunctionRecord, spec: FunctionSpec) -> None:
        super().__init__(value, record.policy)
        self.folder = record.folder
        self.spec = spec


class _ReadyAlias(Guarded):
    """An alias, and the versions that it has led to so far."""

    __slots__ = ("alias", "named")

    def __init__(self, value: bytes, alias: AliasRecord) -> None:
        super().__init__(value, alias.policy)
        self.alias = alias
        self.named: dict[str, Named] = {}


class Named:
    """A name that a caller used, understood. key: of the record that it leads to first. behind: the alias that it was
    when it was found last; None for other names.
    """

    __slots__ = ("arn", "behind", "function", "is_alias", "key")

    def __init__(self, function: FunctionName) -> None:
        """FunctionNotFound, where nothing can ever have this name."""
        self.function = function
        self.arn = function.qualified_arn
        self.is_alias = False
        self.behind: Guarded | None = None
        if function.latest:
            self.key = function_key(function)
        elif function.version is not None:
            self.key = version_key(function, function.version)
        elif function.alias is not None:
            self.key = alias_key(function, function.alias)
            self.is_alias = True
        else:
            raise FunctionNotFound(self.arn)


class Resolver:
    """Finds what is invoked, and keeps what can be kept of it."""

    def __init__(self, *, store: Store, packages: CodePackages, images: Images, ids: Ids) -> None:
        self._store = store
        self._packages = packages
        self._images = images
        self._ids = ids
        self._ready: dict[bytes, Ready] = {}
        self._aliases: dict[bytes, _ReadyAlias] = {}

    async def find(self, named: Named) -> Ready:
        """The function or version as it is now; FunctionNotFound, SnapStartNotReadyException."""
        key = named.key
        value = await self._store.snapshot().get(key)
        if named.is_alias:
            return await self.find(self._behind(named, value))
        ready = self._ready.get(key)
        if ready is not None and ready.value == value:
            return ready if not ready.folder else await self._looked_through(ready)
        if value is None:
            self._ready.pop(key, None)
            raise FunctionNotFound(f"{named.function.arn}:{named.function.qualifier or LATEST}")
        return await self._make_ready(named, value)

    def guarded(self, named: Named, ready: Ready) -> Guarded:
        """Whose policy counts for a name that `find` has just found."""
        return named.behind or ready

    def _behind(self, named: Named, value: bytes | None) -> Named:
        """Where an alias leads this time."""
        kept = self._aliases.get(named.key)
        if kept is None or kept.value != value:
            if value is None:
                self._aliases.pop(named.key, None)
                raise FunctionNotFound(named.arn)
            if len(self._aliases) >= _KEPT_MAX:
                self._aliases.clear()
            kept = self._aliases[named.key] = _ReadyAlias(value, decode(value, AliasRecord))
        named.behind = kept
        version = drawn_version(kept.alias, self._ids)
        found = kept.named.get(version)
        if found is None:
            found = kept.named[version] = Named(named.function.qualified_by(version))
        return found

    async def _make_ready(self, named: Named, value: bytes) -> Ready:
        function = named.function
        if function.latest:
            target = Target(function=function, record=decode(value, FunctionRecord))
        else:
            version = decode(value, VersionRecord)
            if version.state == "Pending":
                raise SnapStartNotReadyException
            target = Target(function=function, record=version.function, published=version)
        spec = await self.spec(target)
        if len(self._ready) >= _KEPT_MAX:
            self._ready.clear()
        ready = self._ready[named.key] = Ready(value, target.record, spec)
        return ready

    async def _looked_through(self, ready: Ready) -> Ready:
        """With other environments than before, if anything in the function's folder has been edited since."""
        revision = await _revision_of(ready.folder, ready.spec.revision)
        if revision != ready.spec.revision:
            ready.spec = msgspec.structs.replace(ready.spec, revision=revision)
        return ready

    async def spec(self, target: Target) -> FunctionSpec:
        """What its environments are made from."""
        function, record = target.function, target.record
        image = None if record.image is None else await self._image(function, record, record.image)
        return FunctionSpec(
            function_arn=function.arn if target.published is None else f"{function.arn}:{target.version}",
            function_name=record.name,
            version=target.version,
            runtime=record.runtime,
            handler=record.handler,
            code_path=image.root if image is not None else await self._code(record),
            code_sha256=record.code_sha256,
            memory_mb=record.memory_mb,
            timeout=record.timeout,
            environment=record.environment or {},
            role_arn=record.role,
            log_group=record.log_group,
            region=function.region,
            account_id=function.account_id,
            revision=await _revision_of(record.folder, record.fleet_revision),
            ephemeral_storage_mb=record.ephemeral_storage_mb,
            layers=tuple([await self._packages.directory(layer.code_sha256) for layer in record.layers]),
            log_format=record.log_format,
            log_level=record.application_log_level,
            system_log_level=record.system_log_level,
            snap_start=record.snap_start and target.published is not None,
            image=image,
        )

    async def _code(self, record: FunctionRecord) -> Path:
        return Path(record.folder) if record.folder else await self._packages.directory(record.code_sha256)

    async def _image(self, function: FunctionName, record: FunctionRecord, use: ImageUse) -> ImageSpec:
        """What the image says of how it is run, as far as the function does not say otherwise."""
        found = await self._images.get(
            use.resolved_uri, record.code_sha256, region=function.region, architecture=record.architectures[0]
        )
        told = found.settings
        pairs = (text.partition("=") for text in told.env or ())
        return ImageSpec(
            root=found.root,
            entry_point=tuple(told.entrypoint or () if use.entry_point is None else use.entry_point),
            command=tuple(told.cmd or () if use.command is None else use.command),
            working_directory=use.working_directory or told.working_dir or "",
            environment={name: value for name, equals, value in pairs if name and equals},
        )
