"""What is a protocol, as seen by the dispatcher?

A protocol compiles each operation once, on its first use, into a `Codec`: bytes of a request to the input struct, the
output to an answer. Errors it answers without a codec, since some happen before an operation is known.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.model import Ref, ServiceModel, Shape
from pileus.kernel.wire.refusals import refusal
from pileus.kernel.wire.scalars import WrongType
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.validation import Inspection

_log: Final = logging.getLogger(__name__)

Parse = Callable[[Request, bytes], Any]
"""A request and its body, to the operation's input struct. Raises `ServiceError`."""
Receive = Callable[[Request, bytes], Awaitable[bytes]]
"""Peels a body that is not bare: changes the request, gives what `parse` is to read. Raises `ServiceError`."""
Answer = Callable[[Any, str], Response]
"""What the operation returned (a struct, `Encoded` or None) and the request id, to an answer."""

NATIVE: Final = (bytes, datetime)
"""Types that keep their form when a struct is taken apart."""


@dataclass(frozen=True, slots=True)
class Codec:
    """One operation in one protocol.

    streams: `parse` hands the body over as it is, and wants none. receive: comes before `parse`; None for operations
    whose bodies are always bare. laborious: `parse` builds a tree in Python, which takes its time.
    """

    parse: Parse
    answer: Answer
    streams: bool = False
    receive: Receive | None = None
    laborious: bool = False


class WireProtocol(Protocol):
    """A way of writing requests and answers."""

    @property
    def body_bytes_max(self) -> int: ...

    def compile(self, subject: Subject) -> Codec: ...

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        """The answer that tells of an error. model: None when Pileus does not load the service."""
        ...

    def unknown_operation(self, what: str) -> ServiceError:
        """The error for something that is no operation of the service."""
        ...


class Converter:
    """Builtins to an operation's struct, with AWS's words when they do not fit."""

    def __init__(self, subject: Subject, *, unreadable: str, invalid: str) -> None:
        """unreadable, invalid: the protocol's codes for what cannot be read and for broken constraints."""
        self._subject = subject
        self._ref = subject.operation.input
        self._unreadable = unreadable
        self._invalid = invalid

    def struct(self, value: object) -> msgspec.Struct:
        try:
            return msgspec.convert(value, self._subject.given)
        except (msgspec.ValidationError, RecursionError):
            return self.explain(value)

    def explain(self, value: object) -> msgspec.Struct:
        """Look again, slowly: say what is wrong, or convert after all. Raises `ServiceError`."""
        if self._ref is None:
            if isinstance(value, dict):
                return self._subject.given()
            raise self.unreadable("")
        dialect = self._subject.dialect
        inspection = Inspection(
            self._subject.model,
            values_told=dialect.values_told,
            enum_orders=dialect.enum_orders,
            map_keys=dialect.map_keys,
            casts=dialect.casts,
        )
        try:
            cleaned = inspection.clean(self._ref, value)
        except WrongType as error:
            raise self.unreadable(str(error)) from None
        except RecursionError:
            raise self.unreadable("") from None
        if inspection.violations:
            raise refusal(self._subject, inspection.violations, invalid=self._invalid)
        try:
            return msgspec.convert(cleaned, self._subject.given)
        except (msgspec.ValidationError, RecursionError):
            # shapes.py and the installed model disagree (another botocore): the caller's fault at worst.
            _log.warning("%s.%s: shapes.py refuses what the model allows", self._subject.model.name, self._name)
            raise self.unreadable("") from None

    def unreadable(self, message: str) -> ServiceError:
        own = self._subject.dialect.unreadable
        return AnyServiceError(own.code, own.text) if own is not None else AnyServiceError(self._unreadable, message)

    @property
    def _name(self) -> str:
        return self._subject.operation.name


def status_of(shape: Shape | None, error: ServiceError) -> int:
    """The HTTP status of an error: the model's when it declares the code, else the error's own."""
    own = error.http_status if isinstance(error, AnyServiceError) else error.status
    if shape is None:
        return own
    if shape.error is not None and shape.error.http_status_code is not None:
        return shape.error.http_status_code
    return 500 if shape.fault and own == 400 else own


def error_shape(model: ServiceModel | None, code: str) -> Shape | None:
    return model.errors.get(code) if model is not None else None


def type_of_error(model: ServiceModel | None, code: str) -> str:
    """What a JSON or CBOR body calls an error: of a service that once spoke `query`, the name of its shape."""
    if model is None or model.metadata.aws_query_compatible is None:
        return code
    return model.error_names.get(code, code)


def query_code(model: ServiceModel | None, dialect: Dialect, code: str) -> str:
    """What the `query` protocol calls an error: programs that were written for it look for that."""
    name = model.error_names.get(code, code) if model is not None else code
    shape = error_shape(model, code)
    return dialect.query_codes.get(name) or (shape and shape.error and shape.error.code) or code


def query_error_header(
    model: ServiceModel | None, dialect: Dialect, code: str, status: int
) -> Sequence[tuple[str, str]]:
    """The header that tells the `query` protocol's code to a client of another one (Smithy, `awsQueryCompatible`)."""
    if model is None or model.metadata.aws_query_compatible is None:
        return ()
    at_fault = "Sender" if status < 500 else "Receiver"
    return (("x-amzn-query-error", f"{query_code(model, dialect, code)};{at_fault}"),)


def plain(value: object) -> object:
    """An error's member as builtins."""
    return msgspec.to_builtins(value, builtin_types=NATIVE)


def message_member(shape: Shape | None) -> tuple[str, Ref] | None:
    """The member of an error that holds its message: `message` or `Message`."""
    if shape is not None:
        for name, ref in shape.members.items():
            if name.lower() == "message":
                return name, ref
    return None


def key_of(name: str, ref: Ref) -> str:
    return ref.location_name or name


def error_members(shape: Shape | None, error: ServiceError) -> Mapping[str, tuple[Ref | None, object]]:
    """Everything an error tells beside its message, by the model's names; modelled or not."""
    refs = shape.members if shape is not None else {}
    return {name: (refs.get(name), plain(value)) for name, value in error.members.items() if value is not None}
