"""Which lifecycle configurations does S3 take?

Sources: API_PutBucketLifecycleConfiguration; S3 User Guide, "Lifecycle configuration elements", "Constraints and
considerations for transitions"; recording s3/s3, test_put_bucket_lifecycle_conf_exc. The texts that no recording has
are AWS's as its users have reported them.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from pileus.kernel.ids import Ids
from pileus.services.s3.errors import InvalidArgument, InvalidRequest, MalformedXML
from pileus.services.s3.settings.documents import new_id
from pileus.services.s3.settings.transitions import check_midnight, check_transitions
from pileus.services.s3.shapes import (
    BucketLifecycleConfiguration,
    LifecycleExpiration,
    LifecycleRule,
    LifecycleRuleFilter,
    NoncurrentVersionExpiration,
    Tag,
)

RULES_MAX: Final = 1_000
_ID_CHARACTERS_MAX: Final = 255
_NEWER_MAX: Final = 100
SIZES: Final = ("all_storage_classes_128K", "varies_by_storage_class")
"""What TransitionDefaultMinimumObjectSize may be; the first is what it is when nobody says."""


def checked_lifecycle(asked: BucketLifecycleConfiguration | None, ids: Ids) -> list[LifecycleRule]:
    """The rules, each with an id. MalformedXML, InvalidArgument, InvalidRequest."""
    if asked is None or not asked.rules or len(asked.rules) > RULES_MAX:
        raise MalformedXML
    rules = [rule if rule.id else msgspec.structs.replace(rule, id=new_id(ids)) for rule in asked.rules]
    names = [rule.id or "" for rule in rules]
    if any(len(name) > _ID_CHARACTERS_MAX for name in names):
        raise InvalidArgument(f"ID length should not exceed allowed limit of {_ID_CHARACTERS_MAX}")
    for rule in rules:
        _check_rule(rule)
    if len(set(names)) != len(names):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    return rules


def default_size(asked: str | None) -> str:
    """From which size on objects move, where a rule says nothing of sizes."""
    if asked is None:
        return SIZES[0]
    if asked not in SIZES:
        raise InvalidRequest(f"Invalid TransitionDefaultMinimumObjectSize found: {asked}")
    return asked


def _check_rule(rule: LifecycleRule) -> None:
    # Either the rule's own prefix, of the older schema, or a filter.
    if (rule.filter is None) == (rule.prefix is None):
        raise MalformedXML
    tags = _check_filter(rule.filter) if rule.filter is not None else []
    _check_actions(rule, tagged=bool(tags))
    check_transitions(rule)


def _check_filter(asked: LifecycleRuleFilter) -> Sequence[Tag]:
    """Gives its tags."""
    alone = (asked.prefix, asked.tag, asked.object_size_greater_than, asked.object_size_less_than)
    if sum(value is not None for value in (*alone, asked.and_)) > 1:
        raise MalformedXML
    if asked.tag is not None:
        return [asked.tag]
    both = asked.and_
    if both is None:
        return []
    tags = both.tags or []
    if len({tag.key for tag in tags}) != len(tags):
        raise InvalidRequest("Duplicate Tag Keys are not allowed.")
    more, less = both.object_size_greater_than, both.object_size_less_than
    if both.prefix is None and not tags and more is None and less is None:
        raise MalformedXML
    if more is not None and less is not None and more >= less:
        raise InvalidRequest("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")
    return tags


def _check_actions(rule: LifecycleRule, *, tagged: bool) -> None:
    abort = rule.abort_incomplete_multipart_upload
    actions = (
        rule.expiration,
        rule.transitions,
        rule.noncurrent_version_transitions,
        rule.noncurrent_version_expiration,
        abort,
    )
    if not any(action is not None for action in actions):
        raise InvalidRequest("At least one action needs to be specified in a rule")
    if rule.expiration is not None:
        _check_expiration(rule.expiration, tagged=tagged)
    if rule.noncurrent_version_expiration is not None:
        _check_noncurrent(rule.noncurrent_version_expiration)
    if abort is not None:
        if abort.days_after_initiation is None:
            raise MalformedXML
        if tagged:
            raise InvalidRequest("AbortIncompleteMultipartUpload cannot be specified with Tags.")
        _check_positive("DaysAfterInitiation", "AbortIncompleteMultipartUpload", abort.days_after_initiation)


def _check_expiration(asked: LifecycleExpiration, *, tagged: bool) -> None:
    if sum(value is not None for value in (asked.date, asked.days, asked.expired_object_delete_marker)) != 1:
        raise MalformedXML
    if asked.days is not None:
        _check_positive("Days", "Expiration", asked.days)
    if asked.date is not None:
        check_midnight(asked.date)
    if asked.expired_object_delete_marker is not None and tagged:
        raise InvalidRequest("ExpiredObjectDeleteMarker cannot be specified with Tags.")


def _check_noncurrent(asked: NoncurrentVersionExpiration) -> None:
    if asked.noncurrent_days is None:
        raise MalformedXML
    _check_positive("NoncurrentDays", "NoncurrentVersionExpiration", asked.noncurrent_days)
    newer = asked.newer_noncurrent_versions
    if newer is not None and not 1 <= newer <= _NEWER_MAX:
        raise InvalidArgument(
            "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive integer between 1 "
            f"and {_NEWER_MAX}",
            name="NewerNoncurrentVersions",
            value=newer,
        )


def _check_positive(name: str, action: str, days: int) -> None:
    if days <= 0:
        raise InvalidArgument(f"'{name}' for {action} action must be a positive integer", name=name, value=days)
