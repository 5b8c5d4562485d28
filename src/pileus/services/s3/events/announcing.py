"""Can S3 reach whom it is told to notify?

It tries: queues and topics get a message that says so.

Source: S3 User Guide, "Event message structure" (`s3:TestEvent`); recordings s3/s3_notifications_sqs,
test_invalid_sqs_arn and test_multiple_invalid_sqs_arns, s3/s3_notifications_lambda, test_invalid_lambda_arn.
"""

from collections.abc import Sequence

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.errors import InvalidArgument
from pileus.services.s3.events.delivering import call_of
from pileus.services.s3.events.matching import Receiver
from pileus.services.s3.events.messages import test_message
from pileus.services.s3.events.targets import EventReceivers, NotTaken
from pileus.services.s3.model import BucketRecord


class Unreachable(InvalidArgument):
    """Some of the destinations do not take events."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("Unable to validate the following destination configurations")
        members: dict[str, str] = {}
        for number, (target, reason) in enumerate(problems, 1):
            members[f"ArgumentName{number}"] = target
            members[f"ArgumentValue{number}"] = reason
        self.members = members


async def prepare(receivers: EventReceivers, told: Sequence[Receiver]) -> None:
    """Await this before the transaction of `announce`."""
    for each in told:
        await receivers.ready(each.target_arn)


async def announce(
    tx: Transaction,
    bucket: BucketRecord,
    told: Sequence[Receiver],
    receivers: EventReceivers,
    context: RequestContext,
    *,
    at_s: float,
) -> None:
    """Send test messages, in the transaction that writes the configuration. Unreachable: nothing is sent."""
    call = call_of(bucket=bucket.name, owner=bucket.account_id, request_id=context.request_id)
    body = test_message(bucket=bucket.name, at_s=at_s, request_id=context.request_id)
    problems: list[tuple[str, str]] = []
    for each in told:
        service = each.target_arn.split(":", 3)[2]
        try:
            if service == "lambda":
                await receivers.check_function(each.target_arn, call=call)
            else:
                await receivers.put(tx, each.target_arn, body, trace_header="", call=call)
        except NotTaken as refused:
            problems.append(_problem(each.target_arn, service, refused))
    if problems:
        raise Unreachable(problems)


def _problem(target_arn: str, service: str, refused: NotTaken) -> tuple[str, str]:
    if service == "lambda":
        return f"{target_arn}, null", f"Not authorized to invoke function [{target_arn}]"
    kind = "queue" if service == "sqs" else "topic"
    if refused.absent:
        return target_arn, f"The destination {kind} does not exist"
    return (
        target_arn,
        f"Permissions on the destination {kind} do not allow S3 to publish notifications from this bucket",
    )
