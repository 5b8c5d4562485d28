"""Queues, their attributes, tags and policies as boto3 sees them. Recordings: `sqs`; refusals are in the tables."""

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

Make = Callable[..., str]

DEFAULTS = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}
FIFO_DEFAULTS = {
    **DEFAULTS,
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoQueue": "true",
    "FifoThroughputLimit": "perQueue",
}
OF_THE_QUEUE = ("CreatedTimestamp", "LastModifiedTimestamp", "QueueArn")


@pytest.fixture
def sqs(aws: Server) -> Any:
    return aws.client("sqs")


@pytest.fixture
def make(sqs: Any) -> Make:
    """Makes a queue of a new name, and gives its URL."""

    def make(*, fifo: bool = False, tags: dict[str, str] | None = None, **attributes: str) -> str:
        name = f"q-{uuid4().hex[:12]}"
        if fifo:
            name, attributes = f"{name}.fifo", {"FifoQueue": "true", **attributes}
        url: str = sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags or {})["QueueUrl"]
        return url

    return make


def attributes_of(sqs: Any, url: str, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names or ("All",))).get(
        "Attributes", {}
    )
    return found


def settings_of(sqs: Any, url: str) -> dict[str, str]:
    """All attributes but those that differ from queue to queue."""
    return {name: value for name, value in attributes_of(sqs, url).items() if name not in OF_THE_QUEUE}


def arn_of(sqs: Any, url: str) -> str:
    return attributes_of(sqs, url, "QueueArn")["QueueArn"]


def refused(call: Callable[..., Any], **request: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error: dict[str, Any] = caught.value.response["Error"]
    return error


def redrive_to(sqs: Any, dead: str, count: int = 1) -> str:
    return json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": count})


def signed() -> dict[str, str]:
    scope = "20260101/us-east-1/sqs/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential=111111111111/{scope}, SignedHeaders=host, Signature=0"}


def form(aws: Server, target: str = "/", **fields: str) -> tuple[int, str]:
    """A request in the query protocol, as programs send it that are older than SQS's JSON."""
    headers = {**signed(), "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    with urlopen(Request(f"{aws.url}{target}", data=body, headers=headers, method="POST"), timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_a_queue_and_its_defaults(sqs: Any, make: Make, aws: Server) -> None:
    """Recordings test_set_queue_attributes_default_values, test_fifo_set_content_based_deduplication_strategy."""
    url = make()
    assert re.fullmatch(re.escape(aws.url) + r"/111111111111/q-[0-9a-f]{12}", url)
    assert settings_of(sqs, url) == DEFAULTS
    told = attributes_of(sqs, url, *OF_THE_QUEUE)
    assert told["QueueArn"] == f"arn:aws:sqs:us-east-1:111111111111:{url.rpartition('/')[2]}"
    assert abs(int(told["CreatedTimestamp"]) - time.time()) < 60
    assert settings_of(sqs, make(fifo=True)) == FIFO_DEFAULTS
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url)
    assert attributes_of(sqs, url, "RedrivePolicy", "Policy") == {}


@pytest.mark.parametrize("fifo", [False, True])
def test_all_properties_at_once(sqs: Any, fifo: bool) -> None:
    """Recordings sqs/aws_sqs_queue, test_create_standard_queue_with_all_properties, test_create_fifo_queue_with_..."""
    suffix, kind = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
    name = f"all-{uuid4().hex[:12]}"
    allow = {"RedriveAllowPolicy": json.dumps({"redrivePermission": "allowAll"})}
    dead = sqs.create_queue(QueueName=f"{name}-dead{suffix}", Attributes={**kind, **allow})["QueueUrl"]
    given = {
        "DelaySeconds": "17",
        "KmsDataKeyReusePeriodSeconds": "297",
        "KmsMasterKeyId": "alias/aws/sqs",
        "MaximumMessageSize": "1234",
        "MessageRetentionPeriod": "13579",
        "ReceiveMessageWaitTimeSeconds": "18",
        "VisibilityTimeout": "45",
    }
    if fifo:
        given |= {
            "ContentBasedDeduplication": "true",
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }
    tags = {"Department": "Finance", "Environment": "Production"}
    redrive = redrive_to(sqs, dead, 7)
    asked = {**kind, **given, "RedrivePolicy": redrive}
    url = sqs.create_queue(QueueName=name + suffix, Attributes=asked, tags=tags)["QueueUrl"]
    told = settings_of(sqs, url)
    assert json.loads(told.pop("RedrivePolicy")) == json.loads(redrive)
    defaults = FIFO_DEFAULTS if fifo else DEFAULTS
    assert told == {**defaults, **given, "SqsManagedSseEnabled": "false"}
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == tags
    assert json.loads(attributes_of(sqs, dead, "RedriveAllowPolicy")["RedriveAllowPolicy"]) == {
        "redrivePermission": "allowAll"
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "", "RedrivePolicy": "", "Policy": ""})
    assert not {"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "RedrivePolicy"} & settings_of(sqs, url).keys()


def test_attributes_are_given_and_changed(sqs: Any, make: Make) -> None:
    """Recording test_create_and_update_queue_attributes."""
    url = make(MessageRetentionPeriod="604800", ReceiveMessageWaitTimeSeconds="10", VisibilityTimeout="20")
    changed = {"MessageRetentionPeriod": "604800", "ReceiveMessageWaitTimeSeconds": "10", "VisibilityTimeout": "20"}
    assert settings_of(sqs, url) == {**DEFAULTS, **changed}
    update = {"MaximumMessageSize": "2048", "VisibilityTimeout": "69", "DelaySeconds": "420"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=update)
    assert settings_of(sqs, url) == {**DEFAULTS, **changed, **update}


def test_encryption_is_recorded(sqs: Any, make: Make) -> None:
    """Recordings test_sse_queue_attributes, test_set_queue_attributes_default_values: one kind ends the other."""
    url = make()
    names = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
    key = {"KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=key)
    assert attributes_of(sqs, url, *names) == {**key, "SqsManagedSseEnabled": "false"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
    assert attributes_of(sqs, url, *names) == {"SqsManagedSseEnabled": "true"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=key)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": ""})
    assert attributes_of(sqs, url, *names) == {"SqsManagedSseEnabled": "false"}
    of_birth = attributes_of(sqs, make(KmsMasterKeyId="alias/aws/sqs"), *names)
    assert of_birth == {
        "KmsMasterKeyId": "alias/aws/sqs",
        "KmsDataKeyReusePeriodSeconds": "300",
        "SqsManagedSseEnabled": "false",
    }


def test_high_throughput_is_switched(sqs: Any, make: Make) -> None:
    """Recordings test_fifo_change_to_high_throughput_after_creation, ..._regular_throughput_..."""
    url = make(fifo=True)
    high = {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=high)
    assert settings_of(sqs, url) == {**FIFO_DEFAULTS, **high}
    regular = {"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=regular)
    assert settings_of(sqs, url) == FIFO_DEFAULTS
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"ContentBasedDeduplication": "true", "FifoQueue": "true"})
    assert attributes_of(sqs, url, "ContentBasedDeduplication") == {"ContentBasedDeduplication": "true"}


def test_an_existing_queue_is_answered_for(sqs: Any, make: Make) -> None:
    """Who asks for no more than what is there gets its URL; recordings test_create_..._different_attributes_..."""
    url = make(VisibilityTimeout="69")
    name = url.rpartition("/")[2]
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "69"})["QueueUrl"] == url
    assert sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "0"})["QueueUrl"] == url
    error = refused(sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "69", "DelaySeconds": "1"})
    assert error == {
        "Code": "QueueAlreadyExists",
        "QueryErrorCode": "QueueNameExists",
        "Type": "Sender",
        "Message": "A queue already exists with the same name and a different value for attribute DelaySeconds",
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})
    assert sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})["QueueUrl"] == url
    fifo = make(fifo=True, ContentBasedDeduplication="true")
    asked = {"FifoQueue": "true", "ContentBasedDeduplication": "false"}
    error = refused(sqs.create_queue, QueueName=fifo.rpartition("/")[2], Attributes=asked)
    assert error["Message"].endswith("ContentBasedDeduplication")


def test_dead_letter_queues_and_their_sources(sqs: Any, make: Make) -> None:
    """The policy comes back as numbers and names; who has it is listed, in pages; "" takes it away."""
    dead, other = make(), make()
    sources = sorted(make(RedrivePolicy=redrive_to(sqs, dead)) for _ in range(3))
    told = attributes_of(sqs, sources[0], "RedrivePolicy")["RedrivePolicy"]
    assert json.loads(told) == {"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 1}
    spelled = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn_of(sqs, other), "maxReceiveCount": "10"})}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == sources
    first = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2)
    assert first["queueUrls"] == sources[:2]
    rest = sqs.list_dead_letter_source_queues(QueueUrl=dead, MaxResults=2, NextToken=first["NextToken"])
    assert (rest["queueUrls"], rest.get("NextToken")) == (sources[2:], None)

    sqs.set_queue_attributes(QueueUrl=sources[0], Attributes=spelled)
    assert json.loads(attributes_of(sqs, sources[0], "RedrivePolicy")["RedrivePolicy"])["maxReceiveCount"] == 10
    sqs.set_queue_attributes(QueueUrl=sources[1], Attributes={"RedrivePolicy": ""})  # test_set_empty_redrive_policy
    assert attributes_of(sqs, sources[1], "RedrivePolicy") == {}
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == sources[2:]
    assert sqs.list_dead_letter_source_queues(QueueUrl=other)["queueUrls"] == [sources[0]]
    sqs.delete_queue(QueueUrl=sources[2])
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == []


def test_who_may_have_a_dead_letter_queue(sqs: Any, make: Make) -> None:
    """The redrive allow policy of a queue is asked when another names it."""
    dead, source = make(RedriveAllowPolicy='{"redrivePermission":"denyAll"}'), make()
    wanted = {"RedrivePolicy": redrive_to(sqs, dead)}
    assert refused(sqs.set_queue_attributes, QueueUrl=source, Attributes=wanted)["Code"] == "InvalidParameterValue"
    allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [arn_of(sqs, source)]}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(allowed)})
    assert json.loads(attributes_of(sqs, dead, "RedriveAllowPolicy")["RedriveAllowPolicy"]) == allowed
    sqs.set_queue_attributes(QueueUrl=source, Attributes=wanted)
    assert refused(sqs.set_queue_attributes, QueueUrl=make(), Attributes=wanted)["Code"] == "InvalidParameterValue"


def test_tags(sqs: Any, make: Make) -> None:
    """Recording test_tag_untag_queue."""
    url = make(tags={"born": "with"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"born": "with"}
    url = make()
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)
    sqs.tag_queue(QueueUrl=url, Tags={"tag1": "value1", "tag2": "value2", "tag3": ""})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"tag1": "value1", "tag2": "value2", "tag3": ""}
    sqs.untag_queue(QueueUrl=url, TagKeys=["tag1", "tag3", "absent"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"tag2": "value2"}
    sqs.untag_queue(QueueUrl=url, TagKeys=["tag2"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


def test_permissions_are_added_and_removed(sqs: Any, make: Make) -> None:
    """Recording test_sqs_permission_lifecycle."""
    url = make()
    arn = arn_of(sqs, url)

    def add(label: str, *accounts: str) -> None:
        sqs.add_permission(QueueUrl=url, Label=label, AWSAccountIds=list(accounts), Actions=["ReceiveMessage"])

    def statement(label: str, principal: object) -> dict[str, object]:
        return {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "SQS:ReceiveMessage",
            "Resource": arn,
        }

    def policy() -> Any:
        return json.loads(attributes_of(sqs, url, "Policy").get("Policy", "null"))

    roots = ["arn:aws:iam::668614515564:root", "arn:aws:iam::111111111111:root"]
    add("crossaccountpermission", "668614515564", "111111111111")
    assert policy() == {
        "Version": "2008-10-17",
        "Id": f"{arn}/SQSDefaultPolicy",
        "Statement": [statement("crossaccountpermission", roots)],
    }
    sqs.remove_permission(QueueUrl=url, Label="crossaccountpermission")
    assert policy() is None
    add("crossaccountpermission", "111111111111")
    with pytest.raises(ClientError, match="Already exists"):
        add("crossaccountpermission", "111111111111")
    add("crossaccountpermission2", "111111111111")
    assert policy()["Statement"] == [
        statement("crossaccountpermission", roots[1]),
        statement("crossaccountpermission2", roots[1]),
    ]
    sqs.remove_permission(QueueUrl=url, Label="crossaccountpermission")
    assert policy()["Statement"] == [statement("crossaccountpermission2", roots[1])]
    sqs.remove_permission(QueueUrl=url, Label="crossaccountpermission2")
    assert policy() is None
    with pytest.raises(ClientError, match="find label"):
        sqs.remove_permission(QueueUrl=url, Label="crossaccountpermission2")


def test_a_policy_comes_back_as_it_was_given(sqs: Any, make: Make) -> None:
    """Recordings sqs/aws_sqs_queuepolicy; AddPermission joins in, and "" takes all away."""
    url = make()
    arn = arn_of(sqs, url)
    given = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["SQS:SendMessage", "SQS:ReceiveMessage"],
            "Resource": arn,
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:111111111111:*"}},
        },
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(given)})
    assert json.loads(attributes_of(sqs, url, "Policy")["Policy"]) == given
    name = url.rpartition("/")[2]
    assert sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(given, indent=2)})["QueueUrl"] == url
    sqs.add_permission(QueueUrl=url, Label="more", AWSAccountIds=["222222222222"], Actions=["SendMessage"])
    assert len(json.loads(attributes_of(sqs, url, "Policy")["Policy"])["Statement"]) == 2
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert attributes_of(sqs, url, "Policy") == {}


def test_queues_are_listed_in_pages(aws: Server) -> None:
    """Recording test_list_queues_pagination; without MaxResults all come at once."""
    sqs = aws.client("sqs", aws_access_key_id="999988887777")
    assert "QueueUrls" not in sqs.list_queues()
    urls = [sqs.create_queue(QueueName=f"list-test-queue-{number}")["QueueUrl"] for number in range(10)]
    sqs.create_queue(QueueName="another")
    assert sqs.list_queues(QueueNamePrefix="list-")["QueueUrls"] == urls
    first = sqs.list_queues(QueueNamePrefix="list-", MaxResults=2)
    assert first["QueueUrls"] == urls[:2]
    rest = sqs.list_queues(QueueNamePrefix="list-", MaxResults=10, NextToken=first["NextToken"])
    assert (rest["QueueUrls"], rest.get("NextToken")) == (urls[2:], None)
    pages = sqs.get_paginator("list_queues").paginate(PaginationConfig={"PageSize": 3})
    assert [url for page in pages for url in page["QueueUrls"]] == [
        urls[0].replace("list-test-queue-0", "another"),
        *urls,
    ]
    assert "QueueUrls" not in aws.client("sqs", aws_access_key_id="999988887777", region_name="eu-west-1").list_queues()


def test_urls(aws: Server, sqs: Any, make: Make) -> None:
    """The host that a client used comes back, and every form of a queue's URL is understood."""
    url = make()
    name = url.rpartition("/")[2]
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId="111111111111")["QueueUrl"] == url
    for form_of_url in (
        f"https://sqs.us-east-1.amazonaws.com/111111111111/{name}",
        f"https://queue.amazonaws.com/111111111111/{name}",
        f"https://us-east-1.queue.amazonaws.com/111111111111/{name}",
        f"{aws.url}/queue/us-east-1/111111111111/{name}",
    ):
        assert attributes_of(sqs, form_of_url, "VisibilityTimeout") == {"VisibilityTimeout": "30"}
    elsewhere = aws.client("sqs", region_name="eu-west-1")
    error = refused(elsewhere.get_queue_attributes, QueueUrl=url)
    assert error["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    status, answer = form(aws, f"/111111111111/{name}", Action="GetQueueAttributes", **{"AttributeName.1": "QueueArn"})
    assert status == 200
    assert f"<Attribute><Name>QueueArn</Name><Value>{arn_of(sqs, url)}</Value></Attribute>" in answer
    # Recording test_send_message_via_queue_url_with_json_protocol.
    body = json.dumps({"QueueUrl": url, "MessageBody": "hi"}).encode()
    target = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
    with urlopen(Request(url, data=body, headers={**signed(), **target}, method="POST"), timeout=10) as sent:
        assert json.load(sent)["MD5OfMessageBody"] == "49f68a5c8493ec2c0bf489821c21fc3b"
    status, answer = form(aws, Action="GetQueueUrl", QueueName=name)
    assert f"<GetQueueUrlResult><QueueUrl>{url}</QueueUrl></GetQueueUrlResult>" in answer


def test_a_purge(sqs: Any, make: Make) -> None:
    """Recording test_successive_purge_calls_fail: everything is gone, in flight too, and once per minute."""
    url = make()
    for number in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    [held] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    sqs.purge_queue(QueueUrl=url)
    assert settings_of(sqs, url) == DEFAULTS
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    error = refused(sqs.purge_queue, QueueUrl=url)
    name = url.rpartition("/")[2]
    assert (error["Code"], error["QueryErrorCode"], error["Message"]) == (
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "PurgeQueueInProgress",
        f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.",
    )
    assert held["Body"] in {"0", "1", "2"}
    sqs.send_message(QueueUrl=url, MessageBody="after")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "after"


def test_a_name_is_free_after_a_minute(own_server: Server) -> None:
    """A deleted queue is gone at once, its name rests for 60 seconds, and a new queue sees nothing of the old."""
    sqs = own_server.start().client("sqs")
    url = sqs.create_queue(QueueName="again")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    sqs.delete_queue(QueueUrl=url)
    for call, request in (
        (sqs.send_message, {"QueueUrl": url, "MessageBody": "x"}),
        (sqs.get_queue_attributes, {"QueueUrl": url}),
        (sqs.get_queue_url, {"QueueName": "again"}),
        (sqs.delete_queue, {"QueueUrl": url}),
    ):
        assert refused(call, **request)["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert "QueueUrls" not in sqs.list_queues()
    assert refused(sqs.create_queue, QueueName="again")["QueryErrorCode"] == "QueueDeletedRecently"
    advance(own_server, 61)
    assert sqs.create_queue(QueueName="again")["QueueUrl"] == url
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def advance(server: Server, seconds: float) -> None:
    body = json.dumps({"advance_s": seconds}).encode()
    with urlopen(Request(f"{server.url}/_pileus/clock", data=body, method="POST"), timeout=10) as answer:
        assert answer.status == 200
