"""Who signs, with what, and what happens when the process that signs has gone?"""

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from pileus.kernel.auth.sealing import SealBroken
from pileus.kernel.ids import SeededIds
from pileus.kernel.storage.sqlite import SqliteStore, open_store
from pileus.services.sns.signing import BESIDE_FROM_PER_S, Signer, Signers
from pileus.services.sns.signing_process import frame, take_frames
from tests.support.time import JumpingClock

SECRET = b"s" * 32
WITHIN_S = 20.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = open_store(tmp_path, clock=JumpingClock())
    yield opened
    await opened.close()


def signers(store: SqliteStore, *, bits: int = 1024) -> Signers:
    return Signers(store, secret=SECRET, ids=SeededIds(), bits=bits)


async def test_the_key_is_kept(store: SqliteStore) -> None:
    """The certificate's address is in messages that were sent: it must lead to the same one after a restart."""
    first = await signers(store).ready()
    again = await signers(store).ready()
    assert (again.path, again.certificate) == (first.path, first.certificate)
    assert again.sign("text", "1") == first.sign("text", "1")
    other = await signers(store, bits=1536).ready()
    assert other.path != first.path


async def test_what_is_kept_is_sealed(store: SqliteStore) -> None:
    """Whoever reads the disk does not sign."""
    await signers(store).ready()
    [(_, value)] = await store.snapshot().range(b"\x02sns-signing\x00", b"\x02sns-signing\x00\xff")
    assert b"PRIVATE" not in value
    with pytest.raises(SealBroken):
        await Signers(store, secret=b"t" * 32, ids=SeededIds(), bits=1024).ready()


@pytest.mark.parametrize("version", ["1", "2"])
async def test_the_certificate_proves_the_signature(store: SqliteStore, version: str) -> None:
    """SNS Developer Guide, "Verifying the signatures": SHA1 and SHA256 with RSA."""
    signer = await signers(store).ready()
    key = x509.load_pem_x509_certificate(signer.certificate).public_key()
    assert isinstance(key, RSAPublicKey)
    signature = base64.b64decode(signer.sign("text", version))
    key.verify(signature, b"text", PKCS1v15(), {"1": SHA1(), "2": SHA256()}[version])


async def begin_process(signer: Signer) -> int:
    """Sign until there is a process for it; its id."""
    for number in range(BESIDE_FROM_PER_S):
        await signer.sign_beside(str(number), "2")
    async with asyncio.timeout(WITHIN_S):
        while (process := signer.process_id) is None:
            await signer.sign_beside("again", "2")
            await asyncio.sleep(0)
    return process


async def test_many_signatures_are_made_beside_the_loop(store: SqliteStore) -> None:
    """The same signatures, in the order in which they were asked for."""
    signer = await signers(store).ready()
    await begin_process(signer)
    asked = [(str(number) * (number % 50), "12"[number % 2]) for number in range(500)]
    made = await asyncio.gather(*(signer.sign_beside(text, version) for text, version in asked))
    assert made == [signer.sign(text, version) for text, version in asked]
    await signer.close()


async def test_a_process_that_is_killed_is_missed_by_nobody(store: SqliteStore) -> None:
    """Its work is done on the loop, also what it had in its hands."""
    signer = await signers(store).ready()
    process = await begin_process(signer)
    waiting = [asyncio.create_task(signer.sign_beside(str(number), "2")) for number in range(100)]
    await asyncio.sleep(0)
    os.kill(process, signal.SIGKILL)
    made = await asyncio.gather(*waiting)
    assert made == [signer.sign(str(number), "2") for number in range(100)]
    assert await signer.sign_beside("after", "2") == signer.sign("after", "2")
    await signer.close()


def test_frames_arrive_in_pieces() -> None:
    """A pipe knows no messages: a byte at a time is fine, too."""
    sent = b"".join(frame(content) for content in (b"", b"a", b"long" * 1_000))
    buffer, found = bytearray(), []
    for at in range(len(sent)):
        buffer += sent[at : at + 1]
        found += take_frames(buffer)
    assert found == [b"", b"a", b"long" * 1_000]
    assert not buffer
