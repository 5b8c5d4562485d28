"""What does API Gateway need from Lambda? Owned here, filled by the application."""

from typing import Protocol


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
