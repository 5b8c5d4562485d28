"""How is a message published to one phone number or one device, without a topic?

Sources: SNS API Reference, Publish; recordings sns, `test_publish_wrong_phone_format`,
`test_publish_non_existent_target`.
"""

from functools import cached_property

from pileus.kernel.context import RequestContext
from pileus.services.sns.errors import EndpointDisabled, InvalidParameter, PlatformApplicationDisabled
from pileus.services.sns.inbox import Inbox
from pileus.services.sns.messages import drafted
from pileus.services.sns.names import TopicName
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.platforms.sending import PushNotifications
from pileus.services.sns.shapes import PublishInput, PublishResponse
from pileus.services.sns.sms.sending import TextMessages, check_text, number_to_publish_to


class DirectOperations(SnsBase):
    """What `Publish` does with a phone number or an endpoint."""

    @cached_property
    def _direct_inbox(self) -> Inbox:
        return Inbox(clock=self._clock)

    async def _publish_to_phone(self, context: RequestContext, request: PublishInput) -> PublishResponse:
        if request.topic_arn is not None or request.target_arn is not None:
            raise InvalidParameter("TopicArn, TargetArn or PhoneNumber Reason: exactly one of them is required")
        number = number_to_publish_to(request.phone_number or "")
        draft = drafted(
            message=request.message, structure=request.message_structure, attributes=request.message_attributes
        )
        body = draft.by_protocol.get("sms", draft.body)
        check_text(body, draft.attributes)
        message_id = self._ids.uuid()
        async with self._store.transaction() as tx:
            await TextMessages(self._direct_inbox, clock=self._clock, ids=self._ids).send(
                tx,
                account_id=context.account_id,
                region=context.region,
                number=number,
                body=body,
                attributes=draft.attributes,
                message_id=message_id,
            )
        return PublishResponse(message_id=message_id)

    async def _publish_to_endpoint(self, context: RequestContext, request: PublishInput) -> PublishResponse:
        arn = request.target_arn or ""
        draft = drafted(
            message=request.message,
            subject=request.subject,
            structure=request.message_structure,
            attributes=request.message_attributes,
        )
        message_id = self._ids.uuid()
        push = PushNotifications(self._direct_inbox, clock=self._clock, ids=self._ids)
        async with self._store.transaction() as tx:
            found = await push.find(tx, arn)
            home = arn.split(":")
            if found is None or (home[3], home[4]) != (context.region, context.account_id):
                raise InvalidParameter("TargetArn Reason: No endpoint found for the target arn specified")
            application, endpoint = found
            if not application.enabled:
                raise PlatformApplicationDisabled("Platform application is disabled")
            if not endpoint.enabled:
                raise EndpointDisabled
            await push.send(
                tx,
                arn=arn,
                body=draft.body,
                by_protocol=draft.by_protocol,
                subject=draft.subject or "",
                message_id=message_id,
            )
        self._count_push(context, arn, draft.size_bytes)
        return PublishResponse(message_id=message_id)

    def _count_push(self, context: RequestContext, endpoint_arn: str, size_bytes: int) -> None:
        """On the bill, its application stands where others have a topic."""
        _, platform, application, _ = endpoint_arn.split(":", 5)[5].split("/")
        name = TopicName(context.partition, context.region, context.account_id, f"app/{platform}/{application}")
        self.topic_metrics.published(name, size_bytes)
        self.topic_metrics.delivered(name, "application", "")
