"""Which protocols does the wire speak? A new one is a module and a line here."""

from collections.abc import Mapping
from typing import Final

from pileus.kernel.wire.codec import WireProtocol
from pileus.kernel.wire.json_protocol import JsonProtocol
from pileus.kernel.wire.query import QueryProtocol
from pileus.kernel.wire.rest_json import RestJsonProtocol

PROTOCOLS: Final[Mapping[str, WireProtocol]] = {
    "json": JsonProtocol(),
    "query": QueryProtocol(),
    "rest-json": RestJsonProtocol(),
}

_NEAREST: Final = {"rest-xml": "query", "ec2": "query", "smithy-rpc-v2-cbor": "json"}
"""In which protocol to refuse a service whose own Pileus does not speak, so that its client reads the code."""


def nearest(protocol: str) -> WireProtocol:
    """The protocol of that name, or the one whose errors its clients can read."""
    return PROTOCOLS[_NEAREST.get(protocol, protocol)]
