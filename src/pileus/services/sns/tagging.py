"""What may the tags of a topic be?

Source: SNS API Reference, TagResource; recordings sns, `test_tags`.
"""

from collections.abc import Iterable
from typing import Final

from pileus.services.sns.errors import InvalidParameter, TagLimitExceeded
from pileus.services.sns.limits import TAGS_MAX
from pileus.services.sns.shapes import Tag

_RESERVED: Final = "aws:"


def given_tags(tags: Iterable[Tag] | None) -> dict[str, str]:
    """By their keys; InvalidParameter, TagLimitExceeded."""
    listed = list(tags or ())
    found = {tag.key: tag.value for tag in listed}
    if len(found) < len(listed):
        raise InvalidParameter("Duplicated keys are not allowed.")
    if any(key.lower().startswith(_RESERVED) for key in found):
        raise InvalidParameter("Tag keys beginning with aws: are reserved for system use")
    check_count(found)
    return found


def check_count(tags: dict[str, str]) -> None:
    if len(tags) > TAGS_MAX:
        raise TagLimitExceeded
