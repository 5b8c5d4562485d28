"""How does an operation answer with a stream of events, and how does it read one?

The member that is a stream is an async iterator of the stream's structs, each with one member set. An answer's stream
is written as its events come; a `ServiceError` that its iterator raises ends it with that exception. Protocols without
a place for the other members (`json`, CBOR) send them as a first message, `initial-response` or `initial-request`.
"""

import sys
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import msgspec

from pileus.kernel.auth.chunks import EventChain, Seed
from pileus.kernel.auth.refusals import Family, NotAuthentic, refusal
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Response
from pileus.kernel.service import Encoded
from pileus.kernel.wire.codec import Codec
from pileus.kernel.wire.event_stream import (
    EventStreamDecoder,
    MalformedMessage,
    Message,
    decode_message,
    encode,
    encode_headers,
)
from pileus.kernel.wire.events import EVENT_TYPE, Events, UnreadableEvent, form_of
from pileus.kernel.wire.model import Member
from pileus.kernel.wire.subject import Subject
from pileus.kernel.wire.wrapped import stream_member

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
_RPC: Final = frozenset({"json", "smithy-rpc-v2-cbor"})


def has_first_message(protocol: str) -> bool:
    """Whether a stream begins with a message for the members beside it."""
    return protocol in _RPC


def attribute_of(struct: type[msgspec.Struct], key: str) -> str:
    """The field that is encoded under a key."""
    return struct.__struct_fields__[struct.__struct_encode_fields__.index(key)]


def with_events(subject: Subject, codec: Codec, protocol: str) -> Codec:
    """A codec that answers with a stream; the same one for an operation without."""
    member = stream_member(subject, subject.operation.output)
    if member is None:
        return codec
    assert subject.answered is not None
    attribute = attribute_of(subject.answered, member.key)
    events = Events(subject.model, member.ref, form_of(subject.model, protocol))
    answer_bare = codec.answer
    first = has_first_message(protocol)

    def answer(output: Any, request_id: str) -> Response:
        if output is None or type(output) is Encoded:
            return answer_bare(output, request_id)
        source = getattr(output, attribute)
        assert source is not None, "the operation answers with a stream"
        bare = answer_bare(msgspec.structs.replace(output, **{attribute: None}), request_id)
        headers = [(name, text) for name, text in bare.headers if name.lower() != "content-type"]
        initial = _initial(events, bare) if first else None
        return Response(bare.status, [*headers, ("Content-Type", CONTENT_TYPE)], _written(events, source, initial))

    return replace(codec, answer=answer)


def _initial(events: Events, bare: Response) -> Message:
    content_type = next(text for name, text in bare.headers if name.lower() == "content-type")
    assert isinstance(bare.body, bytes)
    return events.initial("initial-response", content_type, bare.body)


async def _written(
    events: Events, source: AsyncIterable[msgspec.Struct], initial: Message | None
) -> AsyncIterator[bytes]:
    if initial is not None:
        yield encode(initial)
    iterator = aiter(source)
    try:
        async for event in iterator:
            yield encode(events.message(event))
    except ServiceError as error:
        yield encode(events.failure(error))
    finally:
        # The client may be gone: whoever makes the events must hear of it now, not when memory is collected.
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()


class IncomingEvents:
    """The events of a request, read once as they arrive.

    Raises `ServiceError` where the stream is malformed, or altered on its way.
    """

    def __init__(
        self,
        subject: Subject,
        member: Member,
        protocol: str,
        source: AsyncIterable[bytes],
        *,
        signed: bool,
        seed: Seed | None,
        family: Family,
    ) -> None:
        """signed: each message is inside another one that signs it. seed: None when nobody knows with which key."""
        self._events = Events(subject.model, member.ref, form_of(subject.model, protocol))
        self._struct = _struct_of(subject, member.ref.shape)
        self._messages = _messages(source, signed=signed, seed=seed, family=family)

    async def initial_request(self) -> bytes:
        """The body of the first message, in protocols that have one."""
        async for message in self._messages:
            if message.headers.get(EVENT_TYPE) == "initial-request":
                return message.payload
            break
        raise _unreadable("the first message is no initial-request")

    async def __aiter__(self) -> AsyncIterator[Any]:
        async with aclosing(self._messages):
            async for message in self._messages:
                try:
                    tree = self._events.tree(message)
                    if tree is not None:
                        yield msgspec.convert(tree, self._struct)
                except (UnreadableEvent, msgspec.ValidationError) as error:
                    raise _unreadable(str(error)) from None


async def _messages(
    source: AsyncIterable[bytes], *, signed: bool, seed: Seed | None, family: Family
) -> AsyncGenerator[Message, None]:
    """The messages of a body; of a signed one, those inside, up to the empty one that ends it."""
    decoder = EventStreamDecoder()
    chain = EventChain(seed) if signed and seed is not None else None
    try:
        async for piece in source:
            for message in decoder.feed(piece):
                if not signed:
                    yield message
                    continue
                if chain is not None:
                    assert seed is not None
                    _check(chain, message, seed.machine_s())
                if not message.payload:
                    return
                yield decode_message(message.payload)
        decoder.finish()
    except MalformedMessage as error:
        raise _unreadable(str(error)) from None
    except NotAuthentic as refused:
        raise refusal(refused, family) from None
    if signed:
        raise _unreadable("the stream ends without its last signature")


def _check(chain: EventChain, message: Message, now_s: float) -> None:
    date, signature = message.headers.get(":date"), message.headers.get(":chunk-signature")
    if not isinstance(date, datetime) or not isinstance(signature, bytes):
        raise MalformedMessage("a message without date and signature")
    chain.event(
        date=date,
        date_header=encode_headers({":date": date}),
        payload=message.payload,
        signature=signature,
        now_s=now_s,
    )


def _struct_of(subject: Subject, shape_name: str) -> type[msgspec.Struct]:
    """The generated struct of a shape, which is in the module of the input's."""
    module = sys.modules[subject.given.__module__]
    name = shape_name[:1].upper() + shape_name[1:]
    struct: type[msgspec.Struct] = getattr(module, name, None) or getattr(module, f"{name}_")
    return struct


def _unreadable(text: str) -> ServiceError:
    return AnyServiceError("SerializationException", text)
