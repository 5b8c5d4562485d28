"""With what does a user enter a service that does not ask for signatures?"""

from datetime import datetime, timedelta

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import paging, service_credentials, shapes
from pileus.services.iam.account_limits import SERVICE_CREDENTIALS_MAX
from pileus.services.iam.account_records import ServiceCredentialRecord
from pileus.services.iam.errors import LimitExceeded, ValidationError
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import UserRecord
from pileus.services.iam.summary import USERS_MAX

_ID_PREFIX = "ACCA"


class ServiceCredentialOperations(Operations):
    """Service-specific credentials. They are kept; nothing here lets anybody in with them."""

    async def create_service_specific_credential(
        self, context: RequestContext, request: shapes.CreateServiceSpecificCredentialRequest
    ) -> shapes.CreateServiceSpecificCredentialResponse:
        service_name = request.service_name
        service_credentials.check_service(service_name)
        age_days = request.credential_age_days
        if age_days is not None and not service_credentials.takes_api_keys(service_name):
            raise ValidationError(f"CredentialAgeDays is not supported for {service_name}")
        now = self._now()
        async with self._store.transaction(context.account_id) as account:
            user = await account.user(request.user_name)
            present = [one for one in await account.service_credentials(user) if one.service_name == service_name]
            if len(present) >= SERVICE_CREDENTIALS_MAX:
                raise LimitExceeded(
                    f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {SERVICE_CREDENTIALS_MAX}"
                )
            taken = {one.known_as for one in present}
            known_as = service_credentials.free_name(user.name, context.account_id, taken)
            secret = service_credentials.new_secret(self._ids, service_name=service_name, known_as=known_as)
            credential = ServiceCredentialRecord(
                credential_id=self._new_id(_ID_PREFIX),
                service_name=service_name,
                known_as=known_as,
                created_at=now,
                secret_sha256=service_credentials.hashed(secret),
                expires_at=None if age_days is None else now + timedelta(days=age_days),
            )
            account.put_service_credential(user, credential)
        return shapes.CreateServiceSpecificCredentialResponse(
            service_specific_credential=_with_secret(user, credential, secret, now=now)
        )

    async def delete_service_specific_credential(
        self, context: RequestContext, request: shapes.DeleteServiceSpecificCredentialRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            credential = await account.service_credential(user, request.service_specific_credential_id)
            account.delete_service_credential(user, credential)

    async def list_service_specific_credentials(
        self, context: RequestContext, request: shapes.ListServiceSpecificCredentialsRequest
    ) -> shapes.ListServiceSpecificCredentialsResponse:
        if request.service_name is not None:
            service_credentials.check_service(request.service_name)
        if request.all_users and request.user_name is not None:
            raise ValidationError("AllUsers cannot be specified together with UserName")
        account, now = self._store.read(context.account_id), self._now()
        if request.all_users:
            users = await account.users(path_prefix="/", after_name=None, limit=USERS_MAX)
        else:
            users = [await self._owner(context, account, request.user_name)]
        found = [
            _metadata(user, credential, now=now)
            for user in users
            for credential in await account.service_credentials(user)
            if request.service_name in (None, credential.service_name)
        ]
        page = paging.page_of_all(found, request, name=lambda credential: credential.service_specific_credential_id)
        return shapes.ListServiceSpecificCredentialsResponse(
            service_specific_credentials=page.items, is_truncated=page.truncated, marker=page.marker
        )

    async def reset_service_specific_credential(
        self, context: RequestContext, request: shapes.ResetServiceSpecificCredentialRequest
    ) -> shapes.ResetServiceSpecificCredentialResponse:
        """Another secret under the same name; the one before is worth nothing from then on."""
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            credential = await account.service_credential(user, request.service_specific_credential_id)
            secret = service_credentials.new_secret(
                self._ids, service_name=credential.service_name, known_as=credential.known_as
            )
            credential = msgspec.structs.replace(credential, secret_sha256=service_credentials.hashed(secret))
            account.put_service_credential(user, credential)
        return shapes.ResetServiceSpecificCredentialResponse(
            service_specific_credential=_with_secret(user, credential, secret, now=self._now())
        )

    async def update_service_specific_credential(
        self, context: RequestContext, request: shapes.UpdateServiceSpecificCredentialRequest
    ) -> None:
        if request.status == "Expired":
            # What time does; nobody else sets it.
            raise ValidationError("The status of a service-specific credential is Active or Inactive.")
        async with self._store.transaction(context.account_id) as account:
            user = await self._owner(context, account, request.user_name)
            credential = await account.service_credential(user, request.service_specific_credential_id)
            account.put_service_credential(user, msgspec.structs.replace(credential, active=request.status == "Active"))


def _status(credential: ServiceCredentialRecord, now: datetime) -> shapes.StatusType:
    if credential.expires_at is not None and now >= credential.expires_at:
        return "Expired"
    return "Active" if credential.active else "Inactive"


def _with_secret(
    user: UserRecord, credential: ServiceCredentialRecord, secret: str, *, now: datetime
) -> shapes.ServiceSpecificCredential:
    api_key = service_credentials.takes_api_keys(credential.service_name)
    return shapes.ServiceSpecificCredential(
        create_date=credential.created_at,
        expiration_date=credential.expires_at,
        service_name=credential.service_name,
        service_user_name=None if api_key else credential.known_as,
        service_password=None if api_key else secret,
        service_credential_alias=credential.known_as if api_key else None,
        service_credential_secret=secret if api_key else None,
        service_specific_credential_id=credential.credential_id,
        user_name=user.name,
        status=_status(credential, now),
    )


def _metadata(
    user: UserRecord, credential: ServiceCredentialRecord, *, now: datetime
) -> shapes.ServiceSpecificCredentialMetadata:
    api_key = service_credentials.takes_api_keys(credential.service_name)
    return shapes.ServiceSpecificCredentialMetadata(
        user_name=user.name,
        status=_status(credential, now),
        service_user_name=None if api_key else credential.known_as,
        service_credential_alias=credential.known_as if api_key else None,
        create_date=credential.created_at,
        expiration_date=credential.expires_at,
        service_specific_credential_id=credential.credential_id,
        service_name=credential.service_name,
    )
