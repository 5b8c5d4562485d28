"""Which numbers may an account in the SMS sandbox write to?

Accounts here are outside of the sandbox, as those that send messages on AWS are, so nothing is held back; its numbers
are verified all the same, with a one-time password that arrives in the inbox.

Sources: SNS API Reference, CreateSMSSandboxPhoneNumber, VerifySMSSandboxPhoneNumber, DeleteSMSSandboxPhoneNumber,
ListSMSSandboxPhoneNumbers, GetSMSSandboxAccountStatus; SNS Developer Guide, "SMS sandbox". The words of errors are
ours: AWS documents when, not how.
"""

import hmac
from datetime import timedelta
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.sns.endpoints import phone_number
from pileus.services.sns.errors import InvalidParameter, OptedOut, ResourceNotFound, UserError, VerificationFailed
from pileus.services.sns.inbox import Inbox, SentMessage
from pileus.services.sns.limits import PAGE_ITEMS
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.paging import read_token, write_token
from pileus.services.sns.shapes import (
    CreateSMSSandboxPhoneNumberInput,
    CreateSMSSandboxPhoneNumberResult,
    DeleteSMSSandboxPhoneNumberInput,
    DeleteSMSSandboxPhoneNumberResult,
    GetSMSSandboxAccountStatusInput,
    GetSMSSandboxAccountStatusResult,
    ListSMSSandboxPhoneNumbersInput,
    ListSMSSandboxPhoneNumbersResult,
    SMSSandboxPhoneNumber,
    VerifySMSSandboxPhoneNumberInput,
    VerifySMSSandboxPhoneNumberResult,
)
from pileus.services.sns.sms.records import SandboxNumber
from pileus.services.sns.sms.store import (
    clear_sandbox_number,
    list_sandbox_numbers,
    opt_out,
    put_sandbox_number,
    sandbox_number,
)
from pileus.services.sns.store import space_of

NUMBERS_MAX: Final = 10
KEPT_AT_LEAST: Final = timedelta(hours=24)
"""From its creation, before a number can be deleted. Source: SNS Developer Guide, "Deleting phone numbers"."""
CODE_LIFETIME: Final = timedelta(minutes=15)
CODE_DIGITS: Final = 6
FAILURES_MAX: Final = 5
"""Wrong passwords until a new one is needed, so that none is found by trying."""


class SmsSandboxOperations(SnsBase):
    """Numbers of the sandbox."""

    async def get_sms_sandbox_account_status(
        self, context: RequestContext, request: GetSMSSandboxAccountStatusInput
    ) -> GetSMSSandboxAccountStatusResult:
        return GetSMSSandboxAccountStatusResult(is_in_sandbox=False)

    async def create_sms_sandbox_phone_number(
        self, context: RequestContext, request: CreateSMSSandboxPhoneNumberInput
    ) -> CreateSMSSandboxPhoneNumberResult:
        """Asking again for one that is not verified yet sends a new password."""
        number = _number(request.phone_number)
        space = space_of(context.account_id, context.region)
        now_s = self._clock.timestamp()
        async with self._store.transaction() as tx:
            if (await opt_out(tx, space, number)).out:
                raise OptedOut("The phone number is opted out")
            known = await sandbox_number(tx, space, number)
            if known is not None and known.status == "Verified":
                raise UserError("The phone number is already verified")
            if known is None and len(await list_sandbox_numbers(tx, space, limit=NUMBERS_MAX)) >= NUMBERS_MAX:
                raise UserError(f"An account can have {NUMBERS_MAX} phone numbers in the sandbox")
            code = str(int.from_bytes(self._ids.bytes(8)) % 10**CODE_DIGITS).zfill(CODE_DIGITS)
            record = known or SandboxNumber(phone_number=number, created_at_s=now_s)
            put_sandbox_number(tx, space, msgspec.structs.replace(record, code=code, sent_at_s=now_s, failures=0))
            text = SentMessage(
                kind="sms",
                account_id=context.account_id,
                region=context.region,
                recipient=number,
                body=f"Your verification code is {code}.",
                attributes={"SMSType": "Transactional"},
            )
            await Inbox(clock=self._clock).put(tx, text)
        return CreateSMSSandboxPhoneNumberResult()

    async def verify_sms_sandbox_phone_number(
        self, context: RequestContext, request: VerifySMSSandboxPhoneNumberInput
    ) -> VerifySMSSandboxPhoneNumberResult:
        number = _number(request.phone_number)
        space = space_of(context.account_id, context.region)
        async with self._store.transaction() as tx:
            record = await sandbox_number(tx, space, number)
            if record is None:
                raise ResourceNotFound("The phone number is not in the sandbox")
            if record.status == "Verified":
                return VerifySMSSandboxPhoneNumberResult()
            verified = self._is_code(record, request.one_time_password)
            if verified:
                record = msgspec.structs.replace(record, status="Verified", code="", failures=0)
            else:
                record = msgspec.structs.replace(record, failures=record.failures + 1)
            put_sandbox_number(tx, space, record)
        if not verified:
            raise VerificationFailed(
                "Verification failed: the one-time password is invalid", members={"Status": "Pending"}
            )
        return VerifySMSSandboxPhoneNumberResult()

    async def delete_sms_sandbox_phone_number(
        self, context: RequestContext, request: DeleteSMSSandboxPhoneNumberInput
    ) -> DeleteSMSSandboxPhoneNumberResult:
        number = _number(request.phone_number)
        space = space_of(context.account_id, context.region)
        async with self._store.transaction() as tx:
            record = await sandbox_number(tx, space, number)
            if record is None:
                raise ResourceNotFound("The phone number is not in the sandbox")
            if self._clock.timestamp() - record.created_at_s < KEPT_AT_LEAST.total_seconds():
                raise UserError("A phone number can be deleted 24 hours after it was added")
            clear_sandbox_number(tx, space, number)
        return DeleteSMSSandboxPhoneNumberResult()

    async def list_sms_sandbox_phone_numbers(
        self, context: RequestContext, request: ListSMSSandboxPhoneNumbersInput
    ) -> ListSMSSandboxPhoneNumbersResult:
        limit = request.max_results or PAGE_ITEMS
        records = await list_sandbox_numbers(
            self._store.snapshot(),
            space_of(context.account_id, context.region),
            beyond=read_token(request.next_token),
            limit=limit + 1,
        )
        page = records[:limit]
        more = len(records) > limit
        return ListSMSSandboxPhoneNumbersResult(
            phone_numbers=[SMSSandboxPhoneNumber(phone_number=each.phone_number, status=each.status) for each in page],
            next_token=write_token(page[-1].phone_number) if more else None,
        )

    def _is_code(self, record: SandboxNumber, given: str) -> bool:
        age_s = self._clock.timestamp() - record.sent_at_s
        if record.failures >= FAILURES_MAX or age_s > CODE_LIFETIME.total_seconds():
            return False
        return hmac.compare_digest(record.code.encode(), given.encode())


def _number(given: str) -> str:
    """In E.164, or InvalidParameter."""
    try:
        return phone_number(given)
    except InvalidParameter:
        raise InvalidParameter("PhoneNumber Reason: input incorrectly formatted") from None
