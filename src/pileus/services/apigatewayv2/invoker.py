"""What does API Gateway need from Lambda, and from the log of decisions? Owned here, filled by the application."""

from typing import Protocol

import msgspec

from pileus.kernel.auth.audit import Denial, Happened


class Invocation(Protocol):
    """What a function answered.

    payload: its result, or its error, as JSON. function_error: `Handled` or `Unhandled`; None when it returned.
    """

    @property
    def payload(self) -> bytes: ...

    @property
    def function_error(self) -> str | None: ...


class FunctionInvoker(Protocol):
    """Invokes a function synchronously on behalf of another service, if its resource policy lets it."""

    async def invoke(self, *, function_arn: str, payload: bytes, service_principal: str, source_arn: str) -> Invocation:
        """Raises `ServiceError` when there is no such function, no permission or no room."""
        ...


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """The request of an API's client, as the log of decisions has it."""

    request_id: str
    region: str
    source_ip: str


class DenialLog(Protocol):
    """Where it is found why a function did not let an API in; clients hear `Internal Server Error`."""

    async def note(self, denial: Denial, happened: Happened) -> None: ...
