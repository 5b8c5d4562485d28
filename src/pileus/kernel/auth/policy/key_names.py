"""How does AWS spell a condition key?

Keys are compared whatever their case and kept in lower case here; people are shown them as the manual has them.

Sources: IAM User Guide, "AWS global condition context keys", "IAM and AWS STS condition context keys"; Service
Authorization Reference, "Condition keys" of the services.
"""

from collections.abc import Mapping
from typing import Final

_GLOBAL: Final = """
CalledVia CalledViaFirst CalledViaLast CurrentTime Ec2InstanceSourceVpc EpochTime FederatedProvider
MultiFactorAuthAge MultiFactorAuthPresent PrincipalAccount PrincipalArn PrincipalIsAWSService PrincipalOrgID
PrincipalOrgPaths PrincipalServiceName PrincipalServiceNamesList PrincipalType RequestedRegion ResourceAccount
ResourceOrgID ResourceOrgPaths SecureTransport SourceAccount SourceArn SourceIdentity SourceIp SourceOrgID
SourceOrgPaths SourceVpc SourceVpce TagKeys TokenIssueTime UserAgent ViaAWSService VpcSourceIp
"""
_OF_SERVICES: Final[Mapping[str, str]] = {
    "dynamodb": (
        "Attributes EnclosingOperation FirstPartitionKeyValues FourthPartitionKeyValues FullTableScan LeadingKeys "
        "ReturnConsumedCapacity ReturnValues SecondPartitionKeyValues Select ThirdPartitionKeyValues"
    ),
    "iam": "AssociatedResourceArn AWSServiceName OrganizationsPolicyId PassedToService PermissionsBoundary PolicyARN",
    "lambda": "CodeSigningConfigArn EventSourceToken FunctionArn FunctionUrlAuthType InvokedViaFunctionUrl Layer "
    "Principal SecurityGroupIds SourceFunctionArn SubnetIds VpcIds",
    "s3": "AccessPointNetworkOrigin authType DataAccessPointAccount DataAccessPointArn ExistingObjectTag "
    "RequestObjectTag RequestObjectTagKeys ResourceAccount signatureAge TlsVersion VersionId",
    "sts": "AWSServiceName DurationSeconds ExternalId RequestContextProviders RoleSessionName SourceIdentity "
    "TransitiveTagKeys",
}
_TAGS: Final = ("PrincipalTag", "RequestTag", "ResourceTag")
_TAGS_OF_SERVICES: Final = {tag.lower(): tag for tag in _TAGS}
"""`lambda:ResourceTag` and its like."""
_SPELLED: Final[Mapping[str, str]] = {
    f"{service}:{name}".lower(): f"{service}:{name}"
    for service, names in {"aws": f"{_GLOBAL} {' '.join(_TAGS)}", **_OF_SERVICES}.items()
    for name in names.split()
}


def spelled(key: str) -> str:
    """`aws:SourceIp` for `aws:sourceip`; what comes after a slash, and a key that is not known, stays as it is."""
    head, slash, name = key.partition("/")
    known = _SPELLED.get(head.lower())
    if known is None and (tag := _TAGS_OF_SERVICES.get(head.partition(":")[2].lower())) is not None:
        known = f"{head.partition(':')[0]}:{tag}"
    return f"{known or head}{slash}{name}"
