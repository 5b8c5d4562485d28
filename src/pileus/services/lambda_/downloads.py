"""Where does `Code.Location` of GetFunction lead?

To this server: an address that holds, sealed, which archive and until when. Nobody can make one up, and it needs no
record; like AWS's presigned URLs it works without a signature, for ten minutes.
"""

import binascii
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Final

from pileus.kernel.auth.sealing import Seal, SealBroken
from pileus.kernel.blobs.local import LocalBlobs
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.kernel.http.messages import FileBody, Request, Response
from pileus.kernel.ids import Ids
from pileus.services.lambda_.limits import CODE_LOCATION_LIFETIME

PATH_PREFIX: Final = "/_pileus/lambda/code/"

_TEXT: Final = ("Content-Type", "text/plain")
_MOMENT_BYTES: Final = 8


class CodeDownloads:
    """Makes the addresses, and is the HTTP handler below `PATH_PREFIX`."""

    def __init__(self, *, blobs: LocalBlobs, secret: bytes, clock: Clock, ids: Ids) -> None:
        """secret: the server's."""
        self._blobs = blobs
        self._clock = clock
        self._seal = Seal(secret, purpose="lambda code location", ids=ids)

    def location(self, context: RequestContext, sha256: str) -> str:
        """The URL of an archive, on the host by which the caller came."""
        until = self._clock.now() + CODE_LOCATION_LIFETIME
        clear = int(until.timestamp()).to_bytes(_MOMENT_BYTES, "big") + bytes.fromhex(sha256)
        token = urlsafe_b64encode(self._seal.seal(clear)).decode()
        return f"{'https' if context.secure else 'http'}://{context.host}{PATH_PREFIX}{token}"

    async def __call__(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(405, (_TEXT, ("Allow", "GET, HEAD")), b"Only GET is allowed here\n")
        try:
            clear = self._seal.open(b64decode(request.path.removeprefix(PATH_PREFIX), altchars=b"-_", validate=True))
        except (SealBroken, binascii.Error, ValueError):
            return Response(403, (_TEXT,), b"This address was not made here\n")
        until = datetime.fromtimestamp(int.from_bytes(clear[:_MOMENT_BYTES], "big"), UTC)
        if self._clock.now() > until:
            return Response(403, (_TEXT,), b"This address has expired\n")
        path = self._blobs.path(clear[_MOMENT_BYTES:].hex())
        try:
            size_bytes = path.stat().st_size
        except FileNotFoundError:
            return Response(404, (_TEXT,), b"The function has been deleted\n")
        body = FileBody(path=path, offset=0, size_bytes=size_bytes)
        return Response(200, (("Content-Type", "application/zip"),), body)
