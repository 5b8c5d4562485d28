"""What exactly did the client sign?

The parts of SigV4's canonical request, built from the request as it was sent. Clients differ in how they percent-encode
what needs no encoding, and AWS compares what is meant: so there are two spellings, the one *as sent* (what nearly every
client signs, and quick) and the one *re-encoded* (decoded, then encoded by AWS's rule). Both name the same resource, so
accepting either lets nobody change anything.

Source: IAM User Guide, "Create a signed AWS API request".
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from operator import itemgetter
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

_BLANKS: Final = re.compile(r"[ \t]+")
_PATH_CHARS_CACHED_MAX: Final = 512


class HeaderLines:
    """The lines of the headers that a client signs; it signs the same ones all day."""

    __slots__ = ("_names", "_text", "_values")

    def __init__(self, signed: tuple[str, ...]) -> None:
        """signed: names in lower case, in the order in which they were signed; at least one."""
        self._names = signed
        self._text = "".join([f"{name.replace('%', '%%')}:%s\n" for name in signed])
        self._values = itemgetter(*signed)

    def of(self, headers: Mapping[str, str]) -> str:
        """One `name:value` line for each, values trimmed, runs of blanks folded; KeyError when a header is absent."""
        block: str = self._text % self._values(headers)
        if "  " in block or "\t" in block or ": " in block or " \n" in block:
            return self._trimmed(headers)
        return block

    def _trimmed(self, headers: Mapping[str, str]) -> str:
        # Not str.split(): a value is bytes read as latin-1, where 0xA0 and 0x85 would count as blanks.
        return "".join([f"{name}:{_BLANKS.sub(' ', headers[name]).strip(' ')}\n" for name in self._names])


def query_as_sent(query: str) -> str:
    """Parameters sorted by name, then by value, spelled as they came."""
    if not query:
        return ""
    pairs = [part.partition("=")[::2] for part in query.split("&")]
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def query_reencoded(query: str) -> str:
    """Parameters decoded and encoded by AWS's rule, then sorted."""
    pairs = [part.partition("=")[::2] for part in query.split("&") if part]
    encoded = sorted((_reencode(name), _reencode(value)) for name, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded)


def path_as_sent(path: str) -> str:
    """Every service but S3: dot segments and doubled slashes removed, then encoded once more."""
    if path == "/" or not path:
        return "/"
    if len(path) <= _PATH_CHARS_CACHED_MAX:
        return _normalised_cached(path)
    return _normalised(path)


def path_reencoded(path: str) -> str:
    """As `path_as_sent`, of the path spelled by AWS's rule."""
    return _normalised(s3_path_reencoded(path))


def s3_path_reencoded(path: str) -> str:
    """S3 signs the path encoded once and not normalised, since its keys may hold `//` and `..`."""
    return "/".join([_reencode(segment) for segment in path.split("/")]) or "/"


def _reencode(text: str) -> str:
    return quote_from_bytes(unquote_to_bytes(text.encode("latin-1")), safe="-_.~")


def _normalised(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment and segment != ".":
            kept.append(segment)
    # A trailing slash stays; what else remains empty is the root.
    text = "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
    return quote_from_bytes(text.encode("latin-1"), safe="/~")


_normalised_cached = lru_cache(maxsize=1024)(_normalised)
