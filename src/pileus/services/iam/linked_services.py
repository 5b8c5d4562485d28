"""Which services have a role of their own in an account, and what is it called?

Source: IAM User Guide, "AWS services that work with IAM", and each service's page on service-linked roles.
"""

import json
from typing import Final

import msgspec

from pileus.services.iam.errors import InvalidInput
from pileus.services.iam.model import SERVICE_ROLE_PATH


class LinkedService(msgspec.Struct, frozen=True):
    """role: what follows `AWSServiceRoleFor`. policy: the managed policy's name, below `aws-service-role/`."""

    role: str
    policy: str
    suffix_allowed: bool = False


def _scaling(dimension: str, policy: str) -> LinkedService:
    return LinkedService(f"ApplicationAutoScaling_{dimension}", f"AWSApplicationAutoscaling{policy}Policy")


LINKED_SERVICES: Final = {
    "accountdiscovery.ssm": LinkedService(
        "AmazonSSM_AccountDiscovery", "AWSSystemsManagerAccountDiscoveryServicePolicy"
    ),
    "acm": LinkedService("CertificateManager", "CertificateManagerServiceRolePolicy"),
    "appmesh": LinkedService("AppMesh", "AWSAppMeshServiceRolePolicy"),
    "appstream.application-autoscaling": _scaling("AppStreamFleet", "AppStreamFleet"),
    "apprunner": LinkedService("AppRunner", "AppRunnerServiceRolePolicy"),
    "autoscaling": LinkedService("AutoScaling", "AutoScalingServiceRolePolicy", suffix_allowed=True),
    "autoscaling-plans": LinkedService("AutoScalingPlans_EC2AutoScaling", "AWSAutoScalingPlansEC2AutoScalingPolicy"),
    "backup": LinkedService("Backup", "AWSBackupServiceLinkedRolePolicyForBackup"),
    "batch": LinkedService("Batch", "BatchServiceRolePolicy"),
    "cassandra.application-autoscaling": _scaling("CassandraTable", "CassandraTable"),
    "cks.kms": LinkedService(
        "KeyManagementServiceCustomKeyStores", "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy"
    ),
    "cloudtrail": LinkedService("CloudTrail", "CloudTrailServiceRolePolicy"),
    "codestar-notifications": LinkedService("CodeStarNotifications", "AWSCodeStarNotificationsServiceRolePolicy"),
    "comprehend.application-autoscaling": _scaling("ComprehendEndpoint", "ComprehendEndpoint"),
    "config": LinkedService("Config", "AWSConfigServiceRolePolicy"),
    "connect": LinkedService("AmazonConnect", "AmazonConnectServiceLinkedRolePolicy", suffix_allowed=True),
    "custom-resource.application-autoscaling": LinkedService(
        "ApplicationAutoScaling_CustomResource", "AWSApplicationAutoScalingCustomResourcePolicy"
    ),
    "dax": LinkedService("DAX", "DAXServiceRolePolicy"),
    "dynamodb.application-autoscaling": _scaling("DynamoDBTable", "DynamoDBTable"),
    "ec2.application-autoscaling": _scaling("EC2SpotFleetRequest", "EC2SpotFleetRequest"),
    "ecs": LinkedService("ECS", "AmazonECSServiceRolePolicy"),
    "ecs.application-autoscaling": _scaling("ECSService", "ECSService"),
    "eks": LinkedService("AmazonEKS", "AmazonEKSServiceRolePolicy"),
    "eks-fargate": LinkedService("AmazonEKSForFargate", "AmazonEKSForFargateServiceRolePolicy"),
    "eks-nodegroup": LinkedService("AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    "elasticache": LinkedService("ElastiCache", "ElastiCacheServiceRolePolicy"),
    "elasticache.application-autoscaling": _scaling("ElastiCacheRG", "ElastiCacheRG"),
    "elasticbeanstalk": LinkedService("ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
    "elasticfilesystem": LinkedService("AmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy"),
    "elasticloadbalancing": LinkedService("ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    "elasticmapreduce": LinkedService("EMRCleanup", "AmazonEMRCleanupPolicy"),
    "email.cognito-idp": LinkedService("AmazonCognitoIdpEmailService", "AmazonCognitoIdpEmailServiceRolePolicy"),
    "es": LinkedService("AmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"),
    "events": LinkedService("CloudWatchEvents", "CloudWatchEventsServiceRolePolicy"),
    "fis": LinkedService("FIS", "AmazonFISServiceRolePolicy"),
    "globalaccelerator": LinkedService("GlobalAccelerator", "AWSGlobalAcceleratorSLRPolicy"),
    "grafana": LinkedService("AmazonGrafana", "AmazonGrafanaServiceLinkedRolePolicy"),
    "guardduty": LinkedService("AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    "imagebuilder": LinkedService("ImageBuilder", "AWSServiceRoleForImageBuilder"),
    "inspector2": LinkedService("AmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    "kafka": LinkedService("Kafka", "KafkaServiceRolePolicy"),
    "kafka.application-autoscaling": _scaling("KafkaCluster", "KafkaCluster"),
    "lakeformation": LinkedService("LakeFormationDataAccess", "LakeFormationDataAccessServiceRolePolicy"),
    "lambda.application-autoscaling": _scaling("LambdaConcurrency", "LambdaConcurrency"),
    "lexv2": LinkedService("LexV2Bots", "AmazonLexV2BotPolicy", suffix_allowed=True),
    "macie": LinkedService("AmazonMacie", "AmazonMacieServiceRolePolicy"),
    "memorydb": LinkedService("MemoryDB", "MemoryDBServiceRolePolicy"),
    "mq": LinkedService("AmazonMQ", "AmazonMQServiceRolePolicy"),
    "mrk.kms": LinkedService(
        "KeyManagementServiceMultiRegionKeys", "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"
    ),
    "observability.aoss": LinkedService("AmazonOpenSearchServerless", "AmazonOpenSearchServerlessServiceRolePolicy"),
    "opensearchservice": LinkedService("AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
    "ops.apigateway": LinkedService("APIGateway", "APIGatewayServiceRolePolicy"),
    "ops.emr-serverless": LinkedService("AmazonEMRServerless", "AmazonEMRServerlessServiceRolePolicy"),
    "organizations": LinkedService("Organizations", "AWSOrganizationsServiceTrustPolicy"),
    "pullthroughcache.ecr": LinkedService("ECRPullThroughCache", "AWSECRPullThroughCache_ServiceRolePolicy"),
    "ram": LinkedService("ResourceAccessManager", "AWSResourceAccessManagerServiceRolePolicy"),
    "rds": LinkedService("RDS", "AmazonRDSServiceRolePolicy"),
    "rds.application-autoscaling": _scaling("RDSCluster", "RDSCluster"),
    "redshift": LinkedService("Redshift", "AmazonRedshiftServiceLinkedRolePolicy"),
    "replication.cassandra": LinkedService("KeyspacesReplication", "KeyspacesReplicationServiceRolePolicy"),
    "replication.dynamodb": LinkedService("DynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
    "replication.ecr": LinkedService("ECRReplication", "ECRReplicationServiceRolePolicy"),
    "replicator.lambda": LinkedService("LambdaReplicator", "AWSLambdaReplicator"),
    "resource-explorer-2": LinkedService("ResourceExplorer", "AWSResourceExplorerServiceRolePolicy"),
    "rolesanywhere": LinkedService("RolesAnywhere", "AWSRolesAnywhereServicePolicy"),
    "sagemaker.application-autoscaling": _scaling("SageMakerEndpoint", "SageMakerEndpoint"),
    "securityhub": LinkedService("SecurityHub", "AWSSecurityHubServiceRolePolicy"),
    "ses": LinkedService("AmazonSES", "AmazonSESServiceRolePolicy"),
    "shield": LinkedService("AWSShield", "AWSShieldServiceRolePolicy"),
    "spot": LinkedService("EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    "spotfleet": LinkedService("EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    "ssm": LinkedService("AmazonSSM", "AmazonSSMServiceRolePolicy"),
    "ssm-quicksetup": LinkedService("SSMQuickSetup", "SSMQuickSetupRolePolicy"),
    "sso": LinkedService("SSO", "AWSSSOServiceRolePolicy"),
    "support": LinkedService("Support", "AWSSupportServiceRolePolicy"),
    "transitgateway": LinkedService("VPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy"),
    "trustedadvisor": LinkedService("TrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"),
    "vpcorigin.cloudfront": LinkedService("CloudFrontVPCOrigin", "AWSCloudFrontVPCOriginServiceRolePolicy"),
    "waf": LinkedService("WAFLogging", "WAFLoggingServiceRolePolicy"),
    "wafv2": LinkedService("WAFV2Logging", "WAFV2LoggingServiceRolePolicy"),
}
"""By the service principal, without `.amazonaws.com`."""

_SUFFIX: Final = ".amazonaws.com"


def linked_service(service_name: str) -> LinkedService:
    """InvalidInput when the service has no such role."""
    known = LINKED_SERVICES.get(service_name.removesuffix(_SUFFIX)) if service_name.endswith(_SUFFIX) else None
    if known is None:
        raise InvalidInput(f"Service {service_name} has no service-linked role.")
    return known


def role_name(service: LinkedService, *, service_name: str, custom_suffix: str | None) -> str:
    """InvalidInput when the service allows one role only."""
    name = f"AWSServiceRoleFor{service.role}"
    if custom_suffix is None:
        return name
    if not service.suffix_allowed:
        raise InvalidInput(f"Custom suffix is not allowed for {service_name}")
    return f"{name}_{custom_suffix}"


def trust_policy(service_name: str) -> str:
    """That the service, and nobody else, may assume the role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service_name}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def policy_arn(partition: str, service: LinkedService) -> str:
    return f"arn:{partition}:iam::aws:policy{SERVICE_ROLE_PATH}{service.policy}"
