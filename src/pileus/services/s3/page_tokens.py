"""How does a list of buckets or configurations say where it goes on?"""

import binascii
from base64 import b64decode, urlsafe_b64encode

from pileus.services.s3.errors import InvalidArgument


def write_token(name: str) -> str:
    """name: the last one of the page."""
    return urlsafe_b64encode(name.encode()).decode()


def read_token(token: str | None) -> str:
    """The name behind which to go on; "" for the beginning. InvalidArgument."""
    try:
        return b64decode(token.encode(), altchars=b"-_", validate=True).decode() if token else ""
    except (binascii.Error, UnicodeError):
        raise InvalidArgument(
            "The continuation token provided is incorrect", name="continuation-token", value=token
        ) from None
