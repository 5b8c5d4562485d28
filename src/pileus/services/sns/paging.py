"""Where does the next page of a list begin? A token is the name or id that the last page ended with."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from pileus.services.sns.errors import InvalidParameter


def write_token(last: str) -> str:
    return urlsafe_b64encode(f"1:{last}".encode()).decode()


def read_token(token: str | None) -> str | None:
    """Or InvalidParameter."""
    if not token:
        return None
    try:
        version, _, last = urlsafe_b64decode(token.encode()).decode().partition(":")
    except ValueError:
        raise InvalidParameter("NextToken") from None
    if version != "1" or not last:
        raise InvalidParameter("NextToken")
    return last
