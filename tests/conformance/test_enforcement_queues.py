"""Whom a queue's own policy lets in or keeps out, and what identity policies allow, in SQS's words."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_enforcement import ACCOUNT, OTHER, REGION, User, allow, deny, name, refused
from tests.conftest import Server


def queue_arn(queue: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"


@pytest.fixture
def queue(aws: Server) -> str:
    chosen = name("queue")
    aws.client("sqs").create_queue(QueueName=chosen)
    return chosen


def url_of(aws: Server, queue: str) -> str:
    return f"{aws.url}/{ACCOUNT}/{queue}"


def attach(aws: Server, queue: str, *statements: dict[str, Any]) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Resource": queue_arn(queue), **each} for each in statements]}
    aws.client("sqs").set_queue_attributes(QueueUrl=url_of(aws, queue), Attributes={"Policy": json.dumps(policy)})


def test_identity_policies(aws: Server, queue: str) -> None:
    """A refusal has status 403, the old code, and the action in small letters."""
    user = User(aws)
    sqs, url = user.client("sqs"), url_of(aws, queue)
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x") == {
        "Code": "AccessDenied",
        "QueryErrorCode": "AccessDeniedException",
        "Type": "Sender",
        "Message": f"User: {user.arn} is not authorized to perform: sqs:sendmessage on resource: {queue_arn(queue)} "
        "because no identity-based policy allows the sqs:sendmessage action",
        "Status": 403,
    }
    user.may(allow(["sqs:SendMessage", "sqs:ListQueues"], queue_arn("queue-*")))
    told = refused(sqs.list_queues)["Message"]  # as many have seen it: without a queue's name
    assert f"to perform: sqs:listqueues on resource: arn:aws:sqs:{REGION}:{ACCOUNT}: because" in told
    user.may(allow("sqs:SendMessage", queue_arn("queue-*")), allow("sqs:ListQueues"))
    sqs.send_message(QueueUrl=url, MessageBody="x")
    batch = [{"Id": "1", "MessageBody": "x"}]
    assert sqs.send_message_batch(QueueUrl=url, Entries=batch)["Successful"]
    assert url in sqs.list_queues()["QueueUrls"]
    for call, request in (
        (sqs.receive_message, {"QueueUrl": url}),
        (sqs.create_queue, {"QueueName": "another"}),
        (sqs.get_queue_url, {"QueueName": queue}),
        (sqs.delete_queue, {"QueueUrl": url}),
        (sqs.start_message_move_task, {"SourceArn": queue_arn(queue)}),
    ):
        assert refused(call, **request)["Status"] == 403
    user.may(allow("sqs:*"), deny("sqs:PurgeQueue"))
    error = refused(sqs.purge_queue, QueueUrl=url)
    assert error["Message"].endswith("with an explicit deny in an identity-based policy")


def test_tags_decide(aws: Server, queue: str) -> None:
    """Of queues that exist, and of those that are to be made."""
    aws.client("sqs").tag_queue(QueueUrl=url_of(aws, queue), Tags={"team": "red"})
    user = User(aws).may(
        allow("sqs:SendMessage", StringEquals={"aws:ResourceTag/team": "red"}),
        allow(["sqs:CreateQueue", "sqs:TagQueue"], StringEquals={"aws:RequestTag/team": "blue"}),
    )
    sqs = user.client("sqs")
    sqs.send_message(QueueUrl=url_of(aws, queue), MessageBody="x")
    sqs.create_queue(QueueName=name("blue"), tags={"team": "blue"})
    refused(sqs.create_queue, QueueName=name("green"), tags={"team": "green"})
    refused(sqs.create_queue, QueueName=name("bare"))
    aws.client("sqs").untag_queue(QueueUrl=url_of(aws, queue), TagKeys=["team"])
    refused(sqs.send_message, QueueUrl=url_of(aws, queue), MessageBody="x")


def test_a_queue_policy_in_one_account(aws: Server, queue: str) -> None:
    """A policy that names a user is enough; one that denies stands against everything."""
    user = User(aws)
    sqs, url = user.client("sqs"), url_of(aws, queue)
    attach(aws, queue, {"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": "SQS:SendMessage"})
    sqs.send_message(QueueUrl=url, MessageBody="x")
    refused(sqs.receive_message, QueueUrl=url)
    user.may(allow("sqs:*"))
    sqs.receive_message(QueueUrl=url)
    attach(aws, queue, {"Effect": "Deny", "Principal": "*", "Action": "sqs:ReceiveMessage"})
    assert refused(sqs.receive_message, QueueUrl=url)["Message"].endswith(
        "with an explicit deny in a resource-based policy"
    )


def test_across_accounts(aws: Server, queue: str) -> None:
    """AddPermission lets another account in, for what it names, and never for what is the owner's alone."""
    url, there = url_of(aws, queue), aws.client("sqs", aws_access_key_id=OTHER)
    refused(there.send_message, QueueUrl=url, MessageBody="x")
    refused(there.get_queue_url, QueueName=queue, QueueOwnerAWSAccountId=ACCOUNT)
    aws.client("sqs").add_permission(
        QueueUrl=url, Label="them", AWSAccountIds=[OTHER], Actions=["SendMessage", "GetQueueUrl"]
    )
    there.send_message(QueueUrl=url, MessageBody="x")
    assert there.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])["Successful"]
    assert there.get_queue_url(QueueName=queue, QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == url
    with pytest.raises(ClientError, match="NonExistentQueue"):
        there.get_queue_url(QueueName=queue)
    refused(there.receive_message, QueueUrl=url)
    attach(aws, queue, {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sqs:*"})
    assert there.receive_message(QueueUrl=url)["Messages"]
    for call, request in (
        (there.delete_queue, {}),
        (there.set_queue_attributes, {"Attributes": {"DelaySeconds": "1"}}),
        (there.tag_queue, {"Tags": {"a": "b"}}),
        (there.untag_queue, {"TagKeys": ["a"]}),
        (there.list_queue_tags, {}),
        (there.add_permission, {"Label": "l", "AWSAccountIds": [OTHER], "Actions": ["*"]}),
        (there.remove_permission, {"Label": "them"}),
    ):
        assert refused(call, QueueUrl=url, **request)["Status"] == 403
    there.purge_queue(QueueUrl=url)


def test_conditions_of_a_queue_policy(aws: Server, queue: str) -> None:
    """What the policy asks of the request counts: here, the address that it comes from."""
    url, there = url_of(aws, queue), aws.client("sqs", aws_access_key_id=OTHER)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage"}
    attach(aws, queue, {**statement, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}})
    refused(there.send_message, QueueUrl=url, MessageBody="x")
    attach(aws, queue, {**statement, "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}})
    there.send_message(QueueUrl=url, MessageBody="x")
