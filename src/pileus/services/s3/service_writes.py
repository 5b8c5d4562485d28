"""May a service of AWS put an object into a bucket? Logs and inventories are delivered so.

By the bucket's policy alone, whoever owns what is told of: see `kernel.auth.service_calls`.
"""

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.auth.service_calls import ServiceCall, service_decision, service_query
from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3.bucket_records import find_setting
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.names import bucket_arn, object_arn
from pileus.services.s3.settings.documents import POLICY


async def service_may_put(
    snapshot: Snapshot,
    bucket: BucketRecord,
    key: str,
    call: ServiceCall,
    *,
    organization: Organization | None = None,
    now_s: float,
) -> bool:
    """Whether the bucket's policy lets the service; without a policy it may nothing."""
    return await service_may(
        snapshot, bucket, "s3:PutObject", key=key, call=call, organization=organization, now_s=now_s
    )


async def service_may(
    snapshot: Snapshot,
    bucket: BucketRecord,
    action: str,
    *,
    key: str = "",
    call: ServiceCall,
    organization: Organization | None = None,
    now_s: float,
) -> bool:
    """The same of another action; key: of the object that it is about, if it is about one."""
    setting = await find_setting(snapshot, bucket, POLICY)
    if setting is None:
        return False
    policy = NamedPolicy(bucket_arn(bucket.name), compile_policy(setting.document.decode()), "resource")
    query = service_query(
        call,
        action=action,
        resource=object_arn(bucket.name, key) if key else bucket_arn(bucket.name),
        region=bucket.region,
        resource_account_id=bucket.account_id,
        organization=organization,
        now_s=now_s,
    )
    return service_decision(query, policy).allowed
