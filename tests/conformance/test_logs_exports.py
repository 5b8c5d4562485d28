"""Exports of log groups to buckets, whose policies must let CloudWatch Logs in. Recordings: `logs_export_tasks`."""

import gzip
import json
import time
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Server

ACCOUNT = "111111111111"
WITHIN_S = 20.0


def _policy(bucket: str, group: str, *actions: str) -> str:
    """As AWS's guide writes it."""
    principal = {"Service": "logs.us-east-1.amazonaws.com"}
    condition = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:*"},
    }
    resources = {"s3:GetBucketAcl": f"arn:aws:s3:::{bucket}", "s3:PutObject": f"arn:aws:s3:::{bucket}/*"}
    statements = [
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": action,
            "Resource": resources[action],
            "Condition": condition,
        }
        for action in actions
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _ended(logs: Any, task_id: str) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while True:
        [task] = logs.describe_export_tasks(taskId=task_id)["exportTasks"]
        if task["status"]["code"] not in {"PENDING", "RUNNING"}:
            return task
        assert time.monotonic() < deadline, task
        time.sleep(0.05)


def test_a_group_is_exported(aws: Server) -> None:
    """TestExportTasksWithLogs::test_create_export_task_with_logs."""
    logs, s3 = aws.client("logs"), aws.client("s3")
    name = f"exported-{uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="a/b")
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms, "message": "one"}, {"timestamp": now_ms + 1, "message": "two"}]
    logs.put_log_events(logGroupName=name, logStreamName="a/b", logEvents=events)
    asked = {"logGroupName": name, "fromTime": now_ms - 1000, "to": now_ms + 1000, "destination": name}

    def create() -> Any:
        return logs.create_export_task(**asked)

    with pytest.raises(ClientError, match=r"The given bucket does not exist\. Please make sure the bucket is valid\."):
        create()
    s3.create_bucket(Bucket=name)
    with pytest.raises(ClientError, match="GetBucketAcl call on the given bucket failed"):
        create()
    s3.put_bucket_policy(Bucket=name, Policy=_policy(name, name, "s3:GetBucketAcl"))
    with pytest.raises(ClientError, match="PutObject call on the given bucket failed"):
        create()
    s3.put_bucket_policy(Bucket=name, Policy=_policy(name, name, "s3:GetBucketAcl", "s3:PutObject"))
    task_id = create()["taskId"]
    task = _ended(logs, task_id)
    assert (task["status"]["code"], task["destinationPrefix"], task["to"]) == (
        "COMPLETED",
        "exportedlogs",
        now_ms + 1000,
    )
    file = f"exportedlogs/{task_id}/a-b/000000.gz"  # before the other or behind it: tasks have random ids
    keys = {found["Key"] for found in s3.list_objects_v2(Bucket=name)["Contents"]}
    assert keys == {file, "exportedlogs/aws-logs-write-test"}
    lines = gzip.decompress(s3.get_object(Bucket=name, Key=file)["Body"].read()).decode().splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["one", "two"]
    with pytest.raises(ClientError, match=r"The specified export task does not exist\."):
        logs.cancel_export_task(taskId=str(uuid4()))
    assert logs.describe_export_tasks(taskId=str(uuid4()))["exportTasks"] == []


def test_a_bucket_whose_key_is_disabled(aws: Server) -> None:
    """S3 refuses what it cannot encrypt: that is the bucket's failure, not the server's, and nothing is left undone."""
    logs, s3, kms = aws.client("logs"), aws.client("s3"), aws.client("kms")
    name = f"exported-{uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=_policy(name, name, "s3:GetBucketAcl", "s3:PutObject"))
    key = kms.create_key()["KeyMetadata"]["Arn"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": default}]},
    )
    kms.disable_key(KeyId=key)
    asked = {"logGroupName": name, "fromTime": 0, "to": int(time.time() * 1000), "destination": name}
    with pytest.raises(ClientError, match="PutObject call on the given bucket failed"):
        logs.create_export_task(**asked)
    kms.enable_key(KeyId=key)
    assert _ended(logs, logs.create_export_task(**asked)["taskId"])["status"]["code"] == "COMPLETED"
