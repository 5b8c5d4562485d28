"""GetBucketNotificationConfiguration, PutBucketNotificationConfiguration; also as they were once called.

Source: S3 API Reference; recordings s3/s3_notifications_sqs, test_notifications_with_filter, test_invalid_sqs_arn.
"""

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.s3.bucket_records import delete_setting, find_setting, put_setting
from pileus.services.s3.events.announcing import announce, prepare
from pileus.services.s3.events.targets import EventReceivers
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.operations.settings_base import SettingsBase
from pileus.services.s3.settings.documents import NOTIFICATION, read, setting
from pileus.services.s3.settings.notification import checked_notification, receivers_told
from pileus.services.s3.shapes import (
    GetBucketNotificationConfigurationRequest,
    NotificationConfiguration,
    PutBucketNotificationConfigurationRequest,
)


class NotificationOperations(SettingsBase):
    """Who hears of what happens to objects."""

    event_receivers: EventReceivers | None = None
    """Who is asked whether a destination takes events; None: nobody, so that every destination is taken as it is."""

    async def get_bucket_notification_configuration(
        self, context: RequestContext, request: GetBucketNotificationConfigurationRequest
    ) -> NotificationConfiguration:
        snapshot = self._store.snapshot()
        bucket = await self._bucket(context, request, snapshot)
        found = await find_setting(snapshot, bucket, NOTIFICATION)
        return NotificationConfiguration() if found is None else read(found, NotificationConfiguration)

    async def put_bucket_notification_configuration(
        self, context: RequestContext, request: PutBucketNotificationConfigurationRequest
    ) -> None:
        """An empty configuration takes the old one away."""
        bucket = await self._bucket(context, request)
        checked = checked_notification(request.notification_configuration, self._ids, region=bucket.region)
        told = receivers_told(checked)
        receivers = None if request.skip_destination_validation else self.event_receivers
        if receivers is not None:
            await prepare(receivers, told)
        now_s = self._clock.now().timestamp()

        async def write(tx: Transaction) -> None:
            current: BucketRecord = await self._bucket(context, request, tx)
            if receivers is not None:
                await announce(tx, current, told, receivers, context, at_s=now_s)
            if checked == NotificationConfiguration():
                await delete_setting(tx, current, NOTIFICATION)
            else:
                put_setting(tx, current, NOTIFICATION, setting(checked, now_s=now_s))

        await self._store.run(write)
