"""Which tags may an object have?

Source: S3 User Guide, "Categorizing your objects using tags"; recordings s3/s3_api, test_tagging_validation and
test_object_tagging_exc.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote_plus

from pileus.kernel.errors import AnyServiceError
from pileus.services.s3.errors import InvalidArgument
from pileus.services.s3.object_errors import InvalidTag

_TAGS_MAX: Final = 10
_KEY_LENGTH_MAX: Final = 128
_VALUE_LENGTH_MAX: Final = 256
_HEADER: Final = "x-amz-tagging"
_MARKS: Final = frozenset(" _.:/=+-@")


def checked_tags(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The tags of a request; InvalidTag, BadRequest."""
    tags: dict[str, str] = {}
    for key, value in pairs:
        if key in tags:
            raise InvalidTag("Cannot provide multiple Tags with the same key", key=key)
        if key.startswith("aws:"):
            raise InvalidTag("Your TagKey cannot be prefixed with aws:", key=key)
        if not key or len(key) > _KEY_LENGTH_MAX or not _allowed(key):
            raise InvalidTag("The TagKey you have provided is invalid", key=key)
        if len(value) > _VALUE_LENGTH_MAX or not _allowed(value):
            raise InvalidTag("The TagValue you have provided is invalid", key=key, value=value)
        tags[key] = value
    if len(tags) > _TAGS_MAX:
        raise AnyServiceError("BadRequest", f"Object tags cannot be greater than {_TAGS_MAX}")
    return tags


def tags_of_header(text: str | None) -> Mapping[str, str]:
    """The tags in `x-amz-tagging`, which is a query."""
    if not text:
        return {}
    pairs = []
    for each in text.split("&"):
        key, _, value = each.partition("=")
        if "=" in value:
            raise _malformed(text)
        if key:
            pairs.append((unquote_plus(key), unquote_plus(value)))
    if len({key for key, _ in pairs}) != len(pairs):
        raise _malformed(text)
    return checked_tags(pairs)


def _allowed(text: str) -> bool:
    """Letters, digits and space of any script, and a few marks."""
    return all(each in _MARKS or each.isalpha() or each.isnumeric() or each.isspace() for each in text)


def _malformed(text: str) -> InvalidArgument:
    return InvalidArgument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates.",
        name=_HEADER,
        value=text,
    )
