"""AWS's words for broken constraints and wrong types; programs, and people, read them."""

from typing import Any

import msgspec
import pytest

from pileus.kernel.http.messages import Request, Response
from pileus.kernel.wire.model import load_model
from pileus.kernel.wire.validation import Inspection
from tests.wire.harness import Desk, authorization, botocore_model, read_by_botocore, request_of

ROLE = "arn:aws:iam::111111111111:role/r"
FUNCTION = {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b"x"}}


def refused(service: str, operation: str, parameters: dict[str, Any]) -> tuple[str, str, int]:
    """Code, message and status of the answer to a request of botocore's, whose own validation is off."""
    response = Desk([service]).ask(request_of(service, operation, parameters))
    error = read_by_botocore(service, operation, response)["Error"]
    return error["Code"], error["Message"], response.status


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "told"),
    [
        # lambda/lambda_api, test_create_lambda_exceptions
        (
            "lambda",
            "CreateFunction",
            FUNCTION | {"Role": "r1"},
            "ValidationException",
            r"Value 'r1' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: "
            r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+",
        ),
        (
            "lambda",
            "CreateFunction",
            FUNCTION | {"Architectures": ["X86_64"]},
            "ValidationException",
            "Value '[X86_64]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: "
            "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
        ),
        (
            "lambda",
            "CreateFunction",
            FUNCTION | {"Architectures": ["x86_64", "arm64"]},
            "ValidationException",
            "Value '[x86_64, arm64]' at 'architectures' failed to satisfy constraint: "
            "Member must have length less than or equal to 1",
        ),
        # test_invalid_vpc_config_subnet
        (
            "lambda",
            "CreateFunction",
            FUNCTION | {"VpcConfig": {"SubnetIds": ["bad-subnet"]}},
            "ValidationException",
            "Value '[bad-subnet]' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must satisfy "
            "constraint: [Member must have length less than or equal to 1024, Member must have length greater than or "
            "equal to 0, Member must satisfy regular expression pattern: subnet-[0-9a-z]*]",
        ),
        # test_snapstart_exceptions
        (
            "lambda",
            "CreateFunction",
            FUNCTION | {"SnapStart": {"ApplyOn": "invalidOption"}},
            "ValidationException",
            "Value 'invalidOption' at 'snapStart.applyOn' failed to satisfy constraint: "
            "Member must satisfy enum value set: [PublishedVersions, None]",
        ),
        # test_notfound_and_invalid_routingconfigs
        (
            "lambda",
            "CreateAlias",
            {
                "FunctionName": "f",
                "Name": "a",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"2": 2.0}},
            },
            "ValidationException",
            "Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must "
            "satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater "
            "than or equal to 0.0, Member must not be null]",
        ),
        (
            "lambda",
            "CreateAlias",
            {
                "FunctionName": "f",
                "Name": "a",
                "FunctionVersion": "1",
                "RoutingConfig": {"AdditionalVersionWeights": {"$LATEST": 0.5}},
            },
            "ValidationException",
            "Value '{$LATEST=0.5}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys "
            "must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length "
            "greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]",
        ),
        # test_alias_naming, test_permission_exceptions: from the body, from the query
        (
            "lambda",
            "CreateAlias",
            {"FunctionName": "f", "Name": "2024", "FunctionVersion": "1"},
            "ValidationException",
            "Value '2024' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: "
            "(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
        ),
        (
            "lambda",
            "GetFunction",
            {"FunctionName": "f", "Qualifier": "invalid-qualifier-with-?-char"},
            "ValidationException",
            "Value 'invalid-qualifier-with-?-char' at 'qualifier' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
        ),
        # test_tag_exceptions: a list that is empty is not there
        (
            "lambda",
            "UntagResource",
            {"Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "TagKeys": []},
            "ValidationException",
            "Value null at 'tagKeys' failed to satisfy constraint: Member must not be null",
        ),
        # logs/logs_events, test_get_log_events_limit_validation; logs/logs_metric_filters
        (
            "logs",
            "GetLogEvents",
            {"logStreamName": "s", "limit": 10_001},
            "InvalidParameterException",
            "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000",
        ),
        # Differs from the recording, where `unit` stands before `dimensions`: we only know the model's order.
        (
            "logs",
            "PutMetricFilter",
            {
                "logGroupName": "g",
                "filterName": "f",
                "filterPattern": "",
                "metricTransformations": [
                    {"metricName": f"metric{n}", "metricNamespace": f"namespace{n}", "metricValue": "1"} for n in (1, 2)
                ],
            },
            "InvalidParameterException",
            "Value '[MetricTransformation(metricName=metric1, metricNamespace=namespace1, metricValue=1, "
            "defaultValue=null, dimensions=null, unit=null), MetricTransformation(metricName=metric2, "
            "metricNamespace=namespace2, metricValue=1, defaultValue=null, dimensions=null, unit=null)]' at "
            "'metricTransformations' failed to satisfy constraint: Member must have length less than or equal to 1",
        ),
        # sts/sts, test_sts_invalid_parameters
        (
            "sts",
            "AssumeRole",
            {"RoleArn": ROLE, "RoleSessionName": "Session1:2"},
            "ValidationError",
            "Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular "
            r"expression pattern: [\w+=,.@-]*",
        ),
    ],
)
def test_one_violation(service: str, operation: str, parameters: dict[str, Any], code: str, told: str) -> None:
    """Texts recorded from AWS, each with its scenario; values, and here and there the operation, are our own."""
    assert refused(service, operation, parameters) == (code, f"1 validation error detected: {told}", 400)


def test_several_violations() -> None:
    """All are told at once. The order of members is the model's; AWS's own is not known."""
    code, message, _ = refused("dynamodb", "CreateTable", {"TableName": "", "KeySchema": [{"AttributeName": ""}]})
    assert code == "ValidationException"
    assert message == (
        "3 validation errors detected: "
        "Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value '' at 'keySchema.1.member.attributeName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1; "
        "Value null at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must not be null"
    )


def test_of_one_value_the_pattern_is_told_before_the_length() -> None:
    """As in the recording events/events, where one name breaks both."""
    _, message, _ = refused("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "a:" * 40})
    told = f"Value '{'a:' * 40}' at 'roleSessionName' failed to satisfy constraint: Member must"
    assert message == (
        "2 validation errors detected: "
        rf"{told} satisfy regular expression pattern: [\w+=,.@-]*; {told} have length less than or equal to 64"
    )


def ask_dynamodb(body: bytes, operation: str = "PutItem") -> Response:
    headers = {"host": "localhost", "x-amz-target": f"DynamoDB_20120810.{operation}"}
    headers["authorization"] = authorization("dynamodb")
    return Desk(["dynamodb"]).ask(Request(method="POST", target="/", headers=headers, body=body))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"TableName": 23}', "NUMBER_VALUE cannot be converted to String"),
        (b'{"TableName": 34.56}', "DECIMAL_VALUE cannot be converted to String"),
        (b'{"TableName": true}', "TRUE_VALUE cannot be converted to String"),
        (b'{"TableName": {}}', "Start of structure or map found where not expected"),
        (b'{"TableName": []}', "Unrecognized collection type class java.lang.String"),
        (b'{"TableName": "abc", "Item": "x"}', "Unexpected field type"),
        (b'{"TableName": "abc", "Item": {"a": {"BOOL": "x"}}}', "Unexpected token received from parser"),
        (b'{"TableName": "abc", "Item": {"a": {"BOOL": 1}}}', "NUMBER_VALUE cannot be converted to Boolean"),
        (
            b'{"TableName": "abc", "Item": {"a": {"B": "23456"}}}',
            "Base64 encoded length is expected a multiple of 4 bytes but found: 5",
        ),
        (b'{"TableName": "abc", "Item": {"a": {"B": 1}}}', "only base-64-encoded strings are convertible to bytes"),
        (b'{"TableName": "abc", "Item": {"a": {"SS": "x"}}}', "Unexpected field type"),
        (b'{"TableName": "abc", "Item": {"a": {"SS": {}}}}', "Start of structure or map found where not expected"),
    ],
)
def test_wrong_types(body: bytes, told: str) -> None:
    """What DynamoDB answers to a value of another JSON type."""
    response = ask_dynamodb(body)
    assert isinstance(response.body, bytes)
    assert response.status == 400
    assert msgspec.json.decode(response.body) == {
        "__type": "com.amazon.coral.service#SerializationException",
        "Message": told,
    }


def test_numbers_out_of_range_are_refused() -> None:
    """A number that no AWS integer holds must not reach a service, or its records."""
    for number in (b"1" + b"0" * 30, b"1" + b"0" * 400, b"1" + b"0" * 5000, b"1e400", b"2147483648"):
        response = ask_dynamodb(b'{"TableName": "abc", "Limit": ' + number + b"}", "Scan")
        assert response.status == 400
        assert b"SerializationException" in bytes(response.body if isinstance(response.body, bytes) else b"")


@pytest.mark.parametrize("body", [b'{"TableName": "abc", "Limit": 5.0}', b'{"TableName": "abc", "Limit": null}'])
def test_what_aws_reads_leniently(body: bytes) -> None:
    """A whole number with a fraction is an integer, and null is as good as absent."""
    assert ask_dynamodb(body, "Scan").status == 200


def test_sensitive_values_are_not_repeated() -> None:
    """A secret must not come back in an error, or end in a log (recording kms/kms)."""
    model = load_model("lambda")
    operation = model.operations["CreateFunction"].input
    assert operation is not None
    inspection = Inspection(model)
    inspection.clean(
        operation, {"FunctionName": "f", "Role": ROLE, "Code": {}, "Environment": {"Variables": {"1": "s3cret"}}}
    )
    assert inspection.violations
    assert "s3cret" not in inspection.message


@pytest.mark.parametrize("service", ["dynamodb", "lambda", "logs", "apigatewayv2", "iam", "kms", "sts"])
def test_whatever_is_missing_is_named(service: str) -> None:
    """An empty input is never our failure: either it is legal, or the missing members are named."""
    model = botocore_model(service)
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape is None or any(m.serialization.get("location") == "uri" for m in shape.members.values()):
            continue
        if model.operation_model(name).has_event_stream_output or shape.serialization.get("payload"):
            continue
        response = Desk([service]).ask(request_of(service, name, {}))
        expected = 400 if shape.required_members else model.operation_model(name).http.get("responseCode", 200)
        assert response.status == expected, (name, response)


def test_lists_within_lists_that_are_too_long_are_told() -> None:
    """What the message shows of a value need not have the shape that the model says: it was a 500."""
    given = {"UUID": "u", "FunctionResponseTypes": ["ReportBatchItemFailures", [[]]]}
    code, _, status = refused("lambda", "UpdateEventSourceMapping", given)
    assert (code, status) in {("ValidationException", 400), ("SerializationException", 400)}
