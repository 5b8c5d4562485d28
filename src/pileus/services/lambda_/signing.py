"""What is a code signing configuration, and where is it kept?

Below `(lambda, account, region)` as `(code-signing, ID)`. Signatures are made by AWS Signer, which there is none of
here: a configuration can be made, described and given to functions, but code that it would refuse cannot be told.
"""

from datetime import datetime
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.storage.keys import Subspace, after
from pileus.kernel.storage.records import decode, encode
from pileus.kernel.storage.seam import Snapshot, Transaction
from pileus.services.lambda_.errors import ResourceNotFoundException

_ROOT: Final = Subspace("lambda")
_PARTS: Final = 7


class SigningConfigName(msgspec.Struct, frozen=True, kw_only=True):
    """A code signing configuration, as a request names it."""

    partition: str
    region: str
    account_id: str
    config_id: str

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:lambda:{self.region}:{self.account_id}:code-signing-config:{self.config_id}"

    @property
    def key(self) -> bytes:
        return _ROOT.pack(self.account_id, self.region, "code-signing", self.config_id)


class SigningConfigRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="lambda.signing.v1"):
    """policy: `Warn` or `Enforce`."""

    config_id: str
    description: str
    publishers: list[str]
    policy: str
    modified_at: datetime
    tags: dict[str, str] = {}


def named_signing_config(arn: str) -> SigningConfigName | None:
    """What an ARN names; None when it is no configuration's."""
    parts = arn.split(":", 6)
    if len(parts) != _PARTS or parts[5] != "code-signing-config":
        return None
    _, partition, _, region, account_id, _, config_id = parts
    return SigningConfigName(partition=partition, region=region, account_id=account_id, config_id=config_id)


def signing_config_of(context: RequestContext, arn: str) -> SigningConfigName:
    """The configuration that an ARN names, if it can be the caller's; ResourceNotFoundException."""
    config = named_signing_config(arn)
    if config is None or (config.region, config.account_id) != (context.region, context.account_id):
        raise _not_found(arn)
    return config


async def find_signing_config(snapshot: Snapshot, config: SigningConfigName) -> SigningConfigRecord | None:
    value = await snapshot.get(config.key)
    return None if value is None else decode(value, SigningConfigRecord)


async def get_signing_config(snapshot: Snapshot, config: SigningConfigName) -> SigningConfigRecord:
    """Or ResourceNotFoundException."""
    record = await find_signing_config(snapshot, config)
    if record is None:
        raise _not_found(config.arn)
    return record


def put_signing_config(tx: Transaction, config: SigningConfigName, record: SigningConfigRecord) -> None:
    assert record.config_id == config.config_id
    tx.set(config.key, encode(record))


def delete_signing_config(tx: Transaction, config: SigningConfigName) -> None:
    tx.clear(config.key)


async def list_signing_configs(
    snapshot: Snapshot, *, account_id: str, region: str, after_id: str | None, limit: int
) -> list[SigningConfigRecord]:
    """In order of their ids."""
    begin, end = _ROOT.range(account_id, region, "code-signing")
    if after_id is not None:
        begin = after(_ROOT.pack(account_id, region, "code-signing", after_id))
    return [decode(value, SigningConfigRecord) for _, value in await snapshot.range(begin, end, limit=limit)]


def _not_found(arn: str) -> ResourceNotFoundException:
    """Recording lambda_api, test_code_signing_not_found_excs."""
    return ResourceNotFoundException(f"The Lambda code signing configuration {arn} can not be found.")
