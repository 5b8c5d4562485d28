"""What receivers are told, as recorded: scenarios of s3/s3_notifications_sqs, _sns and _lambda that need setting up."""

import json
from typing import Any
from uuid import uuid4

import pytest
import urllib3

from tests.conftest import Server

CREATED = ["s3:ObjectCreated:*"]


def open_queue(sqs: Any) -> tuple[str, str]:
    """The URL and the ARN of a new queue that takes what anybody sends."""
    url = sqs.create_queue(QueueName=f"q-{uuid4().hex[:12]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def next_body(sqs: Any, url: str) -> Any:
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def test_topics_hear_of_what_their_filter_lets_through(aws: Server) -> None:
    """test_bucket_notifications_with_filter, of a topic: one envelope, with a subject."""
    s3, sns, sqs = aws.client("s3"), aws.client("sns"), aws.client("sqs")
    bucket = f"b-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    topic = sns.create_topic(Name=bucket)["TopicArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    url, arn = open_queue(sqs)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    rules = [{"Name": "Prefix", "Value": "testupload/"}, {"Name": "Suffix", "Value": "testfile.txt"}]
    configuration = {"Id": "mine", "TopicArn": topic, "Events": CREATED, "Filter": {"Key": {"FilterRules": rules}}}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [configuration]}
    )
    assert json.loads(next_body(sqs, url)["Message"])["Event"] == "s3:TestEvent"
    key = "testupload/dir1/testfile.txt"
    s3.put_object(Bucket=bucket, Key="testupload/dir1/other.doc", Body=b"x")
    etag = s3.put_object(Bucket=bucket, Key=key, Body=b"test content to be stored on bucket")["ETag"]
    envelope = next_body(sqs, url)
    assert (envelope["Type"], envelope["Subject"], envelope["TopicArn"]) == (
        *("Notification", "Amazon S3 Notification"),
        topic,
    )
    (record,) = json.loads(envelope["Message"])["Records"]
    assert (record["eventVersion"], record["eventName"]) == ("2.1", "ObjectCreated:Put")
    assert record["s3"]["configurationId"] == "mine"
    told = record["s3"]["object"]
    assert told.pop("sequencer")
    assert told == {"key": key, "size": 35, "eTag": etag.strip('"')}


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_uploads_by_address_are_told(aws: Server, region: str) -> None:
    """test_object_created_put_with_presigned_url_upload; test_create_object_by_presigned_request_via_dynamodb."""
    s3, sqs = aws.client("s3", region_name=region), aws.client("sqs", region_name=region)
    bucket = f"b-{uuid4().hex[:12]}"
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **where)
    url, arn = open_queue(sqs)
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": CREATED}]}
    )
    assert next_body(sqs, url)["Event"] == "s3:TestEvent"
    pool = urllib3.PoolManager()
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "key-by-hostname"})
    assert pool.request("PUT", put, body=b"something").status == 200
    (record,) = next_body(sqs, url)["Records"]
    assert (record["awsRegion"], record["eventName"]) == (region, "ObjectCreated:Put")
    assert record["s3"]["object"]["key"] == "key-by-hostname"
    assert record["s3"]["object"]["eTag"] == "437b930db84b8079c2dd804a71936b5f"
    form = s3.generate_presigned_post(bucket, "by-form")
    fields = [*form["fields"].items(), ("file", b"something")]
    assert pool.request("POST", f"{aws.url}/{bucket}", fields=fields).status == 204
    (record,) = next_body(sqs, url)["Records"]
    assert (record["awsRegion"], record["eventName"]) == (region, "ObjectCreated:Post")
