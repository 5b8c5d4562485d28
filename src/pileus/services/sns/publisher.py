"""How do other services publish?

In their own transaction: what they write down and what the topic sends happen together, or not at all. The topic's
policy must let them in.
"""

from collections.abc import Mapping

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.clock import Clock
from pileus.kernel.storage.seam import Store, Transaction
from pileus.services.sns.errors import AuthorizationError, InvalidParameter, TopicNotFound
from pileus.services.sns.links import Links
from pileus.services.sns.messages import Draft, drafted
from pileus.services.sns.metrics import TopicMetrics
from pileus.services.sns.model import MessageAttribute
from pileus.services.sns.names import topic_of_arn
from pileus.services.sns.policies import service_denial
from pileus.services.sns.publishing import Published, Publishing
from pileus.services.sns.shapes import MessageAttributeValue
from pileus.services.sns.signing import Signers


class TopicPublisher:
    """Publishes for services."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        publishing: Publishing,
        signers: Signers,
        links: Links,
        metrics: TopicMetrics,
        organization: Organization | None = None,
    ) -> None:
        """organization: of whose accounts some are, if there is one."""
        self._organization = organization
        self._store = store
        self._clock = clock
        self._publishing = publishing
        self._signers = signers
        self._links = links
        self._metrics = metrics

    async def ready(self) -> None:
        """Await this before the transaction in which `publish` is called."""
        if self._signers.signer is None:
            await self._signers.ready()

    async def publish(
        self,
        tx: Transaction,
        topic_arn: str,
        message: str,
        *,
        subject: str | None = None,
        attributes: Mapping[str, MessageAttribute] | None = None,
        structure: str | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        trace_header: str = "",
        call: ServiceCall | None,
    ) -> Published:
        """Publish in the caller's transaction. TopicNotFound, AuthorizationError, InvalidParameter.

        call: on whose behalf; None asks no policy: the caller knows that it may (a function's dead-letter topic, whose
        role was asked).
        """
        try:
            name = topic_of_arn(topic_arn)
        except InvalidParameter:
            raise TopicNotFound from None
        view = await self._publishing.view(tx, name)
        if call is not None:
            denial = service_denial(
                view.topic,
                call,
                action="sns:Publish",
                organization=self._organization,
                now_s=self._clock.timestamp(),
            )
            if denial is not None:
                raise AuthorizationError(
                    f"{call.service} is not authorized to perform: SNS:Publish on resource: {topic_arn}"
                ).because(denial)
        draft = _drafted(message, subject, attributes, structure, group_id, deduplication_id)
        published = await self._publishing.publish(
            tx, view, draft, base_url=self._links.anywhere(name.region), trace_header=trace_header
        )
        self._metrics.published(name, draft.size_bytes)
        return published

    async def publish_alone(
        self, topic_arn: str, message: str, *, subject: str | None = None, call: ServiceCall | None
    ) -> Published:
        """The same in a transaction of its own."""
        await self.ready()

        async def publish(tx: Transaction) -> Published:
            return await self.publish(tx, topic_arn, message, subject=subject, call=call)

        return await self._store.run(publish)


def _drafted(
    message: str,
    subject: str | None,
    attributes: Mapping[str, MessageAttribute] | None,
    structure: str | None,
    group_id: str | None,
    deduplication_id: str | None,
) -> Draft:
    given = {
        name: MessageAttributeValue(
            data_type=each.data_type, string_value=each.string_value, binary_value=each.binary_value
        )
        for name, each in (attributes or {}).items()
    }
    return drafted(
        message=message,
        subject=subject,
        structure=structure,
        attributes=given,
        group_id=group_id,
        deduplication_id=deduplication_id,
    )
