"""On buckets or on objects: what does an action of a bucket policy apply to?

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
"""

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final, Literal

Kind = Literal["bucket", "object"]

_OBJECT_NAMES: Final = """
AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging DeleteObjectVersion
DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention
GetObjectTagging GetObjectTorrent GetObjectVersion GetObjectVersionAcl GetObjectVersionAttributes
GetObjectVersionForReplication GetObjectVersionTagging GetObjectVersionTorrent InitiateReplication
ListMultipartUploadParts ObjectOwnerOverrideToBucketOwner PutObject PutObjectAcl PutObjectLegalHold PutObjectRetention
PutObjectTagging PutObjectVersionAcl PutObjectVersionTagging ReplicateDelete ReplicateObject ReplicateTags RestoreObject
UpdateObjectEncryption
"""
_BUCKET_NAMES: Final = """
CreateBucket CreateBucketMetadataTableConfiguration DeleteBucket DeleteBucketMetadataTableConfiguration
DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac GetBucketAcl
GetBucketCORS GetBucketLocation GetBucketLogging GetBucketMetadataTableConfiguration GetBucketNotification
GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus
GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite
GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration
GetMetricsConfiguration GetReplicationConfiguration ListBucket ListBucketMultipartUploads ListBucketVersions
ListTagsForResource PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac PutBucketAcl PutBucketCORS
PutBucketLogging PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy
PutBucketPublicAccessBlock PutBucketRequestPayment PutBucketTagging PutBucketVersioning PutBucketWebsite
PutEncryptionConfiguration PutIntelligentTieringConfiguration PutInventoryConfiguration PutLifecycleConfiguration
PutMetricsConfiguration PutReplicationConfiguration TagResource UntagResource
"""
_OBJECT: Final = tuple(name.lower() for name in _OBJECT_NAMES.split())
_BUCKET: Final = tuple(name.lower() for name in _BUCKET_NAMES.split())
_ALL: Final[frozenset[Kind]] = frozenset({"bucket", "object"})


@lru_cache(maxsize=512)
def kinds_of(action: str) -> frozenset[Kind]:
    """Of an action without its vendor, which may have wildcards. One that is not known here may be on either."""
    pattern = action.lower().replace("[", "[[]")
    kinds: set[Kind] = set()
    if any(fnmatchcase(name, pattern) for name in _BUCKET):
        kinds.add("bucket")
    if any(fnmatchcase(name, pattern) for name in _OBJECT):
        kinds.add("object")
    return frozenset(kinds) or _ALL
