"""What the tests of SNS's own operations ask with."""

from typing import Final

from pileus.kernel.context import Principal, RequestContext

ACCOUNT: Final = "111111111111"


def asked_by(account_id: str = ACCOUNT, *, region: str = "us-east-1") -> RequestContext:
    """A request of an account's root."""
    return RequestContext(
        service="sns",
        operation="Publish",
        request_id="request-1",
        account_id=account_id,
        region=region,
        principal=Principal(account_id=account_id, arn=f"arn:aws:iam::{account_id}:root", user_id=account_id),
        source_ip="127.0.0.1",
        host="localhost:4566",
    )
