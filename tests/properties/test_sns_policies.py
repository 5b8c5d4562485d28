"""Policies of SNS that strangers write: each is read or refused, and what is read is enforced."""

import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.sns.archive.policies import archive_policy, replay_policy, replay_range, retention
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.model import Message
from pileus.services.sns.names import TopicName
from pileus.services.sns.protection.guard import _deidentified
from pileus.services.sns.protection.identifiers import IDENTIFIERS, find_all
from pileus.services.sns.protection.policy import Deidentify, Statement, parse

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["*", "Inbound", "#"])
)
NAMES = st.sampled_from(
    [
        "Name",
        "Version",
        "Statement",
        "Configuration",
        "DataDirection",
        "Principal",
        "DataIdentifier",
        "Operation",
        "Audit",
        "Deny",
        "Deidentify",
        "MaskConfig",
        "RedactConfig",
        "MaskWithCharacter",
        "SampleRate",
        "FindingsDestination",
        "CloudWatchLogs",
        "LogGroup",
        "MessageRetentionPeriod",
        "PointType",
        "StartingPoint",
        "EndingPoint",
    ]
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(NAMES, below, max_size=4)),
    max_leaves=12,
)
MOMENTS = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.sampled_from(["0001-01-01", "9999-12-31T23:59:59-23:59", "2024-02-30T00:00:00Z", "2024-W01-1", ""]),
    st.text(max_size=12),
)


def changed(policy: Any, path: list[int], value: Any) -> Any:
    """A copy with something else somewhere within."""
    if not path or not isinstance(policy, dict | list) or not policy:
        return value
    if isinstance(policy, list):
        at = path[0] % len(policy)
        return [changed(each, path[1:], value) if index == at else each for index, each in enumerate(policy)]
    names = list(policy)
    name = names[path[0] % len(names)]
    return {**policy, name: changed(policy[name], path[1:], value)}


WHOLE = {
    "Name": "p",
    "Version": "2021-06-01",
    "Statement": [
        {
            "DataDirection": "Inbound",
            "Principal": ["*"],
            "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"],
            "Operation": {"Deidentify": {"MaskConfig": {"MaskWithCharacter": "#"}}},
        },
        {
            "DataDirection": "Inbound",
            "Principal": ["*"],
            "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/Ssn-US"],
            "Operation": {
                "Audit": {
                    "SampleRate": "5",
                    "FindingsDestination": {"CloudWatchLogs": {"LogGroup": "/aws/vendedlogs/g"}},
                }
            },
        },
    ],
}


@given(st.one_of(JSON, st.builds(changed, st.just(WHOLE), st.lists(st.integers(0, 9), max_size=7), JSON)))
def test_any_data_protection_policy_is_read_or_refused(policy: Any) -> None:
    """Never an error of ours, whatever stands where."""
    with suppress(InvalidParameter, NotImplementedByPileus):
        parse(json.dumps(policy))


@given(
    st.one_of(
        JSON,
        st.fixed_dictionaries(
            {"PointType": st.just("Timestamp"), "StartingPoint": MOMENTS}, optional={"EndingPoint": MOMENTS}
        ),
    )
)
def test_any_replay_and_archive_policy_is_read_or_refused(policy: Any) -> None:
    """What was read says from when to when, and for how long."""
    text = json.dumps(policy)
    with suppress(InvalidParameter):
        if replay_policy(text):
            bounds = replay_range(text)
            assert bounds.start_s < bounds.end_s
    with suppress(InvalidParameter):
        if archive_policy(text):
            assert 1 <= retention(text).days <= 365


PIECES = st.sampled_from(
    [
        "a@b.com",
        "123-45-6789",
        "4111 1111 1111 1111",
        "4111111111111111",
        "10.0.0.1",
        "+14155552671",
        " ",
        "x",
        "1",
        ", ",
    ]
)


@given(
    st.lists(PIECES, max_size=8).map("".join),
    st.sampled_from(["#", "", "7", "@"]),
    st.sets(st.sampled_from(sorted(IDENTIFIERS)), min_size=1),
)
def test_nothing_that_was_found_is_left(text: str, mask: str, names: set[str]) -> None:
    """Masking keeps the length and hides all of it; taking away leaves the rest as it was."""
    chosen = tuple(sorted(names))
    message = Message(topic=TopicName("aws", "r", "1", "t"), message_id="m", published_at_s=0.0, body=text)
    masking = Statement(inbound=True, principals=frozenset(), identifiers=chosen, operation=Deidentify(mask=mask))
    masked = _deidentified([masking], message)
    if mask:
        assert len(masked.body) == len(text)
    everything = [each for findings in find_all(text, chosen).values() for each in findings]
    for start, end in everything:
        if mask:
            assert masked.body[start:end] == mask * (end - start)
    if not mask:
        rest = [char for index, char in enumerate(text) if not any(start <= index < end for start, end in everything)]
        assert masked.body == "".join(rest)
