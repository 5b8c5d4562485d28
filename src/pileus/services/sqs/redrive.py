"""Where does a queue send what nobody could process, and which queues may send theirs to it?

Both attributes are JSON in text. Values that are refused are told as they were given; codes and sentences are those of
AWS that the tests of local-aws-sqs (npm) and of Eucalyptus' SimpleQueueService collected.
"""

from typing import Any, Final

import msgspec

from pileus.services.sqs.errors import InvalidParameterValueException, invalid_attribute, invalid_parameter
from pileus.services.sqs.limits import RECEIVE_COUNT_MAX, REDRIVE_SOURCES_MAX
from pileus.services.sqs.model import QueueRecord, RedriveAllowPolicy, RedrivePolicy
from pileus.services.sqs.names import FIFO_SUFFIX, QueueName, queue_of_arn

_COUNT: Final = "maxReceiveCount"
_TARGET: Final = "deadLetterTargetArn"
_PERMISSION: Final = "redrivePermission"
_SOURCES: Final = "sourceQueueArns"
_PERMISSIONS: Final = ("allowAll", "denyAll", "byQueue")
_ARN_PARTS: Final = 6
_CHARACTERS_MAX: Final = 65_536
"""Ours: what is longer is not even read."""
_CANNOT: Final = "Amazon SQS can't create the redrive allow policy"


def read_redrive(text: str) -> RedrivePolicy | None:
    """None for an empty text, which takes the policy away; otherwise a policy whose target may still be nowhere."""
    if not text:
        return None
    given = _read_map(text)
    if given is None:
        raise invalid_attribute("RedrivePolicy", "Redrive policy is not a valid JSON map.")
    for name in (_COUNT, _TARGET):
        if name not in given:
            raise _refused(text, f"Redrive policy does not contain mandatory attribute: {name}.")
    count, target = given[_COUNT], given[_TARGET]
    number = _number(count)
    if number is None or not 1 <= number <= RECEIVE_COUNT_MAX:
        raise _refused(
            text, f"Invalid value for {_COUNT}: {count}, valid values are from 1 to {RECEIVE_COUNT_MAX} both inclusive."
        )
    parts = target.split(":") if isinstance(target, str) else []
    if len(parts) != _ARN_PARTS or parts[0] != "arn":
        raise _refused(text, "Dead-letter target ARN should be fully qualified ARN.")
    if parts[2] != "sqs":
        raise _refused(text, f"Only SQS queues are valid resources for {_TARGET}.")
    if len(given) > 2:
        raise _refused(text, f"Only following attributes are supported: [{_COUNT}, {_TARGET}].")
    return RedrivePolicy(target_arn=target, receive_count_max=number)


def redrive_target(text: str, policy: RedrivePolicy, source: QueueName) -> QueueName:
    """The dead-letter queue that a queue names, if it may be one by its name."""
    target = queue_of_arn(policy.target_arn)
    if target is None:
        raise _refused(text, "Dead letter target does not exist.")
    if target.region != source.region:
        raise _refused(text, "Dead-letter target must be in same region as the source.")
    if target.account_id != source.account_id:
        raise _refused(text, "Dead-letter target owner should be same as the source.")
    if target.name.endswith(FIFO_SUFFIX) != source.name.endswith(FIFO_SUFFIX):
        # AWS ends this one with two full stops.
        raise _refused(text, "Dead-letter queue must be same type of queue as the source..")
    return target


def check_redrive_target(text: str, target: QueueRecord | None, source: QueueName) -> None:
    """Whether the dead-letter queue exists, and takes messages of this one."""
    if target is None:
        raise _refused(text, "Dead letter target does not exist.")
    if not lets_redrive(target.redrive_allow, source.arn):
        # AWS's own sentence is not known; the code is that of its neighbours.
        raise _refused(text, "The redrive allow policy of the dead-letter queue does not permit this source queue.")


def lets_redrive(policy: RedriveAllowPolicy | None, source_arn: str) -> bool:
    """Whether a queue with this redrive allow policy may be the dead-letter queue of another."""
    if policy is None or policy.permission == "allowAll":
        return True
    return policy.permission == "byQueue" and source_arn in policy.source_arns


def redrive_text(policy: RedrivePolicy) -> str:
    """As GetQueueAttributes tells it: the count is a number, however it was given."""
    return msgspec.json.encode({_TARGET: policy.target_arn, _COUNT: policy.receive_count_max}).decode()


def read_redrive_allow(text: str) -> RedriveAllowPolicy | None:
    """None for an empty text, which takes the policy away."""
    if not text:
        return None
    given = _read_map(text)
    permission = None if given is None else given.get(_PERMISSION)
    if given is None or permission not in _PERMISSIONS or not given.keys() <= {_PERMISSION, _SOURCES}:
        raise _unsupported()
    sources = given.get(_SOURCES)
    if sources is not None and not (isinstance(sources, list) and all(isinstance(arn, str) for arn in sources)):
        raise _unsupported()
    if permission != "byQueue" and sources:
        raise _not_allowed(text, "To specify one or more source queue ARNs, you must set redrivePermission to byQueue.")
    if permission == "byQueue" and not sources:
        raise _not_allowed(
            text,
            "When you specify the byQueue permission type, you must also specify one or more sourceQueueArns values.",
        )
    if sources and len(sources) > REDRIVE_SOURCES_MAX:
        raise _not_allowed(text, f"The maximum number of source queue ARNs you can specify is {REDRIVE_SOURCES_MAX}.")
    return RedriveAllowPolicy(permission=permission, source_arns=tuple(sources or ()))


def redrive_allow_text(policy: RedriveAllowPolicy) -> str:
    """As GetQueueAttributes tells it."""
    told: dict[str, object] = {_PERMISSION: policy.permission}
    if policy.source_arns:
        told[_SOURCES] = policy.source_arns
    return msgspec.json.encode(told).decode()


def _read_map(text: str) -> dict[str, Any] | None:
    if len(text) > _CHARACTERS_MAX:
        return None
    try:
        given = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _number(count: object) -> int | None:
    """A number, or a text of one, as the examples of the CLI have it."""
    if isinstance(count, bool):
        return None
    if isinstance(count, int):
        return count
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < 10:
        return int(count)
    return None


def _refused(text: str, reason: str) -> InvalidParameterValueException:
    return invalid_parameter("RedrivePolicy", text, reason)


def _unsupported() -> Exception:
    return invalid_attribute(
        "RedriveAllowPolicy", f"{_CANNOT}, as it\N{RIGHT SINGLE QUOTATION MARK}s in an unsupported format."
    )


def _not_allowed(text: str, reason: str) -> InvalidParameterValueException:
    return invalid_parameter("RedriveAllowPolicy", text, f"{_CANNOT}. {reason}")
