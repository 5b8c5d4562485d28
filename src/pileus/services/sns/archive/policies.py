"""What may a topic ask to be kept, and a subscription to be told again?

Sources: SNS Developer Guide, "Message archiving for FIFO topic owners", "Message replay for FIFO topic subscribers".
Where they say what is wrong and not what is answered, the words are ours.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import msgspec

from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.json_text import read_object

RETENTION_DAYS_MIN: Final = 1
RETENTION_DAYS_MAX: Final = 365
PENDING: Final = "Pending"
IN_PROGRESS: Final = "In progress"
COMPLETED: Final = "Completed"
FAILED: Final = "Failed"


class ReplayRange(NamedTuple):
    """Moments of publication, in seconds since 1970: from start_s on, before end_s, which is infinite without one."""

    start_s: float
    end_s: float = math.inf

    @property
    def pauses(self) -> bool:
        """A replay with an end is followed by nothing: "effectively pauses the subscription"."""
        return self.end_s != math.inf


def archive_policy(value: str) -> str:
    """As it is kept: "" keeps nothing. InvalidParameter."""
    if not value:
        return ""
    policy = read_object(value, "ArchivePolicy")
    if not policy:
        return ""
    if policy.keys() != {"MessageRetentionPeriod"}:
        raise InvalidParameter("ArchivePolicy: must have a MessageRetentionPeriod and nothing else")
    _days(policy["MessageRetentionPeriod"])
    return value


def retention(policy: str) -> timedelta:
    """Of a policy that was checked."""
    return timedelta(days=_days(msgspec.json.decode(policy)["MessageRetentionPeriod"]))


def _days(given: object) -> int:
    """In text or as a number."""
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if not (text.isascii() and text.isdigit() and RETENTION_DAYS_MIN <= int(text[:9]) <= RETENTION_DAYS_MAX):
        raise InvalidParameter(
            f"ArchivePolicy: MessageRetentionPeriod must be from {RETENTION_DAYS_MIN} to {RETENTION_DAYS_MAX} days"
        )
    return int(text)


def replay_policy(value: str) -> str:
    """As it is kept: "" ends a replay. InvalidParameter."""
    if not value:
        return ""
    policy = read_object(value, "ReplayPolicy")
    if not policy:
        return ""
    if policy.keys() - {"PointType", "StartingPoint", "EndingPoint"}:
        raise InvalidParameter("ReplayPolicy: may have PointType, StartingPoint and EndingPoint")
    if policy.get("PointType") != "Timestamp":
        raise InvalidParameter("ReplayPolicy: PointType must be Timestamp")
    start_s = _moment(policy, "StartingPoint")
    if "EndingPoint" in policy and _moment(policy, "EndingPoint") <= start_s:
        raise InvalidParameter("ReplayPolicy: EndingPoint must be after StartingPoint")
    return value


def replay_range(policy: str) -> ReplayRange:
    """Of a policy that was checked."""
    given = msgspec.json.decode(policy)
    end_s = _moment(given, "EndingPoint") if "EndingPoint" in given else math.inf
    return ReplayRange(_moment(given, "StartingPoint"), end_s)


def _moment(policy: dict[str, Any], name: str) -> float:
    given = policy.get(name)
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidParameter(f"ReplayPolicy: {name} must be a timestamp such as 2023-02-28T00:00:00.000Z")
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def beginning(since_s: float, policy: str, now_s: float) -> str:
    """`BeginningArchiveTime`: since when something is kept, or since retention reaches back."""
    at_s = max(since_s, now_s - retention(policy).total_seconds())
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
