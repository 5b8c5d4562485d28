"""RestoreObject.

Sources: API_RestoreObject; recording s3/s3, test_s3_get_deep_archive_object_restore.
"""

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.service import Answered
from pileus.services.s3.asked import asked_version
from pileus.services.s3.errors import MalformedXML
from pileus.services.s3.happenings import note
from pileus.services.s3.object_records import replace_version
from pileus.services.s3.operations.base import S3Base, asked_bucket
from pileus.services.s3.restoring import announce, restored
from pileus.services.s3.shapes import RestoreObjectRequest


class RestoreOperations(S3Base):
    """Archived objects come back."""

    async def restore_object(self, context: RequestContext, request: RestoreObjectRequest) -> Answered:
        asked = request.restore_request
        if asked is None:
            raise MalformedXML
        if asked.type is not None or asked.select_parameters is not None or asked.output_location is not None:
            raise NotImplementedByPileus("Pileus does not implement selecting from archived objects")
        if asked.days is None or asked.days < 1:
            raise MalformedXML
        job = asked.glacier_job_parameters
        tier = job.tier if job is not None else asked.tier or "Standard"
        async with self._store.transaction() as tx:
            bucket = await asked_bucket(tx, context, request.bucket, expected_owner=request.expected_bucket_owner)
            found = await asked_version(tx, bucket, request.key, request.version_id, method="POST")
            now_s = self._clock.timestamp()
            anew = found.record.restored_until_s <= now_s
            record = restored(found.record, days=asked.days, tier=tier, now_s=now_s)
            replace_version(tx, bucket, request.key, record, current=found.current)
            if bucket.settings:
                details = {"source-storage-class": record.storage_class}
                await note(tx, bucket, "ObjectRestore:Post", request.key, record, context, at_s=now_s, details=details)
                announce(tx, bucket, request.key, record, anew=anew)
        return Answered(202 if anew else 200)
