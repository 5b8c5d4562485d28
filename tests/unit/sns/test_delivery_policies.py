"""Delivery policies: what is refused, and how long each retry waits."""

import json
from typing import Any

import pytest

from pileus.services.sns.deliveries.http import Pace
from pileus.services.sns.deliveries.retrying import AWS_ENDPOINTS, PEOPLE, Delay, by_policy
from pileus.services.sns.delivery_policies import RetryPolicy, delays_s, rules_of, subscription_policy, topic_policy
from pileus.services.sns.errors import InvalidParameter


def waits(delay: Delay, count: int) -> list[float]:
    """The first so many, in seconds."""
    found = [delay(failures) for failures in range(1, count + 1)]
    return [each.total_seconds() for each in found if each is not None]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RetryPolicy(), [20, 20, 20]),
        (RetryPolicy(num_retries=0), []),
        (
            RetryPolicy(
                min_delay_target=1,
                max_delay_target=60,
                num_retries=9,
                num_no_delay_retries=2,
                num_min_delay_retries=2,
                num_max_delay_retries=2,
            ),
            [0, 0, 1, 1, 1, 30.5, 60, 60, 60],
        ),
        (RetryPolicy(min_delay_target=1, max_delay_target=5, num_retries=5), [1, 2, 3, 4, 5]),
        (
            RetryPolicy(min_delay_target=1, max_delay_target=16, num_retries=5, backoff_function="geometric"),
            [1, 2, 4, 8, 16],
        ),
        (
            RetryPolicy(min_delay_target=1, max_delay_target=11, num_retries=5, backoff_function="arithmetic"),
            [1, 2, 4, 7, 11],
        ),
        (
            RetryPolicy(min_delay_target=1, max_delay_target=16, num_retries=5, backoff_function="exponential"),
            [1, 2, 4, 8, 16],
        ),
    ],
)
def test_the_phases(policy: RetryPolicy, expected: list[float]) -> None:
    """SNS Developer Guide, "Creating an HTTP/S delivery policy": immediate, pre-backoff, backoff, post-backoff."""
    assert delays_s(policy) == pytest.approx(expected)
    assert waits(by_policy(policy), len(expected)) == pytest.approx(expected)
    assert by_policy(policy)(len(expected) + 1) is None


def test_what_aws_itself_does() -> None:
    """SNS Developer Guide, "Amazon SNS message delivery retries": 100,015 attempts in 23 days, 50 in 6 hours."""
    first = waits(AWS_ENDPOINTS.delay, 16)
    assert first[:6] == [0, 0, 0, 1, 1, 1]
    assert first[14:] == [20, 20]
    assert AWS_ENDPOINTS.delay(100_015) is not None
    assert AWS_ENDPOINTS.delay(100_016) is None
    assert PEOPLE.delay(50) is not None
    assert PEOPLE.delay(51) is None


@pytest.mark.parametrize(
    "retry",
    [
        {"minDelayTarget": 0},
        {"minDelayTarget": 5, "maxDelayTarget": 4},
        {"maxDelayTarget": 3601},
        {"numRetries": 101},
        {"numRetries": 3, "numNoDelayRetries": 2, "numMaxDelayRetries": 2},
        {"numRetries": 100, "minDelayTarget": 60, "maxDelayTarget": 60},
        {"numRetries": "3"},
        {"backoffFunction": "quadratic"},
        {"unknown": 1},
    ],
)
def test_policies_that_are_none(retry: dict[str, Any]) -> None:
    """Of a topic and of a subscription alike."""
    with pytest.raises(InvalidParameter):
        topic_policy(json.dumps({"http": {"defaultHealthyRetryPolicy": retry}}))
    with pytest.raises(InvalidParameter):
        subscription_policy(json.dumps({"healthyRetryPolicy": retry}))


@pytest.mark.parametrize(
    "policy",
    [
        {"throttlePolicy": {"maxReceivesPerSecond": 0}},
        {"requestPolicy": {"headerContentType": "image/png"}},
        {"requestPolicy": "text/plain"},
        {"other": {}},
    ],
)
def test_other_members(policy: dict[str, Any]) -> None:
    """A content type that SNS does not send, a throttle that lets nothing through."""
    with pytest.raises(InvalidParameter):
        subscription_policy(json.dumps(policy))


def test_a_topic_may_overrule() -> None:
    """`disableSubscriptionOverrides`."""
    own = subscription_policy(json.dumps({"throttlePolicy": {"maxReceivesPerSecond": 7}}))
    assert rules_of(own, "").receives_per_second_max == 7
    topic = topic_policy(json.dumps({"http": {"disableSubscriptionOverrides": True}}))
    assert rules_of(own, topic).receives_per_second_max is None


def test_a_throttled_endpoint_has_its_turns() -> None:
    """Two a second: each half a second after the one before, and the first at once."""
    pace = Pace()
    assert [pace.turn("s", 2, 10.0) for _ in range(3)] == [10.0, 10.5, 11.0]
    assert pace.turn("other", 2, 10.0) == 10.0
    assert pace.turn("s", None, 10.0) == 10.0
