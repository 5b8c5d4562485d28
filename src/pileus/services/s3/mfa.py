"""Does whoever deletes for good hold the account's MFA device?

Of a bucket with MFA delete, versions are deleted and their state is changed by the owner's root alone, and only with a
code of the root's own device in `x-amz-mfa`: its serial number, a space, the code.

Sources: S3 User Guide, "Configuring MFA delete"; AWS Security Blog, "Securing access to AWS using MFA, part 3".
"""

from typing import Protocol

from pileus.kernel.context import RequestContext
from pileus.services.s3.errors import AccessDenied
from pileus.services.s3.model import BucketRecord


class RootDevices(Protocol):
    """Knows the MFA devices of accounts' roots."""

    async def verify_root_code(self, serial_number: str, code: str, *, account_id: str) -> bool:
        """Whether this is a code of now, not used before, of the device of that account's root."""
        ...


class NoRootDevices:
    """Where there is no IAM, nobody has a device."""

    async def verify_root_code(self, serial_number: str, code: str, *, account_id: str) -> bool:
        return False


async def vouched_for(devices: RootDevices, context: RequestContext, header: str | None) -> str:
    """The account whose root's device vouches for the request; "" for none. A code counts once, so ask once."""
    if header is None or not context.principal.arn.endswith(":root"):
        return ""
    serial_number, _, code = header.strip().partition(" ")
    valid = await devices.verify_root_code(serial_number, code, account_id=context.account_id)
    return context.account_id if valid else ""


def check_vouched(bucket: BucketRecord, account_id: str) -> None:
    """AccessDenied, unless the owner's device vouches."""
    if account_id != bucket.account_id:
        raise AccessDenied("Mfa Authentication must be used for this request")
