"""What is measured of topics: publishing to one queue, in an envelope that is signed, and raw."""

import json
from typing import Any, Final

from bench import signing
from bench.signing import Signer

TOPICS: Final = {"bench-signed": "false", "bench-raw": "true"}
"""Whether delivery is raw, by the names of the topics."""
BODY: Final = "x" * 100
MESSAGES: Final = 100


def prepare(sns: Any, sqs: Any) -> None:
    """Each topic with a queue of its own."""
    for name, raw in TOPICS.items():
        topic = sns.create_topic(Name=name)["TopicArn"]
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": raw})


def publishes(signer: Signer, sns: Any, name: str) -> list[bytes]:
    """To the topic of this name, which was made before."""
    topic = sns.create_topic(Name=name)["TopicArn"]
    return [
        signing.sns(signer, "Publish", {"TopicArn": topic, "Message": f"{BODY}{number}"}) for number in range(MESSAGES)
    ]
