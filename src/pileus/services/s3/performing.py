"""Who performs an operation of S3 for those who come otherwise than by its API?"""

from typing import Protocol

from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import Request, Response


class OperationPerformer(Protocol):
    """`kernel.wire.performing.Performer` outside tests."""

    async def perform(self, name: str, request: Request, context: RequestContext) -> Response: ...
