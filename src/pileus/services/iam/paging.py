"""Which part of a list is this page?

A marker says after which entry the page goes on, not at which number, so that entries which come and go meanwhile
neither repeat nor hide others.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pileus.services.iam.errors import ValidationError
from pileus.services.iam.limits import PAGE_ITEMS_DEFAULT

T = TypeVar("T")


class Paged(Protocol):
    """A request for a page of a list."""

    @property
    def marker(self) -> str | None: ...

    @property
    def max_items(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """marker: of the next page; None on the last."""

    items: list[T]
    marker: str | None

    @property
    def truncated(self) -> bool:
        return self.marker is not None


def items_max(request: Paged) -> int:
    return PAGE_ITEMS_DEFAULT if request.max_items is None else request.max_items


def after(request: Paged) -> str | None:
    """The entry behind which the page begins. ValidationError when we did not write the marker."""
    if request.marker is None:
        return None
    try:
        return base64.b64decode(request.marker, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValidationError("Invalid Marker.") from None


def page(found: Sequence[T], request: Paged, *, name: Callable[[T], str], size: int | None = None) -> Page[T]:
    """Of entries from where the page begins, in order of their names; one more than fits tells of another page.

    size: how many fit, where it is fewer than asked for.
    """
    size = items_max(request) if size is None else size
    if len(found) <= size:
        return Page(items=list(found), marker=None)
    marker = base64.urlsafe_b64encode(name(found[size - 1]).encode()).decode()
    return Page(items=list(found[:size]), marker=marker)


def page_of_all(found: Sequence[T], request: Paged, *, name: Callable[[T], str]) -> Page[T]:
    """Of every entry there is, in whatever order; the page has them in order of their names."""
    last = after(request)
    rest = sorted((entry for entry in found if last is None or name(entry) > last), key=name)
    return page(rest, request, name=name)
