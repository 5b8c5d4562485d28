"""Whose failure is it?

*The caller's mistake* is a `ServiceError`, raised where it is discovered and turned into bytes at one place in `wire/`.
*Ours* is an `assert`. A dependency's failure passes, and the edge answers the service's internal error.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from pileus.kernel.auth.audit import Denial


class ServiceError(Exception):
    """An error that AWS sends, by its code.

    A subclass names the `code`. HTTP status and fault come from the service model when it declares the code;
    otherwise `status` (default 400) says, with a comment where it was seen. `members` are further fields of the
    error's shape, by the model's member names, as builtins or shapes. `denial`: what the log of decisions hears of it.
    `headers`: those that S3 sends beside what the model knows.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 400

    def __init__(self, message: str = "", *, members: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.members: Mapping[str, object] = members or {}
        self.denial: Denial | None = None
        self.headers: Sequence[tuple[str, str]] = ()

    def because(self, denial: "Denial | None") -> Self:
        """This error, with why somebody may not, for the log of decisions."""
        self.denial = denial
        return self

    @property
    def error_code(self) -> str:
        """The code on the wire."""
        return self.code or type(self).__name__


class AnyServiceError(ServiceError):
    """An error whose code is known only at run time (the wire's own, per protocol)."""

    def __init__(
        self, code: str, message: str = "", *, status: int = 400, members: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(message, members=members)
        self._code = code
        self.http_status = status

    @property
    def error_code(self) -> str:
        return self._code


class NotImplementedByPileus(ServiceError):
    """A known operation, or a part of one, that Pileus does not perform yet; never a stub that says 200."""

    code = "NotImplemented"
    status = 501
