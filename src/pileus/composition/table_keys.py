"""How does DynamoDB get the keys of its tables from KMS, and in which words does it pass on what KMS refuses?

DynamoDB tells what the Java client of KMS says of an error. Which class it finds for it goes by the kind of the error.

Source: lab notes of ack-api-quirks (2026-10), DDB-TABLE-020 to -023, -037, -139, -331, -333, -461; aws-cdk issue 18616.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from pileus.composition.key_requests import KeyRequests
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Snapshot, Store
from pileus.services.dynamodb.keys_of_kms import TableKey
from pileus.services.dynamodb.tables.names import TablePlace

if TYPE_CHECKING:
    from pileus.services.kms.keeper import KeyKeeper

_SERVICE: Final = "dynamodb"
_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied"})
_UNFIT: Final = frozenset({"ValidationException", "InvalidKeyUsageException"})


class KmsTableKeys:
    """DynamoDB's `TableKeys`."""

    def __init__(self, keeper: "Callable[[], KeyKeeper]", store: Store, ids: Ids, requests: KeyRequests) -> None:
        """requests: who counts them."""
        self._keeper = keeper
        self._requests = requests
        self._store = store
        self._ids = ids

    async def seal(self, context: RequestContext, place: TablePlace, key_id: str | None) -> TableKey:
        bound_to, snapshot, keeper = _bound_to(place), self._store.snapshot(), self._keeper()
        try:
            key = await keeper.admit(
                snapshot,
                key_id,
                account_id=place.account_id,
                region=place.region,
                context=bound_to,
                principal=context.principal,
                via_service=_SERVICE,
            )
            if key.service:
                return TableKey(key.arn)
            made = await keeper.generate_data_key(
                snapshot,
                key.arn,
                account_id=place.account_id,
                region=place.region,
                context=bound_to,
                principal=None,
                via_service=_SERVICE,
            )
        except ServiceError as error:
            raise self._told(error) from None
        for operation in ("DescribeKey", "CreateGrant", "GenerateDataKey"):
            self._requests.add(operation, made.key_arn)
        return TableKey(made.key_arn, made.ciphertext)

    async def open(self, context: RequestContext | None, reader: Snapshot, place: TablePlace, sealed: bytes) -> None:
        try:
            await self._keeper().decrypt(
                reader,
                sealed,
                account_id=place.account_id,
                region=place.region,
                context=_bound_to(place),
                principal=None if context is None else context.principal,
                via_service=_SERVICE,
            )
        except ServiceError as error:
            raise self._told(error) from None
        if context is None:
            return  # a look whether the key is there still, which on AWS is made now and then
        if not self._requests.kept(place.account_id, place.region, place.name, context.principal.arn):
            from pileus.services.kms.ciphertexts import read

            self._requests.add("Decrypt", read(sealed).key_arn)

    def _told(self, error: ServiceError) -> ServiceError:
        code = error.error_code
        kind, told_as, status, name = "KMS validation error", "ValidationException", 400, code
        if code in _DENIED:
            kind, told_as, name = "KMS key access denied error", "AccessDeniedException", "AWSKMSException"
        elif code in _UNFIT:
            kind, told_as, status, name = "KMS internal error", "InternalServerError", 500, "AWSKMSException"
        elif code == "DisabledException":
            kind = "KMS key disabled error"
        return AnyServiceError(
            told_as,
            f"{kind}: com.amazonaws.services.kms.model.{name}: {error.message} (Service: AWSKMS; Status Code: 400; "
            f"Error Code: {code}; Request ID: {self._ids.uuid()}; Proxy: null)",
            status=status,
        ).because(error.denial)


def _bound_to(place: TablePlace) -> Mapping[str, str]:
    """The encryption context (Developer Guide, "Encryption at rest", "DynamoDB encryption context")."""
    return {"aws:dynamodb:subscriberId": place.account_id, "aws:dynamodb:tableName": place.name}
