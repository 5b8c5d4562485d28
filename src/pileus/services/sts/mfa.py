"""Has the caller just shown that a device is at hand?"""

from pileus.kernel.context import Principal
from pileus.services.sts.errors import AccessDenied
from pileus.services.sts.providers import MfaVerifier


async def proven(
    verifier: MfaVerifier, principal: Principal, *, serial_number: str | None, token_code: str | None
) -> bool:
    """Whether the request brings a device's code; AccessDenied, in the words seen on the wire, when it is not right."""
    if serial_number is None and token_code is None:
        return False
    if serial_number is None or token_code is None:
        raise AccessDenied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
        )
    # Devices are of users; a role's session has none (API_AssumeRole, SerialNumber).
    if not await verifier.verify_mfa(
        serial_number, token_code, account_id=principal.account_id, user_id=principal.user_id
    ):
        raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
    return True
