"""How often, and how fast, does SNS call an HTTP endpoint: what policies say, and what counts in the end?

A topic's policy is `{"http": {...}}`, with defaults for its subscriptions; a subscription's own wins, unless the topic
says otherwise. What AWS shows is not what was given: absent members of a subscription's are null, and of a topic's
`disableSubscriptionOverrides` is always there.

Sources: SNS Developer Guide, "Creating an HTTP/S delivery policy"; recordings sns, `test_topic_delivery_policy_crud`,
`test_subscribe_external_http_endpoint_content_type`. The sentences for numbers out of bounds are ours.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.json_text import read_object
from pileus.services.sns.limits import DELIVERY_POLICY_TIME_MAX

Document = dict[str, Any]

_RETRY_DEFAULTS: Final[Mapping[str, int | str]] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
_BOUNDS: Final = {
    "minDelayTarget": (1, 3_600),
    "maxDelayTarget": (1, 3_600),
    "numRetries": (0, 100),
    "numMaxDelayRetries": (0, 100),
    "numNoDelayRetries": (0, 100),
    "numMinDelayRetries": (0, 100),
}
BACKOFF_FUNCTIONS: Final = ("linear", "arithmetic", "geometric", "exponential")
CONTENT_TYPE_DEFAULT: Final = "text/plain; charset=UTF-8"
_CONTENT_TYPES: Final = frozenset(
    {
        CONTENT_TYPE_DEFAULT,
        "text/plain",
        "text/css",
        "text/csv",
        "text/html",
        "text/xml",
        "application/atom+xml",
        "application/json",
        "application/octet-stream",
        "application/soap+xml",
        "application/x-www-form-urlencoded",
        "application/xhtml+xml",
        "application/xml",
    }
)
"""SNS Developer Guide, "Creating an HTTP/S delivery policy": the content types that are supported."""


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How often a delivery is tried again, and when. Delays in seconds."""

    min_delay_target: int = 20
    max_delay_target: int = 20
    num_retries: int = 3
    num_max_delay_retries: int = 0
    num_no_delay_retries: int = 0
    num_min_delay_retries: int = 0
    backoff_function: str = "linear"


class DeliveryRules(msgspec.Struct, frozen=True, kw_only=True):
    """What counts for a subscription. receives_per_second_max: None where nothing throttles."""

    retry: RetryPolicy = RetryPolicy()
    receives_per_second_max: int | None = None
    content_type: str = CONTENT_TYPE_DEFAULT


def topic_policy(text: str) -> str:
    """A topic's policy as it is kept, checked; '' for one that is taken away. InvalidParameter."""
    if not text:
        return ""
    given = read_object(text, "DeliveryPolicy")
    http = given.get("http")
    if set(given) - {"http"} or not isinstance(http, dict):
        raise InvalidParameter("DeliveryPolicy: http must be an object, and nothing else is expected")
    known = {
        "defaultHealthyRetryPolicy",
        "defaultSicklyRetryPolicy",
        "disableSubscriptionOverrides",
        "defaultThrottlePolicy",
        "defaultRequestPolicy",
    }
    _check_members(http, known, "http")
    overrides = http.get("disableSubscriptionOverrides")
    if overrides is not None and not isinstance(overrides, bool):
        raise InvalidParameter("DeliveryPolicy: http.disableSubscriptionOverrides must be a boolean")
    _check_retry(http.get("defaultHealthyRetryPolicy"), "http.defaultHealthyRetryPolicy")
    _check_throttle(http.get("defaultThrottlePolicy"), "http.defaultThrottlePolicy")
    _check_request(http.get("defaultRequestPolicy"), "http.defaultRequestPolicy")
    kept: Document = {}
    for name in ("defaultHealthyRetryPolicy", "defaultSicklyRetryPolicy"):
        if http.get(name) is not None:
            kept[name] = http[name]
    kept["disableSubscriptionOverrides"] = bool(overrides)
    for name in ("defaultThrottlePolicy", "defaultRequestPolicy"):
        if http.get(name) is not None:
            kept[name] = http[name]
    return _text({"http": kept})


def effective_topic_policy(text: str) -> str:
    """What a topic's policy comes to. text: as `topic_policy` gave it."""
    http: Document = msgspec.json.decode(text)["http"] if text else {}
    effective: Document = {
        "defaultHealthyRetryPolicy": {**_RETRY_DEFAULTS, **http.get("defaultHealthyRetryPolicy", {})},
        "disableSubscriptionOverrides": http.get("disableSubscriptionOverrides", False),
    }
    if "defaultThrottlePolicy" in http:
        effective["defaultThrottlePolicy"] = http["defaultThrottlePolicy"]
    effective["defaultRequestPolicy"] = http.get("defaultRequestPolicy") or {"headerContentType": CONTENT_TYPE_DEFAULT}
    return _text({"http": effective})


def subscription_policy(text: str) -> str:
    """A subscription's policy as it is kept, checked; '' for one that is taken away. InvalidParameter."""
    if not text:
        return ""
    given = read_object(text, "DeliveryPolicy")
    known = {"healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy", "guaranteed"}
    _check_members(given, known, "")
    _check_retry(given.get("healthyRetryPolicy"), "healthyRetryPolicy")
    _check_throttle(given.get("throttlePolicy"), "throttlePolicy")
    _check_request(given.get("requestPolicy"), "requestPolicy")
    return _text(
        {
            "healthyRetryPolicy": given.get("healthyRetryPolicy"),
            "sicklyRetryPolicy": given.get("sicklyRetryPolicy"),
            "throttlePolicy": given.get("throttlePolicy"),
            "requestPolicy": given.get("requestPolicy"),
            "guaranteed": bool(given.get("guaranteed", False)),
        }
    )


def effective_subscription_policy(own: str, topic: str) -> str:
    """What counts for a subscription, as GetSubscriptionAttributes shows it."""
    return _text(_effective(own, topic))


def rules_of(own: str, topic: str) -> DeliveryRules:
    """What counts for a subscription. own, topic: their policies as they are kept."""
    if not own and not topic:
        return _DEFAULT_RULES
    effective = _effective(own, topic)
    throttle = effective["throttlePolicy"] or {}
    return DeliveryRules(
        retry=msgspec.convert(effective["healthyRetryPolicy"], RetryPolicy),
        receives_per_second_max=throttle.get("maxReceivesPerSecond"),
        content_type=effective["requestPolicy"].get("headerContentType", CONTENT_TYPE_DEFAULT),
    )


_DEFAULT_RULES: Final = DeliveryRules()


def _effective(own: str, topic: str) -> Document:
    http: Document = msgspec.json.decode(topic)["http"] if topic else {}
    mine: Document = msgspec.json.decode(own) if own and not http.get("disableSubscriptionOverrides") else {}
    retry = mine.get("healthyRetryPolicy") or http.get("defaultHealthyRetryPolicy") or {}
    return {
        "healthyRetryPolicy": {**_RETRY_DEFAULTS, **retry},
        "sicklyRetryPolicy": None,
        "throttlePolicy": mine.get("throttlePolicy") or http.get("defaultThrottlePolicy"),
        "requestPolicy": mine.get("requestPolicy")
        or http.get("defaultRequestPolicy")
        or {"headerContentType": CONTENT_TYPE_DEFAULT},
        "guaranteed": False,
    }


def _text(document: Document) -> str:
    return msgspec.json.encode(document).decode()


def _check_members(given: Document, known: set[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise InvalidParameter(f"DeliveryPolicy: {where}{'.' if where else ''}{name} is not a known member")


def _check_retry(given: object, where: str) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise InvalidParameter(f"DeliveryPolicy: {where} must be an object")
    _check_members(given, set(_RETRY_DEFAULTS), where)
    for name, (low, high) in _BOUNDS.items():
        value = given.get(name, _RETRY_DEFAULTS[name])
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidParameter(f"DeliveryPolicy: {where}.{name} must be an integer")
        if not low <= value <= high:
            raise InvalidParameter(f"DeliveryPolicy: {where}.{name} must be between {low} and {high}")
    if given.get("backoffFunction", "linear") not in BACKOFF_FUNCTIONS:
        raise InvalidParameter(f"DeliveryPolicy: {where}.backoffFunction must be one of {', '.join(BACKOFF_FUNCTIONS)}")
    policy = msgspec.convert({**_RETRY_DEFAULTS, **given}, RetryPolicy)
    if policy.min_delay_target > policy.max_delay_target:
        raise InvalidParameter(
            f"DeliveryPolicy: {where}.maxDelayTarget must be greater than or equal to minDelayTarget"
        )
    phases = policy.num_no_delay_retries + policy.num_min_delay_retries + policy.num_max_delay_retries
    if phases > policy.num_retries:
        raise InvalidParameter(
            f"DeliveryPolicy: {where}.numRetries must be greater than or equal to total of numMinDelayRetries, "
            "numNoDelayRetries and numMaxDelayRetries"
        )
    if sum(delays_s(policy)) > DELIVERY_POLICY_TIME_MAX.total_seconds():
        raise InvalidParameter(f"DeliveryPolicy: {where}: the total retry time must not be greater than 3600 seconds")


def _check_throttle(given: object, where: str) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise InvalidParameter(f"DeliveryPolicy: {where} must be an object")
    _check_members(given, {"maxReceivesPerSecond"}, where)
    value = given.get("maxReceivesPerSecond")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InvalidParameter(f"DeliveryPolicy: {where}.maxReceivesPerSecond must be greater than or equal to 1")


def _check_request(given: object, where: str) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise InvalidParameter(f"DeliveryPolicy: {where} must be an object")
    _check_members(given, {"headerContentType"}, where)
    content_type = given.get("headerContentType", CONTENT_TYPE_DEFAULT)
    if not isinstance(content_type, str) or content_type not in _CONTENT_TYPES:
        raise InvalidParameter(f"DeliveryPolicy: {where}.headerContentType is not a supported content type")


def delays_s(policy: RetryPolicy) -> list[float]:
    """How long to wait before each retry, in order.

    AWS shows the four backoff functions as curves from the smallest to the largest delay, without their formulas: here
    linear rises evenly, arithmetic by steps that grow evenly, geometric by a constant factor, and exponential by steps
    that double.
    """
    backoff = policy.num_retries - (
        policy.num_no_delay_retries + policy.num_min_delay_retries + policy.num_max_delay_retries
    )
    low, high = float(policy.min_delay_target), float(policy.max_delay_target)
    return [
        *[0.0] * policy.num_no_delay_retries,
        *[low] * policy.num_min_delay_retries,
        *[_rising(policy.backoff_function, low, high, step, backoff) for step in range(backoff)],
        *[high] * policy.num_max_delay_retries,
    ]


def _rising(function: str, low: float, high: float, step: int, steps: int) -> float:
    if steps == 1 or low == high:
        return low
    share = step / (steps - 1)
    if function == "geometric":
        return float(low * (high / low) ** share)
    if function == "arithmetic":
        share = step * (step + 1) / (steps * (steps - 1))
    elif function == "exponential":
        share = (2.0**step - 1) / (2.0 ** (steps - 1) - 1)
    return low + (high - low) * share
