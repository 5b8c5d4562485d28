"""How does a text message reach a phone number, or why does it not?

It goes to the inbox in the transaction of its cause, unless the number's owner wants none, which the sender learns only
from the delivery status log, as on AWS. Replies come from the inbox's page: `STOP` and its like opt out.

Sources: SNS Developer Guide, "Mobile text messaging with Amazon SNS", "Opting out of receiving SMS messages"; recording
sns, `test_publish_wrong_phone_format`.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from pileus.kernel.clock import Clock
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.deliveries.status_log import SAMPLE_RATE_DEFAULT, log_group, moment
from pileus.services.sns.endpoints import phone_number
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.inbox import Inbox, SentMessage
from pileus.services.sns.log_lines import LogLine, sampled, stream_of, write_line
from pileus.services.sns.model import MessageAttribute
from pileus.services.sns.sms.attributes import check_message_attributes
from pileus.services.sns.sms.records import OptOut
from pileus.services.sns.sms.store import opt_out, put_opt_out, sms_settings
from pileus.services.sns.store import space_of

MESSAGE_CHARS_MAX: Final = 1_600
"""Source: SNS Developer Guide, "Publishing SMS messages to a mobile phone"."""

OPT_OUT_WORDS: Final = frozenset(
    {"ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD", "UNSUBSCRIBE"}
)

OPTED_OUT: Final = "Phone number is opted out"
DIRECT: Final = "DirectPublishToPhoneNumber"
"""Stands for a topic in the names of log groups."""
BYTES_PER_PART: Final = 140
"""Source: SNS Developer Guide, "Publishing SMS messages to a mobile phone": bytes of a part."""

_SHOWN: Final = {
    "AWS.SNS.SMS.MaxPrice": "MaxPrice",
    "AWS.SNS.SMS.SMSType": "SMSType",
    "AWS.SNS.SMS.SenderID": "SenderID",
    "AWS.MM.SMS.EntityId": "EntityId",
    "AWS.MM.SMS.TemplateId": "TemplateId",
}


def number_to_publish_to(given: str) -> str:
    """In E.164, or InvalidParameter."""
    try:
        return phone_number(given)
    except InvalidParameter:
        raise InvalidParameter(f"PhoneNumber Reason: {given} is not valid to publish to") from None


def check_text(body: str, attributes: Mapping[str, MessageAttribute]) -> None:
    """What `Publish` to a phone number looks at beside the number; InvalidParameter."""
    if len(body) > MESSAGE_CHARS_MAX:
        raise InvalidParameter("Message too long")
    check_message_attributes(attributes)


class TextMessages:
    """Sends text messages."""

    def __init__(self, inbox: Inbox, *, clock: Clock, ids: Ids) -> None:
        self._inbox = inbox
        self._clock = clock
        self._ids = ids

    async def send(
        self,
        tx: Transaction,
        *,
        account_id: str,
        region: str,
        number: str,
        body: str,
        attributes: Mapping[str, MessageAttribute],
        message_id: str,
        topic_arn: str = "",
        once: str = "",
    ) -> str:
        """Why it was not sent, in the words of the delivery status log; "" when it was.

        number: in E.164. once: see `Inbox.put`.
        """
        space = space_of(account_id, region)
        settings = (await sms_settings(tx, space)).attributes
        out = (await opt_out(tx, space, number)).out
        name = topic_arn.rpartition(":")[2] or DIRECT
        failure = OPTED_OUT if out else ""
        self._log(
            tx, settings, (account_id, region, name), number=number, body=body, message_id=message_id, failure=failure
        )
        if out:
            return OPTED_OUT
        shown = {
            "SMSType": settings.get("DefaultSMSType", "Promotional"),
            "SenderID": settings.get("DefaultSenderID", ""),
        }
        for name, attribute in attributes.items():
            if name in _SHOWN and attribute.string_value:
                shown[_SHOWN[name]] = attribute.string_value
        sent = SentMessage(
            kind="sms",
            account_id=account_id,
            region=region,
            recipient=number,
            body=body,
            topic_arn=topic_arn,
            message_id=message_id,
            attributes={name: value for name, value in shown.items() if value},
        )
        await self._inbox.put(tx, sent, once=once)
        return ""

    def _log(
        self,
        tx: Transaction,
        settings: Mapping[str, str],
        home: tuple[str, str, str],
        *,
        number: str,
        body: str,
        message_id: str,
        failure: str,
    ) -> None:
        """Where the account has a role for it. home: account, region, and the topic's name or what stands for it."""
        account_id, region, name = home
        if not settings.get("DeliveryStatusIAMRole"):
            return
        rate = int(settings.get("DeliveryStatusSuccessSamplingRate") or SAMPLE_RATE_DEFAULT)
        if not failure and not sampled(self._ids, rate):
            return
        at_s = self._clock.timestamp()
        delivery = {
            "numberOfMessageParts": -(-len(body.encode()) // BYTES_PER_PART),
            "destination": number,
            "priceInUSD": 0.0,
            "smsType": settings.get("DefaultSMSType", "Promotional"),
            "providerResponse": failure or "Message has been accepted by phone carrier",
            "dwellTimeMs": 0,
        }
        told = {
            "notification": {"messageId": message_id, "timestamp": moment(at_s)},
            "delivery": delivery,
            "status": "FAILURE" if failure else "SUCCESS",
        }
        line = LogLine(
            account_id=account_id,
            region=region,
            log_group=log_group(region, account_id, name, succeeded=not failure),
            log_stream=stream_of(f"{region}/{account_id}/{name}"),
            at_s=at_s,
            text=msgspec.json.encode(told).decode(),
        )
        write_line(tx, line)


async def take_reply(tx: Transaction, *, account_id: str, region: str, number: str, body: str) -> bool:
    """What somebody answered to a text message; whether they want no more of them now."""
    if body.strip().upper() not in OPT_OUT_WORDS:
        return False
    space = space_of(account_id, region)
    before = await opt_out(tx, space, number)
    put_opt_out(tx, space, number, OptOut(out=True, opted_in_at_s=before.opted_in_at_s))
    return True
