"""Text messages: settings, who wants none, numbers to be verified, and what is sent."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Request
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.sns.inbox import Inbox
from pileus.services.sns.inbox.box import find
from pileus.services.sns.inbox.page import InboxPage
from pileus.services.sns.model import MessageAttribute
from pileus.services.sns.operations.sms import SmsOperations
from pileus.services.sns.operations.sms_sandbox import SmsSandboxOperations
from pileus.services.sns.shapes import (
    CheckIfPhoneNumberIsOptedOutInput,
    CreateSMSSandboxPhoneNumberInput,
    DeleteSMSSandboxPhoneNumberInput,
    GetSMSAttributesInput,
    GetSMSSandboxAccountStatusInput,
    ListOriginationNumbersRequest,
    ListPhoneNumbersOptedOutInput,
    ListSMSSandboxPhoneNumbersInput,
    OptInPhoneNumberInput,
    SetSMSAttributesInput,
    VerifySMSSandboxPhoneNumberInput,
)
from pileus.services.sns.sms.sending import TextMessages, check_text, number_to_publish_to
from tests.support.time import JumpingClock
from tests.unit.sns.asking import ACCOUNT, asked_by

NUMBER = "+15551234567"


class Sms(SmsOperations, SmsSandboxOperations):
    """Only what is about text messages."""


class Rig:
    def __init__(self, store: SqliteStore, clock: JumpingClock) -> None:
        self.store = store
        self.clock = clock
        self.api = Sms(store=store, clock=clock, ids=SeededIds(), secret=b"x" * 32)

    async def send(self, number: str = NUMBER, body: str = "hello", **attributes: str) -> str:
        given = {
            f"AWS.SNS.SMS.{name}": MessageAttribute(data_type="String", string_value=value)
            for name, value in attributes.items()
        }
        async with self.store.transaction() as tx:
            return await TextMessages(Inbox(clock=self.clock), clock=self.clock, ids=SeededIds()).send(
                tx,
                account_id=ACCOUNT,
                region="us-east-1",
                number=number,
                body=body,
                attributes=given,
                message_id="m",
            )

    async def reply(self, **content: Any) -> tuple[int, Any]:
        body = json.dumps({"from": NUMBER, "account_id": ACCOUNT, **content}).encode()
        request = Request(method="POST", target="/_pileus/inbox", headers={"host": "127.0.0.1"}, body=body)
        answer = await InboxPage(self.store)(request)
        assert isinstance(answer.body, bytes)
        return answer.status, json.loads(answer.body)

    async def opted_out(self, number: str = NUMBER) -> bool | None:
        request = CheckIfPhoneNumberIsOptedOutInput(phone_number=number)
        return (await self.api.check_if_phone_number_is_opted_out(asked_by(), request)).is_opted_out

    async def attributes(self, *names: str) -> dict[str, str] | None:
        request = GetSMSAttributesInput(attributes=list(names) or None)
        return (await self.api.get_sms_attributes(asked_by(), request)).attributes

    async def code(self) -> str:
        """The one that came last."""
        (kept,) = await find(self.store.snapshot(), limit=1)
        return kept.sent.body.removeprefix("Your verification code is ").rstrip(".")

    async def verify(self, code: str) -> None:
        request = VerifySMSSandboxPhoneNumberInput(phone_number=NUMBER, one_time_password=code)
        await self.api.verify_sms_sandbox_phone_number(asked_by(), request)

    async def create(self, number: str = NUMBER) -> None:
        request = CreateSMSSandboxPhoneNumberInput(phone_number=number)
        await self.api.create_sms_sandbox_phone_number(asked_by(), request)

    async def statuses(self) -> dict[str | None, str | None]:
        answer = await self.api.list_sms_sandbox_phone_numbers(asked_by(), ListSMSSandboxPhoneNumbersInput())
        return {each.phone_number: each.status for each in answer.phone_numbers}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    clock = JumpingClock()
    store = open_store(tmp_path, clock=clock)
    yield Rig(store, clock)
    await store.close()


async def set_attributes(rig: Rig, **attributes: str) -> None:
    await rig.api.set_sms_attributes(asked_by(), SetSMSAttributesInput(attributes=attributes))


async def test_settings_are_kept_by_region(rig: Rig) -> None:
    """Recordings `test_set_get_sms_attributes` and `test_get_sms_attributes_from_unmodified_region`."""
    assert await rig.attributes() == {"MonthlySpendLimit": "1"}
    await set_attributes(
        rig, DefaultSMSType="Promotional", DefaultSenderID="LSTest", DeliveryStatusSuccessSamplingRate="100"
    )
    assert await rig.attributes() == {
        "DefaultSMSType": "Promotional",
        "DefaultSenderID": "LSTest",
        "DeliveryStatusSuccessSamplingRate": "100",
        "MonthlySpendLimit": "1",
    }
    assert await rig.attributes("DefaultSMSType", "DefaultSenderID") == {
        "DefaultSMSType": "Promotional",
        "DefaultSenderID": "LSTest",
    }
    elsewhere = await rig.api.get_sms_attributes(asked_by(region="eu-west-1"), GetSMSAttributesInput())
    assert elsewhere.attributes == {"MonthlySpendLimit": "1"}
    await set_attributes(rig, DefaultSenderID="")
    assert "DefaultSenderID" not in (await rig.attributes() or {})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("InvalidAttribute", "x", "InvalidAttribute is not a valid attribute"),
        ("DefaultSendID", "x", "DefaultSendID is not a valid attribute"),
        ("DefaultSMSType", "Other", "DefaultSMSType is invalid"),
        ("DefaultSenderID", "123456", "DefaultSenderID is invalid"),
        ("DefaultSenderID", "a" * 12, "DefaultSenderID is invalid"),
        ("DeliveryStatusSuccessSamplingRate", "101", "DeliveryStatusSuccessSamplingRate is invalid"),
        ("DeliveryStatusIAMRole", "role", "DeliveryStatusIAMRole is invalid"),
        ("MonthlySpendLimit", "much", "MonthlySpendLimit is invalid"),
    ],
)
async def test_wrong_settings_are_refused(rig: Rig, name: str, value: str, message: str) -> None:
    """Recording `test_set_invalid_sms_attributes`; nothing of a refused request is kept."""
    with pytest.raises(ServiceError) as refusal:
        await set_attributes(rig, **{"DefaultSenderID": "Shop", name: value})
    assert (refusal.value.error_code, refusal.value.message) == ("InvalidParameter", message)
    assert await rig.attributes() == {"MonthlySpendLimit": "1"}


async def test_a_text_reaches_the_inbox_as_it_was_set(rig: Rig) -> None:
    """What a message says of itself wins over what the account says."""
    await set_attributes(rig, DefaultSenderID="Shop")
    assert await rig.send() == ""
    assert await rig.send(SMSType="Transactional", SenderID="Bank") == ""
    newest, first = await find(rig.store.snapshot())
    assert (first.sent.recipient, first.sent.body, first.sent.message_id) == (NUMBER, "hello", "m")
    assert first.sent.attributes == {"SMSType": "Promotional", "SenderID": "Shop"}
    assert newest.sent.attributes == {"SMSType": "Transactional", "SenderID": "Bank"}


@pytest.mark.parametrize("number", ["+1a234", "NAA+15551234567", "", "+", "+15--551234567"])
def test_what_is_no_number_gets_nothing(number: str) -> None:
    """Recording `test_publish_wrong_phone_format`."""
    with pytest.raises(ServiceError) as refusal:
        number_to_publish_to(number)
    assert refusal.value.message == f"Invalid parameter: PhoneNumber Reason: {number} is not valid to publish to"


def test_texts_have_an_end() -> None:
    """1,600 characters are sent, one more is refused; so are attributes that are none."""
    check_text("x" * 1_600, {})
    with pytest.raises(ServiceError, match="Message too long"):
        check_text("x" * 1_601, {})
    for name, value in (("SMSType", "Other"), ("SenderID", "1"), ("MaxPrice", "cheap")):
        attribute = MessageAttribute(data_type="String", string_value=value)
        with pytest.raises(ServiceError, match=name):
            check_text("x", {f"AWS.SNS.SMS.{name}": attribute})


async def test_stop_opts_out_until_somebody_opts_in(rig: Rig) -> None:
    """Whoever answers STOP gets nothing more; an account can ask for one number once in 30 days."""
    assert await rig.reply(body="thanks") == (200, {"opted_out": False})
    assert await rig.reply(body=" stop ") == (200, {"opted_out": True})
    assert await rig.opted_out() is True
    assert await rig.opted_out("+4915112345678") is False
    listed = await rig.api.list_phone_numbers_opted_out(asked_by(), ListPhoneNumbersOptedOutInput())
    assert listed.phone_numbers == [NUMBER]
    assert await rig.send() == "Phone number is opted out"
    assert await find(rig.store.snapshot()) == []

    opt_in = OptInPhoneNumberInput(phone_number=NUMBER)
    await rig.api.opt_in_phone_number(asked_by(), opt_in)
    assert await rig.opted_out() is False
    assert await rig.send() == ""

    await rig.reply(body="UNSUBSCRIBE")
    with pytest.raises(ServiceError, match="30 days"):
        await rig.api.opt_in_phone_number(asked_by(), opt_in)
    rig.clock.jump(timedelta(days=30))
    await rig.api.opt_in_phone_number(asked_by(), opt_in)
    assert await rig.opted_out() is False


async def test_opting_in_who_never_opted_out_succeeds(rig: Rig) -> None:
    """Recordings `test_opt_in_non_existing_phone_number` and `test_opt_in_invalid_number`."""
    for _ in range(2):
        await rig.api.opt_in_phone_number(asked_by(), OptInPhoneNumberInput(phone_number="+44123456789"))
    with pytest.raises(ServiceError) as refusal:
        await rig.api.opt_in_phone_number(asked_by(), OptInPhoneNumberInput(phone_number="+44-00ABCDE"))
    assert refusal.value.message == "Invalid parameter: PhoneNumber Reason: input incorrectly formatted"


async def test_opted_out_numbers_come_in_pages(rig: Rig) -> None:
    """A hundred at a time, each once."""
    for number in range(120):
        await rig.reply(**{"from": f"+1555000{number:04}"}, body="STOP")
    first = await rig.api.list_phone_numbers_opted_out(asked_by(), ListPhoneNumbersOptedOutInput())
    second = await rig.api.list_phone_numbers_opted_out(
        asked_by(), ListPhoneNumbersOptedOutInput(next_token=first.next_token)
    )
    numbers = [*(first.phone_numbers or []), *(second.phone_numbers or [])]
    assert numbers == [f"+1555000{number:04}" for number in range(120)]
    assert second.next_token is None


@pytest.mark.parametrize("content", [{}, {"body": 1}, {"body": "STOP", "from": "x"}, {"body": "x", "account_id": "1"}])
async def test_replies_of_nobody_are_refused(rig: Rig, content: dict[str, Any]) -> None:
    """The page takes what a script sends, and says what it is not."""
    status, answer = await rig.reply(**content)
    assert status == 400
    assert answer["message"].startswith("Not a reply")


async def test_a_number_is_verified_by_what_it_received(rig: Rig) -> None:
    """The password arrives in the inbox; the status says when it was right."""
    status = await rig.api.get_sms_sandbox_account_status(asked_by(), GetSMSSandboxAccountStatusInput())
    assert status.is_in_sandbox is False
    await rig.create()
    assert await rig.statuses() == {NUMBER: "Pending"}
    code = await rig.code()
    wrong = "000000" if code != "000000" else "000001"
    with pytest.raises(ServiceError) as refusal:
        await rig.verify(wrong)
    assert refusal.value.error_code == "VerificationException"
    await rig.verify(code)
    assert await rig.statuses() == {NUMBER: "Verified"}
    with pytest.raises(ServiceError) as again:
        await rig.create()
    assert again.value.error_code == "UserError"


async def test_passwords_end_by_time_and_by_guessing(rig: Rig) -> None:
    """Neither an old one nor the right one after five wrong ones; a new one works."""
    await rig.create()
    code = await rig.code()
    rig.clock.jump(timedelta(minutes=15, seconds=1))
    with pytest.raises(ServiceError):
        await rig.verify(code)
    await rig.create()
    code = await rig.code()
    for _ in range(5):
        with pytest.raises(ServiceError):
            await rig.verify("99999")
    with pytest.raises(ServiceError):
        await rig.verify(code)
    await rig.create()
    await rig.verify(await rig.code())
    assert await rig.statuses() == {NUMBER: "Verified"}


async def test_sandbox_numbers_are_few_and_stay_a_day(rig: Rig) -> None:
    """Ten numbers, each for 24 hours at least; unknown ones are not found."""
    delete = DeleteSMSSandboxPhoneNumberInput(phone_number=NUMBER)
    with pytest.raises(ServiceError) as missing:
        await rig.api.delete_sms_sandbox_phone_number(asked_by(), delete)
    assert missing.value.error_code == "ResourceNotFound"
    with pytest.raises(ServiceError) as unknown:
        await rig.verify("123456")
    assert unknown.value.error_code == "ResourceNotFound"
    await rig.create()
    for number in range(9):
        await rig.create(f"+4915112345{number}")
    with pytest.raises(ServiceError) as full:
        await rig.create("+4915112346")
    assert full.value.error_code == "UserError"
    with pytest.raises(ServiceError) as early:
        await rig.api.delete_sms_sandbox_phone_number(asked_by(), delete)
    assert early.value.error_code == "UserError"
    rig.clock.jump(timedelta(hours=24))
    await rig.api.delete_sms_sandbox_phone_number(asked_by(), delete)
    assert NUMBER not in await rig.statuses()
    request = ListSMSSandboxPhoneNumbersInput(max_results=5)
    page = await rig.api.list_sms_sandbox_phone_numbers(asked_by(), request)
    assert len(page.phone_numbers) == 5
    rest = await rig.api.list_sms_sandbox_phone_numbers(
        asked_by(), ListSMSSandboxPhoneNumbersInput(next_token=page.next_token, max_results=5)
    )
    assert len(rest.phone_numbers) == 4


async def test_who_opted_out_is_not_verified(rig: Rig) -> None:
    """API_CreateSMSSandboxPhoneNumber: OptedOut."""
    await rig.reply(body="STOP")
    with pytest.raises(ServiceError) as refusal:
        await rig.create()
    assert refusal.value.error_code == "OptedOut"


async def test_there_are_no_origination_numbers(rig: Rig) -> None:
    """None can be had here."""
    answer = await rig.api.list_origination_numbers(asked_by(), ListOriginationNumbersRequest())
    assert answer.phone_numbers == []
