"""What do the emails of SNS say?

Source: SNS Developer Guide, "Subscribing to an Amazon SNS topic" (email): the subjects and what stands in them; the
sentences around are ours. `email-json` gets what HTTP subscribers get, as it is.
"""

from typing import Final

CONFIRMATION_SUBJECT: Final = "AWS Notification - Subscription Confirmation"
NOTIFICATION_SUBJECT: Final = "AWS Notification Message"


def confirmation(*, topic_arn: str, subscribe_url: str) -> str:
    """Asks the owner of an address whether they want what a topic sends."""
    return (
        f"You have chosen to subscribe to the topic:\n{topic_arn}\n\n"
        f"To confirm this subscription, visit this address (if it was not you, do nothing):\n{subscribe_url}\n"
    )


def notification(*, body: str, unsubscribe_url: str) -> str:
    """A message, and how to get no more of them."""
    return f"{body}\n\n--\nTo get no more notifications of this topic, visit this address:\n{unsubscribe_url}\n"
