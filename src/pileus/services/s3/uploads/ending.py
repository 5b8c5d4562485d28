"""What do answers about uploads tell of their bucket's lifecycle?

Source: API_CreateMultipartUpload, `x-amz-abort-date`; API_CompleteMultipartUpload, `x-amz-expiration`.
"""

from datetime import UTC, datetime
from typing import Any

from pileus.kernel.storage.seam import Snapshot
from pileus.services.s3.bucket_records import find_setting
from pileus.services.s3.lifecycle.rules import due_after, expiration_header, rules_of
from pileus.services.s3.model import BucketRecord, ObjectRecord

_KIND = "lifecycle"


async def told_abort(snapshot: Snapshot, bucket: BucketRecord, key: str, *, initiated_at_s: float) -> dict[str, Any]:
    """When an upload will be aborted, and by which rule: members of answers, none where no rule is about it."""
    setting = await find_setting(snapshot, bucket, _KIND)
    if setting is None:
        return {}
    due = [
        (due_after(initiated_at_s, rule.abort_days), rule.name)
        for rule in rules_of(setting.document)
        if rule.abort_days is not None and key.startswith(rule.prefix)
    ]
    if not due:
        return {}
    at_s, name = min(due)
    return {"abort_date": datetime.fromtimestamp(at_s, UTC), "abort_rule_id": name}


async def told_expiration(snapshot: Snapshot, bucket: BucketRecord, key: str, record: ObjectRecord) -> str:
    """When the object that an upload became expires; "" for never."""
    setting = await find_setting(snapshot, bucket, _KIND)
    return "" if setting is None else expiration_header(setting.document, key, record) or ""
