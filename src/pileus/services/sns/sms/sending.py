"""How does a text message reach a phone number, or why does it not?

It goes to the inbox in the transaction of its cause, unless the number's owner wants none, which the sender learns only
from the delivery status log, as on AWS. Replies come from the inbox's page: `STOP` and its like opt out.

Sources: SNS Developer Guide, "Mobile text messaging with Amazon SNS", "Opting out of receiving SMS messages"; recording
sns, `test_publish_wrong_phone_format`.
"""

from collections.abc import Mapping
from typing import Final

from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.endpoints import phone_number
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.inbox import Inbox, SentMessage
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

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

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
        if (await opt_out(tx, space, number)).out:
            return "Phone number is opted out"
        settings = (await sms_settings(tx, space)).attributes
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


async def take_reply(tx: Transaction, *, account_id: str, region: str, number: str, body: str) -> bool:
    """What somebody answered to a text message; whether they want no more of them now."""
    if body.strip().upper() not in OPT_OUT_WORDS:
        return False
    space = space_of(account_id, region)
    before = await opt_out(tx, space, number)
    put_opt_out(tx, space, number, OptOut(out=True, opted_in_at_s=before.opted_in_at_s))
    return True
