"""Every operation of Lambda, Logs and CloudWatch, asked by one account for what is another's: nothing comes of it.

The table below is kept whole by a test: an operation that is built and has no line in it fails.
"""

import json
import time
from dataclasses import dataclass
from typing import Any, Final

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.session import get_session

from pileus.services.cloudwatch.api import CloudWatchApi
from pileus.services.lambda_.api import LambdaApi
from pileus.services.logs.api import LogsApi
from tests.conformance.test_enforcement import REGION, document
from tests.conftest import Server
from tests.support.functions import archive

OURS: Final = "555555555555"
THEIRS: Final = "666666666666"
SECRET: Final = "s3cretOfTheOtherAccount"
NAME: Final = "theirs"
EXPORTS: Final = "exports-of-theirs"
ALL: Final = document({"Effect": "Allow", "Action": "*", "Resource": "*"})
REFUSALS: Final = frozenset(
    {
        *("AccessDeniedException", "ResourceNotFoundException", "ResourceNotFound"),
        *("InvalidParameterException", "ValidationException"),
    }
)
APIS: Final[dict[str, type]] = {"lambda": LambdaApi, "logs": LogsApi, "cloudwatch": CloudWatchApi}
AT_S: Final = 1_767_225_600
"""2026-01-01."""


@dataclass(frozen=True)
class Theirs:
    """What the other account has. Members that requests name, by service; `members` of one operation count first."""

    names: dict[str, dict[str, Any]]
    members: dict[str, dict[str, Any]]
    clients: dict[str, Any]

    def named_in(self, request: dict[str, Any]) -> bool:
        """Whether a request says that it means what is theirs: by an ARN, or an id that nothing else has."""
        logs = self.names["logs"]
        named = ("queryId", "queryDefinitionId", "logRecordPointer", "taskId")
        ids = (self.names["lambda"]["UUID"], *(logs[name] for name in named))
        return any(known in repr(request) for known in (THEIRS, *ids))

    def request(self, service: str, operation: str) -> dict[str, Any]:
        """As small as it may be, and about what is theirs."""
        shape = get_session().get_service_model(service).operation_model(operation).input_shape
        known, own = self.names[service], self.members.get(f"{service}.{operation}", {})
        required = shape.required_members if shape is not None else ()
        return {name: known[name] for name in required if name not in own} | own

    def seen(self) -> str:
        """All that they see of it."""
        lambda_, logs, cloudwatch = (self.clients[service] for service in APIS)
        group = {"logGroupName": NAME}
        provisioned = lambda_.list_provisioned_concurrency_configs(FunctionName=NAME)["ProvisionedConcurrencyConfigs"]
        alarms = cloudwatch.describe_alarms()["MetricAlarms"]
        kept = ("AlarmName", "ActionsEnabled", "AlarmDescription", "Threshold")  # its state changes by itself
        answers = [
            lambda_.list_functions(),
            lambda_.get_function_configuration(FunctionName=NAME),
            lambda_.get_function(FunctionName=NAME)["Tags"],
            lambda_.get_policy(FunctionName=NAME),
            lambda_.list_aliases(FunctionName=NAME),
            lambda_.list_versions_by_function(FunctionName=NAME),
            lambda_.list_function_url_configs(FunctionName=NAME),
            lambda_.list_function_event_invoke_configs(FunctionName=NAME),
            {"provisioned": [config["RequestedProvisionedConcurrentExecutions"] for config in provisioned]},
            lambda_.get_function_concurrency(FunctionName=NAME),
            lambda_.get_function_recursion_config(FunctionName=NAME),
            lambda_.get_runtime_management_config(FunctionName=NAME),
            lambda_.list_layer_versions(LayerName=NAME),
            lambda_.get_layer_version_policy(LayerName=NAME, VersionNumber=1),
            lambda_.list_code_signing_configs(),
            lambda_.list_event_source_mappings(),
            logs.describe_log_groups(),
            logs.describe_log_streams(**group),
            logs.filter_log_events(**group),
            logs.describe_metric_filters(**group),
            logs.describe_subscription_filters(**group),
            logs.list_tags_log_group(**group),
            logs.describe_resource_policies(),
            logs.describe_query_definitions(),
            {"exports": [task["taskId"] for task in logs.describe_export_tasks()["exportTasks"]]},
            {"alarms": [{name: alarm[name] for name in kept} for alarm in alarms]},
            cloudwatch.list_dashboards(),
            cloudwatch.get_dashboard(DashboardName=NAME),
            cloudwatch.list_metrics(Namespace=NAME),
            cloudwatch.list_tags_for_resource(ResourceARN=self.names["cloudwatch"]["ResourceARN"]),
        ]
        for answer in answers:
            answer.pop("ResponseMetadata", None)
            answer.pop("searchedLogStreams", None)
        return json.dumps(answers, default=str)


@pytest.fixture(scope="module")
def theirs(aws: Server) -> Theirs:
    """A function with everything that belongs to one, a log group with everything, metrics, alarms, dashboards."""
    key = {"aws_access_key_id": THEIRS}
    lambda_, logs, cloudwatch = (aws.client(service, **key) for service in APIS)
    trust = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam = aws.client("iam", **key)
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=NAME, PolicyName="all", PolicyDocument=ALL)
    stream = aws.client("dynamodb", **key).create_table(
        TableName=NAME,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]
    function = lambda_.create_function(
        FunctionName=NAME,
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": archive(f"def handler(event, context): return {SECRET!r}")},
        Environment={"Variables": {"SECRET": SECRET}},
        Tags={"secret": SECRET},
    )["FunctionArn"]
    lambda_.get_waiter("function_active_v2").wait(FunctionName=NAME)
    lambda_.publish_version(FunctionName=NAME, Description=SECRET)
    lambda_.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1", Description=SECRET)
    lambda_.put_provisioned_concurrency_config(FunctionName=NAME, Qualifier="1", ProvisionedConcurrentExecutions=1)
    lambda_.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=7)
    lambda_.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=0)
    lambda_.create_function_url_config(FunctionName=NAME, AuthType="AWS_IAM")
    lambda_.add_permission(
        FunctionName=NAME, StatementId="s", Action="lambda:InvokeFunction", Principal="logs.amazonaws.com"
    )
    profile = f"arn:aws:signer:{REGION}:{THEIRS}:/signing-profiles/p/1"
    signing = lambda_.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [profile]},
        Description=SECRET,
    )["CodeSigningConfig"]["CodeSigningConfigArn"]
    layer = lambda_.publish_layer_version(LayerName=NAME, Description=SECRET, Content={"ZipFile": archive(SECRET)})[
        "LayerArn"
    ]
    lambda_.add_layer_version_permission(
        LayerName=NAME, VersionNumber=1, StatementId="s", Action="lambda:GetLayerVersion", Principal="777777777777"
    )
    mapping = lambda_.create_event_source_mapping(
        FunctionName=NAME, EventSourceArn=stream, StartingPosition="LATEST", Enabled=False
    )["UUID"]
    group, stream_name = {"logGroupName": NAME}, {"logStreamName": NAME}
    logs.create_log_group(**group, tags={"secret": SECRET})
    logs.create_log_stream(**group, **stream_name)
    at_ms = 1000 * int(logs.describe_log_groups()["logGroups"][0]["creationTime"] / 1000)
    logs.put_log_events(**group, **stream_name, logEvents=[{"timestamp": at_ms, "message": SECRET}])
    (event,) = logs.filter_log_events(**group)["events"]
    assert event["message"] == SECRET
    group_arn = f"arn:aws:logs:{REGION}:{THEIRS}:log-group:{NAME}"
    filtered = {"filterName": NAME, "filterPattern": SECRET}
    transformations = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
    logs.put_metric_filter(**group, **filtered, metricTransformations=transformations)
    logs.put_subscription_filter(**group, **filtered, destinationArn=function)
    logs.put_resource_policy(policyName=NAME, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "s3cret", "Effect": "Allow", "Principal": {"Service": "a.amazonaws.com"}, "Action": "logs:PutLogEvents",
         "Resource": group_arn}]}))  # fmt: skip
    definition = logs.put_query_definition(name=NAME, queryString=f"filter @message = '{SECRET}'")["queryDefinitionId"]
    query = logs.start_query(
        **group, startTime=at_ms // 1000 - 60, endTime=at_ms // 1000 + 60, queryString="fields @message, @ptr"
    )["queryId"]
    pointer = _pointer(logs, query)
    s3 = aws.client("s3", **key)
    s3.create_bucket(Bucket=EXPORTS)
    s3.put_bucket_policy(Bucket=EXPORTS, Policy=document({"Effect": "Allow", "Principal": {
        "Service": f"logs.{REGION}.amazonaws.com"}, "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{EXPORTS}", f"arn:aws:s3:::{EXPORTS}/*"]}))  # fmt: skip
    span_ms = {"from": at_ms - 1000, "to": at_ms + 1000}
    task = logs.create_export_task(**group, **span_ms, destination=EXPORTS)["taskId"]
    datum = {"MetricName": NAME, "Value": 1.0}
    secret_datum = {**datum, "Dimensions": [{"Name": "secret", "Value": SECRET}]}
    cloudwatch.put_metric_data(Namespace=NAME, MetricData=[datum, secret_datum])
    alarm = {
        "MetricName": NAME,
        "Namespace": NAME,
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    tags = [{"Key": "secret", "Value": SECRET}]
    cloudwatch.put_metric_alarm(AlarmName=NAME, AlarmDescription=SECRET, ActionsEnabled=False, Tags=tags, **alarm)
    cloudwatch.put_dashboard(DashboardName=NAME, DashboardBody=json.dumps({"widgets": [
        {"type": "text", "properties": {"markdown": SECRET}}]}))  # fmt: skip
    span = {"StartTime": AT_S, "EndTime": AT_S + 3600}
    names = {
        "lambda": {
            "FunctionName": function,
            "InvokeArgs": b"{}",
            "Qualifier": "1",
            "LayerName": layer,
            "VersionNumber": 1,
            "StatementId": "s",
            "Action": "lambda:GetLayerVersion",
            "Principal": OURS,
            "Name": "live",
            "FunctionVersion": "1",
            "AllowedPublishers": {"SigningProfileVersionArns": [profile.replace(THEIRS, OURS)]},
            "Role": role,
            "Code": {"ZipFile": archive("x = 1")},
            "AuthType": "NONE",
            "CodeSigningConfigArn": signing,
            "UUID": mapping,
            "ResourceArn": function,
            "Arn": f"{layer}:1",
            "Resource": function,
            "Content": {"ZipFile": archive("x = 1")},
            "ReservedConcurrentExecutions": 0,
            "RecursiveLoop": "Allow",
            "ProvisionedConcurrentExecutions": 2,
            "Policy": document({"Effect": "Allow", "Principal": "*", "Action": "lambda:*", "Resource": function}),
            "UpdateRuntimeOn": "FunctionUpdate",
            "Tags": {"a": "b"},
            "TagKeys": ["secret"],
        },
        "logs": {
            **group,
            **stream_name,
            **filtered,
            "filterPattern": "ours",
            "queryDefinitionId": definition,
            "taskId": task,
            "destination": EXPORTS,
            **span_ms,
            "logRecordPointer": pointer,
            "queryId": query,
            "resourceArn": group_arn,
            "logEvents": [{"timestamp": at_ms, "message": "ours"}],
            "logGroupIdentifier": group_arn,
            "deletionProtectionEnabled": True,
            "metricTransformations": transformations,
            "name": NAME,
            "queryString": "fields @message",
            "retentionInDays": 1,
            "destinationArn": function,
            "startTime": at_ms // 1000 - 60,
            "endTime": at_ms // 1000 + 60,
            "tags": {"secret": "ours"},
            "tagKeys": ["secret"],
            "logEventMessages": ["a"],
        },
        "cloudwatch": {
            **span,
            "AlarmName": NAME,
            "AlarmNames": [NAME],
            "DashboardName": NAME,
            "DashboardNames": [NAME],
            "MetricName": NAME,
            "Namespace": NAME,
            "Period": 60,
            "AlarmRule": "TRUE",
            "DashboardBody": "{}",
            "MetricDataQueries": [
                {
                    "Id": "a",
                    "MetricStat": {"Metric": {"Namespace": NAME, "MetricName": NAME}, "Period": 60, "Stat": "Sum"},
                }
            ],
            "ResourceARN": f"arn:aws:cloudwatch:{REGION}:{THEIRS}:alarm:{NAME}",
            "StateValue": "ALARM",
            "StateReason": "ours",
            "Tags": [{"Key": "secret", "Value": "ours"}],
            "TagKeys": ["secret"],
        },
    }
    of_group = {"logGroupIdentifier": group_arn}
    asked = {"startTime": at_ms // 1000 - 60, "endTime": at_ms // 1000 + 60, "queryString": "fields @message"}
    members = {
        "lambda.AddPermission": {"Action": "lambda:InvokeFunction"},
        "lambda.CreateEventSourceMapping": {"EventSourceArn": stream, "StartingPosition": "LATEST"},
        "lambda.CreateFunction": {"Runtime": "python3.12", "Handler": "index.handler"},
        "lambda.ListEventSourceMappings": {"FunctionName": function},
        "lambda.UpdateAlias": {"Description": "ours"},
        "lambda.UpdateFunctionCode": {"ZipFile": archive("x = 1")},
        "lambda.UpdateFunctionConfiguration": {"Description": "ours"},
        "lambda.UpdateCodeSigningConfig": {"Description": "ours"},
        "lambda.UpdateEventSourceMapping": {"Enabled": True},
        "lambda.PutFunctionEventInvokeConfig": {"MaximumRetryAttempts": 2},
        "lambda.UpdateFunctionEventInvokeConfig": {"MaximumRetryAttempts": 2},
        "lambda.UpdateFunctionUrlConfig": {"AuthType": "NONE"},
        "logs.DeleteResourcePolicy": {"policyName": NAME},
        "logs.PutResourcePolicy": {"policyName": NAME, "policyDocument": ALL},
        "logs.UntagLogGroup": {**group, "tags": ["secret"]},
        "logs.DescribeLogStreams": of_group,
        "logs.DescribeMetricFilters": {"metricName": "m", "metricNamespace": "n"},
        "logs.FilterLogEvents": of_group,
        "logs.GetLogEvents": {**of_group, **stream_name},
        "logs.GetLogGroupFields": of_group,
        "logs.StartQuery": {**asked, "logGroupIdentifiers": [group_arn]},
        "logs.PutQueryDefinition": {"name": NAME, "queryString": "fields @message", "queryDefinitionId": definition},
        "cloudwatch.DescribeAlarmHistory": {"AlarmName": NAME},
        "cloudwatch.DescribeAlarms": {"AlarmNames": [NAME]},
        "cloudwatch.GetMetricStatistics": {"Statistics": ["Sum"]},
        "cloudwatch.ListMetrics": {"Namespace": NAME},
        "cloudwatch.PutMetricAlarm": {**alarm, "AlarmName": NAME},
        "cloudwatch.PutMetricData": {"Namespace": NAME, "MetricData": [datum]},
    }
    clients = {"lambda": lambda_, "logs": logs, "cloudwatch": cloudwatch}
    return Theirs(names, members, clients)


def _pointer(logs: Any, query: str) -> str:
    """That of the one event that the query finds."""
    deadline_s = time.monotonic() + 30
    while (answer := logs.get_query_results(queryId=query))["status"] != "Complete":
        assert time.monotonic() < deadline_s, answer
        time.sleep(0.05)
    ((_, found),) = answer["results"]
    assert found["field"] == "@ptr"
    return str(found["value"])


def built(service: str) -> list[str]:
    model = get_session().get_service_model(service)
    return [name for name in model.operation_names if hasattr(APIS[service], xform_name(name))]


OPERATIONS: Final = [(service, operation) for service in APIS for operation in built(service)]


@pytest.fixture(scope="module")
def callers(aws: Server) -> dict[str, dict[str, Any]]:
    """The root of another account, and a user of it that may do everything there."""
    iam = aws.client("iam", aws_access_key_id=OURS)
    iam.create_user(UserName="admin")
    iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=ALL)
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    keys = {
        "root": {"aws_access_key_id": OURS},
        "admin": {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]},
    }
    return {who: {service: aws.client(service, **pair) for service in APIS} for who, pair in keys.items()}


@pytest.fixture(scope="module")
def before(theirs: Theirs) -> str:
    seen = theirs.seen()
    assert SECRET in seen
    return seen


@pytest.mark.parametrize("who", ["root", "admin"])
@pytest.mark.parametrize(("service", "operation"), OPERATIONS, ids=lambda value: str(value))
def test_nothing_comes_of_it(
    theirs: Theirs, before: str, callers: dict[str, dict[str, Any]], who: str, service: str, operation: str
) -> None:
    """No word of theirs is heard, nothing of theirs changes; what names their ARN is refused, in AWS's own codes."""
    request = theirs.request(service, operation)
    client = callers[who][service]
    try:
        answer = getattr(client, xform_name(operation))(**request)
        code, heard = "", repr(answer)
    except ClientError as error:
        answer = error.response
        code, heard = answer["Error"]["Code"], repr(answer)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] < 500, answer
    assert SECRET not in heard
    if theirs.named_in(request):
        assert code in REFUSALS, (code, heard)
    assert theirs.seen() == before
