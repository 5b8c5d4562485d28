"""What becomes of tags that are given or taken away?"""

from collections.abc import Iterable, Mapping

from pileus.services.cloudwatch.errors import InvalidParameterValue
from pileus.services.cloudwatch.limits import TAGS_MAX
from pileus.services.cloudwatch.shapes import Tag


def merged_tags(old: Mapping[str, str], given: Iterable[Tag]) -> dict[str, str]:
    """Those that were there and those that are given, which win."""
    tags = {**old, **{tag.key: tag.value for tag in given}}
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidParameterValue("Tag keys that begin with aws: are reserved for AWS.")
    if len(tags) > TAGS_MAX:
        raise InvalidParameterValue(f"A resource can have up to {TAGS_MAX} tags.")
    return tags


def tag_shapes(tags: Mapping[str, str]) -> list[Tag]:
    return [Tag(key=key, value=value) for key, value in tags.items()]
