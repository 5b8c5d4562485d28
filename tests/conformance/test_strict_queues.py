"""Services that send and read for somebody, on a strict server: policies let them in, and nothing else does."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_lambda_events import until
from tests.conformance.test_strict import root
from tests.conftest import Server
from tests.support.functions import archive

FAILS: Final = """
def handler(event, context):
    raise ValueError("on purpose")
"""
PASSES_ON: Final = """
import boto3, os

def handler(event, context):
    queue = boto3.client("sqs")
    for record in event["Records"]:
        queue.send_message(QueueUrl=os.environ["OUT"], MessageBody=record["body"])
"""


class Strict:
    """The root of a strict server."""

    def __init__(self, server: Server) -> None:
        keys = root(server)
        key = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}
        self.iam, self.sqs, self.sns, self.functions, self.cloudwatch = (
            server.client(service, **key) for service in ("iam", "sqs", "sns", "lambda", "cloudwatch")
        )

    def role(self, name: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        return arn

    def allow(self, role: str, *statements: tuple[list[str], str]) -> None:
        """These actions on these resources, and nothing else."""
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": arn} for actions, arn in statements],
        }
        self.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(document))

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """Its URL and its ARN."""
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def let_in(self, url: str, arn: str, topic: str) -> None:
        """A topic, into a queue."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def receive(self, url: str, *, wait_s: int = 20) -> list[str]:
        """Bodies, which are deleted."""
        answer = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait_s, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [message["Body"] for message in answer.get("Messages", [])]

    def function(self, name: str, role: str, text: str, **members: Any) -> str:
        made = self.functions.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="index.handler",
            Role=role,
            Code={"ZipFile": archive(text)},
            **members,
        )
        arn: str = made["FunctionArn"]
        return arn

    def counted(self, namespace: str, metric: str, name: str, value: str) -> float:
        now = datetime.now(UTC)
        points = self.cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strict]:
    server = Server(tmp_path_factory.mktemp("strict") / "data", "--auth", "strict").start()
    yield Strict(server)
    server.stop()


def refused(call: Callable[..., Any], **given: Any) -> str:
    """What is said."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    error: Any = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    return str(error["Message"])


def test_a_queue_lets_a_topic_in(strict: Strict) -> None:
    """By its own policy only: without it nothing comes, and the failure is counted; nor for another topic."""
    url, arn = strict.queue("subscribed")
    topic = strict.sns.create_topic(Name="published")["TopicArn"]
    strict.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def failures() -> float:
        return strict.counted("AWS/SNS", "NumberOfNotificationsFailed", "TopicName", "published")

    strict.sns.publish(TopicArn=topic, Message="nobody")
    until(lambda: failures() == 1)
    strict.let_in(url, arn, f"{topic}-other")
    strict.sns.publish(TopicArn=topic, Message="nobody else")
    until(lambda: failures() == 2)
    assert strict.receive(url, wait_s=0) == []
    strict.let_in(url, arn, topic)
    strict.sns.publish(TopicArn=topic, Message="hello")
    assert [json.loads(body)["Message"] for body in strict.receive(url)] == ["hello"]
    assert failures() == 2


def test_a_mapping_reads_as_the_role(strict: Strict) -> None:
    """Each of the three actions is asked for, in AWS's words; then an alarm's message goes all the way."""
    url, arn = strict.queue("in")
    out_url, out_arn = strict.queue("out")
    role = strict.role("reader")
    out = (["sqs:SendMessage"], out_arn)
    strict.allow("reader", out)
    strict.function("reads", role, PASSES_ON, Environment={"Variables": {"OUT": out_url}}, Timeout=20)
    given = {"FunctionName": "reads", "EventSourceArn": arn}
    said = "The provided execution role does not have permissions to call {} on SQS"
    allowed: list[str] = []
    for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        assert refused(strict.functions.create_event_source_mapping, **given) == said.format(action)
        allowed.append(f"sqs:{action}")
        strict.allow("reader", out, (allowed, arn))
    strict.functions.create_event_source_mapping(**given)

    topic = strict.sns.create_topic(Name="alarms")["TopicArn"]
    strict.let_in(url, arn, topic)
    strict.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    strict.cloudwatch.put_metric_alarm(
        AlarmName="loud",
        AlarmActions=[topic],
        MetricName="m",
        Namespace="Mine",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )
    strict.cloudwatch.set_alarm_state(AlarmName="loud", StateValue="ALARM", StateReason="because")
    [body] = strict.receive(out_url)
    told = json.loads(body)
    assert (told["AlarmName"], told["NewStateValue"], told["NewStateReason"]) == ("loud", "ALARM", "because")
    until(lambda: strict.receive(url, wait_s=0) == [])


def test_dead_letters_are_sent_as_the_role(strict: Strict) -> None:
    """Refused when it may not; and counted, not delivered, when it may no longer."""
    url, arn = strict.queue("dead")
    topic = strict.sns.create_topic(Name="dead")["TopicArn"]
    role = strict.role("failing")
    said = "The provided execution role does not have permissions to call {}"
    for target, action in ((arn, "SendMessage on SQS"), (topic, "Publish on SNS")):
        config = {"DeadLetterConfig": {"TargetArn": target}}
        with pytest.raises(ClientError) as caught:
            strict.function("fails", role, FAILS, **config)
        assert caught.value.response["Error"]["Message"] == said.format(action)
    strict.allow("failing", (["sqs:SendMessage"], arn))
    strict.function("fails", role, FAILS, DeadLetterConfig={"TargetArn": arn})
    strict.functions.put_function_event_invoke_config(FunctionName="fails", MaximumRetryAttempts=0)
    put = strict.functions.update_function_event_invoke_config
    destination = {"FunctionName": "fails", "DestinationConfig": {"OnFailure": {"Destination": topic}}}
    assert refused(put, **destination) == (
        f"The function's execution role does not have permissions to call Publish on {topic}"
    )
    strict.functions.invoke(FunctionName="fails", InvocationType="Event", Payload=b'{"n": 1}')
    assert [json.loads(body) for body in strict.receive(url)] == [{"n": 1}]
    strict.allow("failing", (["sns:Publish"], topic))
    put(**destination)
    strict.functions.invoke(FunctionName="fails", InvocationType="Event", Payload=b'{"n": 2}')
    until(lambda: strict.counted("AWS/Lambda", "DeadLetterErrors", "FunctionName", "fails") == 1)
    assert strict.counted("AWS/Lambda", "DestinationDeliveryFailures", "FunctionName", "fails") == 0
    assert strict.receive(url, wait_s=0) == []


def test_no_policy_shuts_the_root_out_for_good(strict: Strict) -> None:
    """A policy that denies everything to everybody once could not be taken back, nor the queue be deleted."""
    url, arn = strict.queue("shut")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    strict.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        strict.sqs.delete_queue(QueueUrl=url)
    strict.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    strict.sqs.delete_queue(QueueUrl=url)


def test_a_policy_counts_from_the_next_request_on(strict: Strict) -> None:
    """What is one's own and has no policy is not asked about again: a policy must end that at once."""
    url, arn = strict.queue("policied")
    topic = strict.sns.create_topic(Name="policied")["TopicArn"]

    def policy(effect: str, action: str, resource: str) -> str:
        account = arn.split(":")[4]
        statement = {"Effect": effect, "Principal": {"AWS": account}, "Action": action, "Resource": resource}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def send() -> None:
        strict.sqs.send_message(QueueUrl=url, MessageBody="m")

    def publish() -> None:
        strict.sns.publish(TopicArn=topic, Message="m")

    for _ in range(2):
        for _ in range(3):
            send()
            publish()
        strict.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy("Deny", "sqs:SendMessage", arn)})
        denied = policy("Deny", "SNS:Publish", topic)
        strict.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=denied)
        for call in (send, publish):
            with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
                call()
        strict.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
        allowed = policy("Allow", "SNS:Publish", topic)
        strict.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=allowed)
