"""How does S3 get its data keys from KMS, and in which words does it pass on what KMS refuses?

Source: recordings s3/s3, test_s3_sse_validate_kms_key and test_s3_sse_validate_kms_key_state.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from pileus.composition.key_requests import KeyRequests
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.storage.seam import Store
from pileus.services.s3.keys_of_kms import NewDataKey

if TYPE_CHECKING:
    from pileus.services.kms.keeper import KeyKeeper

_SERVICE: Final = "s3"
_PASSED_ON: Final = frozenset({"AccessDeniedException", "AccessDenied"})


class KmsDataKeys:
    """S3's `DataKeys`."""

    def __init__(self, keeper: "Callable[[], KeyKeeper]", store: Store, requests: KeyRequests) -> None:
        """requests: who counts them."""
        self._keeper = keeper
        self._requests = requests
        self._store = store

    async def generate(
        self,
        context: RequestContext | None,
        *,
        account_id: str,
        region: str,
        key_id: str,
        encryption_context: Mapping[str, str],
    ) -> NewDataKey:
        try:
            made = await self._keeper().generate_data_key(
                self._store.snapshot(),
                key_id or None,
                account_id=account_id,
                region=region,
                context=encryption_context,
                principal=None if context is None else context.principal,
                via_service=_SERVICE,
            )
        except ServiceError as error:
            raise _told(error) from None
        self._count("GenerateDataKey", context, made.key_arn, encryption_context)
        return NewDataKey(made.key_arn, made.plaintext, made.ciphertext)

    async def open(
        self, context: RequestContext | None, *, key_arn: str, sealed: bytes, encryption_context: Mapping[str, str]
    ) -> bytes:
        _, _, _, region, account_id, _ = key_arn.split(":", 5)
        try:
            plain = await self._keeper().decrypt(
                self._store.snapshot(),
                sealed,
                account_id=account_id,
                region=region,
                context=encryption_context,
                principal=None if context is None else context.principal,
                via_service=_SERVICE,
            )
        except ServiceError as error:
            raise _told(error) from None
        self._count("Decrypt", context, key_arn, encryption_context)
        return plain

    def _count(
        self, operation: str, context: RequestContext | None, key_arn: str, encryption_context: Mapping[str, str]
    ) -> None:
        bucket_arn = encryption_context.get("aws:s3:arn", "/")
        if "/" not in bucket_arn:  # else it is an object's: the bucket has no key
            asking = "" if context is None else context.principal.arn
            if self._requests.kept(operation, key_arn, bucket_arn, asking):
                return
        self._requests.add(operation, key_arn)


def _told(error: ServiceError) -> ServiceError:
    if error.error_code in _PASSED_ON:
        return AnyServiceError("AccessDenied", error.message, status=403).because(error.denial)
    return AnyServiceError(f"KMS.{error.error_code}", error.message)
