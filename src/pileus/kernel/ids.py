"""Where do identifiers and randomness come from?

Handed in like time, so that a failing test is a seed. `SystemIds` is unpredictable; `SeededIds` repeats itself.
"""

import random
import secrets
from typing import Protocol
from uuid import UUID

_BASE32_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE36_LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"


class Ids(Protocol):
    """The one source of randomness."""

    def bytes(self, size_bytes: int) -> bytes:
        """Unpredictable bytes."""
        ...

    def uuid(self) -> str:
        """A random UUID (version 4), lower case with hyphens: AWS's usual request id."""
        ...

    def base32(self, length: int) -> str:
        """Upper-case letters and the digits 2 to 7, as in IAM's unique ids (`AROA...`)."""
        ...

    def base36(self, length: int) -> str:
        """Lower-case letters and digits, as in API Gateway's ids."""
        ...


class _Drawn:
    """Every form of id, drawn from one supply of random bytes."""

    def bytes(self, size_bytes: int) -> bytes:
        raise NotImplementedError

    def uuid(self) -> str:
        return str(UUID(bytes=self.bytes(16), version=4))

    def base32(self, length: int) -> str:
        return "".join(_BASE32_UPPER[byte & 31] for byte in self.bytes(length))

    def base36(self, length: int) -> str:
        return "".join(_BASE36_LOWER[byte % 36] for byte in self.bytes(length))


class SystemIds(_Drawn):
    """The operating system's randomness."""

    def bytes(self, size_bytes: int) -> bytes:
        return secrets.token_bytes(size_bytes)


class SeededIds(_Drawn):
    """The same ids in every run: for tests only."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeating itself is the point

    def bytes(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)
