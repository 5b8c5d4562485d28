"""What becomes of tags that are given or taken away?"""

from collections.abc import Iterable, Mapping

from pileus.services.events.errors import LimitExceededException, ValidationException
from pileus.services.events.limits import TAGS_MAX
from pileus.services.events.shapes import Tag


def merged_tags(old: Mapping[str, str], given: Iterable[Tag] | None) -> dict[str, str]:
    """Those that were there and those that are given, which win."""
    tags = {**old, **{tag.key: tag.value for tag in given or ()}}
    if any(key.lower().startswith("aws:") for key in tags):
        raise ValidationException("Tag keys that begin with aws: are reserved for AWS.")
    if len(tags) > TAGS_MAX:
        raise LimitExceededException
    return tags


def tag_shapes(tags: Mapping[str, str]) -> list[Tag]:
    return [Tag(key=key, value=value) for key, value in tags.items()]
