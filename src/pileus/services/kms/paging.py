"""How does a list go on?"""

import base64
import binascii
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from pileus.services.kms.errors import InvalidMarkerException

T = TypeVar("T")


class Page(NamedTuple):
    """beyond: what to go on behind; None from the beginning. limit: how many to tell, one more than that to read."""

    beyond: str | None
    limit: int

    @property
    def read(self) -> int:
        return self.limit + 1


def page(marker: str | None, limit: int | None, *, default: int, most: int = 1_000) -> Page:
    """InvalidMarkerException."""
    return Page(None if marker is None else read_marker(marker), min(limit or default, most))


def write_marker(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def read_marker(marker: str) -> str:
    try:
        return base64.b64decode(marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidMarkerException(f"Could not deserialize marker '{marker}'") from None


def read_number(beyond: str) -> int:
    """Of a list whose markers are numbers."""
    if not (beyond.isascii() and beyond.isdigit()):
        raise InvalidMarkerException(f"Could not deserialize marker '{write_marker(beyond)}'")
    return int(beyond)


def told(found: Sequence[T], page: Page) -> tuple[Sequence[T], bool]:
    """What to tell, and whether there is more."""
    return found[: page.limit], len(found) > page.limit
