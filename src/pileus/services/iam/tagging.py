"""What are tags, and what becomes of them?

The keys of users' and roles' tags are not distinguished by case; those of every other thing are.

Source: IAM User Guide, "Tags for IAM resources"; recorded answers: TestRoleTags, TestPolicyTags.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from pileus.services.iam import paging, shapes
from pileus.services.iam.errors import InvalidInput, LimitExceeded, ValidationError
from pileus.services.iam.limits import TAGS_MAX
from pileus.services.iam.records import Tags

_PATTERN: Final = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"
_MARKS: Final = frozenset("_.:/=+-@")
"""What a tag may have beside letters, numbers and spaces."""


def kept(tags: Sequence[shapes.Tag] | None, *, case_sensitive: bool = True) -> Tags:
    """The tags of something new, in the order given. ValidationError; InvalidInput when a key comes twice."""
    if not tags:
        return ()
    for number, tag in enumerate(tags, 1):
        _check(tag.key, f"tags.{number}.member.key", f"{_PATTERN}+")
        _check(tag.value, f"tags.{number}.member.value", f"{_PATTERN}*")
    if len({_identity(tag.key, case_sensitive=case_sensitive) for tag in tags}) != len(tags):
        hint = "" if case_sensitive else " Please note that Tag keys are case insensitive."
        raise InvalidInput(f"Duplicate tag keys found.{hint}")
    return tuple((tag.key, tag.value) for tag in tags)


def tagged(tags: Tags, more: Sequence[shapes.Tag], *, case_sensitive: bool = True) -> Tags:
    """With these too; a key that is there already gets the new value. InvalidInput, LimitExceeded."""
    new = kept(more, case_sensitive=case_sensitive)
    replaced = {_identity(key, case_sensitive=case_sensitive) for key, _ in new}
    old = tuple(tag for tag in tags if _identity(tag[0], case_sensitive=case_sensitive) not in replaced)
    if len(old) + len(new) > TAGS_MAX:
        raise LimitExceeded("The number of tags has reached the maximum limit.")
    return old + new


def untagged(tags: Tags, keys: Sequence[str], *, case_sensitive: bool = True) -> Tags:
    """Without these; a key that is not there is no mistake. ValidationError."""
    if not all(_fits(key) for key in keys):
        raise ValidationError(
            "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy "
            "constraint: [Member must have length less than or equal to 128, Member must have length greater than or "
            f"equal to 1, Member must satisfy regular expression pattern: {_PATTERN}+, Member must not be null]"
        )
    removed = {_identity(key, case_sensitive=case_sensitive) for key in keys}
    return tuple(tag for tag in tags if _identity(tag[0], case_sensitive=case_sensitive) not in removed)


def given_shapes(tags: Tags) -> list[shapes.Tag] | None:
    """As what was just created tells them: in their own order, and not at all when there is none."""
    return [shapes.Tag(key=key, value=value) for key, value in tags] or None


def sorted_shapes(tags: Tags) -> list[shapes.Tag]:
    """As they are told later: in order of their keys (recorded: test_policy_tag_lifecycle)."""
    return [shapes.Tag(key=key, value=value) for key, value in sorted(tags)]


def tag_page(tags: Tags, request: paging.Paged) -> paging.Page[shapes.Tag]:
    """In order of their keys."""
    return paging.page_of_all(sorted_shapes(tags), request, name=lambda tag: tag.key)


def _check(text: str, place: str, pattern: str) -> None:
    """The model's pattern, whose character classes Python's expressions do not know (recorded: TestRoleTags)."""
    if not _fits(text):
        raise ValidationError(
            f"1 validation error detected: Value at '{place}' failed to satisfy constraint:"
            f" Member must satisfy regular expression pattern: {pattern}"
        )


def _fits(text: str) -> bool:
    return all(character in _MARKS or unicodedata.category(character)[0] in "LZN" for character in text)


def _identity(key: str, *, case_sensitive: bool) -> str:
    return key if case_sensitive else key.casefold()
