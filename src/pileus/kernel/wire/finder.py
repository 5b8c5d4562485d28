"""Which operation of which service does a request mean?

In this order: the `X-Amz-Target` header; the service in the credential scope, and where several share a signing name,
the one with such a path or action; the action of an unsigned form; the host; the path. What cannot be had is refused
in the protocol that its client speaks.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Final

from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.service import Service
from pileus.kernel.wire.catalog import Entry, catalog
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.model import load_model
from pileus.kernel.wire.protocols import PROTOCOLS, nearest
from pileus.kernel.wire.query import form_of
from pileus.kernel.wire.registered import Fail, Operation, RegisteredService, not_implemented
from pileus.kernel.wire.routes import Routes
from pileus.kernel.wire.text_values import NotReadable

_FORM: Final = "application/x-www-form-urlencoded"
_FORM_BYTES_MAX: Final = 16 * 1024 * 1024
_PLACED_MAX: Final = 1024
_PLACED_TARGET_LENGTH_MAX: Final = 256


class Refused(Exception):
    """No operation is to be called; `fail` tells `error` in the client's protocol."""

    def __init__(self, error: ServiceError, fail: Fail) -> None:
        super().__init__(error.error_code)
        self.error = error
        self.fail = fail


class Finder:
    """Finds operations among the services that Pileus has."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services: Mapping[str, RegisteredService] = {
            service.name: RegisteredService(service) for service in services
        }
        self._placed: dict[tuple[str, str, str], Operation] = {}
        """What was found by route, by signing name, method and target: clients repeat themselves."""

    async def find(self, request: Request, signing_name: str) -> Operation:
        """The operation that a request means; `Refused` when there is none. signing_name: empty for an unsigned one."""
        target = request.headers.get("x-amz-target")
        if target is not None:
            return self._by_target(target)
        placed = self._placed.get((signing_name, request.method, request.target))
        if placed is not None:
            return placed
        form = dict(await _form(request))
        entries = _claimed(request, signing_name)
        known = bool(entries)
        if not known:
            entries = [entry for name in self._services if (entry := catalog().by_name.get(name)) is not None]
        if "Action" in form:
            return self._by_action(form["Action"], form.get("Version", ""), entries)
        operation = self._by_route(request, entries, known=known)
        if signing_name and len(request.target) <= _PLACED_TARGET_LENGTH_MAX:  # unsigned, the host has a say
            if len(self._placed) >= _PLACED_MAX:
                self._placed.clear()
            self._placed[signing_name, request.method, request.target] = operation
        return operation

    def _by_target(self, target: str) -> Operation:
        prefix, _, name = target.rpartition(".")
        entries = catalog().by_target_prefix.get(prefix, ())
        for entry in entries:
            service = self._services.get(entry.name)
            operation = service.operation(name, "json") if service is not None else None
            if operation is not None:
                return operation
        raise self._nothing(entries, "json", name)

    def _by_action(self, action: str, version: str, entries: Sequence[Entry]) -> Operation:
        spoken = [entry for entry in entries if _speaks_forms(entry)]
        meant = [entry for entry in spoken if entry.api_version == version] or spoken or entries
        for service in self._having(meant, "query"):
            operation = service.operation(action, "query")
            if operation is not None:
                return operation
        raise self._nothing(meant, "query", action, version=version)

    def _by_route(self, request: Request, entries: Sequence[Entry], *, known: bool) -> Operation:
        for service in self._having(entries, "rest-json"):
            name = service.routes.find(request.method, request.path, request.query)
            if name is not None:
                operation = service.operation(name, "rest-json")
                assert operation is not None, "routes are made from the model"
                return operation
        for entry in entries:
            if entry.name not in self._services and entry.protocol in {"rest-json", "rest-xml"}:
                absent = _routes_of(entry.name).find(request.method, request.path, request.query)
                if absent is not None:
                    error = not_implemented(entry.name, absent)
                    raise Refused(error, partial(nearest(entry.protocol).fail, None, dialect_of("")))
        what = f"{request.method} {request.path}"
        raise self._nothing(entries if known else (), entries[0].protocol if known else "rest-json", what)

    def _having(self, entries: Iterable[Entry], protocol: str) -> Iterable[RegisteredService]:
        for entry in entries:
            service = self._services.get(entry.name)
            if service is not None and protocol in service.model.protocols:
                yield service

    def _nothing(self, entries: Sequence[Entry], protocol: str, name: str, *, version: str = "") -> Refused:
        """The refusal of a service that Pileus lacks, or of a name that the service lacks."""
        wire = nearest(protocol)
        present = next((entry for entry in entries if entry.name in self._services), None)
        if present is not None:
            service = self._services[present.name]
            suffix = f" for version {version}" if version else ""
            error = wire.unknown_operation(f"Could not find operation {name}{suffix}")
            return Refused(error, partial(wire.fail, service.model, dialect_of(present.name)))
        if entries:
            services = " or ".join(entry.name for entry in entries)
            error = not_implemented(services, name if name.isalnum() else "")
            return Refused(error, partial(wire.fail, None, dialect_of("")))
        error = wire.unknown_operation(f"No AWS operation is recognised in {name}" if name else "")
        return Refused(error, partial(wire.fail, None, dialect_of("")))


@lru_cache(maxsize=32)
def _routes_of(absent: str) -> Routes:
    """The places of a service that Pileus lacks, to say which operation was wanted."""
    return Routes(load_model(absent).operations.values())


def _claimed(request: Request, signing_name: str) -> Sequence[Entry]:
    """The services that the signature names, else the host; none when neither does."""
    signed_for = catalog().by_signing_name.get(signing_name, ())
    host = request.headers.get("host", "").partition(".")[0]
    return signed_for or catalog().by_endpoint_prefix.get(host, ())


def _speaks_forms(entry: Entry) -> bool:
    return entry.protocol in {"query", "ec2"} or "query" in entry.also


async def _form(request: Request) -> Sequence[tuple[str, str]]:
    """The pairs of a query request; none when it is none."""
    if request.headers.get("content-type", "").startswith(_FORM):
        body = await request.read(_FORM_BYTES_MAX)
    elif request.method == "GET" and "Action=" in request.query:
        body = b""
    else:
        return ()
    try:
        return form_of(request, body)
    except NotReadable as error:
        wire = PROTOCOLS["query"]
        raise Refused(
            wire.unknown_operation(str(error)),
            partial(wire.fail, None, dialect_of("")),
        ) from None
