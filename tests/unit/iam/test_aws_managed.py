"""Are AWS's own policies there, with their documents?"""

from urllib.parse import unquote

import pytest

from pileus.kernel.auth.policy import compile_policy
from pileus.services.iam.aws_managed import catalog
from tests.unit.iam.driver import BASIC_EXECUTION, TRUST, Iam

USED_BY_SERVERLESS_APPLICATIONS = {
    "AWSAppSyncPushToCloudWatchLogs",
    "AWSCloudFormationFullAccess",
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaKinesisExecutionRole",
    "AWSLambdaRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AWSLambda_FullAccess",
    "AWSLambda_ReadOnlyAccess",
    "AWSStepFunctionsFullAccess",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
    "AdministratorAccess",
    "AmazonAPIGatewayAdministrator",
    "AmazonAPIGatewayInvokeFullAccess",
    "AmazonAPIGatewayPushToCloudWatchLogs",
    "AmazonCognitoPowerUser",
    "AmazonCognitoReadOnly",
    "AmazonDynamoDBFullAccess",
    "AmazonDynamoDBReadOnlyAccess",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonECSTaskExecutionRolePolicy",
    "AmazonEventBridgeFullAccess",
    "AmazonKinesisFirehoseFullAccess",
    "AmazonKinesisFullAccess",
    "AmazonRDSDataFullAccess",
    "AmazonS3FullAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSNSFullAccess",
    "AmazonSQSFullAccess",
    "AmazonSSMReadOnlyAccess",
    "CloudWatchFullAccess",
    "CloudWatchLambdaInsightsExecutionRolePolicy",
    "CloudWatchLogsFullAccess",
    "IAMFullAccess",
    "IAMReadOnlyAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecretsManagerReadWrite",
    "SecurityAudit",
}


def test_what_applications_use_is_there() -> None:
    """Those that SAM, CDK, Serverless and Terraform examples name."""
    assert {policy.name for policy in catalog.policies("aws")} >= USED_BY_SERVERLESS_APPLICATIONS


def test_every_document_is_a_policy() -> None:
    """The engine reads each; its ids and ARNs are unique."""
    policies = catalog.policies("aws")
    for policy in policies:
        document = catalog.default_version(policy).document
        if len(document) <= 131_072:  # one is longer than any that an account may have; it is a service's alone
            compile_policy(document)
        assert catalog.find(policy.arn, partition="aws") == policy
    assert len({policy.arn for policy in policies}) == len({policy.policy_id for policy in policies}) == len(policies)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws-us-gov:iam::aws:policy/AdministratorAccess",  # another partition
        "arn::iam::aws:policy/AdministratorAccess",
        "arn:*:iam::aws:policy/AdministratorAccess",
        "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole",  # the path is part of it
        "arn:aws:iam::aws:policy/service-role/awslambdabasicexecutionrole",
        "arn:aws:iam::aws:policy/None",
        "arn:aws:iam::aws:policy/",
    ],
)
def test_only_exact_arns_are_found(arn: str) -> None:
    assert catalog.find(arn, partition="aws") is None


def test_a_partition_has_its_own_arns() -> None:
    """The same policies, as AWS publishes them there."""
    found = catalog.find("arn:aws-cn:iam::aws:policy/AdministratorAccess", partition="aws-cn")
    assert found is not None
    assert found.arn == "arn:aws-cn:iam::aws:policy/AdministratorAccess"


async def test_they_are_told_as_the_accounts_own(fresh: Iam) -> None:
    """As recorded: test_get_aws_managed_policy, test_get_aws_managed_policy_version."""
    policy = (await fresh("GetPolicy", PolicyArn=BASIC_EXECUTION))["Policy"]
    assert policy["PolicyName"] == "AWSLambdaBasicExecutionRole"
    assert policy["Path"] == "/service-role/"
    assert (policy["AttachmentCount"], policy["Tags"], policy["IsAttachable"]) == (0, [], True)
    version = await fresh("GetPolicyVersion", PolicyArn=BASIC_EXECUTION, VersionId=policy["DefaultVersionId"])
    document = unquote(version["PolicyVersion"]["Document"])
    assert "logs:PutLogEvents" in document
    assert version["PolicyVersion"]["IsDefaultVersion"] is True
    listed = (await fresh("ListPolicyVersions", PolicyArn=BASIC_EXECUTION))["Versions"]
    assert [one["VersionId"] for one in listed] == [policy["DefaultVersionId"]]


async def test_what_is_for_services_alone(fresh: Iam) -> None:
    """The policies of service-linked roles cannot be attached to other roles."""
    await fresh("CreateUser", UserName="u")
    arn = "arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy"
    assert await fresh.refused("AttachUserPolicy", UserName="u", PolicyArn=arn) == (
        "PolicyNotAttachable",
        "Cannot attach a Service Role Policy to a Customer Role.",
    )


async def test_those_of_another_partition_are_not_there(fresh: Iam) -> None:
    """Whoever is denied `arn:aws:iam::aws:policy/Admin*` would have them under another name."""
    arn = "arn:aws-us-gov:iam::aws:policy/AdministratorAccess"
    await fresh("CreateUser", UserName="u")
    await fresh("CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    await fresh("CreateGroup", GroupName="g")
    for operation, parameters in (
        ("AttachUserPolicy", {"UserName": "u", "PolicyArn": arn}),
        ("AttachRolePolicy", {"RoleName": "r", "PolicyArn": arn}),
        ("AttachGroupPolicy", {"GroupName": "g", "PolicyArn": arn}),
        ("PutUserPermissionsBoundary", {"UserName": "u", "PermissionsBoundary": arn}),
        ("PutRolePermissionsBoundary", {"RoleName": "r", "PermissionsBoundary": arn}),
        ("CreateUser", {"UserName": "v", "PermissionsBoundary": arn}),
        ("GetPolicy", {"PolicyArn": arn}),
        ("GetPolicyVersion", {"PolicyArn": arn, "VersionId": "v1"}),
        ("ListPolicyVersions", {"PolicyArn": arn}),
        ("ListEntitiesForPolicy", {"PolicyArn": arn}),
    ):
        code, _ = await fresh.refused(operation, **parameters)
        assert code == "NoSuchEntity", operation
