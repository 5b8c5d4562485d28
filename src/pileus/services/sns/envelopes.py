"""What exactly does a subscriber read?

JSON as AWS writes it, with a space before each colon and members in AWS's order; the text to be signed is made of some
of the members. What does not depend on the subscription is made once for a message (`Envelope`).

Messages of FIFO topics carry a sequence number and no signature (recording sns, `test_message_to_fifo_sqs`). Functions
get other spellings, a null subject, and signature version 1 whatever the topic says (recording
`test_publish_lambda_verify_signature`).

Sources: SNS Developer Guide, "Parsing message formats", "Fanout Amazon SNS events to Lambda"; recordings sns.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from pileus.services.sns.links import confirm_url, unsubscribe_url
from pileus.services.sns.model import Message, MessageAttribute, SubscriptionRecord
from pileus.services.sns.signing import Signer

_quoted: Final = msgspec.json.Encoder().encode


def timestamp(at_s: float) -> str:
    return f"{_second(int(at_s))}.{int(at_s * 1000) % 1000:03d}Z"


@lru_cache(maxsize=8)
def _second(at_s: int) -> str:
    """The same for a thousand messages."""
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"


class Envelope:
    """A notification, ready for any subscription that gets this body. signer: None where nobody signs."""

    def __init__(
        self, message: Message, body: str, *, signer: Signer | None, version: str, signature: str = ""
    ) -> None:
        """signature: where it was made already."""
        self.message = message
        self.body = body
        self.at = timestamp(message.published_at_s)
        self.version = version
        self.signature = ""
        self.certificate_url = ""
        topic_arn = message.topic.arn
        if signer is not None and message.sequence_number is None:
            self.signature = signature or signer.sign(signed_text(message, body), version)
            self.certificate_url = f"{message.base_url}{signer.path}"
        sequence = "" if message.sequence_number is None else f'  "SequenceNumber" : "{message.sequence_number}",\n'
        told_subject = "" if message.subject is None else f'  "Subject" : {_text(message.subject)},\n'
        signed = (
            f'  "SignatureVersion" : "{version}",\n  "Signature" : "{self.signature}",\n'
            f'  "SigningCertURL" : {_text(self.certificate_url)},\n'
            if self.signature
            else ""
        )
        self._head = (
            f'{{\n  "Type" : "Notification",\n  "MessageId" : "{message.message_id}",\n{sequence}'
            f'  "TopicArn" : {_text(topic_arn)},\n{told_subject}  "Message" : {_text(body)},\n'
            f'  "Timestamp" : "{self.at}",\n{signed}  "UnsubscribeURL" : '
        )
        self._tail = _attributes_text(message.attributes) + "\n}"

    def text(self, subscription: SubscriptionRecord) -> str:
        """For queues, HTTP and mail."""
        url = unsubscribe_url(self.message.base_url, subscription.arn)
        return f"{self._head}{_text(url)}{self._tail}"

    def event(self, subscription: SubscriptionRecord) -> bytes:
        """For functions."""
        message = self.message
        told = {
            "Type": "Notification",
            "MessageId": message.message_id,
            "TopicArn": message.topic.arn,
            "Subject": message.subject,
            "Message": self.body,
            "Timestamp": self.at,
            "SignatureVersion": self.version,
            "Signature": self.signature,
            "SigningCertUrl": self.certificate_url,
            "UnsubscribeUrl": unsubscribe_url(message.base_url, subscription.arn),
            "MessageAttributes": {name: _told(attribute) for name, attribute in message.attributes.items()},
        }
        record = {
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription.arn,
            "Sns": told,
        }
        return _quoted({"Records": [record]})


def signed_text(message: Message, body: str) -> str:
    """What the signature of a notification is of."""
    subject = f"Subject\n{message.subject}\n" if message.subject is not None else ""
    return (
        f"Message\n{body}\nMessageId\n{message.message_id}\n{subject}"
        f"Timestamp\n{timestamp(message.published_at_s)}\nTopicArn\n{message.topic.arn}\nType\nNotification\n"
    )


def confirmation_text(kind: str, message: Message, token: str, *, signer: Signer, version: str) -> str:
    """Of a SubscriptionConfirmation or UnsubscribeConfirmation."""
    at = timestamp(message.published_at_s)
    topic_arn = message.topic.arn
    url = confirm_url(message.base_url, topic_arn, token)
    text = (
        f"Message\n{message.body}\nMessageId\n{message.message_id}\nSubscribeURL\n{url}\nTimestamp\n{at}\n"
        f"Token\n{token}\nTopicArn\n{topic_arn}\nType\n{kind}\n"
    )
    return (
        f'{{\n  "Type" : "{kind}",\n  "MessageId" : "{message.message_id}",\n  "Token" : "{token}",\n'
        f'  "TopicArn" : {_text(topic_arn)},\n  "Message" : {_text(message.body)},\n'
        f'  "SubscribeURL" : {_text(url)},\n  "Timestamp" : "{at}",\n  "SignatureVersion" : "{version}",\n'
        f'  "Signature" : "{signer.sign(text, version)}",\n'
        f'  "SigningCertURL" : {_text(f"{message.base_url}{signer.path}")}\n}}'
    )


def _text(text: str) -> str:
    return _quoted(text).decode()


def _told(attribute: MessageAttribute) -> dict[str, Any]:
    value = attribute.string_value
    if value is None:
        value = b64encode(attribute.binary_value or b"").decode()
    return {"Type": attribute.data_type, "Value": value}


def _attributes_text(attributes: Mapping[str, MessageAttribute]) -> str:
    if not attributes:
        return ""
    lines = ",\n".join(f"    {_text(name)} : {_quoted(_told(each)).decode()}" for name, each in attributes.items())
    return f',\n  "MessageAttributes" : {{\n{lines}\n  }}'
