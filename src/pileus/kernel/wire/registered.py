"""What does the wire know of one service that Pileus has?

Everything here is read on first use: the model, the shapes, the api object, and each operation's codec.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import Any, Final

import msgspec

from pileus.kernel.auth.permissions import Needs, Permission, Permissions, needs_of
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, NotImplementedByPileus, ServiceError
from pileus.kernel.http.messages import Response
from pileus.kernel.ids import Ids
from pileus.kernel.service import AnswerListener, NoteFailure, PostedForm, Service
from pileus.kernel.wire.bucket_hosts import path_of
from pileus.kernel.wire.codec import Answer, Codec, Parse, Receive, WireProtocol
from pileus.kernel.wire.dialect import Told
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.model import ServiceModel, load_model
from pileus.kernel.wire.protocols import wire_of
from pileus.kernel.wire.routes import Routes
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.tokens import with_token
from pileus.kernel.wire.wrapped import with_wrapping

Method = Callable[[RequestContext, Any], Awaitable[Any]]
Fail = Callable[[ServiceError, str], Response]
"""An error and the request id, to an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation of one service in one protocol, ready to be called.

    unsigned: clients send it without a signature, which then says nothing. optionally_signed: or with one.
    streams: its body is not read before it is called. receive: peels bodies that are not bare.
    needs: what its caller must be allowed to do. note_failure: hears of its errors.
    parse: of a long body in a thread, if it is `laborious`.
    """

    service: str
    name: str
    body_bytes_max: int
    too_large: ServiceError
    unsigned: bool
    optionally_signed: bool
    streams: bool
    receive: Receive | None
    parse: Parse
    laborious: bool
    method: Method
    answer: Answer
    fail: Fail
    internal_code: str
    needs: Needs
    note_failure: NoteFailure | None = None
    note_answer: AnswerListener | None = None


_ACRONYM_THEN_WORD: Final = re.compile(r"(.)([A-Z][a-z]+)")
_ACRONYM_PLURAL: Final = re.compile(r"[A-Z]{2,}s$")
_NUMBER_THEN_CAPITAL: Final = re.compile(r"([a-z])([0-9]+)")
_SMALL_THEN_CAPITAL: Final = re.compile(r"([a-z0-9])([A-Z])")
_IRREGULAR: Final = {
    "CreateStorediSCSIVolume": "create_stored_iscsi_volume",
    "CreateCachediSCSIVolume": "create_cached_iscsi_volume",
    "DescribeCachediSCSIVolumes": "describe_cached_iscsi_volumes",
    "DescribeStorediSCSIVolumes": "describe_stored_iscsi_volumes",
    "ListHITsForQualificationType": "list_hits_for_qualification_type",
    "ExecutePartiQLStatement": "execute_partiql_statement",
    "ExecutePartiQLTransaction": "execute_partiql_transaction",
    "ExecutePartiQLBatch": "execute_partiql_batch",
    "GetOTelEnrichment": "get_otel_enrichment",
    "StartOTelEnrichment": "start_otel_enrichment",
    "StopOTelEnrichment": "stop_otel_enrichment",
    "UpdateOTelEnrichment": "update_otel_enrichment",
}


def snake_case(operation: str) -> str:
    """AWS's name as botocore writes it in Python, so that everybody knows the methods' names already."""
    if operation in _IRREGULAR:
        return _IRREGULAR[operation]
    plural = _ACRONYM_PLURAL.search(operation)
    if plural is not None:
        operation = f"{operation[: plural.start()]}_{plural[0].lower()}"
    name = _ACRONYM_THEN_WORD.sub(r"\1_\2", operation)
    name = _NUMBER_THEN_CAPITAL.sub(r"\1_\2", name)
    return _SMALL_THEN_CAPITAL.sub(r"\1_\2", name).lower()


def _import_all(service: Service) -> None:
    for module in (service.shapes, service.permissions, *service.modules):
        if module:
            import_module(module)


class RegisteredService:
    """One service that Pileus has."""

    def __init__(self, service: Service, ids: Ids) -> None:
        self.name = service.name
        self._service = service
        self._ids = ids
        self._operations: dict[tuple[str, str], Operation] = {}
        self._imported = False
        self._importing: asyncio.Task[None] | None = None

    @cached_property
    def model(self) -> ServiceModel:
        return load_model(self.name)

    @cached_property
    def protocols(self) -> frozenset[str]:
        """Every protocol that the service speaks."""
        forms = {"query"} if dialect_of(self.name).query_protocol else set()
        return self.model.protocols | forms

    @cached_property
    def routes(self) -> Routes:
        return Routes(self.model)

    @cached_property
    def _api(self) -> object:
        return self._service.api()

    @cached_property
    def _permissions(self) -> Permissions:
        module = self._service.permissions
        table: Permissions = import_module(module).PERMISSIONS if module else {}
        return table

    def protocol(self, name: str) -> WireProtocol:
        return wire_of(name)

    def fail(self, protocol: str) -> Fail:
        """How this service tells of errors in a protocol."""
        wire, dialect = self.protocol(protocol), dialect_of(self.name)
        return lambda error, request_id: wire.fail(self.model, dialect, error, request_id)

    async def imported(self) -> None:
        """Return when its modules are: beside the loop, since they take tens of milliseconds, and for all who ask."""
        if self._imported:
            return
        if self._importing is None:
            if all(module in sys.modules for module in self._service.modules):
                self._imported = True
                return
            self._importing = asyncio.create_task(self._import())
        await asyncio.shield(self._importing)

    async def _import(self) -> None:
        try:
            await asyncio.to_thread(_import_all, self._service)
            self._imported = True
        finally:
            self._importing = None

    def operation(self, name: str, protocol: str) -> Operation | None:
        """An operation of the model, compiled on its first use; None when the model has none of that name."""
        known = self._operations.get((name, protocol))
        if known is None and name in self.model.operations:
            known = self._operations[name, protocol] = self._compile(name, protocol)
        return known

    @property
    def takes_forms(self) -> bool:
        return self._service.form is not None

    @cached_property
    def form_operation(self) -> Operation | None:
        """What forms of browsers mean that are posted to a bucket; None where there is no such thing."""
        if self._service.form is None:
            return None
        dialect, protocol = dialect_of(self.name), self.model.metadata.protocol
        put = self.operation("PutObject", protocol)
        assert put is not None
        return replace(
            put,
            name="PostObject",
            unsigned=True,
            streams=True,
            receive=None,
            parse=lambda request, _: PostedForm(request, path_of(request).strip("/")),
            method=self._service.form(),
            fail=self.fail(protocol),
            needs=needs_of((), protocol=protocol, status=dialect.denied_status, code=dialect.denied_code),
        )

    def _compile(self, name: str, protocol: str) -> Operation:
        wire, dialect = self.protocol(protocol), dialect_of(self.name, name)
        operation = self.model.operations[name]
        method: Method | None = getattr(self._api, snake_case(name), None)
        shapes: dict[str, tuple[type[msgspec.Struct], type[msgspec.Struct] | None]]
        shapes = import_module(self._service.shapes).OPERATIONS
        permissions: Sequence[Permission] | None = ()
        if method is None or name not in shapes:
            method, codec = _missing(self.name, name), Codec(lambda _, __: None, _never)
        else:
            given, answered = shapes[name]
            subject = Subject(model=self.model, dialect=dialect, operation=operation, given=given, answered=answered)
            codec = wire.compile(subject)
            codec = with_token(subject, codec, self._ids)
            codec = with_wrapping(subject, codec, protocol, body_bytes_max=wire.body_bytes_max)
            permissions = self._permissions.get(name)
        fail = self.fail(protocol)
        return Operation(
            service=self.name,
            name=name,
            body_bytes_max=dialect.body_bytes_max or wire.body_bytes_max,
            too_large=_too_large(dialect.too_large, name),
            unsigned=operation.unsigned,
            optionally_signed=name in dialect.optionally_signed,
            streams=codec.streams,
            receive=codec.receive,
            parse=codec.parse,
            laborious=codec.laborious,
            method=method,
            answer=codec.answer,
            fail=_without_body(fail) if operation.http.method == "HEAD" else fail,
            internal_code=dialect.internal_code,
            needs=needs_of(permissions, protocol=protocol, status=dialect.denied_status, code=dialect.denied_code),
            note_failure=self._service.note_failure,
            note_answer=self._service.note_answer,
        )


def _too_large(told: Told, operation: str) -> ServiceError:
    return AnyServiceError(told.code, told.text.format(operation=operation), status=413)


def _without_body(fail: Fail) -> Fail:
    """An answer to HEAD has none, so its client reads the status alone."""

    def fail_briefly(error: ServiceError, request_id: str) -> Response:
        response = fail(error, request_id)
        headers = [(name, text) for name, text in response.headers if name != "Content-Type"]
        return Response(response.status, headers)

    return fail_briefly


def not_implemented(service: str, operation: str = "") -> NotImplementedByPileus:
    what = f"{service} {operation}" if operation else f"the service {service}"
    return NotImplementedByPileus(f"Pileus does not implement {what} yet")


def _missing(service: str, operation: str) -> Method:
    async def refuse(context: RequestContext, given: object) -> object:
        raise not_implemented(service, operation)

    return refuse


def _never(output: object, request_id: str) -> Response:
    raise AssertionError("an operation that is missing has no output")
