"""What does `pileus logs` show? Events of a function's log, or of any group, oldest first, as they come."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from pileus.calling import Caller, Refused, call, call_json
from pileus.running import Unreachable

_PERIOD: Final = re.compile(r"(\d+)\s*(s|m|h|d|w)")
_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
_ASK_AGAIN_S: Final = 0.4
_LATE_MS: Final = 10_000
"""While following: events that arrive so much later than others are still shown."""


class LogEvent(NamedTuple):
    """at_ms: since 1970."""

    event_id: str
    at_ms: int
    stream: str
    message: str


def since_ms(text: str, *, now: datetime) -> int | None:
    """The moment that `10m` (ago) or `2026-03-05T10:00` (UTC) means, in milliseconds; None when it means nothing."""
    match = _PERIOD.fullmatch(text.strip())
    if match is not None:
        try:
            at = now - int(match[1]) * _UNITS[match[2]]
        except OverflowError:
            return 0
    else:
        try:
            at = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
    return max(0, int(at.timestamp() * 1000))


def log_group_of(caller: Caller, name: str) -> str:
    """The group of a function, or the group that is called so; Refused when there is neither."""
    if "/" in name:
        return name
    try:
        answer = call(caller, "lambda", path=f"/2015-03-31/functions/{name}/configuration", method="GET")
    except Refused as error:
        if error.code != "ResourceNotFoundException":
            raise
        return name
    logging = json.loads(answer.body).get("LoggingConfig") or {}
    return str(logging.get("LogGroup") or f"/aws/lambda/{name}")


def log_events(
    caller: Caller,
    group: str,
    *,
    since: int,
    pattern: str = "",
    follow: "Callable[[bool], Caller] | None" = None,
) -> Iterator[LogEvent]:
    """Events since a moment, and with `follow` those that come, for ever. Refused; Unreachable but while following.

    follow: called each time that nobody answers, with whether it was so before; gives whom to ask next.
    """
    seen: dict[str, int] = {}
    lost = False
    while True:
        latest_ms = since
        try:
            for event in _until_now(caller, group, since=since, pattern=pattern, absent_is_empty=follow is not None):
                latest_ms = max(latest_ms, event.at_ms)
                if event.event_id not in seen:
                    seen[event.event_id] = event.at_ms
                    yield event
            lost = False
        except Unreachable:
            if follow is None:
                raise
            caller, lost = follow(lost), True
        if follow is None:
            return
        since = max(since, latest_ms - _LATE_MS)
        seen = {event_id: at_ms for event_id, at_ms in seen.items() if at_ms >= since}
        time.sleep(_ASK_AGAIN_S)


def _until_now(caller: Caller, group: str, *, since: int, pattern: str, absent_is_empty: bool) -> Iterator[LogEvent]:
    """absent_is_empty: a function that was never invoked has no group yet; who follows waits for it."""
    request: dict[str, object] = {"logGroupName": group, "startTime": since, "filterPattern": pattern}
    while True:
        try:
            page = call_json(caller, "logs", "Logs_20140328.FilterLogEvents", request)
        except Refused as error:
            if absent_is_empty and error.code == "ResourceNotFoundException":
                return
            raise
        events = page.get("events")
        for event in events if isinstance(events, list) else ():
            yield LogEvent(event["eventId"], event["timestamp"], event["logStreamName"], event["message"])
        if not page.get("nextToken"):
            return
        request["nextToken"] = page["nextToken"]


def shown(event: LogEvent) -> str:
    """One event, as a person reads it."""
    at = datetime.fromtimestamp(event.at_ms / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{event.at_ms % 1000:03d}Z {event.message.rstrip()}"
