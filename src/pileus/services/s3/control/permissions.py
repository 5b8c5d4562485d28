"""What must somebody be allowed to do, to use S3 Control?

Source: Service Authorization Reference, "Amazon S3".
"""

from typing import Any, Final

from pileus.kernel.auth.permissions import Permission, Permissions, ResourceType
from pileus.kernel.context import RequestContext


def _point(context: RequestContext, given: Any) -> str:
    name: str = given.name
    bare = name.rpartition("/")[2] if name.startswith("arn:") else name
    return f"arn:{context.partition}:s3:{context.region}:{context.account_id}:accesspoint/{bare}"


def _resource(context: RequestContext, given: Any) -> str:
    arn: str = given.resource_arn
    return arn


_POINT: Final = ResourceType(name="accesspoint", arn=_point)
_TAGGED: Final = ResourceType(name="bucket", arn=_resource)


def _about(action: str, resource: ResourceType | None = None) -> tuple[Permission, ...]:
    if resource is None:
        return (Permission(action=f"s3:{action}"),)
    return (Permission(action=f"s3:{action}", resource=resource),)


PERMISSIONS: Final[Permissions] = {
    "CreateAccessPoint": _about("CreateAccessPoint", _POINT),
    "DeleteAccessPoint": _about("DeleteAccessPoint", _POINT),
    "DeleteAccessPointPolicy": _about("DeleteAccessPointPolicy", _POINT),
    "DeletePublicAccessBlock": _about("PutAccountPublicAccessBlock"),
    "GetAccessPoint": _about("GetAccessPoint", _POINT),
    "GetAccessPointPolicy": _about("GetAccessPointPolicy", _POINT),
    "GetAccessPointPolicyStatus": _about("GetAccessPointPolicyStatus", _POINT),
    "GetPublicAccessBlock": _about("GetAccountPublicAccessBlock"),
    "ListAccessPoints": _about("ListAccessPoints"),
    "ListTagsForResource": _about("ListTagsForResource", _TAGGED),
    "PutAccessPointPolicy": _about("PutAccessPointPolicy", _POINT),
    "PutPublicAccessBlock": _about("PutAccountPublicAccessBlock"),
    "TagResource": _about("TagResource", _TAGGED),
    "UntagResource": _about("UntagResource", _TAGGED),
}
