"""How does a push notification reach a device?

It goes to the inbox, with what the device's platform would have been given: of a message with `MessageStructure` json,
the text under the platform's name, else the default's.

Source: SNS Developer Guide, "Publishing Amazon SNS notifications with platform-specific payloads".
"""

from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sns.inbox import Inbox, SentMessage
from pileus.services.sns.platforms.model import ApplicationName, ApplicationRecord, EndpointName, EndpointRecord
from pileus.services.sns.platforms.store import find_endpoint


def endpoint_name(arn: str) -> EndpointName | None:
    """Of an ARN that was checked before; None where it is none."""
    parts = arn.split(":", 5)
    relative = parts[-1].split("/")
    if len(parts) != 6 or len(relative) != 4 or relative[0] != "endpoint":
        return None
    return EndpointName(ApplicationName(parts[1], parts[3], parts[4], relative[1], relative[2]), relative[3])


def refusal(application: ApplicationRecord, endpoint: EndpointRecord) -> str:
    """Why nothing is sent to a device; "" where it is."""
    if not application.enabled:
        return "Platform application is disabled"
    return "" if endpoint.enabled else "Endpoint is disabled"


class PushNotifications:
    """Sends to devices."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def find(self, snapshot: Snapshot, arn: str) -> tuple[ApplicationRecord, EndpointRecord] | None:
        """What an endpoint's ARN names."""
        name = endpoint_name(arn)
        return None if name is None else await find_endpoint(snapshot, name)

    async def send(
        self,
        tx: Transaction,
        *,
        arn: str,
        body: str,
        by_protocol: dict[str, str],
        subject: str,
        message_id: str,
        topic_arn: str = "",
        once: str = "",
    ) -> str:
        """Why it was not sent; "" when it was. once: see `Inbox.put`."""
        name = endpoint_name(arn)
        found = None if name is None else await find_endpoint(tx, name)
        if name is None or found is None:
            return "Endpoint does not exist"
        why = refusal(*found)
        if why:
            return why
        shown = {"Platform": name.application.platform, "Token": found[1].attributes["Token"]}
        user_data = found[1].attributes.get("CustomUserData")
        if user_data:
            shown["CustomUserData"] = user_data
        sent = SentMessage(
            kind="application",
            account_id=name.application.account_id,
            region=name.application.region,
            recipient=arn,
            body=by_protocol.get(name.application.platform, body),
            subject=subject,
            topic_arn=topic_arn,
            message_id=message_id,
            attributes=shown,
        )
        await self._inbox.put(tx, sent, once=once)
        return ""
