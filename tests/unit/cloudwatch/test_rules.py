"""Rules of composite alarms: the language, and what is no rule."""

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.cloudwatch.alarms.records import StateValue
from pileus.services.cloudwatch.alarms.rules import rule_of

STATES: dict[str, StateValue] = {"a": "ALARM", "b": "OK", "c d": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("text", "holds", "alarms"),
    [
        ("TRUE", True, ()),
        ("FALSE", False, ()),
        ("ALARM(a)", True, ("a",)),
        ('ALARM("a")', True, ("a",)),
        ("ALARM ( a )", True, ("a",)),
        ("OK(a)", False, ("a",)),
        ('INSUFFICIENT_DATA("c d")', True, ("c d",)),
        ("ALARM(arn:aws:cloudwatch:us-east-1:111111111111:alarm:a)", True, ("a",)),
        ('ALARM("arn:aws:cloudwatch:us-east-1:111111111111:alarm:c d")', False, ("c d",)),
        ("NOT ALARM(a)", False, ("a",)),
        ("ALARM(b) OR ALARM(a)", True, ("b", "a")),
        ("ALARM(b) AND ALARM(a)", False, ("b", "a")),
        ("ALARM(b) AND TRUE OR ALARM(a)", True, ("b", "a")),
        ("ALARM(b) AND (TRUE OR ALARM(a))", False, ("b", "a")),
        ("NOT (ALARM(a) AND OK(b)) OR NOT NOT TRUE", True, ("a", "b")),
        ('AT_LEAST(1, ALARM, (a, b, "c d"))', True, ("a", "b", "c d")),
        ("AT_LEAST(2, ALARM, (a, b))", False, ("a", "b")),
        ("AT_LEAST(50%, NOT ALARM, (a, b))", True, ("a", "b")),
        ("\n(ALARM(a)\n AND NOT OK(b))\n", False, ("a", "b")),
    ],
)
def test_rules(text: str, holds: bool, alarms: tuple[str, ...]) -> None:
    """API_PutCompositeAlarm, AlarmRule."""
    rule = rule_of(text)
    assert rule.holds(lambda name: STATES[name]) is holds
    assert rule.alarms == alarms


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "ValidationError"),
        ("ALARM", "ValidationError"),
        ("ALARM()", "ValidationError"),
        ("ALARM(a", "ValidationError"),
        ("ALARM(a))", "ValidationError"),
        ("ALARM(a) ALARM(b)", "ValidationError"),
        ("ALARM(a) AND", "ValidationError"),
        ("SOMETIMES(a)", "ValidationError"),
        ('ALARM("a)', "ValidationError"),
        ("(" * 1_000 + "TRUE" + ")" * 1_000, "ValidationError"),
        ("NOT " * 1_000 + "TRUE", "ValidationError"),
        (" OR ".join(f"ALARM(a{number})" for number in range(101)), "ValidationError"),
        ("AT_LEAST(2, ALARM, (a))", "ValidationError"),
        ("AT_LEAST(0, ALARM, (a))", "ValidationError"),
        ("AT_LEAST(x, ALARM, (a))", "ValidationError"),
        ("AT_LEAST(1, SOMETIMES, (a))", "ValidationError"),
        ("AT_LEAST(1, ALARM, ())", "ValidationError"),
        ("AT_LEAST(1, ALARM, (a)", "ValidationError"),
    ],
)
def test_what_is_no_rule(text: str, code: str) -> None:
    """It is refused when the alarm is put."""
    with pytest.raises(ServiceError) as caught:
        rule_of(text)
    assert caught.value.error_code == code
