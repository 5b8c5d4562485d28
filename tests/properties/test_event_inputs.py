"""Whatever a target is given for a template, a path or a pattern: refused in words, or JSON comes out of it."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import ServiceError
from pileus.services.events.errors import InvalidEventPatternException
from pileus.services.events.inputs import InvalidInput, check_input, input_of
from pileus.services.events.model import EventRecord, TargetDelivery, TargetRecord
from pileus.services.events.names import BusName
from pileus.services.events.patterns import pattern_of
from pileus.services.events.schedules import schedule_of

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3),
    max_leaves=8,
)
_PLACEHOLDERS = ("<a>", "<b>", "<aws.events.event>", "<aws.events.event.json>")
_PIECES = st.sampled_from((*_PLACEHOLDERS, *'<>"{}[]:,\\x1é', "\n", '"k":'))
_PATHS = st.lists(st.sampled_from(("$", ".", "a", "b", "[", "]", "*", "0", "'", ".detail", "9" * 30)), max_size=6)


def _made(target: TargetRecord, detail: Any) -> str:
    body = json.dumps(
        {
            "version": "0",
            "id": "i",
            "detail-type": "t",
            "source": "s",
            "account": "1",
            "time": "2026-01-01T00:00:00Z",
            "region": "r",
            "resources": [],
            "detail": detail,
        }
    ).encode()
    event = EventRecord(event_id="i", body=body, ingested_at_s=0.0)
    return input_of(TargetDelivery(bus=BusName("aws", "r", "1", "default"), rule="r", target=target, event=event))


@given(pieces=st.lists(_PIECES, max_size=12), detail=_VALUES)
def test_templates_make_json_or_nothing(pieces: list[str], detail: Any) -> None:
    """A template never fails otherwise, and what it makes is JSON by lines."""
    target = TargetRecord(
        target_id="t", arn="a", template="".join(pieces), paths={"a": "$.detail", "b": "$.detail.a[0].b"}
    )
    try:
        check_input(target)
        made = _made(target, detail)
    except (ServiceError, InvalidInput):
        return
    try:
        json.loads(made)
    except ValueError:
        for line in made.splitlines():
            assert not line.strip() or json.loads(line) is not Ellipsis


@given(pieces=_PATHS, detail=_VALUES)
def test_paths_lead_to_json(pieces: list[str], detail: Any) -> None:
    """So do paths."""
    target = TargetRecord(target_id="t", arn="a", input_path="".join(pieces))
    try:
        check_input(target)
    except ServiceError:
        return
    assert json.loads(_made(target, detail)) is not Ellipsis


@given(pattern=_VALUES | st.text())
def test_patterns_are_compiled_or_refused(pattern: Any) -> None:
    """As JSON, and as text that may be none."""
    text = pattern if isinstance(pattern, str) else json.dumps(pattern)
    with suppress(InvalidEventPatternException):
        pattern_of(text).matches({"a": 1})


@given(
    st.lists(st.sampled_from(("*", "?", "/", "-", ",", "L", "W", "#", "1", "31", "FRI", "JAN", " ", " ")), max_size=20)
)
def test_cron_expressions_are_read_or_refused(pieces: list[str]) -> None:
    """Nothing else is raised, and a moment is later than the one before."""

    now = datetime(2026, 1, 31, tzinfo=UTC)
    try:
        schedule = schedule_of(f"cron({''.join(pieces)})")
    except ServiceError:
        return
    due = schedule.after(now)
    assert due is None or due > now


def test_templates_of_the_deepest_events() -> None:
    """What was accepted can be delivered."""
    detail: Any = 1
    for _ in range(499):
        detail = [detail]
    target = TargetRecord(target_id="t", arn="a", template='{"a": <a>, "b": "x"}', paths={"a": "$.detail"})
    assert json.loads(_made(target, {"a": detail}))["a"] == {"a": detail}
    with pytest.raises(InvalidInput):
        _made(TargetRecord(target_id="t", arn="a", template="[" * 100_000), {})
