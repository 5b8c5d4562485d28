"""In what may a service depart from the protocol it speaks? Which service does in what is in `dialects`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

Constraint = Literal["required", "enum", "pattern", "min", "max"]


class Told(NamedTuple):
    """An error by code and text. The text may name {value}, {name} (of the member in the model) and {operation}."""

    code: str
    text: str


class MapKeys(NamedTuple):
    """What the keys of a map must match, where that is more than the model says, and its words for it.

    as_json: the map is repeated as JSON, not as Java prints it.
    """

    pattern: re.Pattern[str]
    told: str
    as_json: bool = False


_TOO_LARGE: Final = Told("RequestEntityTooLargeException", "Request is too large")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One service's spelling, or one operation's.

    error_namespace: stands before the code in a JSON error's `__type`; with one, the framework's own errors carry
        coral's namespaces.
    crc32: answers carry `x-amz-crc32`.
    validation_code: the code of violated constraints; None for the protocol's.
    values_told: violated constraints repeat the value that violates them.
    enum_orders: how the values that are allowed are listed, where it is not the order of the model.
    map_keys: by the names of shapes that are maps; told beside other broken constraints, and where there are none the
        service looks for itself.
    casts: numbers and truths are taken where text is wanted, a map's nulls are left out, and enumerations are for the
        service to look at.
    missing: what a member that is required and absent is answered with, where it is not a violation among others.
    broken: the same for a broken constraint, by the member's path and the constraint. An absence that is told so is
        told alone, when nothing is wrong but absences.
    unreadable: what a body that cannot be read is answered with; None for the protocol's.
    internal_code: the code of our own failure.
    blob_content_type: of an answer whose body is a blob.
    body_bytes_max: the largest request; None for the protocol's. too_large: what a larger one is answered with.
    unknown: what something that is no operation is answered with, and the status; None for the protocol's.
    query_codes: the codes of errors in the `query` protocol, where they differ from the names of their shapes;
        query_messages: what it tells of them, where it differs, by the names of shapes.
    denied_status, denied_code: of the answer to whoever may not; None for the protocol's.
    optionally_signed: operations that may come without a signature: who has a token needs no key.
    query_protocol: also speaks `query`, though its model says no more so. queue_url: an absent `QueueUrl` is the
        address that a form was sent to.
    marked_by: a header that requests have; it tells a service from another of the same signing name.
    signed_otherwise: signing names beside the service's own, and what an operation is called when signed for so.
    s3: bare errors, `x-amz-id-2`, buckets in host names, the schema's and the arguments' own refusals.
    xml_roots: the root elements of answers, where they are not the names of the output shapes.
    unwrapped: operations whose only member is the root element itself.
    told_by_headers: lower-case names of headers that say which of a place's operations is meant, and whose place it is.
    """

    error_namespace: str = ""
    crc32: bool = False
    validation_code: str | None = None
    values_told: bool = True
    enum_orders: Mapping[frozenset[str], Sequence[str]] = field(default_factory=dict)
    map_keys: Mapping[str, MapKeys] = field(default_factory=dict)
    casts: bool = False
    missing: Told | None = None
    broken: Mapping[tuple[str, Constraint], Told] = field(default_factory=dict)
    unreadable: Told | None = None
    internal_code: str = "InternalFailure"
    blob_content_type: str = "application/octet-stream"
    body_bytes_max: int | None = None
    too_large: Told = _TOO_LARGE
    unknown: tuple[Told, int] | None = None
    query_codes: Mapping[str, str] = field(default_factory=dict)
    query_messages: Mapping[str, str] = field(default_factory=dict)
    denied_status: int | None = None
    denied_code: str | None = None
    optionally_signed: frozenset[str] = frozenset()
    query_protocol: bool = False
    queue_url: bool = False
    marked_by: str = ""
    signed_otherwise: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    s3: bool = False
    told_by_headers: frozenset[str] = frozenset()
    xml_roots: Mapping[str, str] = field(default_factory=dict)
    unwrapped: frozenset[str] = frozenset()
