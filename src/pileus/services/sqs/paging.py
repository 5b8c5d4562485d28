"""How does a list of queues go on?"""

import base64
import binascii
from typing import Final

from pileus.services.sqs.errors import InvalidParameterValueException
from pileus.services.sqs.limits import LIST_QUEUES_MAX

_TOKEN_CHARACTERS_MAX: Final = 4_096


def page_limit(max_results: int | None) -> int:
    """How many to list at most; 0 counts as not given (local-aws-sqs, test/list-dead-letter-source-queues)."""
    if not max_results:
        return LIST_QUEUES_MAX
    if not 1 <= max_results <= LIST_QUEUES_MAX:
        raise InvalidParameterValueException(
            "Value for parameter MaxResults is invalid. "
            f"Reason: MaxResults must be an integer between 1 and {LIST_QUEUES_MAX}."
        )
    return max_results


def write_token(url: str) -> str:
    """A token that says: go on behind the queue of this URL. Recording sqs/sqs, test_list_queues_pagination."""
    return base64.b64encode(url.encode()).decode()


def read_token(token: str | None) -> str | None:
    """The name of the queue to go on behind; InvalidParameterValueException."""
    if not token:
        return None
    try:
        if len(token) > _TOKEN_CHARACTERS_MAX:
            raise ValueError
        name = base64.b64decode(token, validate=True).decode().rpartition("/")[2]
    except (binascii.Error, ValueError):
        name = ""
    if not name:
        raise InvalidParameterValueException("Invalid or expired next token.")
    return name
