"""A verified request leaves behind what the pieces of its body are signed with; no other request does."""

from collections.abc import AsyncIterator

import pytest

from pileus.kernel.auth.chunks import SIGNED_CHUNKS
from pileus.kernel.auth.sigv4 import SIGNED_EVENTS
from pileus.kernel.http.messages import Request
from tests.unit.auth.signing import signed_request, with_changes
from tests.unit.auth.test_authenticator import SECRET_KEY, Door

_S3 = "s3-object-lambda"
"""Signed like S3; botocore's signer for `s3` itself would put a hash in the marker's place."""


class Arriving:
    """A body that nobody has read yet."""

    size_bytes: int | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""

    async def make_room(self, size_bytes: int) -> None:
        pass


def request_with(access_key_id: str, marker: str, *, service: str) -> Request:
    return signed_request(
        access_key_id=access_key_id,
        secret_access_key=SECRET_KEY,
        method="PUT",
        headers={"X-Amz-Content-SHA256": marker},
        service=service,
    )


@pytest.mark.parametrize(("service", "marker"), [(_S3, SIGNED_CHUNKS), ("lex", SIGNED_EVENTS)])
async def test_a_seed_is_left(service: str, marker: str) -> None:
    """The marker stands where the body's hash would; the oracle of the signature is botocore."""
    door = Door("strict")
    request = request_with(door.long_term_key(), marker, service=service)
    request.body = Arriving()
    await door.authenticator.authenticate(request, body=b"", service="s3" if service == _S3 else service)
    seed = request.seed
    assert seed is not None
    assert seed.secret_access_key == SECRET_KEY
    assert seed.signature == request.headers["authorization"].rpartition("Signature=")[2]
    assert seed.scope_text.endswith(f"/us-east-1/{service}/aws4_request")


async def test_no_seed_of_other_requests() -> None:
    """Nor of requests that were not verified: open mode lets unknown keys pass, and their chunks are not compared."""
    door = Door("strict")
    plain = signed_request(access_key_id=door.long_term_key(), secret_access_key=SECRET_KEY)
    await door.ask(plain)
    assert plain.seed is None
    stranger = request_with("AKIAIOSFODNN7EXAMPLE", SIGNED_CHUNKS, service=_S3)
    await Door("open").ask(stranger, "s3")
    assert stranger.seed is None


async def test_another_marker_than_was_signed() -> None:
    """The marker is under the signature, so that chunks cannot be declared unsigned on their way."""
    door = Door("strict")
    request = request_with(door.long_term_key(), SIGNED_CHUNKS, service=_S3)
    changed = with_changes(request, headers={"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
    assert (await door.refuses(changed, "s3")).error_code == "SignatureDoesNotMatch"
    assert changed.seed is None
