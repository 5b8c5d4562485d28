"""What was written once can be read for ever."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.cloudwatch.alarms.records import AlarmRecord, Condition, HistoryRecord, State
from pileus.services.cloudwatch.alarms.transitions import ActionRecord
from pileus.services.cloudwatch.dashboards import DashboardRecord
from pileus.services.cloudwatch.model import Query, Scope, StatQuery

RECORDS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "records.json").read_text())
"""Bytes of each kind of record as the first version wrote them."""
STATE: Final = State(value="ALARM", reason="r", updated_s=1.5, transitioned_s=1.0, data="{}")
STAT: Final = StatQuery(namespace="n", name="m", stat="p99", period_s=60, dimensions=(("a", "b"),), unit="Count")
EXPECTED: Final[dict[str, Any]] = {
    "metric": AlarmRecord(
        name="metric",
        state=STATE,
        configured_s=0.5,
        condition=Condition(
            comparison="GreaterThanThreshold",
            threshold=2.0,
            periods=3,
            stat=STAT,
            needed=2,
            missing="ignore",
            low_samples="ignore",
        ),
        description="d",
        actions_enabled=False,
        ok_actions=("o",),
        alarm_actions=("a",),
        insufficient_data_actions=("i",),
        tags={"k": "v"},
    ),
    "math": AlarmRecord(
        name="math",
        state=STATE,
        configured_s=0.5,
        condition=Condition(
            comparison="LessThanThreshold",
            threshold=2.0,
            periods=1,
            queries=(
                Query(id="e", expression="m", label="l", period_s=60),
                Query(id="m", stat=STAT, returned=False),
            ),
        ),
    ),
    "composite": AlarmRecord(name="composite", state=STATE, configured_s=0.5, rule="ALARM(metric)"),
    "history": HistoryRecord(alarm="a", kind="MetricAlarm", at_s=1.0, event="StateUpdate", summary="s", data="{}"),
    "action": ActionRecord(
        scope=Scope(account_id="1", region="r"),
        alarm="a",
        composite=True,
        action="x",
        updated_s=1.0,
        event=b"{}",
        subject="s",
        message="m",
    ),
    "dashboard": DashboardRecord(name="d", body="{}", modified_s=1.0, tags={"k": "v"}),
}


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_the_first_version(name: str) -> None:
    """They are read as what they were, and what is read writes the same again."""
    expected = EXPECTED[name]
    record = decode(bytes.fromhex(RECORDS[name]), type(expected))
    assert record == expected
    assert decode(encode(record), type(expected)) == record
