"""How does a push notification reach a device?

It goes to the inbox, with what the device's platform would have been given: of a message with `MessageStructure` json,
the text under the platform's name, else the default's.

Source: SNS Developer Guide, "Publishing Amazon SNS notifications with platform-specific payloads".
"""

import hashlib

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.sns.deliveries.status_log import log_group, moment, wanted
from pileus.services.sns.inbox import Inbox, SentMessage
from pileus.services.sns.log_lines import LogLine, stream_of, write_line
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

    def __init__(self, inbox: Inbox, *, clock: Clock, ids: Ids) -> None:
        self._inbox = inbox
        self._clock = clock
        self._ids = ids

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
        self._log(tx, name, *found, body=body, message_id=message_id, failure=why)
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

    def _log(
        self,
        tx: Transaction,
        name: EndpointName,
        application: ApplicationRecord,
        endpoint: EndpointRecord,
        *,
        body: str,
        message_id: str,
        failure: str,
    ) -> None:
        """Where the application has a role for it."""
        if not wanted(self._ids, application.attributes, "", succeeded=not failure):
            return
        at_s = self._clock.timestamp()
        home = name.application
        told = {
            "notification": {
                "messageMD5Sum": hashlib.md5(body.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest(),
                "messageId": message_id,
                "timestamp": moment(at_s),
            },
            "delivery": {
                "deliveryId": self._ids.uuid(),
                "destination": name.arn,
                "providerResponse": failure,
                "dwellTimeMs": 0,
                "attempts": 1,
                "token": endpoint.attributes["Token"],
                "statusCode": 400 if failure else 200,
            },
            "status": "FAILURE" if failure else "SUCCESS",
        }
        group = f"app/{home.platform}/{home.name}"
        line = LogLine(
            account_id=home.account_id,
            region=home.region,
            log_group=log_group(home.region, home.account_id, group, succeeded=not failure),
            log_stream=stream_of(home.arn),
            at_s=at_s,
            text=msgspec.json.encode(told).decode(),
        )
        write_line(tx, line)
