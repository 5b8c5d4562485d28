"""What one account does, no other account sees, and nothing of another can it read, without a policy that grants it."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Server

OURS, THEIRS = "333333333333", "444444444444"
REGION: Final = "us-east-1"
SECRET: Final = "s3cret-of-the-other-account"
NAME: Final = "shared-name"

Call = tuple[str, str, dict[str, Any]]


def trust(principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def policy(sid: str = "all") -> str:
    statement = {"Sid": sid, "Effect": "Allow", "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def opened(resource: str) -> str:
    """A resource's policy that lets everybody do everything."""
    statement = {"Effect": "Allow", "Principal": {"AWS": OURS}, "Action": "*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("app.py", f"def handler(event, context):\n    return {SECRET!r}\n")
    return content.getvalue()


class World:
    """Somebody else's account with something in each service, and ours with a user who may do everything."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.they = {service: self.client(service, THEIRS) for service in SERVICES}
        self.ids = self._fill()
        ours = self.client("iam", OURS)
        ours.create_user(UserName="admin")
        ours.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=policy())
        key = ours.create_access_key(UserName="admin")["AccessKey"]
        keys = {"root": (OURS, "any"), "admin": (key["AccessKeyId"], key["SecretAccessKey"])}
        self.we = {who: {service: self.client(service, *pair) for service in SERVICES} for who, pair in keys.items()}
        self.before = self.seen()
        assert SECRET in self.before

    def client(self, service: str, key: str, secret: str = "any") -> Any:
        return self.server.client(service, aws_access_key_id=key, aws_secret_access_key=secret)

    def _fill(self) -> dict[str, str]:
        they = self.they
        they["dynamodb"].create_table(
            TableName=NAME,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        they["dynamodb"].put_item(TableName=NAME, Item={"id": {"S": "1"}, "text": {"S": SECRET}})
        iam = they["iam"]
        tags = [{"Key": "secret", "Value": SECRET}]
        iam.create_user(UserName=NAME, Tags=tags)
        iam.put_user_policy(UserName=NAME, PolicyName=NAME, PolicyDocument=policy("s3cret"))
        iam.create_group(GroupName=NAME)
        iam.create_role(
            RoleName=NAME, Tags=tags, AssumeRolePolicyDocument=trust(f"arn:aws:iam::{THEIRS}:root"), Description=SECRET
        )
        iam.create_policy(PolicyName=NAME, PolicyDocument=policy(), Description=SECRET)
        trusted = trust("*").replace('"AWS": "*"', '"Service": "lambda.amazonaws.com"')
        runner = iam.create_role(RoleName="runner", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        they["lambda"].create_function(
            FunctionName=NAME,
            Runtime="python3.12",
            Handler="app.handler",
            Role=runner,
            Environment={"Variables": {"SECRET": SECRET}},
            Code={"ZipFile": archive()},
        )
        logs = they["logs"]
        logs.create_log_group(logGroupName=NAME)
        logs.create_log_stream(logGroupName=NAME, logStreamName=NAME)
        api = they["apigatewayv2"].create_api(Name=NAME, ProtocolType="HTTP", Description=SECRET)["ApiId"]
        they["apigatewayv2"].create_stage(ApiId=api, StageName="live", Description=SECRET)
        return {
            "api": api,
            "key": iam.create_access_key(UserName=NAME)["AccessKey"]["AccessKeyId"],
            **self._fill_stores(),
        }

    def _fill_stores(self) -> dict[str, str]:
        """Queues, topics, buckets, keys and buses."""
        they = self.they
        url = they["sqs"].create_queue(QueueName=NAME, tags={"secret": SECRET})["QueueUrl"]
        they["sqs"].send_message(QueueUrl=url, MessageBody=SECRET, DelaySeconds=900)
        they["sns"].create_topic(Name=NAME, Tags=[{"Key": "secret", "Value": SECRET}])
        subscribed = they["sns"].subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE, ReturnSubscriptionArn=True)
        they["s3"].create_bucket(Bucket=BUCKET)
        they["s3"].put_object(Bucket=BUCKET, Key=NAME, Body=SECRET.encode())
        upload = they["s3"].create_multipart_upload(Bucket=BUCKET, Key=NAME)["UploadId"]
        key = they["kms"].create_key(Description=SECRET, Tags=[{"TagKey": "a", "TagValue": SECRET}])["KeyMetadata"]
        they["kms"].create_alias(AliasName=f"alias/{NAME}", TargetKeyId=key["KeyId"])
        they["events"].create_event_bus(Name=NAME, Description=SECRET)
        they["events"].put_rule(Name=NAME, EventBusName=NAME, EventPattern='{"source": ["x"]}', Description=SECRET)
        target = {"Id": "t", "Arn": QUEUE, "Input": json.dumps(SECRET)}
        they["events"].put_targets(Rule=NAME, EventBusName=NAME, Targets=[target])
        sealed = they["kms"].encrypt(KeyId=key["Arn"], Plaintext=SECRET.encode())["CiphertextBlob"]
        self.sealed = sealed
        return {"key_arn": key["Arn"], "upload": upload, "subscription": subscribed["SubscriptionArn"]}

    def seen(self) -> str:
        """Everything that they see of their account."""
        they, api = self.they, self.ids["api"]
        iam = they["iam"]
        answers = [
            they["dynamodb"].list_tables(),
            they["dynamodb"].describe_table(TableName=NAME),
            they["dynamodb"].scan(TableName=NAME),
            iam.get_account_authorization_details(),
            iam.list_access_keys(UserName=NAME),
            iam.list_user_tags(UserName=NAME),
            iam.get_account_summary(),
            they["lambda"].list_functions(),
            they["lambda"].get_function_configuration(FunctionName=NAME),
            they["logs"].describe_log_groups(),
            they["logs"].describe_log_streams(logGroupName=NAME),
            they["apigatewayv2"].get_apis(),
            they["apigatewayv2"].get_api(ApiId=api),
            they["apigatewayv2"].get_stages(ApiId=api),
            they["apigatewayv2"].get_routes(ApiId=api),
        ]
        answers += self._seen_in_stores()
        for answer in answers:
            answer.pop("ResponseMetadata", None)
        return json.dumps(answers, default=str)

    def _seen_in_stores(self) -> list[Any]:
        they, key, url = self.they, {"KeyId": self.ids["key_arn"]}, QUEUE_URL
        kept = they["s3"].get_object(Bucket=BUCKET, Key=NAME)
        return [
            they["sqs"].list_queues(),
            they["sqs"].get_queue_attributes(QueueUrl=url, AttributeNames=["All"]),
            they["sqs"].list_queue_tags(QueueUrl=url),
            they["sns"].list_topics(),
            they["sns"].get_topic_attributes(TopicArn=TOPIC),
            they["sns"].list_subscriptions(),
            they["sns"].list_tags_for_resource(ResourceArn=TOPIC),
            they["s3"].list_buckets(),
            they["s3"].list_object_versions(Bucket=BUCKET),
            they["s3"].list_multipart_uploads(Bucket=BUCKET),
            they["s3"].get_bucket_acl(Bucket=BUCKET),
            they["s3"].get_bucket_versioning(Bucket=BUCKET),
            {"body": kept["Body"].read().decode()},
            they["kms"].describe_key(**key),
            they["kms"].list_keys(),
            they["kms"].list_aliases(**key),
            they["kms"].get_key_policy(**key),
            they["kms"].list_grants(**key),
            they["kms"].list_resource_tags(**key),
            they["events"].list_event_buses(),
            they["events"].describe_event_bus(Name=NAME),
            they["events"].list_rules(EventBusName=NAME),
            they["events"].list_targets_by_rule(EventBusName=NAME, Rule=NAME),
        ]


SERVICES: Final = (
    *("dynamodb", "iam", "lambda", "logs", "apigatewayv2", "sts"),
    *("sqs", "sns", "s3", "kms", "events"),
)


def _iam(kind: str) -> str:
    return f"arn:aws:iam::{THEIRS}:{kind}/{NAME}"


KEY: Final = {"id": {"S": "1"}}
ONE: Final = {":i": {"S": "1"}}
TABLE: Final = f"arn:aws:dynamodb:{REGION}:{THEIRS}:table/{NAME}"
FUNCTION: Final = f"arn:aws:lambda:{REGION}:{THEIRS}:function:{NAME}"
GROUP: Final = f"arn:aws:logs:{REGION}:{THEIRS}:log-group:{NAME}"
API: Final = "the id of their API"
ACCESS_KEY: Final = "their access key"
KMS_KEY: Final = "their KMS key"
UPLOAD: Final = "their upload"
SUBSCRIPTION: Final = "their subscription"
SEALED: Final = "what their key has sealed"
QUEUE: Final = f"arn:aws:sqs:{REGION}:{THEIRS}:{NAME}"
QUEUE_URL: Final = f"https://sqs.{REGION}.amazonaws.com/{THEIRS}/{NAME}"
TOPIC: Final = f"arn:aws:sns:{REGION}:{THEIRS}:{NAME}"
BUCKET: Final = "bucket-of-the-other-account"
BUS: Final = f"arn:aws:events:{REGION}:{THEIRS}:event-bus/{NAME}"
RULE: Final = f"arn:aws:events:{REGION}:{THEIRS}:rule/{NAME}/{NAME}"
ALIAS: Final = f"arn:aws:kms:{REGION}:{THEIRS}:alias/{NAME}"
ENTRY: Final = {"Source": "x", "DetailType": "d", "Detail": "{}"}

CALLS: Final[list[Call]] = [
    *(
        ("dynamodb", operation, {"TableName": table, **arguments})
        for table in (NAME, TABLE)
        for operation, arguments in (
            ("get_item", {"Key": KEY}),
            ("put_item", {"Item": {**KEY, "text": {"S": "ours"}}}),
            ("delete_item", {"Key": KEY}),
            ("update_item", {"Key": KEY, "UpdateExpression": "REMOVE #t", "ExpressionAttributeNames": {"#t": "text"}}),
            ("scan", {}),
            ("describe_table", {}),
            ("delete_table", {}),
        )
    ),
    (
        "dynamodb",
        "create_table",
        {
            "TableName": NAME,
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    *(
        ("dynamodb", operation, arguments)
        for table in (NAME, TABLE)
        for operation, arguments in (
            ("query", {"TableName": table, "KeyConditionExpression": "id = :i", "ExpressionAttributeValues": ONE}),
            ("update_table", {"TableName": table, "DeletionProtectionEnabled": True}),
            ("describe_time_to_live", {"TableName": table}),
            ("batch_get_item", {"RequestItems": {table: {"Keys": [KEY]}}}),
            ("batch_write_item", {"RequestItems": {table: [{"DeleteRequest": {"Key": KEY}}]}}),
            ("transact_get_items", {"TransactItems": [{"Get": {"TableName": table, "Key": KEY}}]}),
            ("transact_write_items", {"TransactItems": [{"Delete": {"TableName": table, "Key": KEY}}]}),
        )
    ),
    ("dynamodb", "list_tables", {}),
    ("iam", "create_user", {"UserName": NAME}),
    ("iam", "get_user", {"UserName": NAME}),
    ("iam", "delete_user", {"UserName": NAME}),
    ("iam", "list_users", {}),
    ("iam", "list_user_tags", {"UserName": NAME}),
    ("iam", "put_user_policy", {"UserName": NAME, "PolicyName": NAME, "PolicyDocument": policy()}),
    ("iam", "get_user_policy", {"UserName": NAME, "PolicyName": NAME}),
    ("iam", "delete_user_policy", {"UserName": NAME, "PolicyName": NAME}),
    ("iam", "create_access_key", {"UserName": NAME}),
    ("iam", "delete_access_key", {"UserName": NAME, "AccessKeyId": ACCESS_KEY}),
    ("iam", "update_access_key", {"UserName": NAME, "AccessKeyId": ACCESS_KEY, "Status": "Inactive"}),
    ("iam", "get_access_key_last_used", {"AccessKeyId": ACCESS_KEY}),
    ("iam", "attach_user_policy", {"UserName": NAME, "PolicyArn": _iam("policy")}),
    ("iam", "create_group", {"GroupName": NAME}),
    ("iam", "add_user_to_group", {"GroupName": NAME, "UserName": NAME}),
    ("iam", "delete_group", {"GroupName": NAME}),
    ("iam", "create_role", {"RoleName": NAME, "AssumeRolePolicyDocument": trust("*")}),
    ("iam", "get_role", {"RoleName": NAME}),
    ("iam", "delete_role", {"RoleName": NAME}),
    ("iam", "update_assume_role_policy", {"RoleName": NAME, "PolicyDocument": trust("*")}),
    ("iam", "get_policy", {"PolicyArn": _iam("policy")}),
    ("iam", "get_policy_version", {"PolicyArn": _iam("policy"), "VersionId": "v1"}),
    ("iam", "create_policy", {"PolicyName": NAME, "PolicyDocument": policy()}),
    (
        "iam",
        "create_policy_version",
        {"PolicyArn": _iam("policy"), "PolicyDocument": policy(), "SetAsDefault": True},
    ),
    ("iam", "delete_policy", {"PolicyArn": _iam("policy")}),
    ("iam", "simulate_principal_policy", {"PolicySourceArn": _iam("user"), "ActionNames": ["iam:GetUser"]}),
    ("iam", "get_context_keys_for_principal_policy", {"PolicySourceArn": _iam("user")}),
    ("iam", "get_account_authorization_details", {}),
    ("sts", "assume_role", {"RoleArn": _iam("role"), "RoleSessionName": "session"}),
    *(
        ("lambda", operation, {"FunctionName": function, **arguments})
        for function in (NAME, FUNCTION)
        for operation, arguments in (
            ("get_function", {}),
            ("get_function_configuration", {}),
            ("invoke", {}),
            ("get_policy", {}),
            ("update_function_configuration", {"Description": "ours"}),
            ("update_function_code", {"ZipFile": archive()}),
            (
                "add_permission",
                {"StatementId": "ours", "Action": "lambda:*", "Principal": OURS},
            ),
            ("delete_function", {}),
        )
    ),
    ("lambda", "list_functions", {}),
    *(
        ("logs", operation, {"logGroupName": NAME, **arguments})
        for operation, arguments in (
            ("create_log_group", {}),
            ("delete_log_group", {}),
            ("create_log_stream", {"logStreamName": NAME}),
            ("describe_log_streams", {}),
            ("put_log_events", {"logStreamName": NAME, "logEvents": [{"timestamp": 1, "message": "ours"}]}),
            ("put_retention_policy", {"retentionInDays": 1}),
        )
    ),
    ("logs", "describe_log_groups", {}),
    ("logs", "filter_log_events", {"logGroupIdentifier": GROUP}),
    ("logs", "get_log_events", {"logGroupIdentifier": GROUP, "logStreamName": NAME}),
    ("apigatewayv2", "get_apis", {}),
    ("apigatewayv2", "create_api", {"Name": NAME, "ProtocolType": "HTTP"}),
    ("apigatewayv2", "get_api", {"ApiId": API}),
    ("apigatewayv2", "update_api", {"ApiId": API, "Name": "ours"}),
    ("apigatewayv2", "get_stages", {"ApiId": API}),
    ("apigatewayv2", "create_route", {"ApiId": API, "RouteKey": "GET /"}),
    ("apigatewayv2", "delete_stage", {"ApiId": API, "StageName": "live"}),
    ("apigatewayv2", "delete_api", {"ApiId": API}),
    *(
        ("sqs", operation, {"QueueUrl": QUEUE_URL, **arguments})
        for operation, arguments in (
            ("send_message", {"MessageBody": "ours"}),
            ("send_message_batch", {"Entries": [{"Id": "a", "MessageBody": "ours"}]}),
            ("receive_message", {}),
            ("get_queue_attributes", {"AttributeNames": ["All"]}),
            ("set_queue_attributes", {"Attributes": {"VisibilityTimeout": "1"}}),
            ("add_permission", {"Label": "ours", "AWSAccountIds": [OURS], "Actions": ["*"]}),
            ("list_queue_tags", {}),
            ("tag_queue", {"Tags": {"a": "b"}}),
            ("purge_queue", {}),
            ("list_dead_letter_source_queues", {}),
            ("delete_queue", {}),
        )
    ),
    ("sqs", "get_queue_url", {"QueueName": NAME, "QueueOwnerAWSAccountId": THEIRS}),
    ("sqs", "list_queues", {}),
    ("sqs", "create_queue", {"QueueName": NAME}),
    ("sqs", "start_message_move_task", {"SourceArn": QUEUE}),
    *(
        ("sns", operation, {"TopicArn": TOPIC, **arguments})
        for operation, arguments in (
            ("publish", {"Message": "ours"}),
            ("get_topic_attributes", {}),
            ("set_topic_attributes", {"AttributeName": "DisplayName", "AttributeValue": "ours"}),
            ("add_permission", {"Label": "ours", "AWSAccountId": [OURS], "ActionName": ["Publish"]}),
            ("list_subscriptions_by_topic", {}),
            ("subscribe", {"Protocol": "sqs", "Endpoint": QUEUE.replace(THEIRS, OURS)}),
            ("delete_topic", {}),
        )
    ),
    ("sns", "list_tags_for_resource", {"ResourceArn": TOPIC}),
    ("sns", "tag_resource", {"ResourceArn": TOPIC, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("sns", "list_topics", {}),
    ("sns", "list_subscriptions", {}),
    ("sns", "create_topic", {"Name": NAME}),
    ("sns", "get_subscription_attributes", {"SubscriptionArn": SUBSCRIPTION}),
    ("sns", "unsubscribe", {"SubscriptionArn": SUBSCRIPTION}),
    *(
        ("s3", operation, {"Bucket": BUCKET, **arguments})
        for operation, arguments in (
            ("get_object", {"Key": NAME}),
            ("head_object", {"Key": NAME}),
            ("put_object", {"Key": NAME, "Body": b"ours"}),
            ("delete_object", {"Key": NAME}),
            ("delete_objects", {"Delete": {"Objects": [{"Key": NAME}]}}),
            ("copy_object", {"Key": "copy", "CopySource": f"{BUCKET}/{NAME}"}),
            ("list_objects_v2", {}),
            ("list_object_versions", {}),
            ("list_multipart_uploads", {}),
            ("list_parts", {"Key": NAME, "UploadId": UPLOAD}),
            ("upload_part", {"Key": NAME, "UploadId": UPLOAD, "PartNumber": 1, "Body": b"ours"}),
            ("abort_multipart_upload", {"Key": NAME, "UploadId": UPLOAD}),
            ("get_object_acl", {"Key": NAME}),
            ("put_object_acl", {"Key": NAME, "ACL": "public-read"}),
            ("put_bucket_acl", {"ACL": "public-read"}),
            ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
            ("put_bucket_policy", {"Policy": opened(f"arn:aws:s3:::{BUCKET}")}),
            ("delete_public_access_block", {}),
            ("create_bucket", {}),
            ("delete_bucket", {}),
        )
    ),
    ("s3", "list_buckets", {}),
    *(
        ("kms", operation, {"KeyId": key, **arguments})
        for key in (KMS_KEY, ALIAS)
        for operation, arguments in (
            ("describe_key", {}),
            ("encrypt", {"Plaintext": b"ours"}),
            ("generate_data_key", {"KeySpec": "AES_256"}),
            ("list_grants", {}),
            ("create_grant", {"GranteePrincipal": f"arn:aws:iam::{OURS}:root", "Operations": ["Decrypt"]}),
        )
    ),
    *(
        ("kms", operation, {"KeyId": KMS_KEY, **arguments})
        for operation, arguments in (
            ("get_key_policy", {}),
            ("put_key_policy", {"Policy": opened("*")}),
            ("list_resource_tags", {}),
            ("tag_resource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
            ("disable_key", {}),
            ("enable_key_rotation", {}),
            ("update_key_description", {"Description": "ours"}),
            ("schedule_key_deletion", {}),
        )
    ),
    ("kms", "decrypt", {"CiphertextBlob": SEALED}),
    ("kms", "decrypt", {"CiphertextBlob": SEALED, "KeyId": KMS_KEY}),
    ("kms", "re_encrypt", {"CiphertextBlob": SEALED, "DestinationKeyId": KMS_KEY}),
    ("kms", "create_alias", {"AliasName": "alias/ours", "TargetKeyId": KMS_KEY}),
    ("kms", "delete_alias", {"AliasName": f"alias/{NAME}"}),
    ("kms", "list_keys", {}),
    ("kms", "list_aliases", {}),
    ("events", "put_events", {"Entries": [{**ENTRY, "EventBusName": BUS}]}),
    ("events", "describe_event_bus", {"Name": BUS}),
    ("events", "delete_event_bus", {"Name": NAME}),
    ("events", "create_event_bus", {"Name": NAME}),
    *(
        ("events", operation, {"EventBusName": BUS, **arguments})
        for operation, arguments in (
            ("put_rule", {"Name": NAME, "EventPattern": '{"source": ["y"]}'}),
            ("describe_rule", {"Name": NAME}),
            ("disable_rule", {"Name": NAME}),
            ("list_rules", {}),
            ("list_targets_by_rule", {"Rule": NAME}),
            ("put_targets", {"Rule": NAME, "Targets": [{"Id": "ours", "Arn": QUEUE}]}),
            ("remove_targets", {"Rule": NAME, "Ids": ["t"]}),
            ("delete_rule", {"Name": NAME}),
        )
    ),
    ("events", "list_tags_for_resource", {"ResourceARN": RULE}),
    ("events", "tag_resource", {"ResourceARN": RULE, "Tags": [{"Key": "a", "Value": "b"}]}),
    ("events", "list_event_buses", {}),
    (
        "events",
        "put_permission",
        {"EventBusName": NAME, "StatementId": "ours", "Action": "events:PutEvents", "Principal": OURS},
    ),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    server = Server(tmp_path_factory.mktemp("accounts") / "data").start()
    yield World(server)
    server.stop()


def _answer(world: World, who: str, call: Call) -> str:
    """All that the caller hears, of success or failure."""
    service, operation, arguments = call
    ids: dict[str, Any] = {
        API: world.ids["api"],
        ACCESS_KEY: world.ids["key"],
        KMS_KEY: world.ids["key_arn"],
        UPLOAD: world.ids["upload"],
        SUBSCRIPTION: world.ids["subscription"],
        SEALED: world.sealed,
    }
    meant = {name: ids.get(value, value) if isinstance(value, str) else value for name, value in arguments.items()}
    try:
        answer = getattr(world.we[who][service], operation)(**meant)
    except ClientError as error:
        answer = error.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert status < 500 or status == 501, (call, answer)  # 501: not built yet
    if (service, operation) == ("kms", "decrypt"):
        assert "Plaintext" not in answer
    for name in ("Payload", "Body"):
        if name in answer and hasattr(answer[name], "read"):
            answer[name] = answer[name].read()
    return repr(answer)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.tuples(st.sampled_from(["root", "admin"]), st.sampled_from(CALLS)), min_size=3, max_size=15))
def test_no_call_crosses_accounts(world: World, calls: list[tuple[str, Call]]) -> None:
    """Roots and administrators of one account, in any order, on everything that the other has by name or ARN."""
    for who, call in calls:
        assert SECRET not in _answer(world, who, call), (who, call)
    assert world.seen() == world.before


def test_each_call_by_itself(world: World) -> None:
    """The property's calls are real ones: none fails for being malformed."""
    for who in ("root", "admin"):
        for call in CALLS:
            answer = _answer(world, who, call)
            assert SECRET not in answer, (who, call)
            assert "ValidationError" not in answer, (who, call, answer)
    assert world.seen() == world.before
