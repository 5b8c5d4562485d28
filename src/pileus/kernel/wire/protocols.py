"""Which protocols does the wire speak? A new one is a module and a line here."""

from collections.abc import Mapping
from typing import Final

from pileus.kernel.wire.codec import WireProtocol
from pileus.kernel.wire.ec2 import Ec2Protocol
from pileus.kernel.wire.json_protocol import JsonProtocol
from pileus.kernel.wire.query import QueryProtocol
from pileus.kernel.wire.rest_json import RestJsonProtocol
from pileus.kernel.wire.rest_xml import RestXmlProtocol
from pileus.kernel.wire.rpc_cbor import RpcCborProtocol

PROTOCOLS: Final[Mapping[str, WireProtocol]] = {
    "json": JsonProtocol(),
    "query": QueryProtocol(),
    "ec2": Ec2Protocol(),
    "rest-json": RestJsonProtocol(),
    "rest-xml": RestXmlProtocol(),
    "smithy-rpc-v2-cbor": RpcCborProtocol(),
}
REST: Final = ("rest-json", "rest-xml")
FORMS: Final = ("query", "ec2")
