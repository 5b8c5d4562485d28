"""Events in and out: batches, pages, tokens, and the search over many streams."""

import random
from datetime import timedelta
from typing import Any

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.logs import reading
from pileus.services.logs.shapes import (
    FilterLogEventsResponse,
    GetLogEventsResponse,
    InputLogEvent,
    PutLogEventsRequest,
    PutRetentionPolicyRequest,
    RejectedLogEventsInfo,
)
from tests.support.time import JumpingClock
from tests.unit.logs.conftest import NOW_MS, Logs, context, messages

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


async def test_what_was_put_is_found(logs: Logs) -> None:
    """Message, moment and moment of arrival; in order of time, and of arrival within a millisecond."""
    await logs.create("s")
    await logs.put("s", (-5, "one"), (0, "two"), (0, "three"))
    await logs.put("s", (-7, "zero"), (0, "four"))
    answer = await logs.get("s", start_from_head=True)
    assert messages(answer) == ["zero", "one", "two", "three", "four"]
    assert answer.events is not None
    assert (answer.events[1].timestamp, answer.events[1].ingestion_time) == (NOW_MS - 5, NOW_MS)


async def test_pages_forward_until_the_token_stays(logs: Logs) -> None:
    """How every client follows a log: read until the token repeats, ask again, get what is new."""
    await logs.create("s")
    await logs.put("s", *((n, str(n)) for n in range(5)))
    token: str | None = None
    seen: list[str | None] = []
    while True:
        page = await logs.get("s", limit=2, start_from_head=True, next_token=token)
        seen += messages(page)
        if page.next_forward_token == token:
            break
        token = page.next_forward_token
    assert seen == ["0", "1", "2", "3", "4"]
    await logs.put("s", (4, "same moment"), (9, "later"))
    assert messages(await logs.get("s", start_from_head=True, next_token=token)) == ["same moment", "later"]


async def test_pages_backward_from_the_end(logs: Logs) -> None:
    """Without startFromHead the latest come first, each page in order of time; forward leads back."""
    await logs.create("s")
    await logs.put("s", *((n, str(n)) for n in range(5)))
    last = await logs.get("s", limit=2)
    assert messages(last) == ["3", "4"]
    before = await logs.get("s", limit=2, next_token=last.next_backward_token)
    assert messages(before) == ["1", "2"]
    first = await logs.get("s", limit=2, next_token=before.next_backward_token)
    assert messages(first) == ["0"]
    end = await logs.get("s", limit=2, next_token=first.next_backward_token)
    assert (messages(end), end.next_backward_token) == ([], first.next_backward_token)
    assert messages(await logs.get("s", limit=9, next_token=first.next_forward_token)) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("from_head", [True, False])
async def test_an_empty_stream_can_be_followed(logs: Logs, from_head: bool) -> None:
    """A token from before the first event leads to it."""
    await logs.create("s")
    empty = await logs.get("s", start_from_head=from_head)
    assert messages(empty) == []
    await logs.put("s", (0, "first"))
    assert messages(await logs.get("s", next_token=empty.next_forward_token)) == ["first"]


async def test_time_ranges(logs: Logs) -> None:
    """GetLogEvents does not include the end, FilterLogEvents does (API references)."""
    await logs.create("s")
    await logs.put("s", *((n, str(n)) for n in range(5)))
    span: dict[str, Any] = {"start_time": NOW_MS + 1, "end_time": NOW_MS + 3}
    assert messages(await logs.get("s", **span)) == ["1", "2"]
    assert messages(await logs.filter(**span)) == ["1", "2", "3"]
    assert messages(await logs.get("s", start_time=NOW_MS + 9, end_time=NOW_MS)) == []
    assert messages(await logs.get("s", end_time=1 << 200)) == ["0", "1", "2", "3", "4"]


async def test_a_page_has_a_megabyte(logs: Logs) -> None:
    """Messages and 26 bytes each; the page ends before the event that would go over."""
    await logs.create("s")
    for n in range(4):
        await logs.put("s", (n, str(n) * 400_000))
    forward = await logs.get("s", start_from_head=True)
    assert [len(message or "") for message in messages(forward)] == [400_000] * 2
    rest = await logs.get("s", start_from_head=True, next_token=forward.next_forward_token)
    assert [(message or "")[0] for message in messages(rest)] == ["2", "3"]
    assert [(message or "")[0] for message in messages(await logs.get("s"))] == ["2", "3"]
    found = await logs.filter()
    assert [(message or "")[0] for message in messages(found)] == ["0", "1"]
    assert [(m or "")[0] for m in messages(await logs.filter(next_token=found.next_token))] == ["2", "3"]


@pytest.mark.parametrize("token", ["x", "f/1", "f/" + "9" * 56 + "/s", "g/" + "0" * 56 + "/s", "f/" + "0" * 57])
async def test_tokens_that_were_not_given(logs: Logs, token: str) -> None:
    """Recordings logs_events and logs_filter_events."""
    await logs.create("s")
    for answer in (logs.get("s", next_token=token), logs.filter(next_token=token)):
        with pytest.raises(ServiceError, match="The specified nextToken is invalid"):
            await answer


# Batches


async def test_batches_that_are_refused(logs: Logs) -> None:
    """As a whole: out of order, too large, too long a span; nothing of them is kept."""
    await logs.create("s")
    largest = 1_048_576 - 26
    refused: list[tuple[list[tuple[int, str]], str]] = [
        ([(1, "b"), (0, "a")], "must be in chronological order"),
        ([(0, "x" * (largest + 1))], f"Upload too large: {largest + 27} bytes exceeds limit of 1048576"),
        ([(0, "ä" * (largest // 2 + 1))], "Upload too large"),
        ([(-_DAY_MS - 1, "a"), (0, "b")], "cannot span more than 24 hours"),
    ]
    for events, reason in refused:
        with pytest.raises(ServiceError) as caught:
            await logs.put("s", *events)
        assert caught.value.error_code == "InvalidParameterException"
        assert reason in caught.value.message
    assert messages(await logs.get("s")) == []
    await logs.put("s", (0, "x" * largest))
    await logs.put("s", (-_DAY_MS, "a"), (0, "b"))


@pytest.mark.parametrize(
    ("events", "kept", "rejected"),
    [
        ([-14 * _DAY_MS - 1, -1], 1, RejectedLogEventsInfo(too_old_log_event_end_index=1)),
        ([-14 * _DAY_MS], 1, None),
        ([2 * _HOUR_MS], 1, None),
        ([0, 2 * _HOUR_MS + 1], 1, RejectedLogEventsInfo(too_new_log_event_start_index=1)),
        (
            [-20 * _DAY_MS, -19 * _DAY_MS, 3 * _HOUR_MS],
            0,
            RejectedLogEventsInfo(too_old_log_event_end_index=2, too_new_log_event_start_index=2),
        ),
    ],
)
async def test_events_that_are_left_out(
    logs: Logs, events: list[int], kept: int, rejected: RejectedLogEventsInfo | None
) -> None:
    """Too old and too new ones are told of, the rest is taken (API_PutLogEvents)."""
    await logs.create("s")
    answer = await logs.put("s", *((after_ms, "m") for after_ms in events))
    assert answer.rejected_log_events_info == rejected
    assert len(messages(await logs.get("s"))) == kept
    assert len(answer.next_sequence_token or "") == 56


async def test_missing_groups_and_streams(logs: Logs) -> None:
    """Recording logs_events, test_resource_does_not_exist."""
    await logs.create()
    missing: list[tuple[dict[str, Any], str]] = [
        ({"group": "h"}, "The specified log group does not exist."),
        ({}, "The specified log stream does not exist."),
    ]
    for where, message in missing:
        for answer in (logs.put("s", (0, "m"), **where), logs.get("s", **where)):
            with pytest.raises(ServiceError) as caught:
                await answer
            assert (caught.value.error_code, caught.value.message) == ("ResourceNotFoundException", message)


async def test_an_old_sequence_token_does_not_matter(logs: Logs) -> None:
    """AWS ignores it since 2023, and old clients still send it."""
    await logs.create("s")
    request = PutLogEventsRequest(
        log_group_name="g",
        log_stream_name="s",
        log_events=[InputLogEvent(timestamp=NOW_MS, message="m")],
        sequence_token="outdated",
    )
    answer = await logs.api.put_log_events(context(), request)
    assert answer.next_sequence_token not in {None, "outdated"}
    assert messages(await logs.get("s")) == ["m"]


# Searching a group


async def search(logs: Logs, **members: Any) -> tuple[list[str | None], int]:
    """Everything, page by page, and how many pages that took."""
    found: list[str | None] = []
    token: str | None = None
    pages = 0
    while True:
        page: FilterLogEventsResponse = await logs.filter(next_token=token, **members)
        pages += 1
        found += messages(page)
        token = page.next_token
        if token is None:
            return found, pages


@pytest.mark.parametrize("seed", range(5))
async def test_streams_are_merged_in_order_of_time(logs: Logs, seed: int) -> None:
    """The oracle is a sorted list; pages of every size, in both directions, make up the same."""
    draw = random.Random(seed)
    await logs.create(*(f"s{n}" for n in range(7)))
    expected: list[int] = []
    for n in range(7):
        moments = sorted(draw.randrange(100) for _ in range(draw.randrange(90)))
        if moments:
            await logs.put(f"s{n}", *((moment, str(moment)) for moment in moments))
        expected += moments
    expected.sort()
    for limit in (1, 3, 50, 10_000):
        assert [int(m or "") for m in (await search(logs, limit=limit))[0]] == expected
        backward, _ = await search(logs, limit=limit, start_from_head=False, start_time=NOW_MS)
        assert [int(m or "") for m in backward] == expected[::-1]


async def test_every_event_comes_once(logs: Logs) -> None:
    """Also when many streams have many events in one millisecond, and a page ends among them."""
    await logs.create("a", "b", "c")
    for stream in "abc":
        await logs.put(stream, *((0, f"{stream}{n}") for n in range(40)))
    found, _ = await search(logs, limit=7)
    assert sorted(m or "" for m in found) == sorted(f"{stream}{n}" for stream in "abc" for n in range(40))
    everything = await logs.filter()
    assert len({event.event_id for event in everything.events or ()}) == 120


async def test_which_streams_are_searched(logs: Logs) -> None:
    """All, those named, or those with a prefix."""
    await logs.create("a1", "a2", "b")
    for stream in ("a1", "a2", "b"):
        await logs.put(stream, (0, stream))
    assert (await search(logs, log_stream_name_prefix="a"))[0] == ["a1", "a2"]
    assert (await search(logs, log_stream_names=["b", "a1", "b"]))[0] == ["a1", "b"]
    for wrong, code in (
        ({"log_stream_names": ["x"]}, "ResourceNotFoundException"),
        ({"log_stream_names": ["a1"], "log_stream_name_prefix": "a"}, "InvalidParameterException"),
        ({"start_from_head": False}, "InvalidParameterException"),
    ):
        members: dict[str, Any] = wrong
        with pytest.raises(ServiceError) as caught:
            await logs.filter(**members)
        assert caught.value.error_code == code


async def test_a_search_without_finds_has_an_end(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is answered after so many events, found or not; the token leads on."""
    monkeypatch.setattr(reading, "SEARCH_EVENTS_MAX", 10)
    await logs.create("s")
    await logs.put("s", *((n, "hay") for n in range(35)), (40, "needle"))
    found, pages = await search(logs, filter_pattern="needle")
    assert found == ["needle"]
    assert pages == 4


async def test_arns_name_groups_too(logs: Logs) -> None:
    """logGroupIdentifier takes both. Recording logs_streams."""
    await logs.create("s")
    await logs.put("s", (0, "m"))
    for arn in (
        "g",
        "arn:aws:logs:us-east-1:111111111111:log-group:g",
        "arn:aws:logs:us-east-1:111111111111:log-group:g:*",
    ):
        answer: GetLogEventsResponse = await logs.get("s", group=None, log_group_identifier=arn)  # type: ignore[arg-type]
        assert messages(answer) == ["m"]


async def test_retention_hides_at_once(logs: Logs, clock: JumpingClock) -> None:
    """What has expired is not shown, whether or not it has been removed yet."""
    await logs.create("s")
    await logs.put("s", (0, "old"))
    await logs.api.put_retention_policy(context(), _retention(1))
    clock.jump(timedelta(days=1))
    assert messages(await logs.get("s")) == ["old"]
    clock.jump(timedelta(milliseconds=1))
    assert messages(await logs.get("s")) == []
    assert messages(await logs.filter()) == []
    answer = await logs.put("s", (-1, "expired"), (5, "kept"))
    assert answer.rejected_log_events_info == RejectedLogEventsInfo(expired_log_event_end_index=1)
    assert messages(await logs.get("s")) == ["kept"]


def _retention(days: int) -> PutRetentionPolicyRequest:
    return PutRetentionPolicyRequest(log_group_name="g", retention_in_days=days)
