"""How does an alarm reach a topic?"""

from pileus.kernel.auth.service_calls import ServiceCall, account_of
from pileus.services.sns.errors import TopicNotFound
from pileus.services.sns.publisher import TopicPublisher


class PublisherOfAlarms:
    """What alarms ask for. publisher: None where there is no SNS."""

    def __init__(self, publisher: TopicPublisher | None) -> None:
        self._publisher = publisher

    async def publish(
        self, *, topic_arn: str, subject: str, message: str, service_principal: str, source_arn: str
    ) -> None:
        """Accepted once this returns; a ServiceError when it is refused.

        An alarm acts for its account (`aws:SourceOwner`), so the default policy of that account's topics lets it in.
        """
        if self._publisher is None:
            raise TopicNotFound
        call = ServiceCall(
            service=service_principal,
            source_arn=source_arn,
            conditions={"aws:sourceowner": account_of(source_arn)},
        )
        await self._publisher.publish_alone(topic_arn, message, subject=subject, call=call)
