"""How are endpoints of platform applications made, described and deleted?

Sources: see `platforms/model.py`.
"""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.sns.errors import InvalidParameter, NotFound
from pileus.services.sns.limits import PAGE_ITEMS
from pileus.services.sns.operations.base import SnsBase
from pileus.services.sns.paging import read_token, write_token
from pileus.services.sns.platforms.model import (
    EndpointName,
    EndpointRecord,
    application_of_arn,
    check_token,
    checked_endpoint_attributes,
    endpoint_of_arn,
)
from pileus.services.sns.platforms.store import (
    clear_endpoint,
    endpoint_of_token,
    find_endpoint,
    get_application,
    list_endpoints,
    put_endpoint,
)
from pileus.services.sns.shapes import (
    CreateEndpointResponse,
    CreatePlatformEndpointInput,
    DeleteEndpointInput,
    Endpoint,
    GetEndpointAttributesInput,
    GetEndpointAttributesResponse,
    ListEndpointsByPlatformApplicationInput,
    ListEndpointsByPlatformApplicationResponse,
    SetEndpointAttributesInput,
)


class PlatformEndpointOperations(SnsBase):
    """Devices."""

    async def create_platform_endpoint(
        self, context: RequestContext, request: CreatePlatformEndpointInput
    ) -> CreateEndpointResponse:
        """The same token again is the same endpoint, if nothing else differs (`..._endpoint_idempotency`).

        User data among the attributes wins over that beside them (`..._endpoint_double_custom_data`).
        """
        name = application_of_arn(context, request.platform_application_arn)
        given = dict(request.attributes or {})
        if request.custom_user_data is not None:
            given = {"CustomUserData": request.custom_user_data, **given}
        async with self._store.transaction() as tx:
            application = await get_application(tx, name)
            check_token(request.token)
            attributes = {"Enabled": "true", **checked_endpoint_attributes(given), "Token": request.token}
            existing = await endpoint_of_token(tx, name, application, request.token)
            if existing is not None:
                arn = EndpointName(name, existing.endpoint_id).arn
                if existing.attributes != attributes:
                    raise InvalidParameter(
                        f"Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
                    )
                return CreateEndpointResponse(endpoint_arn=arn)
            record = EndpointRecord(
                endpoint_id=self._ids.uuid(), created_at_s=self._clock.timestamp(), attributes=attributes
            )
            put_endpoint(tx, name, application, record)
        return CreateEndpointResponse(endpoint_arn=EndpointName(name, record.endpoint_id).arn)

    async def get_endpoint_attributes(
        self, context: RequestContext, request: GetEndpointAttributesInput
    ) -> GetEndpointAttributesResponse:
        found = await find_endpoint(self._store.snapshot(), endpoint_of_arn(context, request.endpoint_arn))
        if found is None:
            raise NotFound("Endpoint does not exist")
        return GetEndpointAttributesResponse(attributes=found[1].attributes)

    async def set_endpoint_attributes(self, context: RequestContext, request: SetEndpointAttributesInput) -> None:
        name = endpoint_of_arn(context, request.endpoint_arn)
        async with self._store.transaction() as tx:
            found = await find_endpoint(tx, name)
            if found is None:
                raise NotFound("Endpoint does not exist")
            application, before = found
            attributes = {**before.attributes, **checked_endpoint_attributes(request.attributes)}
            other = await endpoint_of_token(tx, name.application, application, attributes["Token"])
            if other is not None and other.endpoint_id != name.endpoint_id:
                arn = EndpointName(name.application, other.endpoint_id).arn
                raise InvalidParameter(
                    f"Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
                )
            record = msgspec.structs.replace(before, attributes=attributes)
            put_endpoint(tx, name.application, application, record, before=before)

    async def delete_endpoint(self, context: RequestContext, request: DeleteEndpointInput) -> None:
        """Deleting one that is not there succeeds; its subscriptions stay (`..._endpoint_with_subscription`)."""
        name = endpoint_of_arn(context, request.endpoint_arn)
        async with self._store.transaction() as tx:
            found = await find_endpoint(tx, name)
            if found is not None:
                clear_endpoint(tx, name.application, *found)

    async def list_endpoints_by_platform_application(
        self, context: RequestContext, request: ListEndpointsByPlatformApplicationInput
    ) -> ListEndpointsByPlatformApplicationResponse:
        name = application_of_arn(context, request.platform_application_arn)
        snapshot = self._store.snapshot()
        application = await get_application(snapshot, name)
        records = await list_endpoints(
            snapshot, name, application, beyond=read_token(request.next_token), limit=PAGE_ITEMS + 1
        )
        page = records[:PAGE_ITEMS]
        more = len(records) > PAGE_ITEMS
        return ListEndpointsByPlatformApplicationResponse(
            endpoints=[
                Endpoint(endpoint_arn=EndpointName(name, each.endpoint_id).arn, attributes=each.attributes)
                for each in page
            ],
            next_token=write_token(page[-1].endpoint_id) if more else None,
        )
