"""GenerateMac and VerifyMac."""

import hmac

from pileus.kernel.context import RequestContext
from pileus.services.kms.errors import KMSInvalidMacException
from pileus.services.kms.key_records import find_material
from pileus.services.kms.model import KeyRecord
from pileus.services.kms.operations.base import KmsBase, check_algorithm, end_dry_run
from pileus.services.kms.shapes import (
    GenerateMacRequest,
    GenerateMacResponse,
    VerifyMacRequest,
    VerifyMacResponse,
)


class MacOperations(KmsBase):
    """Authentication codes, by HMAC keys."""

    async def generate_mac(self, context: RequestContext, request: GenerateMacRequest) -> GenerateMacResponse:
        key, mac = await self._mac(context, request)
        end_dry_run(request.dry_run)
        return GenerateMacResponse(mac=mac, mac_algorithm=request.mac_algorithm, key_id=key.arn)

    async def verify_mac(self, context: RequestContext, request: VerifyMacRequest) -> VerifyMacResponse:
        key, mac = await self._mac(context, request)
        if not hmac.compare_digest(mac, request.mac):
            raise KMSInvalidMacException
        end_dry_run(request.dry_run)
        return VerifyMacResponse(key_id=key.arn, mac_valid=True, mac_algorithm=request.mac_algorithm)

    async def _mac(
        self, context: RequestContext, request: GenerateMacRequest | VerifyMacRequest
    ) -> tuple[KeyRecord, bytes]:
        snapshot = self._store.snapshot()
        key = await self._usable(
            snapshot, context, request.key_id, usage="GENERATE_VERIFY_MAC", grant_tokens=request.grant_tokens
        )
        check_algorithm(key, request.mac_algorithm)
        material = await find_material(snapshot, key, key.current)
        assert material is not None, "a key that may be used has its material"
        digest = request.mac_algorithm.removeprefix("HMAC_SHA_")
        return key, hmac.digest(self.materials.open(key, key.current, material), request.message, f"sha{digest}")
