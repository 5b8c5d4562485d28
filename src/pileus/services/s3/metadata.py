"""How does the metadata that users give travel?

Headers hold ASCII, so what is beyond travels as RFC 2047 has it: S3 takes such words apart when they arrive, and makes
them when they leave: by `Q` where most characters are ASCII, else by `B`.

Source: S3 User Guide, "Working with object metadata"; recordings s3/s3, test_user_metadata_rfc2047_encoded and
test_user_metadata_rfc2047_bad_b64_encoded.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Mapping
from typing import Final

from pileus.services.s3.object_errors import MetadataTooLarge

METADATA_BYTES_MAX: Final = 2 * 1024
"""Of names and values together. Source: S3 User Guide, "User-defined object metadata"."""
_WORD: Final = re.compile(r"=\?([A-Za-z0-9_.-]+)\?([BbQq])\?([^?]*)\?=")
_BETWEEN_WORDS: Final = re.compile(r"(\?=)\s+(?==\?)")
_SPECIAL: Final = frozenset("=_?")


def received(given: Mapping[str, str] | None) -> Mapping[str, str]:
    """What is kept of the headers `x-amz-meta-*`; MetadataTooLarge."""
    if not given:
        return {}
    kept = {name.lower(): _decoded(value) if "=?" in value else value for name, value in given.items()}
    size_bytes = sum(len(name.encode()) + len(value.encode(errors="replace")) for name, value in kept.items())
    if size_bytes > METADATA_BYTES_MAX:
        raise MetadataTooLarge(size_bytes, allowed_bytes=METADATA_BYTES_MAX)
    return kept


def told(value: str) -> str:
    """A value as its header has it."""
    if value.isascii() and value.isprintable():
        return value
    beyond = sum(1 for each in value if not _plain(each))
    if len(value) - beyond > beyond:
        return f"=?UTF-8?Q?{''.join(map(_quoted, value))}?="
    return f"=?UTF-8?B?{b64encode(value.encode(errors='replace')).decode()}?="


def _plain(character: str) -> bool:
    return " " <= character < "\x7f" or character in "\r\n\t"


def _quoted(character: str) -> str:
    if character == " ":
        return "_"
    if " " < character < "\x7f" and character not in _SPECIAL:
        return character
    return "".join(f"={byte:02X}" for byte in character.encode(errors="replace"))


def _decoded(value: str) -> str:
    return _WORD.sub(_word, _BETWEEN_WORDS.sub(r"\1", value))


def _word(found: re.Match[str]) -> str:
    charset, encoding, text = found.groups()
    try:
        if encoding in "Bb":
            data = b64decode(text)
        else:
            data = re.sub(
                rb"=([0-9A-Fa-f]{2})", lambda hexed: bytes((int(hexed[1], 16),)), text.replace("_", " ").encode()
            )
        return data.decode(charset, errors="replace")
    except (Error, ValueError, LookupError):
        return found[0]
