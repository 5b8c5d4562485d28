"""How does an answer that is too long go on in the next one?

A token says where, in a form that nobody takes for a number: the text, as hexadecimal digits.
"""

from pileus.services.cloudwatch.errors import InvalidNextToken


def write_token(where: str) -> str:
    return where.encode().hex()


def read_token(token: str) -> str:
    """Raises `InvalidNextToken`."""
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise InvalidNextToken from None


def read_number(token: str | None) -> int:
    """Of a token that counts; 0 without one."""
    if not token:
        return 0
    text = read_token(token)
    if not text.isascii() or not text.isdigit():
        raise InvalidNextToken
    return int(text)
