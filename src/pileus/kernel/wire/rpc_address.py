"""How is a request of the `smithy-rpc-v2-cbor` protocol known, and what does its address name?"""

from typing import Final

PROTOCOL_HEADER: Final = "smithy-protocol"
PROTOCOL: Final = "rpc-v2-cbor"


def place_of(path: str) -> tuple[str, str] | None:
    """The service (as its model's target prefix has it) and operation that a path names; None for other paths."""
    parts = path.split("/")
    if len(parts) < 5 or parts[-4] != "service" or parts[-2] != "operation":
        return None
    return parts[-3].rpartition(".")[2], parts[-1]
