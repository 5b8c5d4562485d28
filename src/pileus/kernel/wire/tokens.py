"""What if a client sends no idempotency token? It gets one, as its SDK would have made it."""

from dataclasses import replace
from typing import Any

import msgspec

from pileus.kernel.http.messages import Request
from pileus.kernel.ids import Ids
from pileus.kernel.wire.codec import Codec
from pileus.kernel.wire.subject import Subject


def with_token(subject: Subject, codec: Codec, ids: Ids) -> Codec:
    """A codec that fills an absent token in; the same one for an operation without a token."""
    attribute = _attribute_of_token(subject)
    if attribute is None:
        return codec
    parse_bare = codec.parse

    def parse(request: Request, body: bytes) -> Any:
        given = parse_bare(request, body)
        if getattr(given, attribute) is None:
            return msgspec.structs.replace(given, **{attribute: ids.uuid()})
        return given

    return replace(codec, parse=parse)


def _attribute_of_token(subject: Subject) -> str | None:
    ref = subject.operation.input
    if ref is None:
        return None
    shape = subject.model.shape_of(ref)
    keys = {
        member.key
        for member in subject.model.members(ref.shape)
        if member.ref.idempotency_token and member.name not in shape.required
    }
    fields = zip(subject.given.__struct_fields__, subject.given.__struct_encode_fields__, strict=True)
    return next((attribute for attribute, key in fields if key in keys), None)
