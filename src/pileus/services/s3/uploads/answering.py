"""What do answers about uploads tell of encryption, and what will the object of an upload be?"""

import hmac
from base64 import b64encode
from hashlib import md5
from typing import Any, Final

from pileus.services.s3.errors import InvalidRequest
from pileus.services.s3.model import Encryption, ObjectRecord, UploadRecord

_TOLD: Final = "server_side_encryption"


def object_of(upload: UploadRecord) -> ObjectRecord:
    """What was said of the object when the upload began; it has no bytes yet."""
    return ObjectRecord(
        modified_at_s=upload.initiated_at_s,
        owner=upload.owner,
        storage_class=upload.storage_class,
        content_type=upload.content_type,
        headers=upload.headers,
        metadata=upload.metadata,
        tags=upload.tags,
        encryption=upload.encryption,
        acl=upload.acl,
        lock=upload.lock,
        website_redirect=upload.website_redirect,
    )


def told_encryption(ours: Encryption | None) -> dict[str, Any]:
    """The members of answers to CreateMultipartUpload, UploadPart and UploadPartCopy."""
    if ours is None:
        return {_TOLD: "AES256"}
    if ours.customer_key_md5:
        return {"sse_customer_algorithm": "AES256", "sse_customer_key_md5": ours.customer_key_md5}
    told: dict[str, Any] = {_TOLD: ours.algorithm}
    if ours.key_arn:
        told["ssekms_key_id"] = ours.key_arn
    if ours.bucket_key:
        told["bucket_key_enabled"] = True
    return told


def check_part_key(upload: UploadRecord, customer_key: bytes) -> None:
    """Is a part sent with the customer's key exactly if the upload began with it?

    Recording s3/s3, TestS3SSECEncryption::test_multipart_upload_sse_c_validation.
    """
    ours = upload.encryption
    wanted = ours.customer_key_md5 if ours is not None else ""
    if bool(wanted) != bool(customer_key):
        raise InvalidRequest(
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate "
            "encryption parameters."
        )
    if wanted and not hmac.compare_digest(
        b64encode(md5(customer_key, usedforsecurity=False).digest()).decode(), wanted
    ):
        raise InvalidRequest("The provided encryption parameters did not match the ones used originally.")
