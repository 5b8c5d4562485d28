"""How does a list go on?"""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from pileus.services.events.errors import ValidationException
from pileus.services.events.limits import PAGE

T = TypeVar("T")


def read_token(token: str | None) -> str | None:
    """The name behind which the list goes on. ValidationException."""
    if token is None:
        return None
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValidationException("NextToken is invalid.") from None


def page_of(found: Sequence[T], limit: int | None, name_of: Callable[[T], str]) -> tuple[list[T], str | None]:
    """What to tell, and the token of the rest. found: may be longer than the limit."""
    told = list(found[: limit or PAGE])
    if len(found) == len(told):
        return told, None
    return told, base64.urlsafe_b64encode(name_of(told[-1]).encode()).decode()
