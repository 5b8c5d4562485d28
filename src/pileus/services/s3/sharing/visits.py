"""What is said to a page of another origin that asks for something of a bucket?

A preflight request is answered at once. What a rule says is sent along with the answer to any other request, whatever
that is. A request that is not about a bucket is nobody's here.

Sources: S3 User Guide, "Using cross-origin resource sharing (CORS)"; recordings s3/s3_cors.
"""

from typing import Final

from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.messages import Headers, Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.kernel.wire.bucket_hosts import bucket_of, path_of
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.finder import FORM
from pileus.kernel.wire.protocols import wire_of
from pileus.kernel.wire.rpc_address import PROTOCOL_HEADER
from pileus.kernel.wire.scope import scope_of
from pileus.services.s3.bucket_records import find_bucket, find_setting
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.settings.documents import CORS, read
from pileus.services.s3.shapes import CORSConfiguration
from pileus.services.s3.sharing.rules import asked_headers, rule_for, told

_S3: Final = ("s3.", "s3-")
_REFUSED: Final = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)
_BUCKET_LENGTH_MAX: Final = 255
_MARKS: Final = frozenset({"x-amz-account-id", "x-amz-target", PROTOCOL_HEADER})
"""Headers that only requests to other services have: S3 Control's, and those of JSON and CBOR."""


class CrossOriginVisits:
    """Knows what buckets allow to pages of other origins."""

    def __init__(self, *, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def __call__(self, request: Request) -> Response | Headers | None:
        """A whole answer; or what to add to one, when the bucket allows it; None when S3 has nothing to say."""
        place = _place(request)
        if place is None:
            return None
        name, key, certain = place
        bucket = await find_bucket(self._store.snapshot(), name)
        if bucket is None and not certain:
            return None
        if request.method == "OPTIONS":
            return await self.preflight(request, bucket, key)
        return None if bucket is None else await self.headers(request, bucket) or None

    async def preflight(self, request: Request, bucket: BucketRecord | None, key: str) -> Response:
        """The answer to a preflight request. bucket: None when there is none of that name."""
        try:
            return Response(200, [*self._ids_of_answer(), *await self._preflight(request, bucket, key)])
        except ServiceError as error:
            return wire_of("rest-xml").fail(None, dialect_of("s3"), error, self._ids.uuid())

    async def headers(self, request: Request, bucket: BucketRecord) -> Headers:
        """What is added to the answer to a request that is none of preflight; nothing where no rule allows it."""
        origin = request.headers.get("origin")
        rules = await self._rules(bucket)
        if origin is None or rules is None:
            return ()
        asked = asked_headers(request.headers.get("access-control-request-headers", ""))
        method = request.headers.get("access-control-request-method", request.method)
        rule = rule_for(rules.cors_rules, origin=origin, method=method, headers=asked)
        return () if rule is None else told(rule, origin=origin, headers=asked)

    async def _preflight(self, request: Request, bucket: BucketRecord | None, key: str) -> Headers:
        """Or `ServiceError`."""
        origin = request.headers.get("origin")
        if origin is None:
            raise AnyServiceError("BadRequest", "Insufficient information. Origin request header needed.")
        method = request.headers.get("access-control-request-method", "")
        rules = None if bucket is None else await self._rules(bucket)
        if rules is None:
            why = "Bucket not found" if bucket is None else "CORS is not enabled for this bucket."
            raise _forbidden(f"CORSResponse: {why}", method=method or "OPTIONS", kind="BUCKET")
        if not method:
            # The words are S3's own, of a header that is absent.
            raise AnyServiceError("BadRequest", "Invalid Access-Control-Request-Method: null")
        asked = asked_headers(request.headers.get("access-control-request-headers", ""))
        rule = rule_for(rules.cors_rules, origin=origin, method=method, headers=asked)
        if rule is None:
            raise _forbidden(_REFUSED, method=method, kind="OBJECT" if key else "BUCKET")
        return told(rule, origin=origin, headers=asked)

    async def _rules(self, bucket: BucketRecord) -> CORSConfiguration | None:
        setting = await find_setting(self._store.snapshot(), bucket, CORS)
        return None if setting is None else read(setting, CORSConfiguration)

    def _ids_of_answer(self) -> Headers:
        headers = wire_of("rest-xml").fail(None, dialect_of("s3"), _ANY, self._ids.uuid()).headers
        return [(name, value) for name, value in headers if name.startswith("x-amz-")]


_ANY: Final = AnyServiceError("")


def _forbidden(message: str, *, method: str, kind: str) -> ServiceError:
    return AnyServiceError("AccessForbidden", message, status=403, members={"Method": method, "ResourceType": kind})


def _for_another(request: Request) -> bool:
    """Whether the request may order something of another service, whatever bucket its host or path names.

    Whoever is let in here by a bucket's rule is not asked again where they come from (`kernel.routing`).
    """
    headers, method = request.headers, request.method
    if not _MARKS.isdisjoint(headers):
        return True
    form = method == "POST" and headers.get("content-type", "").lower().startswith(FORM)
    return form or "Action=" in request.query


def _place(request: Request) -> tuple[str, str, bool] | None:
    """The bucket and the key that a request is about, still encoded; and whether nothing but S3 can be meant."""
    headers = request.headers
    service = scope_of(request).service
    if (service and service != "s3") or _for_another(request):
        return None
    host = headers.get("host", "")
    bucket, _, key = path_of(request)[1:].partition("/")
    if not bucket or len(bucket) > _BUCKET_LENGTH_MAX:
        return None
    return bucket, key, service == "s3" or bool(bucket_of(host)) or host.startswith(_S3)
