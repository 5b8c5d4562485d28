"""Where do identifiers and randomness come from?

Handed in like time, so that a failing test is a seed. `SystemIds` is unpredictable; `SeededIds` repeats itself.
"""

import random
import secrets
from typing import Final, Protocol

_BASE32_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_STOCK_BYTES: Final = 4_096
_VARIANTS: Final = {digit: "89ab"[number & 3] for number, digit in enumerate("0123456789abcdef")}
"""The two upper bits of a UUID's ninth byte are 10 (RFC 9562, 4.1)."""
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
        # As `str(UUID(bytes=..., version=4))`, at a sixth of the time.
        drawn = self.bytes(16).hex()
        variant = _VARIANTS[drawn[16]]
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-{variant}{drawn[17:20]}-{drawn[20:]}"

    def base32(self, length: int) -> str:
        return "".join(_BASE32_UPPER[byte & 31] for byte in self.bytes(length))

    def base36(self, length: int) -> str:
        return "".join(_BASE36_LOWER[byte % 36] for byte in self.bytes(length))


class SystemIds(_Drawn):
    """The operating system's randomness, fetched in stock: a system call for every request id costs 5 us."""

    def __init__(self) -> None:
        self._stock = b""
        self._at = 0

    def bytes(self, size_bytes: int) -> bytes:
        end = self._at + size_bytes
        if end > len(self._stock):
            if size_bytes > _STOCK_BYTES:
                return secrets.token_bytes(size_bytes)
            self._stock, self._at, end = secrets.token_bytes(_STOCK_BYTES), 0, size_bytes
        drawn = self._stock[self._at : end]
        self._at = end
        return drawn


class SeededIds(_Drawn):
    """The same ids in every run: for tests only."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeating itself is the point

    def bytes(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)
