"""Which tags and which source identity will a session have? What is asked for, and what the asking session passes on.

Source: IAM User Guide, "Pass session tags in AWS STS", "Monitor and control actions taken with assumed roles".
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from pileus.kernel.context import SessionFacts
from pileus.services.sts import shapes
from pileus.services.sts.errors import InvalidParameterValue, ValidationError
from pileus.services.sts.limits import SESSION_TAGS_MAX

_RESERVED_PREFIX: Final = "aws:"
_MARKS: Final = frozenset("_.:/=+-@")
_PATTERN: Final = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"


class SessionTags(msgspec.Struct, frozen=True, kw_only=True):
    """requested: what the request brings. tags, transitive_tag_keys: of the session, what it inherits included."""

    requested: Mapping[str, str] = {}
    requested_transitive: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive_tag_keys: tuple[str, ...] = ()


NO_TAGS: Final = SessionTags()


def session_tags(
    tags: Sequence[shapes.Tag], transitive_tag_keys: Sequence[str], *, asked_by: SessionFacts | None = None
) -> SessionTags:
    """The tags of a session that `asked_by` asks for; ValidationError, InvalidParameterValue.

    Messages are those of the recordings TestSTSAssumeRoleTagging. Keys are compared in any case.
    """
    _check_characters(tags)
    folded = [tag.key.casefold() for tag in tags]
    if len(set(folded)) != len(folded):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.casefold() not in folded for key in transitive_tag_keys):
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    requested = {tag.key: tag.value for tag in tags}
    inherited = _passed_on(asked_by)
    if not {key.casefold() for key in inherited}.isdisjoint(folded):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    together = {**inherited, **requested}
    if len(together) > SESSION_TAGS_MAX:
        raise ValidationError(f"A session has at most {SESSION_TAGS_MAX} tags, those that it inherits included.")
    wanted = {key.casefold() for key in transitive_tag_keys}
    requested_transitive = tuple(key for key in requested if key.casefold() in wanted)
    return SessionTags(
        requested=requested,
        requested_transitive=requested_transitive,
        tags=together,
        transitive_tag_keys=(*inherited, *requested_transitive),
    )


def inherited_source_identity(asked_by: SessionFacts | None) -> str:
    """Once set, it stays with every session that is begun from this one."""
    return "" if asked_by is None else asked_by.source_identity


def _passed_on(asked_by: SessionFacts | None) -> dict[str, str]:
    if asked_by is None:
        return {}
    return {key: asked_by.tags[key] for key in asked_by.transitive_tag_keys}


def _check_characters(tags: Sequence[shapes.Tag]) -> None:
    violations: list[str] = []
    for index, tag in enumerate(tags, 1):
        for member, value, count in (("key", tag.key, "+"), ("value", tag.value, "*")):
            if not all(_may_stand(char) for char in value):
                violations.append(
                    f"Value '{value}' at 'tags.{index}.member.{member}' failed to satisfy constraint: "
                    f"Member must satisfy regular expression pattern: {_PATTERN}{count}"
                )
    if violations:
        noun = "error" if len(violations) == 1 else "errors"
        raise ValidationError(f"{len(violations)} validation {noun} detected: {'; '.join(violations)}")
    for tag in tags:
        if tag.key.lower().startswith(_RESERVED_PREFIX):
            raise InvalidParameterValue(f"Tag keys that begin with {_RESERVED_PREFIX} are reserved: {tag.key}")


def _may_stand(char: str) -> bool:
    return char in _MARKS or unicodedata.category(char)[0] in "LZN"
