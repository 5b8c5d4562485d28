"""Which tags may a table have?"""

from collections.abc import Sequence

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.limits import TAGS_MAX
from pileus.services.dynamodb.shapes import Tag

Tags = list[tuple[str, str]]


def checked_tags(given: Sequence[Tag]) -> Tags:
    """Keys and values, each key once."""
    found: Tags = []
    seen = set[str]()
    for tag in given:
        check_tag_key(tag.key)
        if tag.key in seen:
            raise ValidationException(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {tag.key}")
        seen.add(tag.key)
        found.append((tag.key, tag.value))
    check_count(found)
    return found


def check_tag_key(key: str) -> None:
    if key.startswith("aws:"):
        raise ValidationException(f"Tag Key cannot be prefixed with aws:, Key: {key}")


def check_count(tags: Tags) -> None:
    if len(tags) > TAGS_MAX:
        raise ValidationException("Number of Tags exceed the current limit for the provided ResourceArn")


def with_tags(tags: Tags, added: Tags) -> Tags:
    """The tags with those that are added, which win over older ones of their key."""
    merged = {**dict(tags), **dict(added)}
    found = list(merged.items())
    check_count(found)
    return found


def without_tags(tags: Tags, keys: Sequence[str]) -> Tags:
    return [(key, value) for key, value in tags if key not in keys]
