"""What do tests of topics need of queues, and of whoever verifies messages?"""

import base64
import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

_SIGNED: Final = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
"""SNS Developer Guide, "Verifying the signatures of Amazon SNS messages": by type, in this order."""


class Queue:
    """A queue that topics may send to."""

    def __init__(self, sqs: Any, *, fifo: bool = False, name: str = "", account: str = "111111111111") -> None:
        self._sqs = sqs
        name = name or f"q-{uuid4().hex}{'.fifo' if fifo else ''}"
        self.arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": self.arn,
                }
            ],
        }
        attributes = {"Policy": json.dumps(policy)} | ({"FifoQueue": "true"} if fifo else {})
        self.url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def move(self, sqs: Any, url: str) -> None:
        """The server was started again and listens at another address."""
        self._sqs = sqs
        self.url = f"{url}/{self.url.split('/', 3)[3]}"

    def messages(self, count: int = 1, *, tries: int = 10) -> list[dict[str, Any]]:
        """So many messages, deleted; what comes within some long polls. count 0: all that is there now."""
        found: list[dict[str, Any]] = []
        for _ in range(tries if count else 1):
            answer = self._sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=10,
                WaitTimeSeconds=1 if count else 0,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            for message in answer.get("Messages", []):
                found.append(message)
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            if count and len(found) >= count:
                break
        return found

    def envelopes(self, count: int = 1) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self.messages(count)]


def verified(envelope: Mapping[str, Any]) -> bool:
    """Whether a message is signed by the certificate that it names, as AWS's guide says it is to be checked."""
    names = _SIGNED[envelope["Type"]]
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
    address = envelope.get("SigningCertURL") or envelope["SigningCertUrl"]
    with urllib.request.urlopen(address, timeout=10) as answer:
        certificate = x509.load_pem_x509_certificate(answer.read())
    key = certificate.public_key()
    assert isinstance(key, RSAPublicKey)
    algorithm = {"1": SHA1(), "2": SHA256()}[envelope["SignatureVersion"]]
    key.verify(base64.b64decode(envelope["Signature"]), text.encode(), PKCS1v15(), algorithm)
    return True
