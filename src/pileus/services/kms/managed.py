"""Which keys does AWS make for an account, and when?

A service that encrypts for an account without being given a key uses one that AWS manages, `alias/aws/SERVICE`. It is
there once it was first used, or asked for by that alias.

Source: KMS Developer Guide, "AWS managed keys"; API_DescribeKey, "predefined AWS alias"; titles and descriptions as AWS
tells them of such keys.
"""

from collections.abc import Mapping
from typing import Final

from pileus.services.kms.names import AWS_ALIAS

TITLES: Final[Mapping[str, str]] = {
    "acm": "ACM",
    "backup": "Backup",
    "codecommit": "CodeCommit",
    "dynamodb": "DynamoDB",
    "ebs": "EBS",
    "elasticfilesystem": "EFS",
    "es": "ElasticSearch",
    "kinesis": "Kinesis",
    "lambda": "Lambda",
    "rds": "RDS",
    "s3": "S3",
    "secretsmanager": "Secrets Manager",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "SSM",
    "xray": "X-Ray",
}
_DATA: Final[Mapping[str, str]] = {
    "acm": "ACM private keys",
    "dynamodb": "DynamoDB data",
    "ebs": "EBS volumes",
    "elasticfilesystem": "EFS filesystems",
    "kinesis": "Kinesis data",
    "lambda": "Lambda functions",
    "rds": "RDS database volumes",
    "s3": "S3 objects",
    "secretsmanager": "Secrets Manager data",
    "sns": "SNS data",
    "sqs": "SQS messages",
    "ssm": "SSM parameters",
}
ROTATION_DAYS: Final = 365


def service_of_alias(name: str) -> str:
    """The service of a predefined alias; "" for every other name."""
    service = name.removeprefix(AWS_ALIAS) if name.startswith(AWS_ALIAS) else ""
    return service if service in TITLES else ""


def description_of(service: str) -> str:
    return f"Default key that protects my {_DATA.get(service, f'{TITLES[service]} data')} when no other key is defined"
