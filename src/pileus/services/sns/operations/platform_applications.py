"""How are platform applications made, described and deleted?

Their credentials are kept and never shown; nobody is asked whether they are right, since no platform is called.

Sources: see `platforms/model.py`.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.sns.errors import InvalidParameter
from pileus.services.sns.limits import PAGE_ITEMS
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.paging import read_token, write_token
from pileus.services.sns.platforms.model import (
    ApplicationName,
    ApplicationRecord,
    application_of_arn,
    check_application,
    check_application_attributes,
)
from pileus.services.sns.platforms.store import (
    clear_application,
    find_application,
    get_application,
    list_applications,
    put_application,
)
from pileus.services.sns.shapes import (
    CreatePlatformApplicationInput,
    CreatePlatformApplicationResponse,
    DeletePlatformApplicationInput,
    GetPlatformApplicationAttributesInput,
    GetPlatformApplicationAttributesResponse,
    ListPlatformApplicationsInput,
    ListPlatformApplicationsResponse,
    PlatformApplication,
    SetPlatformApplicationAttributesInput,
)
from pileus.services.sns.store import space_of

_SERIAL_BYTES = 12


class PlatformApplicationOperations(SnsBase):
    """Applications, by platform and name."""

    async def create_platform_application(
        self, context: RequestContext, request: CreatePlatformApplicationInput
    ) -> CreatePlatformApplicationResponse:
        check_application(request.name, request.platform, request.attributes)
        name = ApplicationName(context.partition, context.region, context.account_id, request.platform, request.name)
        async with self._store.transaction() as tx:
            existing = await find_application(tx, name)
            if existing is None:
                record = ApplicationRecord(
                    platform=request.platform,
                    name=request.name,
                    serial=self._ids.bytes(_SERIAL_BYTES),
                    created_at_s=self._clock.timestamp(),
                    attributes=request.attributes,
                )
                put_application(tx, name, record)
            elif existing.attributes != request.attributes:
                # The rule is that of topics; no recording has the words.
                raise InvalidParameter(
                    "Attributes Reason: Platform application already exists with different attributes"
                )
        return CreatePlatformApplicationResponse(platform_application_arn=name.arn)

    async def get_platform_application_attributes(
        self, context: RequestContext, request: GetPlatformApplicationAttributesInput
    ) -> GetPlatformApplicationAttributesResponse:
        name = application_of_arn(context, request.platform_application_arn)
        record = await get_application(self._store.snapshot(), name)
        return GetPlatformApplicationAttributesResponse(attributes=record.shown())

    async def set_platform_application_attributes(
        self, context: RequestContext, request: SetPlatformApplicationAttributesInput
    ) -> None:
        name = application_of_arn(context, request.platform_application_arn)
        async with self._store.transaction() as tx:
            record = await get_application(tx, name)
            check_application_attributes(request.attributes)
            attributes = {**record.attributes, **request.attributes}
            kept = {each: value for each, value in attributes.items() if value}
            put_application(tx, name, msgspec.structs.replace(record, attributes=kept))

    async def delete_platform_application(
        self, context: RequestContext, request: DeletePlatformApplicationInput
    ) -> None:
        """Deleting one that is not there succeeds."""
        name = application_of_arn(context, request.platform_application_arn)
        async with self._store.transaction() as tx:
            record = await find_application(tx, name)
            if record is not None:
                clear_application(tx, name, record)

    async def list_platform_applications(
        self, context: RequestContext, request: ListPlatformApplicationsInput
    ) -> ListPlatformApplicationsResponse:
        last = read_token(request.next_token)
        platform, _, application = (last or "").partition("/")
        records = await list_applications(
            self._store.snapshot(),
            space_of(context.account_id, context.region),
            beyond=None if last is None else (platform, application),
            limit=PAGE_ITEMS + 1,
        )
        page = records[:PAGE_ITEMS]
        more = len(records) > PAGE_ITEMS
        return ListPlatformApplicationsResponse(
            platform_applications=[
                PlatformApplication(
                    platform_application_arn=ApplicationName(
                        context.partition, context.region, context.account_id, each.platform, each.name
                    ).arn,
                    attributes=each.shown(),
                )
                for each in page
            ],
            next_token=write_token(f"{page[-1].platform}/{page[-1].name}") if more else None,
        )
