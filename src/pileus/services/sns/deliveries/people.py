"""How do messages reach people: by mail, by text messages, and on their devices?

Into the inbox, in the transaction that takes the delivery from the outbox; a mail server gets them from there.
"""

from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.deliveries.tasks import DeliveryTask
from pileus.services.sns.inbox import Inbox, Kind, SentMessage
from pileus.services.sns.inbox.letters import (
    CONFIRMATION_SUBJECT,
    NOTIFICATION_SUBJECT,
    confirmation,
    notification,
)
from pileus.services.sns.links import confirm_url, unsubscribe_url
from pileus.services.sns.platforms.sending import PushNotifications
from pileus.services.sns.queue_target import NotDelivered
from pileus.services.sns.sms.sending import TextMessages


class PeopleByInbox:
    """Delivers into the inbox."""

    def __init__(self, inbox: Inbox, texts: TextMessages, pushes: PushNotifications) -> None:
        self._inbox = inbox
        self._texts = texts
        self._pushes = pushes

    async def send(self, tx: Transaction, task: DeliveryTask, text: str) -> None:
        """text: the JSON that an HTTP endpoint would get."""
        protocol = task.subscription.protocol
        if protocol == "email":
            await self._mail(tx, task, "email", "")
        elif protocol == "email-json":
            await self._mail(tx, task, "email-json", text)
        elif protocol == "sms":
            await self._text(tx, task)
        elif protocol == "application":
            await self._push(tx, task)
        else:
            raise NotDelivered(f"Pileus does not deliver to {protocol} yet")

    async def _mail(self, tx: Transaction, task: DeliveryTask, kind: Kind, text: str) -> None:
        message, record = task.message, task.subscription
        topic_arn = message.topic.arn
        if task.kind == "Notification":
            subject = message.subject or NOTIFICATION_SUBJECT
            link = unsubscribe_url(message.base_url, record.arn)
            body = notification(body=message.body_for(record.protocol), unsubscribe_url=link)
        else:
            subject = CONFIRMATION_SUBJECT
            link = confirm_url(message.base_url, topic_arn, task.token)
            body = confirmation(topic_arn=topic_arn, subscribe_url=link)
        sent = SentMessage(
            kind=kind,
            recipient=record.endpoint,
            subject=subject,
            body=text or body,
            account_id=message.topic.account_id,
            region=message.topic.region,
            topic_arn=topic_arn,
            message_id=message.message_id,
        )
        await self._inbox.put(tx, sent, once=f"{record.subscription_id}/{message.message_id}")

    async def _text(self, tx: Transaction, task: DeliveryTask) -> None:
        message, record = task.message, task.subscription
        failure = await self._texts.send(
            tx,
            account_id=record.owner,
            region=message.topic.region,
            number=record.endpoint,
            body=message.body_for("sms"),
            attributes=message.attributes,
            message_id=message.message_id,
            topic_arn=message.topic.arn,
            once=f"{record.subscription_id}/{message.message_id}",
        )
        if failure:
            raise NotDelivered(failure)

    async def _push(self, tx: Transaction, task: DeliveryTask) -> None:
        message, record = task.message, task.subscription
        failure = await self._pushes.send(
            tx,
            arn=record.endpoint,
            body=message.body,
            by_protocol=message.by_protocol,
            subject=message.subject or "",
            message_id=message.message_id,
            topic_arn=message.topic.arn,
            once=f"{record.subscription_id}/{message.message_id}",
        )
        if failure:
            raise NotDelivered(failure)
