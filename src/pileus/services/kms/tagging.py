"""Which tags may a key have?

Sources: recordings kms/kms, test_tag_key_with_duplicate_tag_keys_raises_error and others with `tag` in their names;
KMS Developer Guide, "Tags in AWS KMS".
"""

from collections.abc import Sequence

from pileus.services.kms.errors import TagException
from pileus.services.kms.limits import TAGS_MAX
from pileus.services.kms.shapes import Tag

RESERVED = "Tags beginning with aws: are reserved"


def tags_given(tags: Sequence[Tag] | None) -> dict[str, str]:
    """By key; TagException."""
    given = {tag.tag_key: tag.tag_value for tag in tags or ()}
    if len(given) != len(tags or ()):
        raise TagException("Duplicate tag keys")
    if any(key.lower().startswith("aws:") for key in given):
        raise TagException(RESERVED)
    check_count(given)
    return given


def check_count(tags: dict[str, str]) -> None:
    """tags: all that the key would have."""
    if len(tags) > TAGS_MAX:
        raise TagException("Too many tags")
