"""Which replication configurations does S3 take?

Sources: API_PutBucketReplication; S3 User Guide, "Replication configuration file elements"; recordings s3/s3,
test_replication_config and test_replication_config_without_filter.
"""

from typing import Final

import msgspec

from pileus.kernel.ids import Ids
from pileus.services.s3.errors import InvalidArgument, InvalidRequest, MalformedXML
from pileus.services.s3.settings.documents import new_id
from pileus.services.s3.shapes import ReplicationConfiguration, ReplicationRule, ReplicationRuleFilter

RULES_MAX: Final = 1_000
_ID_CHARACTERS_MAX: Final = 255
_ARN: Final = "arn:aws:s3:::"
_SCHEMA: Final = (
    "must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 "
    "Developer Guide for more information."
)


def checked_replication(asked: ReplicationConfiguration, ids: Ids) -> ReplicationConfiguration:
    """The configuration, each rule with an id. MalformedXML, InvalidArgument, InvalidRequest."""
    if not asked.rules or len(asked.rules) > RULES_MAX or not asked.role:
        raise MalformedXML
    rules = [rule if rule.id else msgspec.structs.replace(rule, id=new_id(ids)) for rule in asked.rules]
    for rule in rules:
        _check_rule(rule)
    if len({rule.id for rule in rules}) != len(rules):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    if len({rule.filter is None for rule in rules}) > 1:
        raise InvalidRequest("Found mixed versions of Cross Region Replication configuration schema in one request.")
    ranked = [rule.priority for rule in rules if rule.filter is not None]
    if len(set(ranked)) != len(ranked):
        twice = next(rank for rank in ranked if ranked.count(rank) > 1)
        raise InvalidRequest(f"Found duplicate priorities {twice} in rules. Priorities must be unique.")
    return msgspec.structs.replace(asked, rules=rules)


def target_of(rule: ReplicationRule) -> str:
    """The name of the bucket that a rule copies to; MalformedXML."""
    arn = rule.destination.bucket
    if not arn.startswith(_ARN) or not arn.removeprefix(_ARN) or "/" in arn:
        raise InvalidArgument("Invalid bucket ARN.")
    return arn.removeprefix(_ARN)


def _check_rule(rule: ReplicationRule) -> None:
    if rule.id is not None and len(rule.id) > _ID_CHARACTERS_MAX:
        raise InvalidArgument(f"ID length should not exceed allowed limit of {_ID_CHARACTERS_MAX}")
    target_of(rule)
    markers = rule.delete_marker_replication
    if rule.filter is None:
        if rule.prefix is None:
            raise MalformedXML
    else:
        tagged = _check_filter(rule.filter)
        if rule.prefix is not None:
            raise MalformedXML
        if rule.priority is None:
            raise InvalidRequest(f"Priority {_SCHEMA}")
        if markers is None:
            raise InvalidRequest(f"DeleteMarkerReplication {_SCHEMA}")
        if tagged and markers.status == "Enabled":
            raise InvalidRequest(
                "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 "
                "Developer Guide for more information."
            )
    if rule.priority is not None and rule.priority < 0:
        raise InvalidArgument("Priority must be a non-negative integer.", name="Priority", value=rule.priority)
    target = rule.destination
    if target.access_control_translation is not None and not target.account:
        raise InvalidArgument(
            "AccessControlTranslation may only be specified when Account is specified.", name="AccessControlTranslation"
        )
    if target.replication_time is not None and target.replication_time.status == "Enabled" and not target.metrics:
        raise InvalidRequest("Metrics must be specified when ReplicationTime is enabled.")


def _check_filter(asked: ReplicationRuleFilter) -> bool:
    """Gives whether it asks for tags."""
    if sum(value is not None for value in (asked.prefix, asked.tag, asked.and_)) > 1:
        raise MalformedXML
    if asked.tag is not None:
        return True
    tags = (asked.and_.tags if asked.and_ is not None else None) or []
    if len({tag.key for tag in tags}) != len(tags):
        raise InvalidRequest("Duplicate Tag Keys are not allowed.")
    return bool(tags)
