"""What does S3 say of a parameter or a header that it cannot read?

It names the argument and shows its value. An empty number is none (recording s3/s3_list_operations,
test_list_parts_empty_part_number_marker), and so is the date of a condition that is no date (RFC 9110, 13.1.3).
"""

import binascii
from collections.abc import Callable
from typing import Final

from pileus.kernel.errors import AnyServiceError
from pileus.kernel.wire.model import Member
from pileus.kernel.wire.text_values import NotReadable

Read = Callable[[str], object]
_TEXTS: Final = {
    "partNumber": "Part number must be an integer between 1 and 10000, inclusive",
    "x-amz-object-lock-retain-until-date": "The retain until date must be provided in ISO 8601 format",
}
_INTEGER_MAX: Final = 2**31 - 1
_CHECKSUM_MODE: Final = "x-amz-checksum-mode"
"""The AWS SDK for C++ says `enabled` (so do pyarrow and pandas with it), and S3 takes it."""
_CONDITION_ON_DATE: Final = ("modified-since", "unmodified-since")


def argument_reader(member: Member, reader: Read) -> Read:
    """What reads a member of an input from its text, and gives None where it is to be passed over."""
    name, kind = member.ref.location_name or member.name, member.shape.type
    if kind == "string":
        return _in_capitals(reader) if name.lower() == _CHECKSUM_MODE else reader
    condition = name.lower().endswith(_CONDITION_ON_DATE)
    number = kind == "integer"

    def read(text: str) -> object:
        if number and not text:
            return None
        try:
            value = reader(text)
        except (NotReadable, UnicodeDecodeError, binascii.Error):
            value = None
        if value is None or (number and not _of_32_bits(text, value)):
            if condition:
                return None
            raise _refusal(name, kind, text)
        return value

    return read


def _in_capitals(reader: Read) -> Read:
    return lambda text: reader(text.upper())


def _of_32_bits(text: str, value: object) -> bool:
    return text.isascii() and isinstance(value, int) and -_INTEGER_MAX - 1 <= value <= _INTEGER_MAX


def _refusal(name: str, kind: str, text: str) -> AnyServiceError:
    """The words for numbers are those that clients' test suites have seen on AWS."""
    words = f"Provided {name} not an integer or within integer range" if kind == "integer" else "Invalid Argument"
    members = {"ArgumentName": name, "ArgumentValue": text}
    return AnyServiceError("InvalidArgument", _TEXTS.get(name.lower(), _TEXTS.get(name, words)), members=members)
