"""How do other services read objects for those who ask them to?

As their callers: whoever creates a function from code in S3 must be allowed to read it, by all the policies that a
GetObject of theirs would meet. What is read is what such a GetObject would answer.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from pileus.composition.authorization import LateAuthorizer
from pileus.kernel.auth.permissions import needs_of
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import FileBody, FilesBody

if TYPE_CHECKING:
    from pileus.services.s3.api import S3Api

_SERVICE: Final = "s3"
_OPERATION: Final = "GetObject"


class ObjectsForCallers:
    """S3, to a service that reads objects in the name of its caller."""

    def __init__(self, api: "Callable[[], S3Api]", authorizer: LateAuthorizer, *, size_bytes_max: int) -> None:
        self._api = api
        self._authorizer = authorizer
        self._size_bytes_max = size_bytes_max

    async def read(self, context: RequestContext, *, bucket: str, key: str, version: str | None) -> bytes:
        """Raises the ServiceError that S3 would answer; EntityTooLarge for more than may be read."""
        from pileus.services.s3.permissions import PERMISSIONS
        from pileus.services.s3.shapes import GetObjectRequest

        asked = msgspec.structs.replace(context, service=_SERVICE, operation=_OPERATION)
        request = GetObjectRequest(bucket=bucket, key=key, version_id=version)
        needs = needs_of(PERMISSIONS[_OPERATION], protocol="rest-xml")
        policed = context.principal.minted or (needs.foreign is not None and needs.foreign(asked, request))
        if policed:
            await self._authorizer.authorize(asked, {}, needs, request)
        try:
            answered = await self._api().get_object(asked, request)
        except ServiceError as error:
            if policed and error.error_code in needs.hidden:
                raise await self._authorizer.told(asked, {}, needs, request, error) from None
            raise
        return await self._whole(answered.body)

    async def _whole(self, body: object) -> bytes:
        if isinstance(body, bytes):
            self._check(len(body))
            return body
        if isinstance(body, FileBody | FilesBody):
            files = body.files if isinstance(body, FilesBody) else (body,)
            self._check(sum(file.size_bytes for file in files))
            return await asyncio.to_thread(_read_files, files)
        assert isinstance(body, AsyncIterator)
        gathered = bytearray()
        async for part in body:
            gathered += part
            self._check(len(gathered))
        return bytes(gathered)

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._size_bytes_max:
            raise AnyServiceError("EntityTooLarge", f"The object is larger than {self._size_bytes_max} bytes")


def _read_files(files: Sequence[FileBody]) -> bytes:
    gathered = bytearray()
    for file in files:
        with file.path.open("rb") as opened:
            opened.seek(file.offset)
            gathered += opened.read(file.size_bytes)
    return bytes(gathered)
