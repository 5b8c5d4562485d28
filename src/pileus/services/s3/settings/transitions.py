"""Which transitions may a lifecycle rule have?

Source: S3 User Guide, "Constraints and considerations for transitions"; texts as AWS's users have reported them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pileus.services.s3.errors import InvalidArgument, InvalidRequest, MalformedXML
from pileus.services.s3.shapes import LifecycleRule, NoncurrentVersionTransition, Transition

_INFREQUENT: Final = frozenset({"STANDARD_IA", "ONEZONE_IA"})
_INFREQUENT_DAYS_MIN: Final = 30
_COLDER: Final = ("STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")


def check_transitions(rule: LifecycleRule) -> None:
    """MalformedXML, InvalidArgument, InvalidRequest."""
    transitions = rule.transitions or []
    for transition in transitions:
        _check_one(transition)
    where = _told(rule)
    _check_classes([transition.storage_class or "" for transition in transitions], where)
    dated = [transition.date is not None for transition in transitions]
    expiration = rule.expiration
    if expiration is not None and (expiration.days is not None or expiration.date is not None):
        dated.append(expiration.date is not None)
    if any(dated) and not all(dated):
        raise InvalidRequest(
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for "
            f"filter '{where}'"
        )
    _check_order(transitions, where)
    if expiration is not None:
        _check_before_expiration(rule, transitions, where)
    noncurrent = rule.noncurrent_version_transitions or []
    for each in noncurrent:
        _check_noncurrent(each)
    _check_classes([each.storage_class or "" for each in noncurrent], where, of="NoncurrentVersionTransition")
    ending = rule.noncurrent_version_expiration
    for each in noncurrent:
        if ending is not None and (ending.noncurrent_days or 0) <= (each.noncurrent_days or 0):
            raise InvalidArgument(
                f"'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '{where}' must be greater "
                "than 'NoncurrentDays' in the NoncurrentVersionTransition action"
            )


def _check_one(asked: Transition) -> None:
    if asked.storage_class is None or (asked.days is None) == (asked.date is None):
        raise MalformedXML
    if asked.date is not None:
        check_midnight(asked.date)
    if asked.days is None:
        return
    if asked.days < 0:
        raise InvalidArgument("'Days' in Transition action must be nonnegative", name="Days", value=asked.days)
    _check_infrequent("Days", "Transition", asked.storage_class, asked.days)


def _check_noncurrent(asked: NoncurrentVersionTransition) -> None:
    if asked.storage_class is None or asked.noncurrent_days is None:
        raise MalformedXML
    if asked.noncurrent_days < 0:
        raise InvalidArgument("'NoncurrentDays' in NoncurrentVersionTransition action must be nonnegative")
    _check_infrequent("NoncurrentDays", "NoncurrentVersionTransition", asked.storage_class, asked.noncurrent_days)


def _check_infrequent(name: str, action: str, storage_class: str, days: int) -> None:
    if storage_class in _INFREQUENT and days < _INFREQUENT_DAYS_MIN:
        raise InvalidArgument(
            f"'{name}' in {action} action must be greater than or equal to {_INFREQUENT_DAYS_MIN} for storageClass "
            f"'{storage_class}'",
            name=name,
            value=days,
        )


def _check_classes(classes: Sequence[str], where: str, *, of: str = "Transition") -> None:
    if len(set(classes)) != len(classes):
        raise InvalidRequest(
            f"'StorageClass' must be different for '{of}' actions in same 'Rule' with filter '{where}'"
        )


def _check_order(transitions: Sequence[Transition], where: str) -> None:
    """The colder class comes later."""
    known = [each for each in transitions if each.storage_class in _COLDER]
    for warm in known:
        for cold in known:
            assert warm.storage_class is not None
            assert cold.storage_class is not None
            if _COLDER.index(warm.storage_class) >= _COLDER.index(cold.storage_class):
                continue
            if warm.days is not None and cold.days is not None and warm.days >= cold.days:
                raise InvalidArgument(
                    f"'Days' in the 'Transition' action for StorageClass '{cold.storage_class}' for filter '{where}' "
                    f"must be greater than 'filter '{where}'' in the 'Transition' action for StorageClass "
                    f"'{warm.storage_class}'"
                )


def _check_before_expiration(rule: LifecycleRule, transitions: Sequence[Transition], where: str) -> None:
    ending = rule.expiration
    assert ending is not None
    for each in transitions:
        if ending.days is not None and each.days is not None and ending.days <= each.days:
            raise InvalidArgument(
                f"'Days' in the Expiration action for filter '{where}' must be greater than 'Days' in the Transition "
                "action"
            )
        if ending.date is not None and each.date is not None and ending.date <= each.date:
            raise InvalidArgument(
                f"'Date' in the Expiration action for filter '{where}' must be later than 'Date' in the Transition "
                "action"
            )


def _told(rule: LifecycleRule) -> str:
    """A rule's filter, as AWS's texts name it."""
    prefix = rule.prefix
    if rule.filter is not None:
        prefix = rule.filter.prefix
        if rule.filter.and_ is not None:
            prefix = rule.filter.and_.prefix
    return f"(prefix={prefix or ''})"


def check_midnight(date: datetime) -> None:
    """Days begin at midnight UTC (API_LifecycleExpiration, "Date")."""
    moment = date.astimezone(UTC)
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        told = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        raise InvalidArgument("'Date' must be at midnight GMT", name="Date", value=told)
