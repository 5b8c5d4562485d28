"""What does an account set of its text messages, and who wants none?

Sources: SNS API Reference, SetSMSAttributes, GetSMSAttributes, CheckIfPhoneNumberIsOptedOut, ListPhoneNumbersOptedOut,
OptInPhoneNumber, ListOriginationNumbers; recordings sns, TestSNSSMS.
"""

from datetime import timedelta
from typing import Final

from pileus.kernel.context import RequestContext
from pileus.services.sns.endpoints import phone_number
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.limits import PAGE_ITEMS
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.paging import read_token, write_token
from pileus.services.sns.shapes import (
    CheckIfPhoneNumberIsOptedOutInput,
    CheckIfPhoneNumberIsOptedOutResponse,
    GetSMSAttributesInput,
    GetSMSAttributesResponse,
    ListOriginationNumbersRequest,
    ListOriginationNumbersResult,
    ListPhoneNumbersOptedOutInput,
    ListPhoneNumbersOptedOutResponse,
    OptInPhoneNumberInput,
    OptInPhoneNumberResponse,
    SetSMSAttributesInput,
    SetSMSAttributesResponse,
)
from pileus.services.sns.sms.attributes import MONTHLY_SPEND_LIMIT_DEFAULT, check_names, check_settings
from pileus.services.sns.sms.records import OptOut, SmsSettings
from pileus.services.sns.sms.store import (
    list_opted_out,
    opt_out,
    put_opt_out,
    put_sms_settings,
    sms_settings,
)
from pileus.services.sns.store import space_of

OPT_IN_AGAIN_AFTER: Final = timedelta(days=30)
"""Source: SNS API Reference, OptInPhoneNumber."""


class SmsOperations(SnsBase):
    """Settings, and the numbers that opted out."""

    async def set_sms_attributes(
        self, context: RequestContext, request: SetSMSAttributesInput
    ) -> SetSMSAttributesResponse:
        check_settings(request.attributes)
        space = space_of(context.account_id, context.region)
        async with self._store.transaction() as tx:
            before = await sms_settings(tx, space)
            attributes = {**before.attributes, **request.attributes}
            kept = {name: value for name, value in attributes.items() if value}
            put_sms_settings(tx, space, SmsSettings(attributes=kept))
        return SetSMSAttributesResponse()

    async def get_sms_attributes(
        self, context: RequestContext, request: GetSMSAttributesInput
    ) -> GetSMSAttributesResponse:
        check_names(request.attributes or [])
        settings = await sms_settings(self._store.snapshot(), space_of(context.account_id, context.region))
        attributes = {"MonthlySpendLimit": MONTHLY_SPEND_LIMIT_DEFAULT} | settings.attributes
        if request.attributes:
            attributes = {name: value for name, value in attributes.items() if name in request.attributes}
        return GetSMSAttributesResponse(attributes=attributes)

    async def check_if_phone_number_is_opted_out(
        self, context: RequestContext, request: CheckIfPhoneNumberIsOptedOutInput
    ) -> CheckIfPhoneNumberIsOptedOutResponse:
        number = _number(request.phone_number)
        found = await opt_out(self._store.snapshot(), space_of(context.account_id, context.region), number)
        return CheckIfPhoneNumberIsOptedOutResponse(is_opted_out=found.out)

    async def list_phone_numbers_opted_out(
        self, context: RequestContext, request: ListPhoneNumbersOptedOutInput
    ) -> ListPhoneNumbersOptedOutResponse:
        numbers = await list_opted_out(
            self._store.snapshot(),
            space_of(context.account_id, context.region),
            beyond=read_token(request.next_token),
            limit=PAGE_ITEMS + 1,
        )
        page = numbers[:PAGE_ITEMS]
        more = len(numbers) > PAGE_ITEMS
        return ListPhoneNumbersOptedOutResponse(phone_numbers=page, next_token=write_token(page[-1]) if more else None)

    async def opt_in_phone_number(
        self, context: RequestContext, request: OptInPhoneNumberInput
    ) -> OptInPhoneNumberResponse:
        """A number that did not opt out is opted in all the same (`test_opt_in_non_existing_phone_number`)."""
        number = _number(request.phone_number)
        space = space_of(context.account_id, context.region)
        now_s = self._clock.timestamp()
        async with self._store.transaction() as tx:
            before = await opt_out(tx, space, number)
            if before.out:
                if before.opted_in_at_s and now_s - before.opted_in_at_s < OPT_IN_AGAIN_AFTER.total_seconds():
                    # The rule is AWS's, the words are ours: no recording has them.
                    raise InvalidParameter("PhoneNumber Reason: opted in less than 30 days ago")
                put_opt_out(tx, space, number, OptOut(opted_in_at_s=now_s))
        return OptInPhoneNumberResponse()

    async def list_origination_numbers(
        self, context: RequestContext, request: ListOriginationNumbersRequest
    ) -> ListOriginationNumbersResult:
        """None: they are bought in another service (AWS End User Messaging)."""
        read_token(request.next_token)
        return ListOriginationNumbersResult(phone_numbers=[])


def _number(given: str) -> str:
    """In E.164, or InvalidParameter (recording `test_opt_in_invalid_number`)."""
    try:
        return phone_number(given)
    except InvalidParameter:
        raise InvalidParameter("PhoneNumber Reason: input incorrectly formatted") from None
