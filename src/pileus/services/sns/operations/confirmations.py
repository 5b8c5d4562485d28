"""How does an endpoint agree to be subscribed?

Sources: SNS API Reference, ConfirmSubscription; recordings sns, `test_sns_confirm_subscription_wrong_token`,
`test_subscribe_external_http_endpoint`.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.confirming import clear_gone, find_gone
from pileus.services.sns.errors import AuthorizationError, InvalidParameter
from pileus.services.sns.model import SubscriptionRecord
from pileus.services.sns.names import SubscriptionName, topic_of_arn
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.shapes import ConfirmSubscriptionInput, ConfirmSubscriptionResponse
from pileus.services.sns.store import (
    add_subscription,
    find_subscription,
    find_topic,
    put_subscription,
    put_topic,
    subscription_of_endpoint,
)


class ConfirmationOperations(SnsBase):
    """What the token in a message is for; whoever has it need not sign."""

    async def confirm_subscription(
        self, context: RequestContext, request: ConfirmSubscriptionInput
    ) -> ConfirmSubscriptionResponse:
        """Once more is no error."""
        try:
            topic = topic_of_arn(request.topic_arn)
        except InvalidParameter:
            raise InvalidParameter("Topic") from None
        signed = bool(context.principal.access_key_id)
        if signed and topic.region != context.region:
            raise InvalidParameter("Topic")
        needs_owner = (request.authenticate_on_unsubscribe or "").lower() == "true"
        if needs_owner and not signed:
            raise AuthorizationError("AuthenticateOnUnsubscribe requires an authenticated request")
        confirmation = self._tokens.read(request.token, now_s=self._clock.timestamp())
        if topic_of_arn(confirmation.topic_arn)[1:] != topic[1:]:
            raise InvalidParameter("Token")
        name = SubscriptionName(topic, confirmation.subscription_id)
        async with self._store.transaction() as tx:
            record = await _confirmed(tx, name, authenticated=signed, needs_owner=needs_owner)
        return ConfirmSubscriptionResponse(subscription_arn=record.arn)


async def _confirmed(
    tx: Transaction, name: SubscriptionName, *, authenticated: bool, needs_owner: bool
) -> SubscriptionRecord:
    """The subscription, which now is one; InvalidParameter where it has gone for good."""
    record = await find_subscription(tx, name)
    back = record is None
    if record is None:
        record = await find_gone(tx, name)
    topic = None if record is None else await find_topic(tx, record.topic)
    if record is None or topic is None or topic.serial != record.topic_serial:
        raise InvalidParameter("Token")
    was_pending = record.pending
    record = msgspec.structs.replace(
        record,
        pending=False,
        authenticated=record.authenticated or authenticated,
        unsubscribe_needs_owner=record.unsubscribe_needs_owner or needs_owner,
    )
    if back:
        if await subscription_of_endpoint(tx, topic, record.protocol, record.endpoint) is not None:
            raise InvalidParameter("Token")
        clear_gone(tx, name)
        add_subscription(tx, record)
        topic = msgspec.structs.replace(topic, confirmed=topic.confirmed + 1, deleted=topic.deleted - 1)
    else:
        put_subscription(tx, record)
        if was_pending:
            topic = msgspec.structs.replace(topic, pending=topic.pending - 1, confirmed=topic.confirmed + 1)
    put_topic(tx, topic)
    return record
