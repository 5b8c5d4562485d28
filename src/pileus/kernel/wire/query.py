"""How does the `query` protocol work? A form with `Action`, `Version` and flattened members; the answer is XML.

`Tags.member.1.Key=a&Tags.member.2.Key=b`; a flattened list has no `.member`; a map is `.entry.1.key` and `.value`.

Source: Smithy specification, "AWS query protocol".
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.service import Encoded
from pileus.kernel.wire.codec import (
    NATIVE,
    Answer,
    Codec,
    Converter,
    Parse,
    error_members,
    error_shape,
    key_of,
    plain,
    query_code,
    status_of,
)
from pileus.kernel.wire.dialect import Dialect
from pileus.kernel.wire.forms import MalformedQueryString, form_of
from pileus.kernel.wire.model import Ref, ServiceModel, Shape
from pileus.kernel.wire.query_names import model_for_forms
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.text_values import NotReadable, reader_of
from pileus.kernel.wire.xml_text import XmlWriter, element

_XML: Final = ("Content-Type", "text/xml")
_UNREADABLE: Final = "MalformedInput"
_KEY_PARTS_MAX: Final = 64

Tree = dict[str, Any]
"""The form by the parts of its keys; a text is under the empty key of its node."""
Read = Callable[[Tree], object]


class QueryProtocol:
    """Forms in, XML out."""

    body_bytes_max: Final = 16 * 1024 * 1024

    def compile(self, subject: Subject) -> Codec:
        subject = replace(subject, model=model_for_forms(subject.model))
        converter = Converter(subject, unreadable=_UNREADABLE, invalid="ValidationError")
        reader = FormReader(subject.model)
        return Codec(form_parser(subject, reader, converter), answer_of(_writer(subject), _XML))

    def fail(self, model: ServiceModel | None, dialect: Dialect, error: ServiceError, request_id: str) -> Response:
        code = query_code(model, dialect, error.error_code)
        shape = error_shape(model, error.error_code)
        status = status_of(shape, error)
        sender = shape.error.sender_fault if shape is not None and shape.error is not None else status < 500
        told = [element("Type", "Sender" if sender or status < 500 else "Receiver"), element("Code", code)]
        text = dialect.query_messages.get(error.error_code, error.message)
        if text:  # recording cloudwatch/cloudwatch, test_exception_serializing_with_no_shape_in_spec
            told.append(element("Message", text))
        if dialect.query_protocol:
            told.append("<Detail/>")
        if model is not None:
            write = XmlWriter(model)
            for name, (ref, value) in error_members(shape, error).items():
                if ref is not None:
                    told.append(write.value(key_of(name, ref), ref, plain(value)))
        namespace = namespace_of(model_for_forms(model)) if model is not None else ""
        inside = f"<Error>{''.join(told)}</Error>{element('RequestId', request_id)}"
        body = f"<ErrorResponse{namespace}>{inside}</ErrorResponse>"
        return Response(status, (_XML, ("x-amzn-RequestId", request_id)), body.encode(errors="replace"))

    def unknown_operation(self, what: str) -> ServiceError:
        return AnyServiceError("InvalidAction", what)


def form_parser(subject: Subject, reader: "FormReader", converter: Converter) -> Parse:
    """What makes an operation's input of a form."""
    ref = subject.operation.input
    read = reader.reader(ref) if ref is not None else lambda _: {}
    by_address = subject.dialect.queue_url and ref is not None and "QueueUrl" in subject.model.shape_of(ref).members

    def parse(request: Request, body: bytes) -> Any:
        tree = _tree_of(form_of(request, body))
        if by_address and "QueueUrl" not in tree and request.path != "/":
            tree["QueueUrl"] = {"": f"http://{request.headers.get('host', '')}{request.path}"}
        try:
            return converter.struct(read(tree))
        except NotReadable as error:
            raise converter.unreadable(str(error)) from None

    return parse


def answer_of(write: Callable[[Tree, str], str], content_type: tuple[str, str]) -> Answer:
    """What answers with a document. write: an output and the request id to XML."""

    def answer(output: Any, request_id: str) -> Response:
        headers = (content_type, ("x-amzn-RequestId", request_id))
        if type(output) is Encoded:
            return Response(200, headers, output.body)
        tree = {} if output is None else msgspec.to_builtins(output, builtin_types=NATIVE)
        return Response(200, headers, write(tree, request_id).encode(errors="replace"))

    return answer


def _tree_of(form: list[tuple[str, str]]) -> Tree:
    root: Tree = {}
    for name, text in form:
        node = root
        parts = name.split(".")
        if len(parts) > _KEY_PARTS_MAX:
            raise MalformedQueryString("A parameter is nested too deeply.")
        for part in parts:
            node = node.setdefault(part or " ", {})
        node[""] = text
    return root


class FormReader:
    """Reads shapes out of the form; each shape is prepared once."""

    lists_wrapped = True
    """Whether a list that is not flattened has a level of its own."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._readers: dict[tuple[str, bool], Read] = {}

    def reader(self, ref: Ref) -> Read:
        known = (ref.shape, ref.flattened)
        read = self._readers.get(known)
        if read is None:
            # A shape may contain itself: the name is bound before its inside is looked at.
            self._readers[known] = lambda node: self._readers[known](node)
            read = self._readers[known] = self._prepare(ref)
        return read

    def _prepare(self, ref: Ref) -> Read:
        shape = self._model.shape_of(ref)
        if shape.type == "structure":
            return self._structure(ref.shape)
        if shape.type == "list":
            return self._list(shape, flattened=ref.flattened or shape.flattened)
        if shape.type == "map":
            return self._map(shape, flattened=ref.flattened or shape.flattened)
        scalar = reader_of(shape)
        return lambda node: scalar(node[""]) if "" in node else None

    def name_of(self, name: str, ref: Ref) -> str:
        """A member's name in a form. name: in the model."""
        shape = self._model.shape_of(ref)
        if ref.flattened or shape.flattened:
            own = shape.member.location_name if shape.member is not None else shape.location_name
            return own or ref.location_name or name
        return ref.location_name or name

    def _structure(self, name: str) -> Read:
        members = [
            (member.key, self.name_of(member.name, member.ref), self.reader(member.ref))
            for member in self._model.members(name)
        ]

        def read(node: Tree) -> object:
            found = {key: reader(node[form_name]) for key, form_name, reader in members if form_name in node}
            return {key: value for key, value in found.items() if value is not None}

        return read

    def _list(self, shape: Shape, *, flattened: bool) -> Read:
        assert shape.member is not None
        item = self.reader(shape.member)
        wrapped = (shape.member.location_name or "member") if self.lists_wrapped and not flattened else None

        def read(node: Tree) -> object:
            inside = node if wrapped is None else node.get(wrapped, {})
            return [item(child) for child in _numbered(inside)]

        return read

    def _map(self, shape: Shape, *, flattened: bool) -> Read:
        assert shape.key is not None
        assert shape.value is not None
        key_name, value_name = shape.key.location_name or "key", shape.value.location_name or "value"
        held = self.reader(shape.value)

        def read(node: Tree) -> object:
            entries = _numbered(node if flattened else node.get("entry", {}))
            return {entry.get(key_name, {}).get("", ""): held(entry.get(value_name, {})) for entry in entries}

        return read


def _numbered(node: Tree) -> list[Tree]:
    """The children of a list, in the order of their numbers."""
    numbers = sorted((int(name), name) for name in node if name.isascii() and name.isdigit() and len(name) < 10)
    if len(numbers) < len(node) - ("" in node):
        raise NotReadable("A list has an element that is not numbered")
    return [node[name] for _, name in numbers]


def _writer(subject: Subject) -> Callable[[Tree, str], str]:
    name, ref = subject.operation.name, subject.operation.output
    inside = XmlWriter(subject.model).inside
    opening = f"<{name}Response{namespace_of(subject.model)}>"
    wrapper = (ref.result_wrapper or f"{name}Result") if ref is not None else ""

    def write(tree: Tree, request_id: str) -> str:
        result = f"<{wrapper}>{inside(ref.shape, tree)}</{wrapper}>" if ref is not None else ""
        metadata = f"<ResponseMetadata>{element('RequestId', request_id)}</ResponseMetadata>"
        return f"{opening}{result}{metadata}</{name}Response>"

    return write


def namespace_of(model: ServiceModel | None) -> str:
    """The `xmlns` of a service's documents."""
    uri = model.metadata.xml_namespace if model is not None else None
    return f' xmlns="{uri}"' if uri else ""
