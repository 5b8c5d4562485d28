"""Which trace does a request hand on to what it leads to: messages, events, invocations?

Source: X-Ray Developer Guide, "Tracing header"; recording sns, test_publish_sqs_from_sns_with_xray_propagation.
"""

import re
from typing import Final
from urllib.parse import unquote

_TRACE: Final = re.compile(r"Root=1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}(?:;[A-Za-z]+=[0-9A-Za-z:|-]+){0,8}")
_CHARS_MAX: Final = 1_024
"""Ours: a header is anybody's."""


def trace_of(header: str) -> str:
    """What a request's `X-Amzn-Trace-Id` says, percent-encoded (as botocore does) or not; '' where it is no trace."""
    if not header or len(header) > _CHARS_MAX:
        return ""
    said = unquote(header) if "%" in header else header
    return said if _TRACE.fullmatch(said) is not None else ""
