"""Other services encrypt with keys in somebody's name, who must be allowed to, through that service."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest

from pileus.kernel.auth.audit import AuditLog
from pileus.kernel.auth.authorizer import Authorizer
from pileus.kernel.auth.policy import NamedPolicy, compile_policy
from pileus.kernel.context import Principal
from pileus.kernel.errors import ServiceError
from pileus.kernel.storage.keys import Subspace
from pileus.services.kms.errors import DisabledException, InvalidCiphertextException, NotFoundException
from pileus.services.kms.keeper import DataKey, KeyKeeper
from pileus.services.kms.known_resources import KeyResources
from pileus.services.kms.shapes import DisableKeyRequest, PutKeyPolicyRequest
from tests.unit.kms.conftest import ACCOUNT, Kms, context, root_of

BOUND: Final = {"aws:s3:arn": "arn:aws:s3:::bucket/key"}
USER: Final = Principal(account_id=ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/u", user_id="AIDAUSER", minted=True)


class OnePolicy:
    """Everybody has the same identity policy."""

    def __init__(self) -> None:
        self.statements: list[dict[str, Any]] = []

    async def policies_of(self, principal: Principal) -> tuple[Sequence[NamedPolicy], NamedPolicy | None]:
        if not self.statements:
            return (), None
        text = json.dumps({"Version": "2012-10-17", "Statement": self.statements})
        return (NamedPolicy("p", compile_policy(text), "identity-based policy"),), None

    async def session_policies(self, account_id: str, policy_arns: Sequence[str]) -> Sequence[NamedPolicy]:
        return ()

    async def tags_of(self, principal: Principal) -> Mapping[str, str]:
        return {}


def keeper_of(kms: Kms, policies: OnePolicy) -> KeyKeeper:
    authorizer = Authorizer(
        policies=policies,
        audit=AuditLog(kms.store),
        clock=kms.clock,
        resources={"kms": KeyResources(kms.store)},
    )
    return kms.api.keeper(authorizer)


async def generate(
    keeper: KeyKeeper, kms: Kms, key_id: str | None, principal: Principal | None = USER, via_service: str = "s3"
) -> DataKey:
    return await keeper.generate_data_key(
        kms.store.snapshot(),
        key_id,
        account_id=ACCOUNT,
        region="us-east-1",
        context=BOUND,
        principal=principal,
        via_service=via_service,
    )


async def decrypt(
    keeper: KeyKeeper, kms: Kms, sealed: bytes, principal: Principal | None = USER, bound: Mapping[str, str] = BOUND
) -> bytes:
    return await keeper.decrypt(
        kms.store.snapshot(),
        sealed,
        account_id=ACCOUNT,
        region="us-east-1",
        context=bound,
        principal=principal,
        via_service="s3",
    )


async def test_a_data_key_is_made_and_opened(kms: Kms) -> None:
    """By the service itself, with a customer's key; bound to its context."""
    key = await kms.make()
    made = await generate(kms.keeper, kms, key.key_id, None)
    assert (len(made.plaintext), made.key_arn) == (32, key.arn)
    assert await decrypt(kms.keeper, kms, made.ciphertext, None) == made.plaintext
    with pytest.raises(InvalidCiphertextException):
        await decrypt(kms.keeper, kms, made.ciphertext, None, {})
    with pytest.raises(InvalidCiphertextException):
        await decrypt(kms.keeper, kms, b"not ours", None)
    with pytest.raises(NotFoundException):
        await generate(kms.keeper, kms, "alias/none", None)
    await kms.api.disable_key(context(), DisableKeyRequest(key_id=key.key_id))
    for call in (generate(kms.keeper, kms, key.key_id, None), decrypt(kms.keeper, kms, made.ciphertext, None)):
        with pytest.raises(DisabledException):
            await call


async def test_within_a_transaction_nothing_else_runs(kms: Kms) -> None:
    """No suspension, though the key that AWS manages is made in the meantime: one step of the coroutine is all."""
    key = Subspace("test").pack("x")

    async def work() -> str:
        async with kms.store.transaction() as tx:
            assert await tx.get(key) is None
            made = await kms.keeper.generate_data_key(
                tx, None, account_id=ACCOUNT, region="us-east-1", context=BOUND, principal=None, via_service="s3"
            )
            tx.set(key, made.ciphertext)
            assert await decrypt(kms.keeper, kms, made.ciphertext, None) == made.plaintext
        return made.key_arn

    with pytest.raises(StopIteration) as done:
        work().send(None)
    assert (await kms.describe("alias/aws/s3")).arn == done.value.value
    assert await kms.store.snapshot().get(key) is not None


async def test_whoever_asks_must_be_allowed(kms: Kms) -> None:
    """By identity policies, where the key's policy leaves it to them."""
    policies = OnePolicy()
    keeper = keeper_of(kms, policies)
    key = await kms.make()
    with pytest.raises(ServiceError, match="kms:GenerateDataKey on resource: arn:aws:kms:") as caught:
        await generate(keeper, kms, key.key_id)
    assert caught.value.error_code == "AccessDeniedException"
    through_s3 = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    statement = {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key.arn, "Condition": through_s3}
    policies.statements = [statement]
    made = await generate(keeper, kms, key.arn)
    with pytest.raises(ServiceError, match="not authorized"):
        await generate(keeper, kms, key.arn, via_service="sqs")
    directly_only = {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:ViaAWSService": True}},
    }
    policies.statements = [statement, directly_only]
    with pytest.raises(ServiceError, match="explicit deny"):
        await generate(keeper, kms, key.arn)
    with pytest.raises(ServiceError, match="kms:Decrypt"):
        await decrypt(keeper, kms, made.ciphertext)
    bound = {"StringLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::bucket/*"}}
    policies.statements = [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*", "Condition": bound}]
    assert await decrypt(keeper, kms, made.ciphertext) == made.plaintext


async def test_keys_that_aws_manages_let_their_service_in(kms: Kms) -> None:
    """Without any policy of the user's; not another service, not another account."""
    keeper = keeper_of(kms, OnePolicy())
    made = await generate(keeper, kms, None)
    again = await generate(keeper, kms, "alias/aws/s3")
    assert made.key_arn == again.key_arn
    assert await decrypt(keeper, kms, made.ciphertext) == made.plaintext
    with pytest.raises(ServiceError, match="no resource-based policy"):
        await generate(keeper, kms, made.key_arn, via_service="sqs")
    theirs = Principal(account_id="222222222222", arn="arn:aws:iam::222222222222:user/u", user_id="AIDAB", minted=True)
    for stranger in (root_of("222222222222"), theirs):
        with pytest.raises(ServiceError, match="not authorized"):
            await decrypt(keeper, kms, made.ciphertext, stranger)


async def test_another_account_that_the_key_lets_in(kms: Kms) -> None:
    """Its root in open mode, too, is asked about, and the key's policy is enough for it."""
    keeper = keeper_of(kms, OnePolicy())
    key = await kms.make()
    other = root_of("222222222222")
    with pytest.raises(ServiceError, match="not authorized"):
        await generate(keeper, kms, key.arn, other)
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": [ACCOUNT, "222222222222"]}, "Action": "kms:*", "Resource": "*"}
        ],
    }
    await kms.api.put_key_policy(
        context("PutKeyPolicy"), PutKeyPolicyRequest(key_id=key.key_id, policy=json.dumps(policy))
    )
    made = await generate(keeper, kms, key.arn, other)
    assert await decrypt(keeper, kms, made.ciphertext, other) == made.plaintext
