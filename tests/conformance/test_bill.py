"""Queues and topics on the bill: what boto3 did, and what it would cost. AWS has no such page; prices are its own."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.conftest import Server
from tests.support.functions import archive, make_role
from tests.support.subscribers import subscriber

ACCOUNT = "111111111111"
KB = 1024
WITHIN_S = 15


def used(server: Server, name: str) -> dict[tuple[str, str], float]:
    """What one queue or topic used, by service and what."""
    with urlopen(f"{server.url}/_pileus/bill", timeout=10) as answer:
        bill = json.load(answer)
    [own] = [account for account in bill["accounts"] if account["account_id"] == ACCOUNT]
    return {
        (line["service"], line["what"]): use["amount"]
        for line in own["lines"]
        for use in line["resources"]
        if use["name"] == name
    }


def eventually(server: Server, name: str, wanted: dict[tuple[str, str], float]) -> None:
    """It is counted when it was delivered, which is later than it was published."""
    deadline = time.monotonic() + WITHIN_S
    while (found := used(server, name)) != pytest.approx(wanted):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


@pytest.mark.parametrize("fifo", [False, True])
def test_requests_of_a_queue(aws: Server, fifo: bool) -> None:
    """Each is one, and each started 64 KB; a FIFO queue has its own line."""
    sqs = aws.client("sqs")
    name = f"q-{uuid4().hex[:12]}{'.fifo' * fifo}"
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"} if fifo else {}
    group = {"MessageGroupId": "g"} if fifo else {}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="a" * 100 * KB, **group)
    entries = [{"Id": str(number), "MessageBody": f"{number}", **group} for number in range(10)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    [large] = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=large["ReceiptHandle"])
    assert used(aws, name) == {("sqs", "FIFO requests" if fifo else "requests"): 2 + 1 + 2 + 1}
    sqs.delete_queue(QueueUrl=url)
    assert used(aws, "*")["sqs", "requests"] >= 2


def test_publishes_and_deliveries_of_a_topic(aws: Server) -> None:
    """A topic pays for HTTP and email; its queue pays for what it got."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    name, address = f"t-{uuid4().hex}", f"{uuid4().hex}@example.com"
    topic = sns.create_topic(Name=name)["TopicArn"]
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    with urlopen(_invitation(aws, address), timeout=10) as answer:
        assert answer.status == 200
    with subscriber() as endpoint:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
        [asked] = endpoint.wait_for(1)
        with urlopen(asked.envelope["SubscribeURL"], timeout=10) as answer:
            assert answer.status == 200
        for size_kb in (1, 100):
            sns.publish(TopicArn=topic, Message="a" * size_kb * KB)
        sns.publish_batch(
            TopicArn=topic, PublishBatchRequestEntries=[{"Id": str(each), "Message": "a"} for each in range(5)]
        )
        eventually(
            aws,
            name,
            {
                ("sns", "publish requests"): 1 + 2 + 1,
                ("sns", "HTTP deliveries"): 7,
                ("sns", "email deliveries"): 7,
                ("sqs", "requests"): 1 + 2 + 5,
            },
        )


def _invitation(server: Server, address: str) -> str:
    """The link in it."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        with urlopen(f"{server.url}/_pileus/inbox?recipient={address}", timeout=10) as answer:
            for message in json.load(answer)["messages"]:
                link: str = re.findall(r"http\S+", message["body"])[0]
                return link
        assert time.monotonic() < deadline, "nobody was invited"
        time.sleep(0.05)


def test_a_fifo_topic_pays_by_size(aws: Server) -> None:
    """Of what is published, and of each copy."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    name = f"t-{uuid4().hex}.fifo"
    topic = sns.create_topic(Name=name, Attributes={"FifoTopic": "true"})["TopicArn"]
    queue = f"q-{uuid4().hex}.fifo"
    url = sqs.create_queue(QueueName=queue, Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="a" * 128 * KB, MessageGroupId="g", MessageDeduplicationId="d")
    size = 128 * KB / 2**30
    assert used(aws, name) == pytest.approx(
        {
            ("sns", "FIFO publish requests"): 1,
            ("sns", "FIFO GB published"): size,
            ("sns", "FIFO deliveries"): 1,
            ("sns", "FIFO GB delivered"): size,
        }
    )


def test_events_of_a_bus(aws: Server) -> None:
    """Each is one, and each started 64 KB; what is refused, or is for no bus, costs nothing."""
    events = aws.client("events")
    name = f"b-{uuid4().hex[:12]}"
    events.create_event_bus(Name=name)
    entry = {"Source": "a", "DetailType": "b", "Detail": "{}", "EventBusName": name}
    large = entry | {"Detail": json.dumps({"a": "a" * 100 * KB})}
    events.put_events(Entries=[entry, large, entry | {"Detail": "[]"}, entry | {"EventBusName": f"{name}-gone"}])
    eventually(aws, name, {("events", "custom events"): 1 + 2})
    assert used(aws, f"{name}-gone") == {}


def test_requests_of_a_bucket_and_of_keys(aws: Server) -> None:
    """Writing and listing is one price, reading another, deleting none; what is refused is not counted."""
    s3, kms = aws.client("s3"), aws.client("kms", aws_access_key_id=ACCOUNT)
    name = f"paid-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    s3.list_objects_v2(Bucket=name)
    for _ in range(3):
        s3.get_object(Bucket=name, Key="k")["Body"].read()
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=name, Key="none")
    s3.delete_object(Bucket=name, Key="k")
    found = used(aws, name)
    assert found["s3", "PUT, COPY, POST, LIST"] == 3
    assert found["s3", "GET and others"] == 3
    assert found["s3", "GB to the internet"] == pytest.approx(500 / 2**30, rel=0.5)  # the list, and three bytes
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = used(aws, "Encrypt").get(("kms", "requests"), 0)
    kms.encrypt(KeyId=key, Plaintext=b"x")
    eventually(aws, "Encrypt", {("kms", "requests"): before + 1})


def test_requests_of_keys_that_services_make(aws: Server) -> None:
    """One for each object under a key, unless the bucket has one; one for who uses a table."""
    s3, kms, dynamodb = aws.client("s3"), aws.client("kms"), aws.client("dynamodb")
    name = f"paid-{uuid4().hex[:12]}"
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3.create_bucket(Bucket=name)
    before = {what: used(aws, what).get(("kms", "requests"), 0) for what in ("GenerateDataKey", "Decrypt")}

    def counted(what: str, count: int) -> None:
        before[what] += count
        eventually(aws, what, {("kms", "requests"): before[what]} if before[what] else {})

    under = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    for number in range(3):
        s3.put_object(Bucket=name, Key=f"{number}", Body=b"x", **under)
    counted("GenerateDataKey", 3)
    for _ in range(2):
        s3.get_object(Bucket=name, Key="0")["Body"].read()
    counted("Decrypt", 2)
    for number in range(3):
        s3.put_object(Bucket=name, Key=f"b{number}", Body=b"x", BucketKeyEnabled=True, **under)
        s3.get_object(Bucket=name, Key=f"b{number}")["Body"].read()
    counted("GenerateDataKey", 1)
    counted("Decrypt", 1)
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    counted("GenerateDataKey", 1)
    for _ in range(3):
        dynamodb.put_item(TableName=name, Item={"pk": {"S": "k"}})
    counted("Decrypt", 1)
    dynamodb.delete_table(TableName=name)


def months(server: Server, days: int) -> dict[tuple[str, str, str], float]:
    """What costs by the month, of this one and the next, by service, what and resource: after so many days."""
    now = datetime.now(UTC)
    body = json.dumps({"advance_s": days * 86_400}).encode()
    with urlopen(f"{server.url}/_pileus/clock", data=body, timeout=10) as answer:
        assert answer.status == 200
    found: dict[tuple[str, str, str], float] = {}
    for month in sorted({f"{now:%Y-%m}", f"{now + timedelta(days=days):%Y-%m}"}):
        with urlopen(f"{server.url}/_pileus/bill?month={month}", timeout=10) as answer:
            bill = json.load(answer)
        [own] = [account for account in bill["accounts"] if account["account_id"] == ACCOUNT] or [{"lines": []}]
        for line in own["lines"]:
            for use in line["resources"]:
                place = line["service"], line["what"], use["name"]
                found[place] = found.get(place, 0.0) + use["amount"]
    return found


def test_what_is_held_is_on_the_bill(own_server: Server) -> None:
    """Objects by class, with the versions nobody sees and the parts nobody put together; items, logs, keys, alarms."""
    server = own_server.start()
    s3, kms, dynamodb = server.client("s3"), server.client("kms"), server.client("dynamodb")
    logs, cloudwatch = server.client("logs"), server.client("cloudwatch")
    with urlopen(f"{server.url}/_pileus/bill", timeout=10) as answer:
        assert json.load(answer)["accounts"] == []
    mb = KB * KB
    s3.create_bucket(Bucket="bbb")
    s3.put_bucket_versioning(Bucket="bbb", VersioningConfiguration={"Status": "Enabled"})
    for _ in range(2):
        s3.put_object(Bucket="bbb", Key="k", Body=bytes(mb))
    s3.delete_object(Bucket="bbb", Key="k")
    upload = s3.create_multipart_upload(Bucket="bbb", Key="u")["UploadId"]
    s3.upload_part(Bucket="bbb", Key="u", UploadId=upload, PartNumber=1, Body=bytes(mb))
    s3.put_object(Bucket="bbb", Key="seldom", Body=b"x", StorageClass="STANDARD_IA")
    s3.put_object(Bucket="bbb", Key="archived", Body=bytes(mb), StorageClass="DEEP_ARCHIVE")
    key, leaving = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.schedule_key_deletion(KeyId=leaving, PendingWindowInDays=30)
    dynamodb.create_table(
        TableName="ttt",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="ttt", Item={"id": {"S": "1"}, "a": {"S": "a" * 97}})
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now_ms = int(time.time() * 1000)
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now_ms, "message": "a" * 974}])
    cloudwatch.put_metric_data(Namespace="Mine", MetricData=[{"MetricName": "m", "Value": 1}])
    asked = {"MetricName": "m", "Namespace": "Mine", "Statistic": "Sum", "EvaluationPeriods": 1, "Threshold": 5}
    for name, period in (("a", 60), ("fast", 10)):
        cloudwatch.put_metric_alarm(AlarmName=name, Period=period, ComparisonOperator="GreaterThanThreshold", **asked)
    cloudwatch.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(a)")
    cloudwatch.put_dashboard(DashboardName="d", DashboardBody='{"widgets": []}')
    days = 3
    found = months(server, days)
    gb, held = 2**30, {}
    for (service, what, name), amount in found.items():
        if "months" in what:
            held[service, what, name] = amount / found["kms", "key-months", key]  # in times of the same key
    hour = 1 / (days * 24)
    assert held == pytest.approx(
        {
            ("s3", "GB-months STANDARD", "bbb"): (3 * mb + 8 * KB) / gb,
            ("s3", "GB-months STANDARD_IA", "bbb"): 128 * KB / gb,
            ("s3", "GB-months DEEP_ARCHIVE", "bbb"): (mb + 32 * KB) / gb,
            ("kms", "key-months", key): 1,
            ("dynamodb", "GB-months", "ttt"): (2 + 1 + 1 + 97 + 100) / gb,
            ("logs", "GB-months, compressed", "g"): 0.15 * (974 + 26) / gb,
            ("cloudwatch", "custom metric-months", "Mine"): hour,
            ("cloudwatch", "alarm metric-months", "a"): 1,
            ("cloudwatch", "fast alarm metric-months", "fast"): 1,
            ("cloudwatch", "composite alarm-months", "c"): 1,
            ("cloudwatch", "dashboard-months", "d"): 1,
        },
        rel=0.01,
    )
    assert days * 24 / 745 < found["kms", "key-months", key] < days * 24 / 671


def test_a_function_reads_objects_for_nothing(aws: Server) -> None:
    """What it gets does not leave its region; what everybody else gets does."""
    s3, functions = aws.client("s3"), aws.client("lambda")
    name = f"b-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=bytes(KB))
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    role = make_role(aws)
    aws.client("iam").put_role_policy(
        RoleName=role.rpartition("/")[2], PolicyName="p", PolicyDocument=json.dumps(policy)
    )
    code = (
        "import boto3\n"
        "def handler(event, context):\n"
        f"    return len(boto3.client('s3').get_object(Bucket='{name}', Key='k')['Body'].read())\n"
    )
    functions.create_function(
        FunctionName=name, Runtime="python3.12", Handler="index.handler", Role=role, Code={"ZipFile": archive(code)}
    )
    assert json.load(functions.invoke(FunctionName=name)["Payload"]) == KB
    found = used(aws, name)
    assert ("s3", "GB to the internet") not in found
    assert found["s3", "GET and others"] == 1
    s3.get_object(Bucket=name, Key="k")["Body"].read()
    assert used(aws, name)["s3", "GB to the internet"] == pytest.approx(KB / 2**30)
