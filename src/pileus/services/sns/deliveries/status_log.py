"""Which deliveries are told to CloudWatch Logs, and in what words?

Those of protocols that the topic has a role for: all that failed, and of what succeeded as many in a hundred as the
topic says. Into `sns/REGION/ACCOUNT/TOPIC`, failures into the same with `/Failure`.

Source: SNS Developer Guide, "Amazon SNS message delivery status"; recording sns, `test_delivery_lambda`.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.deliveries.outcomes import Outcome
from pileus.services.sns.log_lines import LogLine, sampled, stream_of, write_line

SAMPLE_RATE_DEFAULT: Final = 100
"""Percent, where a topic has a role and no rate. Source: AWS CDK, aws-sns, `LoggingConfig`."""

_PREFIXES: Final = {
    "application": "Application",
    "firehose": "Firehose",
    "http": "HTTP",
    "https": "HTTP",
    "lambda": "Lambda",
    "sqs": "SQS",
}
_LAMBDA_ACCEPTED: Final = 202


class DeliveryStatusLog:
    """Writes lines in the transaction of what they tell."""

    def __init__(self, *, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    def note(self, tx: Transaction, outcome: Outcome) -> None:
        """Tell of a delivery, if the topic wants it."""
        prefix = _PREFIXES.get(outcome.subscription.protocol, "")
        if not wanted(self._ids, outcome.feedback, prefix, succeeded=outcome.succeeded):
            return
        topic = outcome.message.topic
        at_s = self._clock.timestamp()
        line = LogLine(
            account_id=topic.account_id,
            region=topic.region,
            log_group=log_group(topic.region, topic.account_id, topic.name, succeeded=outcome.succeeded),
            log_stream=stream_of(topic.arn),
            at_s=at_s,
            text=_text(outcome, delivery_id=self._ids.uuid()),
        )
        write_line(tx, line)


def wanted(ids: Ids, feedback: Mapping[str, str], prefix: str, *, succeeded: bool) -> bool:
    """By the attributes of a topic or a platform application, whose names begin with prefix."""
    if not succeeded:
        return bool(feedback.get(f"{prefix}FailureFeedbackRoleArn"))
    if not feedback.get(f"{prefix}SuccessFeedbackRoleArn"):
        return False
    return sampled(ids, int(feedback.get(f"{prefix}SuccessFeedbackSampleRate") or SAMPLE_RATE_DEFAULT))


def log_group(region: str, account_id: str, name: str, *, succeeded: bool) -> str:
    """name: of a topic, or `app/PLATFORM/NAME`."""
    return f"sns/{region}/{account_id}/{name}" + ("" if succeeded else "/Failure")


def moment(at_s: float) -> str:
    """As these lines write it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _text(outcome: Outcome, *, delivery_id: str) -> str:
    message, record = outcome.message, outcome.subscription
    response = outcome.response or outcome.failure
    functions = record.protocol == "lambda"
    delivery: dict[str, object] = {
        "deliveryId": delivery_id,
        "destination": record.endpoint,
        "providerResponse": response if isinstance(response, str) else msgspec.json.encode(response).decode(),
        "dwellTimeMs": outcome.dwell_ms,
    }
    if not functions:
        delivery["attempts"] = outcome.attempts
    delivery["statusCode"] = _LAMBDA_ACCEPTED if functions and outcome.succeeded else outcome.status_code
    told = {
        "notification": {
            "messageMD5Sum": hashlib.md5(
                message.body_for(record.protocol).encode("utf-8", "surrogatepass"), usedforsecurity=False
            ).hexdigest(),
            "messageId": message.message_id,
            "topicArn": message.topic.arn,
            "timestamp": moment(message.published_at_s),
        },
        "delivery": delivery,
        "status": "SUCCESS" if outcome.succeeded else "FAILURE",
    }
    return msgspec.json.encode(told).decode()
