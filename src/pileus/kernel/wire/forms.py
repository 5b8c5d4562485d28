"""What does a form, or the query of an address, hold?"""

from functools import lru_cache
from typing import Final
from urllib.parse import unquote_plus

from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.wire.text_values import NotReadable

_REMEMBERED_CHARS_MAX: Final = 16 * 1024
_PARAMETERS_MAX: Final = 10_000


class MalformedQueryString(ServiceError):
    """The form cannot be taken apart. Source: IAM API Reference, "Common Errors"."""

    code = "MalformedQueryString"
    status = 404


def form_of(request: Request, body: bytes) -> list[tuple[str, str]]:
    """The pairs of a query request, wherever it keeps them; raises `MalformedQueryString`."""
    try:
        text = body.decode()
        if request.method == "GET" or (not text and request.query):
            text = request.query
        return _pairs(text) if len(text) <= _REMEMBERED_CHARS_MAX else parse_query(text)
    except (UnicodeDecodeError, NotReadable):
        raise MalformedQueryString("The query string contains a syntax error.") from None


@lru_cache(maxsize=64)
def _pairs(text: str) -> list[tuple[str, str]]:
    """Remembered, since a form is looked at twice: for its action, then for its members. Never changed."""
    return parse_query(text)


def parse_query(text: str) -> list[tuple[str, str]]:
    """The pairs of a query or form; raises `NotReadable`. As `urllib.parse.parse_qsl`, at a third of the time."""
    if text.count("&") >= _PARAMETERS_MAX:
        raise NotReadable("The query is malformed")
    pairs: list[tuple[str, str]] = []
    try:
        for pair in text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                if "%" in name or "+" in name:
                    name = unquote_plus(name, errors="strict")
                if "%" in value or "+" in value:
                    value = unquote_plus(value, errors="strict")
                pairs.append((name, value))
    except ValueError:
        raise NotReadable("The query is malformed") from None
    return pairs
