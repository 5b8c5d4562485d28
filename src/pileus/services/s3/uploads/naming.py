"""How are uploads named, and whom and what do answers about them name?"""

from typing import Final
from urllib.parse import quote

from pileus.kernel.auth.canonical_users import canonical_user_id
from pileus.kernel.context import Principal, RequestContext
from pileus.services.s3.shapes import Initiator

_DIGITS: Final = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
"""In the order of their bytes, so that ids sort as the numbers in them do; all may stand in a URL as they are."""
_VALUES: Final = {character: value for value, character in enumerate(_DIGITS)}
_ORDER_CHARS: Final = 11
_HEAD: Final = "u"
RANDOM_BYTES: Final = 48


def upload_id(order: int, random: bytes) -> str:
    """An id that nobody guesses, and that sorts by `order`: the microseconds since 1970."""
    assert len(random) == RANDOM_BYTES
    assert 0 <= order < 1 << 6 * _ORDER_CHARS
    return _HEAD + _written(order, _ORDER_CHARS) + _written(int.from_bytes(random), RANDOM_BYTES * 8 // 6)


def order_of(upload: str) -> int:
    """The order in an id of ours."""
    number = 0
    for character in upload[1 : 1 + _ORDER_CHARS]:
        number = number << 6 | _VALUES[character]
    return number


def _written(number: int, characters: int) -> str:
    return "".join(_DIGITS[number >> 6 * at & 63] for at in reversed(range(characters)))


def location(context: RequestContext, bucket: str, key: str) -> str:
    """Where a new object is, by the way that the client came.

    Recording s3/s3, test_multipart_with_unicode_character_location; AWS escapes slashes too.
    """
    scheme = "https" if context.secure else "http"
    home = context.host if context.host.startswith(f"{bucket}.") else f"{context.host}/{bucket}"
    return f"{scheme}://{home}/{quote(key, safe='')}"


def initiator_of(principal: Principal) -> str:
    """What is remembered of who began an upload: an ARN; of an account, the account itself."""
    return principal.account_id if principal.arn.endswith(":root") else principal.arn


def initiator(remembered: str) -> Initiator:
    """A principal that is an account is told by its canonical id (API_Initiator)."""
    if not remembered.startswith("arn:"):
        return Initiator(id=canonical_user_id(remembered), display_name=remembered)
    return Initiator(id=remembered, display_name=remembered.rpartition("/")[2])
