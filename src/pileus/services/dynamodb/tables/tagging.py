"""Which tags may a table have?

Source: what AWS answered, in the lab notes of ack-api-quirks (2026-10), DDB-TABLE-107, -372.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from pileus.services.dynamodb.errors import ValidationException
from pileus.services.dynamodb.limits import TAGS_MAX
from pileus.services.dynamodb.shapes import Tag

Tags = list[tuple[str, str]]

_PUNCTUATION: Final = frozenset("+-=._:/@")


def checked_tags(given: Sequence[Tag]) -> Tags:
    """Keys and values, each key once."""
    found: Tags = []
    seen = set[str]()
    for tag in given:
        check_tag_key(tag.key)
        if not _legal(tag.value):
            raise ValidationException(f"The Tag Value provided is invalid, Value: {tag.value}")
        if tag.key in seen:
            raise ValidationException(f"Duplicate Tag Keys provided as input: Duplicate Tag Key found {tag.key}")
        seen.add(tag.key)
        found.append((tag.key, tag.value))
    check_count(found)
    return found


def check_tag_key(key: str) -> None:
    if key.startswith("aws:"):
        raise ValidationException(f"Tag Key cannot be prefixed with aws:, Key: {key}")
    if not _legal(key):
        raise ValidationException(f"The Tag Key provided is invalid, Key: {key}")


def _legal(text: str) -> bool:
    """Letters, digits and spaces of all scripts, and some signs."""
    return all(char in _PUNCTUATION or unicodedata.category(char)[0] in "LNZ" for char in text)


def check_count(tags: Sequence[object]) -> None:
    if len(tags) > TAGS_MAX:
        raise ValidationException("Number of Tags exceed the current limit for the provided ResourceArn")


def with_tags(tags: Tags, added: Tags) -> Tags:
    """The tags with those that are added, which win over older ones of their key."""
    found = list({**dict(tags), **dict(added)}.items())
    check_count(found)
    return found


def without_tags(tags: Tags, keys: Sequence[str]) -> Tags:
    return [(key, value) for key, value in tags if key not in keys]
