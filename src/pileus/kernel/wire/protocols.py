"""Which protocols does the wire speak? A new one is a module and a line here.

Each is imported when it is first spoken: a server that meets only JSON never reads the rules of XML.
"""

from functools import cache
from importlib import import_module
from typing import Final

from pileus.kernel.wire.codec import WireProtocol

_PLACES: Final = {
    "json": ("json_protocol", "JsonProtocol"),
    "query": ("query", "QueryProtocol"),
    "ec2": ("ec2", "Ec2Protocol"),
    "rest-json": ("rest_json", "RestJsonProtocol"),
    "rest-xml": ("rest_xml", "RestXmlProtocol"),
    "smithy-rpc-v2-cbor": ("rpc_cbor", "RpcCborProtocol"),
}
PROTOCOLS: Final = tuple(_PLACES)
"""By the names that models use."""
REST: Final = ("rest-json", "rest-xml")
FORMS: Final = ("query", "ec2")


@cache
def wire_of(name: str) -> WireProtocol:
    """The protocol of this name; KeyError when the wire does not speak it."""
    module, kind = _PLACES[name]
    made: WireProtocol = getattr(import_module(f"pileus.kernel.wire.{module}"), kind)()
    return made
