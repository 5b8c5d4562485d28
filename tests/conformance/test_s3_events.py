"""What buckets tell queues, topics and functions. Recordings s3/s3_notifications_sqs, _sns and _lambda."""

import io
import json
import time
import zipfile
from typing import Any, Final
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

_ACCOUNT: Final = "111111111111"
_WITHIN_S: Final = 20.0


def _policy(action: str, bucket: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": action,
        "Resource": "*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": _ACCOUNT},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Listening:
    """A bucket, and a queue that may hear of it."""

    def __init__(self, aws: Server, name: str, *, events: list[str], **members: Any) -> None:
        self.name = name
        self.s3, self.sqs = aws.client("s3"), aws.client("sqs")
        self.s3.create_bucket(Bucket=name)
        self.url = self.sqs.create_queue(QueueName=name, Attributes={"Policy": _policy("sqs:SendMessage", name)})[
            "QueueUrl"
        ]
        self.arn = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:{name}"
        configuration = {"Id": "mine", "QueueArn": self.arn, "Events": events, **members}
        self.s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )
        (told,) = self.bodies(1)
        assert told["Event"] == "s3:TestEvent"
        assert told["Bucket"] == name

    def bodies(self, count: int) -> list[Any]:
        """So many messages, as they come; fewer when no more come."""
        found: list[Any] = []
        deadline = time.monotonic() + _WITHIN_S
        while len(found) < count and time.monotonic() < deadline:
            for message in self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get(
                "Messages", ()
            ):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def records(self, count: int) -> dict[str, Any]:
        """So many records, by what happened and to which key."""
        return {
            f"{record['eventName']} {unquote_plus(record['s3']['object']['key'])}": record
            for body in self.bodies(count)
            for record in body["Records"]
        }


def test_what_is_done_to_objects_is_told(aws: Server) -> None:
    """test_object_created_put, test_object_created_copy, test_object_created_and_object_removed, test_key_encoding,
    test_object_tagging_put_event, test_object_tagging_delete_event."""
    heard = Listening(aws, "events-done", events=["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"])
    put = heard.s3.put_object(Bucket=heard.name, Key="a@b ä", Body=b"something")
    heard.s3.copy_object(Bucket=heard.name, Key="copy", CopySource={"Bucket": heard.name, "Key": "a@b ä"})
    tags = {"TagSet": [{"Key": "k", "Value": "v"}]}
    heard.s3.put_object_tagging(Bucket=heard.name, Key="copy", Tagging=tags)
    heard.s3.delete_object_tagging(Bucket=heard.name, Key="copy")
    heard.s3.delete_object(Bucket=heard.name, Key="copy")
    heard.s3.delete_objects(Bucket=heard.name, Delete={"Objects": [{"Key": "a@b ä"}]})
    records = heard.records(6)
    assert set(records) == {
        "ObjectCreated:Put a@b ä",
        "ObjectCreated:Copy copy",
        "ObjectTagging:Put copy",
        "ObjectTagging:Delete copy",
        "ObjectRemoved:Delete copy",
        "ObjectRemoved:Delete a@b ä",
    }
    created = records["ObjectCreated:Put a@b ä"]
    assert created["s3"]["object"]["key"] == "a%40b+%C3%A4"
    assert created["s3"]["object"]["size"] == 9
    assert created["s3"]["object"]["eTag"] == put["ETag"].strip('"')
    assert created["s3"]["configurationId"] == "mine"
    assert created["responseElements"]["x-amz-request-id"] == put["ResponseMetadata"]["RequestId"]
    assert created["responseElements"]["x-amz-id-2"] == put["ResponseMetadata"]["HostId"]
    removed = records["ObjectRemoved:Delete a@b ä"]
    assert set(removed["s3"]["object"]) == {"key", "sequencer"}
    assert created["s3"]["object"]["sequencer"] < removed["s3"]["object"]["sequencer"]


def test_uploads_in_parts_and_versions_are_told(aws: Server) -> None:
    """test_object_created_complete_multipart_upload; of a bucket with versions their ids, and markers by their name."""
    heard = Listening(aws, "events-versions", events=["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])
    s3 = heard.s3
    s3.put_bucket_versioning(Bucket=heard.name, VersioningConfiguration={"Status": "Enabled"})
    upload = s3.create_multipart_upload(Bucket=heard.name, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=heard.name, Key="parts", UploadId=upload, PartNumber=1, Body=bytes(6144))
    done = s3.complete_multipart_upload(
        Bucket=heard.name,
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    marker = s3.delete_object(Bucket=heard.name, Key="parts")["VersionId"]
    s3.delete_object(Bucket=heard.name, Key="parts", VersionId=done["VersionId"])
    records = heard.records(3)
    told = {name.split()[0]: record["s3"]["object"].get("versionId") for name, record in records.items()}
    assert told == {
        "ObjectCreated:CompleteMultipartUpload": done["VersionId"],
        "ObjectRemoved:DeleteMarkerCreated": marker,
        "ObjectRemoved:Delete": done["VersionId"],
    }
    created = records["ObjectCreated:CompleteMultipartUpload parts"]["s3"]["object"]
    assert created["size"] == 6144
    assert created["eTag"] == done["ETag"].strip('"')


def test_filters_keep_events_away(aws: Server) -> None:
    """test_notifications_with_filter."""
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".txt"}]
    heard = Listening(aws, "events-filters", events=["s3:ObjectCreated:Put"], Filter={"Key": {"FilterRules": rules}})
    for key in ("in/a.png", "out/a.txt", "in/a.txt"):
        heard.s3.put_object(Bucket=heard.name, Key=key)
    assert set(heard.records(1)) == {"ObjectCreated:Put in/a.txt"}


def test_a_topic_hears_of_objects(aws: Server) -> None:
    """s3_notifications_sns, test_object_created_put."""
    s3, sns, sqs = aws.client("s3"), aws.client("sns"), aws.client("sqs")
    s3.create_bucket(Bucket="events-topic")
    topic = sns.create_topic(Name="events-topic", Attributes={"Policy": _policy("sns:Publish", "events-topic")})[
        "TopicArn"
    ]
    queue = f"arn:aws:sqs:us-east-1:{_ACCOUNT}:events-topic"
    let_in = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
        ],
    }
    url = sqs.create_queue(QueueName="events-topic", Attributes={"Policy": json.dumps(let_in)})["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    s3.put_bucket_notification_configuration(
        Bucket="events-topic",
        NotificationConfiguration={"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]},
    )
    s3.put_object(Bucket="events-topic", Key="k", Body=b"x")
    told: list[Any] = []
    deadline = time.monotonic() + _WITHIN_S
    while len(told) < 2 and time.monotonic() < deadline:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", ())
        told += [json.loads(message["Body"]) for message in found]
    assert {message["Subject"] for message in told} == {"Amazon S3 Notification"}
    (record,) = next(body["Records"] for message in told if "Records" in (body := json.loads(message["Message"])))
    assert record["eventName"] == "ObjectCreated:Put"


def test_a_function_hears_of_objects(aws: Server) -> None:
    """s3_notifications_lambda: it handles the event, and writes another object, with its role.

    The record is that of test_create_object_put_via_dynamodb.
    """
    s3, lambda_, iam = aws.client("s3"), aws.client("lambda"), aws.client("iam")
    s3.create_bucket(Bucket="events-function")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = iam.create_role(RoleName="events-function", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    allowed = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::events-function/*"}],
    }
    iam.put_role_policy(RoleName="events-function", PolicyName="p", PolicyDocument=json.dumps(allowed))
    code = """
import boto3
from urllib.parse import unquote_plus

def handler(event, context):
    s3 = boto3.client("s3")
    for record in event["Records"]:
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        text = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        s3.put_object(Bucket=bucket, Key="out/" + key.removeprefix("in/"), Body=text.upper())
"""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    function = lambda_.create_function(
        FunctionName="events-function",
        Runtime="python3.12",
        Role=role,
        Handler="app.handler",
        Timeout=30,
        Code={"ZipFile": packed.getvalue()},
    )["FunctionArn"]
    configuration = {
        "LambdaFunctionConfigurations": [
            {
                "LambdaFunctionArn": function,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
            }
        ]
    }
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_notification_configuration(Bucket="events-function", NotificationConfiguration=configuration)
    assert refused.value.response["Error"]["ArgumentName1"] == f"{function}, null"
    assert refused.value.response["Error"]["ArgumentValue1"] == f"Not authorized to invoke function [{function}]"
    lambda_.add_permission(
        FunctionName="events-function",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::events-function",
        SourceAccount=_ACCOUNT,
    )
    s3.put_bucket_notification_configuration(Bucket="events-function", NotificationConfiguration=configuration)
    s3.put_object(Bucket="events-function", Key="in/ä b", Body=b"hello")
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        try:
            assert s3.get_object(Bucket="events-function", Key="out/ä b")["Body"].read() == b"HELLO"
        except s3.exceptions.NoSuchKey:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the function never wrote its object")


@pytest.mark.parametrize("skip", [False, True])
def test_destinations_are_tried(aws: Server, skip: bool) -> None:
    """test_invalid_sqs_arn, test_multiple_invalid_sqs_arns: all that are not there, or not open, are named."""
    s3, sqs = aws.client("s3"), aws.client("sqs")
    bucket = f"events-tried-{skip}".lower()
    s3.create_bucket(Bucket=bucket)
    sqs.create_queue(QueueName=f"{bucket}-closed")
    arns = [f"arn:aws:sqs:us-east-1:{_ACCOUNT}:{bucket}-{kind}" for kind in ("absent", "closed")]
    configuration = {
        "QueueConfigurations": [
            {"QueueArn": arn, "Events": [event]}
            for arn, event in zip(arns, ("s3:ObjectCreated:*", "s3:ObjectRemoved:*"), strict=True)
        ]
    }
    if skip:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration=configuration, SkipDestinationValidation=True
        )
        kept = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
        assert [each["QueueArn"] for each in kept] == arns
        return
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    assert refused.value.response["Error"] == {
        "Code": "InvalidArgument",
        "Message": "Unable to validate the following destination configurations",
        "ArgumentName1": arns[0],
        "ArgumentValue1": "The destination queue does not exist",
        "ArgumentName2": arns[1],
        "ArgumentValue2": "Permissions on the destination queue do not allow S3 to publish notifications from this "
        "bucket",
    }
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_a_queue_that_was_closed_hears_nothing_more(aws: Server) -> None:
    """The policy counts at each event, not only when the configuration was written."""
    heard = Listening(aws, "events-closed", events=["s3:ObjectCreated:*"])
    heard.sqs.set_queue_attributes(QueueUrl=heard.url, Attributes={"Policy": ""})
    heard.s3.put_object(Bucket=heard.name, Key="unheard")
    heard.sqs.set_queue_attributes(QueueUrl=heard.url, Attributes={"Policy": _policy("sqs:SendMessage", heard.name)})
    heard.s3.put_object(Bucket=heard.name, Key="heard")
    assert "ObjectCreated:Put heard" in heard.records(1)
