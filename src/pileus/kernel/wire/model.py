"""What does AWS's model of a service say?

The models are botocore's data files; its code is never imported here. A model is read when the service is first used,
straight into typed structs, so that its documentation (most of the file) never takes memory.
"""

import gzip
from collections.abc import Iterator, Mapping
from copy import copy
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import msgspec

ShapeType = Literal[
    "structure",
    "list",
    "map",
    "string",
    "character",
    "boolean",
    "byte",
    "short",
    "integer",
    "long",
    "float",
    "double",
    "bigdecimal",
    "biginteger",
    "blob",
    "timestamp",
]


class UnknownService(LookupError):
    """The installed botocore has no model of that name."""


class XmlNamespace(msgspec.Struct, frozen=True, gc=False):
    """What `xmlns`, or `xmlns:prefix`, says on an element."""

    uri: str
    prefix: str = ""


class Ref(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """A use of a shape: as a member, an element, a key, an input or an output."""

    shape: str
    location: str | None = None
    location_name: str | None = None
    timestamp_format: str | None = None
    flattened: bool = False
    jsonvalue: bool = False
    streaming: bool = False
    xml_attribute: bool = False
    xml_namespace: XmlNamespace | None = None
    query_name: str | None = None
    idempotency_token: bool = False
    result_wrapper: str | None = None
    eventheader: bool = False
    eventpayload: bool = False


class ErrorTraits(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """How an error is told: its code when it is not the shape's name, its HTTP status, whose fault it is."""

    code: str | None = None
    http_status_code: int | None = None
    sender_fault: bool = False


class Shape(msgspec.Struct, frozen=True, rename="camel"):
    """One shape of a model."""

    type: ShapeType
    members: dict[str, Ref] = {}
    required: list[str] = []
    member: Ref | None = None
    key: Ref | None = None
    value: Ref | None = None
    enum: list[str] = []
    min: int | float | None = None
    max: int | float | None = None
    pattern: str | None = None
    payload: str | None = None
    error: ErrorTraits | None = None
    exception: bool = False
    fault: bool = False
    flattened: bool = False
    timestamp_format: str | None = None
    document: bool = False
    sensitive: bool = False
    streaming: bool = False
    eventstream: bool = False
    location_name: str | None = None
    xml_namespace: XmlNamespace | None = None


class Http(msgspec.Struct, frozen=True, rename="camel"):
    """Where an operation lives in HTTP."""

    method: str = "POST"
    request_uri: str = "/"
    response_code: int = 200


class HttpChecksum(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Which checksums travel with the bodies of an operation."""

    request_checksum_required: bool = False
    request_algorithm_member: str | None = None


class RequestCompression(msgspec.Struct, frozen=True, gc=False):
    """In which encodings clients may compress a request."""

    encodings: list[str] = []


class OperationModel(msgspec.Struct, frozen=True):
    """One operation of a model."""

    name: str
    http: Http = Http()
    input: Ref | None = None
    output: Ref | None = None
    authtype: str = ""
    deprecated: bool = False
    http_checksum: HttpChecksum | None = msgspec.field(name="httpChecksum", default=None)
    http_checksum_required: bool = msgspec.field(name="httpChecksumRequired", default=False)
    compression: RequestCompression | None = msgspec.field(name="requestcompression", default=None)

    @property
    def unsigned(self) -> bool:
        """Whether clients send it without a signature."""
        return self.authtype == "none"


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """What is true of a whole service."""

    endpoint_prefix: str
    protocol: str
    api_version: str
    service_id: str = ""
    protocols: list[str] = []
    json_version: str | None = None
    target_prefix: str | None = None
    signing_name: str | None = None
    global_endpoint: str | None = None
    xml_namespace: str | None = None
    aws_query_compatible: dict[str, object] | None = None


class _File(msgspec.Struct, frozen=True):
    metadata: Metadata
    operations: dict[str, OperationModel]
    shapes: dict[str, Shape]


class Member(msgspec.Struct, frozen=True):
    """A structure's member: its name in the model, its name in our struct's encoding, its use and its shape."""

    name: str
    key: str
    ref: Ref
    shape: Shape


class ServiceModel:
    """The model of one service, by botocore's name for it."""

    def __init__(self, name: str, data: bytes) -> None:
        file = msgspec.json.decode(data, type=_File)
        self.name = name
        self.metadata = file.metadata
        self.operations: Mapping[str, OperationModel] = {
            # CloudFront's models put their version behind the names (`CreateDistribution2020_05_31`).
            name: operation if operation.name == name else msgspec.structs.replace(operation, name=name)
            for name, operation in file.operations.items()
        }
        self.shapes: Mapping[str, Shape] = file.shapes
        self._members: dict[str, tuple[Member, ...]] = {}

    @property
    def signing_name(self) -> str:
        return self.metadata.signing_name or self.metadata.endpoint_prefix

    @property
    def protocols(self) -> frozenset[str]:
        """Every protocol that the service speaks."""
        return frozenset((self.metadata.protocol, *self.metadata.protocols))

    @cached_property
    def error_names(self) -> Mapping[str, str]:
        """The shapes of the service's errors, by the code they carry on the wire, and by their own names."""
        shapes = {name: shape for name, shape in self.shapes.items() if shape.exception or shape.error is not None}
        by_code = {(shape.error and shape.error.code) or name: name for name, shape in shapes.items()}
        return {name: name for name in shapes} | by_code

    @cached_property
    def errors(self) -> Mapping[str, Shape]:
        """The service's errors, by the code they carry on the wire, and by the names of their shapes."""
        return {code: self.shapes[name] for code, name in self.error_names.items()}

    @cached_property
    def xml_namespace(self) -> str:
        """What answers in XML carry as `xmlns`: said of the service, or else of its inputs."""
        if self.metadata.xml_namespace:
            return self.metadata.xml_namespace
        inputs = [operation.input for operation in self.operations.values() if operation.input is not None]
        payloads = [ref for given in inputs for ref in self.shape_of(given).members.values()]
        said = (ref.xml_namespace.uri for ref in (*inputs, *payloads) if ref.xml_namespace is not None)
        return next(said, "")

    def amended(self, shapes: Mapping[str, Shape]) -> "ServiceModel":
        """The same model with some shapes exchanged. The keys of members must stay."""
        model = copy(self)
        model.shapes = {**self.shapes, **shapes}
        model._members = {}
        return model

    def shape_of(self, ref: Ref) -> Shape:
        return self.shapes[ref.shape]

    def members(self, shape_name: str) -> tuple[Member, ...]:
        """The members of a structure, in the model's order."""
        members = self._members.get(shape_name)
        if members is None:
            members = tuple(self._read_members(self.shapes[shape_name]))
            self._members[shape_name] = members
        return members

    def _read_members(self, shape: Shape) -> Iterator[Member]:
        keys = keys_of(shape.members)
        for name, ref in shape.members.items():
            yield Member(name, keys[name], ref, self.shapes[ref.shape])


def keys_of(members: Mapping[str, Ref]) -> dict[str, str]:
    """The key of each member of a structure in our struct's encoding, which tools/generate_shapes.py names fields by.

    A member of the body goes by its name on the wire, any other by its name in the model. Of two with one name (S3's
    `CloudFunctionConfiguration`, API Gateway's `PutIntegrationRequest`), the second, or the one outside the body, goes
    by a name that nobody else has.
    """
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for name, ref in sorted(members.items(), key=lambda member: member[1].location is not None):
        key = (ref.location_name or name) if ref.location is None else name
        if key in taken:
            key = f"{name}@{ref.location or 'body'}"
        assert key not in taken
        taken.add(key)
        keys[name] = key
    return keys


def botocore_data() -> Path:
    """The folder with botocore's data files."""
    spec = find_spec("botocore")
    assert spec is not None, "botocore is installed with Pileus"
    assert spec.origin is not None
    return Path(spec.origin).parent / "data"


@cache
def load_model(service: str) -> ServiceModel:
    """The newest model of a service; `UnknownService` when botocore has none."""
    folder = botocore_data() / service
    if not folder.is_dir() or folder.parent != botocore_data():
        raise UnknownService(service)
    for version in sorted((path for path in folder.iterdir() if path.is_dir()), reverse=True):
        plain, packed = version / "service-2.json", version / "service-2.json.gz"
        if packed.exists():
            return ServiceModel(service, gzip.decompress(packed.read_bytes()))
        if plain.exists():
            return ServiceModel(service, plain.read_bytes())
    raise UnknownService(service)
