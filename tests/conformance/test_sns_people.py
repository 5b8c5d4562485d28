"""Emails, text messages, devices, data protection and archives of SNS as boto3 sees them. Recordings sns, TestSNSSMS,
TestSNSPlatform..., test_data_protection_policy_crud."""

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conformance.test_sns_filters import Filters
from tests.conftest import Server

ACCOUNT = "111111111111"
CREDENTIALS = {"PlatformCredential": "secret", "PlatformPrincipal": "id"}


@pytest.fixture
def sns(aws: Server) -> Any:
    return aws.client("sns")


def inbox(server: Server, recipient: str) -> list[Any]:
    """What somebody got, the newest first."""
    with urllib.request.urlopen(f"{server.url}/_pileus/inbox?recipient={quote(recipient)}", timeout=10) as answer:
        found: list[Any] = json.load(answer)["messages"]
        return found


def eventually(look: Callable[[], Any], within_s: float = 10.0) -> Any:
    """What is there in the end: deliveries come from the outbox."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.02)
    return found


def error(caught: pytest.ExceptionInfo[ClientError]) -> tuple[int, str, str]:
    response: Any = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def new_phone() -> str:
    return f"+1555{uuid4().int % 10**7:07}"


def test_a_text_message(aws: Server, sns: Any) -> None:
    """Publish to a phone number; test_publish_wrong_phone_format."""
    phone = new_phone()
    message_id = sns.publish(PhoneNumber=phone, Message="hello")["MessageId"]
    (text,) = inbox(aws, phone)
    assert (text["kind"], text["body"], text["message_id"]) == ("sms", "hello", message_id)
    with pytest.raises(ClientError) as caught:
        sns.publish(PhoneNumber="+1a234", Message="hello")
    reason = "Invalid parameter: PhoneNumber Reason: +1a234 is not valid to publish to"
    assert error(caught) == (400, "InvalidParameter", reason)


def test_people_subscribe_and_answer(aws: Server, sns: Any) -> None:
    """By text message, and out again; by mail, when the address agreed."""
    phone, address = new_phone(), f"{uuid4().hex}@example.com"
    topic = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=phone)
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=address)
    (invitation,) = eventually(lambda: inbox(aws, address))
    assert invitation["subject"] == "AWS Notification - Subscription Confirmation"
    (link,) = [word for word in invitation["body"].split() if word.startswith("http")]
    with urllib.request.urlopen(link, timeout=10) as answer:
        assert answer.status == 200
    sns.publish(TopicArn=topic, Message="hello", Subject="Hi")
    (text,) = eventually(lambda: inbox(aws, phone))
    assert (text["body"], text["topic_arn"]) == ("hello", topic)
    mail, _ = eventually(lambda: len(found := inbox(aws, address)) > 1 and found)
    assert mail["subject"] == "Hi"
    assert mail["body"].startswith("hello\n")

    reply = json.dumps({"from": phone, "body": "STOP", "account_id": ACCOUNT}).encode()
    request = urllib.request.Request(f"{aws.url}/_pileus/inbox", data=reply, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer) == {"opted_out": True}
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=phone)["isOptedOut"] is True
    assert phone in sns.list_phone_numbers_opted_out()["phoneNumbers"]
    sns.publish(PhoneNumber=phone, Message="unwanted")
    assert len(inbox(aws, phone)) == 1
    sns.opt_in_phone_number(phoneNumber=phone)
    assert sns.check_if_phone_number_is_opted_out(phoneNumber=phone)["isOptedOut"] is False


def test_settings_of_texts(aws: Server) -> None:
    """test_set_get_sms_attributes, test_set_invalid_sms_attributes."""
    sns = aws.client("sns", region_name="eu-west-3")
    assert sns.get_sms_attributes()["attributes"] == {"MonthlySpendLimit": "1"}
    given = {"DefaultSMSType": "Promotional", "DefaultSenderID": "LSTest", "DeliveryStatusSuccessSamplingRate": "100"}
    sns.set_sms_attributes(attributes=given)
    assert sns.get_sms_attributes()["attributes"] == {**given, "MonthlySpendLimit": "1"}
    some = sns.get_sms_attributes(attributes=["DefaultSMSType", "DefaultSenderID"])["attributes"]
    assert some == {"DefaultSMSType": "Promotional", "DefaultSenderID": "LSTest"}
    with pytest.raises(ClientError) as caught:
        sns.set_sms_attributes(attributes={"DefaultSMSType": "Other"})
    assert error(caught) == (400, "InvalidParameter", "DefaultSMSType is invalid")


def test_sandbox_numbers(aws: Server, sns: Any) -> None:
    """The one-time password comes as a text message."""
    phone = new_phone()
    assert sns.get_sms_sandbox_account_status()["IsInSandbox"] is False
    sns.create_sms_sandbox_phone_number(PhoneNumber=phone)
    code = inbox(aws, phone)[0]["body"].split()[-1].rstrip(".")
    with pytest.raises(ClientError) as caught:
        sns.verify_sms_sandbox_phone_number(PhoneNumber=phone, OneTimePassword="12345" if code != "12345" else "12346")
    assert error(caught)[:2] == (400, "VerificationException")
    sns.verify_sms_sandbox_phone_number(PhoneNumber=phone, OneTimePassword=code)
    numbers = sns.list_sms_sandbox_phone_numbers()["PhoneNumbers"]
    assert {"PhoneNumber": phone, "Status": "Verified"} in numbers
    with pytest.raises(ClientError) as early:
        sns.delete_sms_sandbox_phone_number(PhoneNumber=phone)
    assert error(early)[:2] == (400, "UserError")
    assert sns.list_origination_numbers()["PhoneNumbers"] == []


def test_required_attributes_are_told_as_the_model_says(sns: Any) -> None:
    """test_create_platform_application_invalid_attributes[no-args]: boto3 sends nothing for an empty map."""
    null = (
        "1 validation error detected: Value null at 'attributes' failed to satisfy constraint: Member must not be null"
    )
    with pytest.raises(ClientError) as caught:
        sns.create_platform_application(Name="n", Platform="ADM", Attributes={})
    assert error(caught) == (400, "ValidationError", null)


def test_devices(aws: Server, sns: Any) -> None:
    """TestSNSPlatformApplicationCrud, TestSNSPlatformEndpointCrud, test_publish_non_existent_target."""
    name = f"app-{uuid4().hex}"
    app = sns.create_platform_application(Name=name, Platform="ADM", Attributes=CREDENTIALS)["PlatformApplicationArn"]
    assert app == f"arn:aws:sns:us-east-1:{ACCOUNT}:app/ADM/{name}"
    assert sns.get_platform_application_attributes(PlatformApplicationArn=app)["Attributes"] == {"Enabled": "true"}
    endpoint = sns.create_platform_endpoint(PlatformApplicationArn=app, Token="token_1")["EndpointArn"]
    assert endpoint.startswith(f"arn:aws:sns:us-east-1:{ACCOUNT}:endpoint/ADM/{name}/")
    assert sns.create_platform_endpoint(PlatformApplicationArn=app, Token="token_1")["EndpointArn"] == endpoint
    with pytest.raises(ClientError) as same:
        sns.create_platform_endpoint(PlatformApplicationArn=app, Token="token_1", CustomUserData="other")
    reason = f"Endpoint {endpoint} already exists with the same Token, but different attributes."
    assert error(same) == (400, "InvalidParameter", f"Invalid parameter: Token Reason: {reason}")
    attributes = {"Enabled": "true", "Token": "token_1"}
    listed = sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)["Endpoints"]
    assert listed == [{"EndpointArn": endpoint, "Attributes": attributes}]

    topic = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="application", Endpoint=endpoint)
    sns.publish(TopicArn=topic, Message='{"default": "d", "ADM": "adm"}', MessageStructure="json")
    (push,) = eventually(lambda: inbox(aws, endpoint))
    assert (push["body"], push["topic_arn"], push["attributes"]["Token"]) == ("adm", topic, "token_1")
    sns.publish(TargetArn=endpoint, Message="direct")
    assert inbox(aws, endpoint)[0]["body"] == "direct"

    sns.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "false"})
    with pytest.raises(ClientError) as disabled:
        sns.publish(TargetArn=endpoint, Message="x")
    assert error(disabled)[:2] == (400, "EndpointDisabled")
    sns.delete_endpoint(EndpointArn=endpoint)
    with pytest.raises(ClientError) as gone:
        sns.publish(TargetArn=endpoint, Message="x")
    reason = "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"
    assert error(gone) == (400, "InvalidParameter", reason)
    with pytest.raises(ClientError) as unknown:
        sns.get_endpoint_attributes(EndpointArn=endpoint)
    assert error(unknown) == (404, "NotFound", "Endpoint does not exist")
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [each["Endpoint"] for each in subscriptions] == [endpoint]
    sns.delete_platform_application(PlatformApplicationArn=app)
    with pytest.raises(ClientError) as deleted:
        sns.list_endpoints_by_platform_application(PlatformApplicationArn=app)
    assert error(deleted) == (404, "NotFound", "PlatformApplication does not exist")


def protection(operation: object, *names: str) -> str:
    statement = {
        "Sid": "test-statement",
        "DataDirection": "Inbound",
        "Principal": ["*"],
        "DataIdentifier": [f"arn:aws:dataprotection::aws:data-identifier/{name}" for name in names],
        "Operation": operation,
    }
    return json.dumps({"Name": "p", "Description": "Test Policy", "Version": "2021-06-01", "Statement": [statement]})


def test_data_protection(aws: Server) -> None:
    """test_data_protection_policy_crud, and what the policy does to messages."""
    filters = Filters(aws)
    sns, topic = filters.sns, filters.topic
    url, _ = filters.subscribed()
    policy = protection({"Deny": {}}, "EmailAddress")
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=policy)
    assert sns.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"] == policy
    assert "DataProtectionPolicy" not in sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    with pytest.raises(ClientError) as denied:
        sns.publish(TopicArn=topic, Message="write to a@example.com")
    assert error(denied)[:2] == (403, "AuthorizationError")
    mask = protection({"Deidentify": {"MaskConfig": {"MaskWithCharacter": "#"}}}, "CreditCardNumber")
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=mask)
    sns.publish(TopicArn=topic, Message="card 4111 1111 1111 1111")
    assert filters.received(url) == ["card " + "#" * 19]
    with pytest.raises(ClientError) as unfindable:
        sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=protection({"Deny": {}}, "Name"))
    assert error(unfindable)[:2] == (501, "NotImplemented")
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy="")
    assert "DataProtectionPolicy" not in sns.get_data_protection_policy(ResourceArn=topic)


def test_deliveries_and_findings_are_logged(aws: Server) -> None:
    """Delivery status in `sns/REGION/ACCOUNT/TOPIC`, findings in the group that the policy names."""
    filters = Filters(aws)
    sns, topic, logs = filters.sns, filters.topic, aws.client("logs")
    filters.subscribed()
    role = f"arn:aws:iam::{ACCOUNT}:role/logs"
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SQSSuccessFeedbackRoleArn", AttributeValue=role)
    findings = f"/aws/vendedlogs/{uuid4().hex}"
    audit = {"Audit": {"SampleRate": "99", "FindingsDestination": {"CloudWatchLogs": {"LogGroup": findings}}}}
    sns.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=protection(audit, "EmailAddress"))
    published = {sns.publish(TopicArn=topic, Message="write to a@example.com")["MessageId"] for _ in range(5)}

    def lines(group: str, least: int) -> list[Any]:
        try:
            events = logs.filter_log_events(logGroupName=group)["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [json.loads(event["message"]) for event in events] if len(events) >= least else []

    told = eventually(lambda: lines(f"sns/us-east-1/{ACCOUNT}/{topic.rpartition(':')[2]}", 5))
    assert {line["notification"]["messageId"] for line in told} == published
    assert {line["status"] for line in told} == {"SUCCESS"}
    found = eventually(lambda: lines(findings, 1))
    assert found[0]["dataIdentifiers"] == [
        {"name": "EmailAddress", "count": 1, "detections": [{"start": 9, "end": 22}]}
    ]


def test_an_archive_is_replayed(aws: Server) -> None:
    """A queue that subscribes late gets what was published before, in order, and then what is new."""
    sns, sqs = aws.client("sns"), aws.client("sqs")
    policy = '{"MessageRetentionPeriod":"30"}'
    topic = sns.create_topic(
        Name=f"t-{uuid4().hex}.fifo",
        Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true", "ArchivePolicy": policy},
    )["TopicArn"]
    attributes = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert attributes["ArchivePolicy"] == policy
    start = attributes["BeginningArchiveTime"]
    for number in range(12):
        sns.publish(TopicArn=topic, Message=f"m{number:02}", MessageGroupId="g")
    url = sqs.create_queue(QueueName=f"q-{uuid4().hex}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow]})})
    replay = json.dumps({"PointType": "Timestamp", "StartingPoint": start})
    subscription = sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue,
        Attributes={"ReplayPolicy": replay, "RawMessageDelivery": "true"},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]

    def status() -> bool:
        found = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
        return bool(found["ReplayStatus"] == "Completed")

    eventually(status)
    sns.publish(TopicArn=topic, Message="m99", MessageGroupId="g")
    bodies: list[str] = []
    while len(bodies) < 13:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
        for message in messages:
            bodies.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert bodies == [*[f"m{number:02}" for number in range(12)], "m99"]
    with pytest.raises(ClientError) as kept:
        sns.delete_topic(TopicArn=topic)
    assert error(kept)[:2] == (400, "InvalidState")
    sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    sns.delete_topic(TopicArn=topic)
