"""Which operation of which service does a request mean?

In this order: the `X-Amz-Target` header; the path of an RPC in CBOR; the service in the credential scope, and where
several share a signing name, the one with such a path or action; the action of an unsigned form; the host; the path.
What cannot be had is refused in the protocol that its client speaks.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.ids import Ids
from pileus.kernel.service import Service
from pileus.kernel.wire.bucket_hosts import bucket_of, path_of
from pileus.kernel.wire.catalog import Entry, catalog
from pileus.kernel.wire.compression import NotCompressed, gunzip
from pileus.kernel.wire.dialects import SIGNED_OTHERWISE, dialect_of
from pileus.kernel.wire.forms import form_of
from pileus.kernel.wire.model import load_model
from pileus.kernel.wire.protocols import FORMS, REST, wire_of
from pileus.kernel.wire.registered import Fail, Operation, RegisteredService, not_implemented
from pileus.kernel.wire.routes import Routes
from pileus.kernel.wire.rpc_address import PROTOCOL, PROTOCOL_HEADER, place_of

CBOR: Final = "smithy-rpc-v2-cbor"
FORM: Final = "application/x-www-form-urlencoded"
_FORM_BYTES_MAX: Final = 16 * 1024 * 1024
_PLACED_MAX: Final = 1024
_S3: Final = "s3"
_TOLD_BY_HEADERS: Final = dialect_of(_S3).told_by_headers
_PLACED_TARGET_LENGTH_MAX: Final = 256


class Refused(Exception):
    """No operation is to be called; `fail` tells `error` in the client's protocol."""

    def __init__(self, error: ServiceError, fail: Fail) -> None:
        super().__init__(error.error_code)
        self.error = error
        self.fail = fail


class Finder:
    """Finds operations among the services that Pileus has."""

    def __init__(self, services: Sequence[Service], ids: Ids) -> None:
        self._services: Mapping[str, RegisteredService] = {
            service.name: RegisteredService(service, ids) for service in services
        }
        self._placed: dict[tuple[str, str, str], Operation] = {}
        """What was found by route, by signing name, method and target: clients repeat themselves."""
        self._shaped: dict[tuple[str, str, bool], Operation] = {}
        """What was found for S3, by what decides about a request that has no query: see `_shape`."""

    async def find(self, request: Request, signing_name: str) -> Operation:
        """The operation that a request means; `Refused` when there is none. signing_name: empty for an unsigned one."""
        target = request.headers.get("x-amz-target")
        if target is not None:
            return await self._by_target(target)
        placed = self._placed.get((signing_name, request.method, request.target))
        if placed is not None:
            return placed
        if request.headers.get(PROTOCOL_HEADER) == PROTOCOL:
            return await self._by_rpc(request)
        shape = _shape(request) if signing_name == _S3 and not request.query else None
        if shape is not None and (shaped := self._shaped.get(shape)) is not None:
            return shaped
        operation = await self._placed_at(request, signing_name)
        if shape is not None and operation.service == _S3:
            if len(self._shaped) >= _PLACED_MAX:
                self._shaped.clear()  # hosts are the client's to choose
            self._shaped[shape] = operation
        return operation

    async def _placed_at(self, request: Request, signing_name: str) -> Operation:
        entries = _claimed(request, signing_name)
        known = bool(entries)
        if not known:
            entries = [entry for name in self._services if (entry := catalog().by_name.get(name)) is not None]
        if len(entries) > 1:
            entries = sorted(entries, key=lambda entry: _likelihood(entry, request), reverse=True)
        forms = not known or any(map(_speaks_forms, entries))
        form = dict(await _form(request, "ec2" if _is_ec2(entries) else "query")) if forms else {}
        if "Action" in form:
            return await self._by_action(form["Action"], form.get("Version", ""), entries)
        return await self._by_route(request, entries, signing_name if known else "")

    async def _by_target(self, target: str) -> Operation:
        prefix, _, name = target.rpartition(".")
        return await self._called(prefix, name, "json")

    async def _by_rpc(self, request: Request) -> Operation:
        place = place_of(request.path)
        if place is None or request.method != "POST":
            raise self._nothing((), CBOR, f"{request.method} {request.path}")
        return await self._called(*place, CBOR)

    async def _called(self, prefix: str, name: str, protocol: str) -> Operation:
        """The operation of a service that is known by a prefix, in a protocol that names both."""
        entries = catalog().by_target_prefix.get(prefix, ())
        for service in self._having(entries, protocol):
            operation = await _operation(service, name, protocol)
            if operation is not None:
                return operation
        raise self._nothing(entries, protocol, name)

    async def _by_action(self, action: str, version: str, entries: Sequence[Entry]) -> Operation:
        spoken = [entry for entry in entries if _speaks_forms(entry)]
        meant = [entry for entry in spoken if entry.api_version == version] or spoken or entries
        for protocol in FORMS:
            for service in self._having(meant, protocol):
                operation = await _operation(service, action, protocol)
                if operation is not None:
                    return operation
        raise self._nothing(meant, "ec2" if _is_ec2(meant) else "query", action, version=version)

    async def _by_route(self, request: Request, entries: Sequence[Entry], signing_name: str) -> Operation:
        """signing_name: empty when neither signature nor host names a service."""
        for entry in entries:
            service = self._services.get(entry.name)
            if service is None or entry.protocol not in REST:
                continue
            name = _route(service.routes, entry.name, request)
            if name is None and request.method == "POST" and service.takes_forms and _bucket(request):
                await service.imported()
                assert service.form_operation is not None
                return service.form_operation
            if name is not None:
                otherwise = dialect_of(entry.name).signed_otherwise.get(signing_name)
                name = otherwise.get(name, name) if otherwise is not None else name
                operation = await _operation(service, name, entry.protocol)
                assert operation is not None, "routes are made from the model"
                self._remember(signing_name, request, operation)
                return operation
        for entry in entries:
            if entry.name not in self._services and entry.protocol in REST:
                absent = _route(_routes_of(entry.name), entry.name, request)
                if absent is not None:
                    error = not_implemented(entry.name, absent)
                    raise Refused(error, partial(wire_of(entry.protocol).fail, None, dialect_of("")))
        what = f"{request.method} {request.path}"
        if not signing_name or not entries:
            raise self._nothing((), "rest-json", what)
        raise self._nothing(entries, _spoken(entries, request), what)

    def _remember(self, signing_name: str, request: Request, operation: Operation) -> None:
        """Only what the key decides: for an unsigned request the host has a say, for S3 a header and the host too."""
        dialect = dialect_of(operation.service)
        if not signing_name or dialect.s3 or dialect.marked_by or len(request.target) > _PLACED_TARGET_LENGTH_MAX:
            return
        if len(self._placed) >= _PLACED_MAX:
            self._placed.clear()
        self._placed[signing_name, request.method, request.target] = operation

    def _having(self, entries: Iterable[Entry], protocol: str) -> Iterable[RegisteredService]:
        for entry in entries:
            service = self._services.get(entry.name)
            if service is not None and protocol in service.protocols:
                yield service

    def _nothing(self, entries: Sequence[Entry], protocol: str, name: str, *, version: str = "") -> Refused:
        """The refusal of a service that Pileus lacks, or of a name that the service lacks."""
        wire = wire_of(protocol)
        present = next((entry for entry in entries if entry.name in self._services), None)
        if present is not None:
            service = self._services[present.name]
            suffix = f" for version {version}" if version else ""
            dialect = dialect_of(present.name)
            if dialect.unknown is not None:
                told, status = dialect.unknown
                error: ServiceError = AnyServiceError(told.code, told.text, status=status)
            else:
                error = wire.unknown_operation(f"Could not find operation {name}{suffix}")
            return Refused(error, partial(wire.fail, service.model, dialect))
        if entries:
            services = " or ".join(entry.name for entry in entries)
            error = not_implemented(services, name if name.isalnum() else "")
            return Refused(error, partial(wire.fail, None, dialect_of("")))
        error = wire.unknown_operation(f"No AWS operation is recognised in {name}" if name else "")
        return Refused(error, partial(wire.fail, None, dialect_of("")))


async def _operation(service: RegisteredService, name: str, protocol: str) -> Operation | None:
    if name in service.model.operations:
        await service.imported()
    return service.operation(name, protocol)


@lru_cache(maxsize=32)
def _routes_of(absent: str) -> Routes:
    """The places of a service that Pileus lacks, to say which operation was wanted."""
    return Routes(load_model(absent))


def _likelihood(entry: Entry, request: Request) -> int:
    """Who is asked first: S3 has any path, and who marks every request is not meant by one without the mark."""
    dialect = dialect_of(entry.name)
    if dialect.marked_by and dialect.marked_by not in request.headers:
        return 0
    return 1 if dialect.s3 else 2


def _route(routes: Routes, service: str, request: Request) -> str | None:
    path = path_of(request) if dialect_of(service).s3 else request.path
    return routes.find(request.method, path, request.query, request.headers)


def _shape(request: Request) -> tuple[str, str, bool] | None:
    """The method, the host, and whether there is a key: all that says what a request to S3 without a query means.

    None where something else may: a header, or a form; and for paths that are too odd to tell at a glance.
    """
    headers, path, method = request.headers, request.path, request.method
    if method == "POST" or not _TOLD_BY_HEADERS.isdisjoint(headers) or path.startswith("//"):
        return None
    end = path.find("/", 1)
    return (method, headers.get("host", ""), end > 0 and end + 1 < len(path)) if len(path) > 1 else None


def _is_form(request: Request) -> bool:
    """Whether a browser, or who does as one, uploads a file: that is S3's alone."""
    return request.method == "POST" and request.headers.get("content-type", "")[:19].lower() == "multipart/form-data"


def _bucket(request: Request) -> bool:
    """Whether a request to S3 is for a bucket, and not for something in it."""
    bucket = path_of(request).strip("/")
    return bool(bucket) and "/" not in bucket


def _claimed(request: Request, signing_name: str) -> Sequence[Entry]:
    """The services that the signature names, else the host; none when neither does."""
    signed_for = catalog().by_signing_name.get(signing_name)
    if signed_for:
        return signed_for
    if signing_name in SIGNED_OTHERWISE:
        return (catalog().by_name[SIGNED_OTHERWISE[signing_name]],)
    host = request.headers.get("host", "")
    if bucket_of(host) or _is_form(request):
        return catalog().by_endpoint_prefix["s3"]
    # The service is the first label, or the second behind an operation's prefix (`ACCOUNT.s3-control.`).
    labels = host.partition(":")[0].split(".", 2)[:2]
    return next(filter(None, map(catalog().by_endpoint_prefix.get, labels)), ())


def _speaks_forms(entry: Entry) -> bool:
    return entry.protocol in FORMS or "query" in entry.also or dialect_of(entry.name).query_protocol


def _bare(body: bytes) -> bytes:
    """A compressed form; what is none has no pairs (`receiving` looks again, once the operation is known)."""
    try:
        return gunzip(body, size_bytes_max=_FORM_BYTES_MAX)
    except NotCompressed:
        return b""


def _spoken(entries: Sequence[Entry], request: Request) -> str:
    """What a client speaks that names no operation but by its path: among services of one signing name, REST's.

    Never CBOR, which shows by its header; who speaks that speaks JSON too, with older clients.
    """
    protocols = ["json" if entry.protocol == CBOR else entry.protocol for entry in entries]
    rest = next(filter(REST.__contains__, protocols), protocols[0])
    return protocols[0] if request.path == "/" else rest


def _is_ec2(entries: Sequence[Entry]) -> bool:
    return bool(entries) and all(entry.protocol == "ec2" for entry in entries)


async def _form(request: Request, protocol: str) -> Sequence[tuple[str, str]]:
    """The pairs of a query request; none when it is none. protocol: in which to say that they cannot be read."""
    if request.method == "POST" and request.headers.get("content-type", "").startswith(FORM):
        body = await request.read(_FORM_BYTES_MAX)
        if request.headers.get("content-encoding") == "gzip":
            body = _bare(body)
    elif request.method == "GET" and "Action=" in request.query:
        body = b""
    else:
        return ()
    try:
        return form_of(request, body)
    except ServiceError as error:
        raise Refused(error, partial(wire_of(protocol).fail, None, dialect_of(""))) from None
