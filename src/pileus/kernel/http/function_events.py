"""What does a function hear of an HTTP request, whoever passes it on?

The parts that HTTP APIs and function URLs have in common: headers as a proxy passes them on, the body as text or
base64, the query by names. Sources: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs";
Lambda Developer Guide, "Invoking Lambda function URLs", whose payload is format 2.0, too.
"""

import re
import time
from binascii import b2a_base64
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

_TEXT_TYPE: Final = re.compile(r"\s*(text/[^;]*|application/(json|xml|javascript))\s*(;|$)", re.IGNORECASE)

_OF_THE_CONNECTION: Final = (
    "connection",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def received_headers(
    headers: Mapping[str, str], *, body_bytes: int, host: str, peer: str, secure: bool, trace_id: str
) -> dict[str, str]:
    """The headers as a proxy of AWS's passes them on: without those of the connection, with those of a proxy."""
    received = dict(headers)
    for name in _OF_THE_CONNECTION:
        received.pop(name, None)
    before = received.get("x-forwarded-for")
    received["content-length"] = str(body_bytes)
    received["host"] = host
    received["x-amzn-trace-id"] = received.get("x-amzn-trace-id") or trace_id
    received["x-forwarded-for"] = f"{before}, {peer}" if before else peer
    port = headers.get("host", "").rpartition(":")[2]
    received["x-forwarded-port"] = port if port.isdecimal() else "443" if secure else "80"
    received["x-forwarded-proto"] = "https" if secure else "http"
    return received


def body_text(body: bytes, content_type: str) -> tuple[str | None, bool]:
    """The body as an event has it, and whether that is base64; None when there is none."""
    if not body:
        return None, False
    if _TEXT_TYPE.match(content_type) is not None:
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return b2a_base64(body, newline=False).decode(), True


def joined_query(query: str) -> dict[str, str]:
    """Parameters by name; those that repeat are joined by commas."""
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


@lru_cache(maxsize=4)
def common_log_time(at_s: int) -> str:
    """`12/Mar/2020:19:03:58 +0000`; remembered, as many requests share a second."""
    at = time.gmtime(at_s)
    return f"{at.tm_mday:02}/{_MONTHS[at.tm_mon - 1]}/{at.tm_year}:{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"
