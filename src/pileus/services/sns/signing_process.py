"""How are messages signed beside the loop?

A signature takes longer than everything else about a message together, and `cryptography` holds the interpreter while
it makes one, so that a thread would gain nothing. (Threads with the system's OpenSSL through `ctypes` were tried: each
call then waits for the interpreter again, and whoever publishes for some milliseconds.) So a process of its own signs,
once more is published than a developer does by hand: texts go to its standard input, signatures come back in their
order. What arrives together is answered together, and the loop wakes up once for many messages.

    key:       4 bytes of length, DER
    text:      4 bytes of length, 1 byte of version ("1" or "2"), UTF-8
    signature: 4 bytes of length, base64
"""

import asyncio
import sys
from collections import deque
from io import FileIO
from typing import BinaryIO, Final

_READ_BYTES: Final = 256 * 1024
_BATCHES_MAX: Final = 2
"""On their way to the process: it works on one while the next waits. What comes then gathers for the third, which makes
a third of the writes and wake-ups of sending each text at once."""


def frame(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def take_frames(buffer: bytearray) -> list[bytes]:
    """Those that are whole; they are taken out of the buffer."""
    found: list[bytes] = []
    at = 0
    while len(buffer) - at >= 4:
        end = at + 4 + int.from_bytes(buffer[at : at + 4], "big")
        if end > len(buffer):
            break
        found.append(bytes(buffer[at + 4 : end]))
        at = end
    del buffer[:at]
    return found


class SigningProcess:
    """A process that signs, to be asked from the loop. ConnectionError: it has gone."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._asked: deque[asyncio.Future[str]] = deque()
        self._outgoing: list[bytes] = []
        self._batches: deque[int] = deque()
        self._sending = False
        self._reading = asyncio.create_task(self._read())
        self.gone = False

    @classmethod
    async def start(cls, der: bytes) -> "SigningProcess":
        """der: the key, PKCS 8. OSError."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            __name__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        signing = cls(process)
        signing._stdin.write(frame(der))
        return signing

    @property
    def process_id(self) -> int:
        return self._process.pid

    async def sign(self, text: str, version: str) -> str:
        """In base64, as `Signer.sign`."""
        if self.gone:
            raise ConnectionError("the process that signs has gone")
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._outgoing.append(frame(version.encode() + text.encode()))
        if not self._sending and len(self._batches) < _BATCHES_MAX:
            # All that is published in one turn of the loop leaves in one write.
            self._sending = True
            asyncio.get_running_loop().call_soon(self._send)
        return await answer

    def _send(self) -> None:
        self._sending = False
        outgoing, self._outgoing = self._outgoing, []
        if outgoing and not self.gone:
            self._batches.append(len(outgoing))
            self._stdin.write(b"".join(outgoing))

    def _answered(self, count: int) -> None:
        """So many came back: what has gathered meanwhile may leave."""
        while count:
            ended = min(count, self._batches[0])
            count -= ended
            if ended == self._batches[0]:
                self._batches.popleft()
            else:
                self._batches[0] -= ended
        if self._outgoing and not self._sending and len(self._batches) < _BATCHES_MAX:
            self._send()

    async def _read(self) -> None:
        buffer = bytearray()
        try:
            while data := await self._stdout.read(_READ_BYTES):
                buffer += data
                signatures = take_frames(buffer)
                self._answered(len(signatures))
                for signature in signatures:
                    answer = self._asked.popleft()
                    if not answer.done():
                        answer.set_result(signature.decode())
        finally:
            self.gone = True
            for answer in self._asked:
                if not answer.done():
                    answer.set_exception(ConnectionError("the process that signs has gone"))
            self._asked.clear()

    async def close(self) -> None:
        """It ends when nothing more can come."""
        self.gone = True
        self._stdin.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._process.wait()


def _serve(incoming: FileIO, outgoing: BinaryIO) -> None:
    """What the process does, until its input ends."""
    from base64 import b64encode

    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    hashes, padding = {b"1": SHA1(), b"2": SHA256()}, PKCS1v15()  # noqa: S303 - version 1 is SHA-1
    buffer = bytearray()
    key: RSAPrivateKey | None = None
    while data := incoming.read(_READ_BYTES):
        buffer += data
        for content in take_frames(buffer):
            if key is None:
                loaded = load_der_private_key(content, None)
                assert isinstance(loaded, RSAPrivateKey)
                key = loaded
            else:
                signature = key.sign(content[1:], padding, hashes[content[:1]])
                outgoing.write(frame(b64encode(signature)))
        outgoing.flush()


if __name__ == "__main__":
    with open(0, "rb", buffering=0) as given, open(1, "wb") as told:
        _serve(given, told)
