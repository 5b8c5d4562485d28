"""What is said of JSON that cannot be read?

AWS's parser is Jackson, whose sentences are part of the answer. The frequent ones are told in its words, with the
column where it stopped; of others only that reading failed.

Source: recordings sns, `test_validate_set_sub_attributes`, `test_subscribe_invalid_filter_policy`.
"""

import re
from typing import Any, Final

import msgspec

from pileus.services.sns.errors import InvalidParameter

_SOURCE: Final = (
    " at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
)
_WORD: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def read_object(text: str, member: str) -> dict[str, Any]:
    """The object in `text`, or InvalidParameter. member: which parameter it is."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidParameter(f"{member}: failed to parse JSON.{_why(text)}") from None
    if not isinstance(found, dict):
        raise InvalidParameter(f"{member}: failed to parse JSON. It must be an object")
    return found


def _why(text: str) -> str:
    """Jackson's sentence for what stands first in place of JSON."""
    stripped = text.lstrip()
    at = len(text) - len(stripped)
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)
    if stripped[:1] == "{":
        inside = stripped[1:].lstrip()
        if inside and inside[0] not in '"}':
            offset = len(stripped) - len(inside)
            head = f" Unexpected character ('{inside[0]}' (code {ord(inside[0])})): was expecting double-quote to start"
            return f"{head} field name\n{_SOURCE.format(line, column + offset + 1)}"
        return ""
    word = _WORD.match(stripped)
    if word is not None:
        head = f" Unrecognized token '{word[0]}': was expecting (JSON String, Number, Array, Object or token"
        return f"{head} 'null', 'true' or 'false')\n{_SOURCE.format(line, column + word.end() + 1)}"
    return ""
