"""What was encrypted comes back, whatever happens to the key; and whatever is changed of a ciphertext opens nothing."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pileus.kernel.ids import SystemIds
from pileus.kernel.storage.sqlite import open_store
from pileus.services.kms.ciphertexts import decrypt, encrypt, read
from pileus.services.kms.errors import InvalidCiphertextException
from pileus.services.kms.shapes import DisableKeyRequest, EnableKeyRequest, ReEncryptRequest, RotateKeyOnDemandRequest
from tests.support.time import JumpingClock
from tests.unit.kms.conftest import Kms, context

ARN: Final = "arn:aws:kms:us-east-1:111111111111:key/134f2428-cec1-4b25-a1ae-9048164dba47"
MATERIAL: Final = b"m" * 32
contexts = st.none() | st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)


def sealed(clear: bytes, bound: dict[str, str] | None) -> bytes:
    return encrypt(MATERIAL, clear, key_arn=ARN, serial=1, encryption_context=bound, ids=SystemIds())


@given(clear=st.binary(min_size=1, max_size=200), bound=contexts)
def test_what_was_encrypted_comes_back(clear: bytes, bound: dict[str, str] | None) -> None:
    """Each time as another ciphertext, which says whose it is."""
    one, two = sealed(clear, bound), sealed(clear, bound)
    assert one != two
    for blob in (one, two):
        given_back = read(blob)
        assert (given_back.key_arn, given_back.serial) == (ARN, 1)
        assert decrypt(MATERIAL, given_back, bound) == clear


@given(clear=st.binary(min_size=1, max_size=50), bound=contexts, where=st.integers(0), bit=st.integers(0, 7))
def test_every_bit_counts(clear: bytes, bound: dict[str, str] | None, where: int, bit: int) -> None:
    """Of head, salt, nonce, content and tag."""
    blob = bytearray(sealed(clear, bound))
    blob[where % len(blob)] ^= 1 << bit
    with pytest.raises(InvalidCiphertextException):
        decrypt(MATERIAL, read(bytes(blob)), bound)


@given(clear=st.binary(min_size=1, max_size=50), bound=contexts, other=contexts)
def test_another_context_opens_nothing(
    clear: bytes, bound: dict[str, str] | None, other: dict[str, str] | None
) -> None:
    """Nor another key."""
    assume((bound or {}) != (other or {}))
    given_back = read(sealed(clear, bound))
    with pytest.raises(InvalidCiphertextException):
        decrypt(MATERIAL, given_back, other)
    with pytest.raises(InvalidCiphertextException):
        decrypt(b"n" * 32, given_back, bound)


@given(blob=st.binary(max_size=200))
def test_whatever_is_sent_is_refused(blob: bytes) -> None:
    """By name; nothing else is raised."""
    for text in (blob, b"\x01\x50" + blob):
        with pytest.raises(InvalidCiphertextException):
            decrypt(MATERIAL, read(text), None)


@settings(max_examples=25)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["encrypt", "rotate", "disable", "enable", "move", "days"]), st.integers(0, 1)),
        max_size=25,
    )
)
def test_a_history_of_keys(steps: list[tuple[str, int]]) -> None:
    """Two keys against a list of what was encrypted: all of it is read at the end, and says so."""
    asyncio.run(_run(steps))


async def _run(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clock = JumpingClock()
        kms = Kms(open_store(Path(folder), clock=clock), clock)
        keys = [(await kms.make()).key_id, (await kms.make()).key_id]
        enabled = [True, True]
        model: list[tuple[bytes, bytes, dict[str, str]]] = []
        for step, which in steps:
            key_id = keys[which]
            if step in ("disable", "enable"):
                enabled[which] = step == "enable"
                if enabled[which]:
                    await kms.api.enable_key(context(), EnableKeyRequest(key_id=key_id))
                else:
                    await kms.api.disable_key(context(), DisableKeyRequest(key_id=key_id))
            elif not all(enabled):
                continue
            elif step == "encrypt":
                clear, bound = b"%d" % len(model), {"n": str(len(model))}
                model.append((await kms.encrypt(key_id, clear, bound), clear, bound))
            elif step == "rotate":
                await kms.api.rotate_key_on_demand(context(), RotateKeyOnDemandRequest(key_id=key_id))
            elif step == "move" and model:
                blob, clear, bound = model.pop()
                moved = ReEncryptRequest(
                    ciphertext_blob=blob,
                    source_encryption_context=bound,
                    destination_key_id=key_id,
                    destination_encryption_context=bound,
                )
                fresh = (await kms.api.re_encrypt(context("ReEncrypt"), moved)).ciphertext_blob
                assert fresh is not None
                model.append((fresh, clear, bound))
        for key_id in keys:
            await kms.api.enable_key(context(), EnableKeyRequest(key_id=key_id))
        for blob, clear, bound in model:
            assert await kms.decrypt(blob, bound) == clear
        await kms.store.close()
