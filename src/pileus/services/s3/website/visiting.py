"""How is a visitor of a website answered?

Visitors are nobody in particular, in every mode: they see what the bucket's policy and its ACLs show to everybody. A
page is read as GetObject reads it, conditions and ranges included.

Sources: S3 User Guide, "Hosting a static website using Amazon S3"; recordings s3/s3, TestS3StaticWebsiteHosting.
"""

import logging
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from pileus.kernel.auth.principals import NOBODY
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.bodies import BodyBroken
from pileus.kernel.http.messages import Headers, Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.kernel.wire.dialects import dialect_of
from pileus.kernel.wire.protocols import wire_of
from pileus.services.s3.absent_settings import NoSuchWebsiteConfiguration
from pileus.services.s3.bucket_records import find_setting, get_bucket
from pileus.services.s3.model import BucketRecord
from pileus.services.s3.performing import OperationPerformer
from pileus.services.s3.settings.documents import WEBSITE, read
from pileus.services.s3.shapes import WebsiteConfiguration
from pileus.services.s3.sharing.visits import CrossOriginVisits
from pileus.services.s3.website import redirects
from pileus.services.s3.website.addresses import Visit, visit_of
from pileus.services.s3.website.pages import headers_of, page_of, status_of

_log: Final = logging.getLogger(__name__)
_PASSED_ON: Final = ("if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "range")
_HTML: Final = ("Content-Type", "text/html; charset=utf-8")
_LEADS_TO: Final = "x-amz-website-redirect-location"
_IDS: Final = frozenset({"x-amz-request-id", "x-amz-id-2"})
_NOT_FOUND: Final = frozenset({403, 404})


class Websites:
    """Serves the websites of all buckets."""

    def __init__(self, *, store: Store, ids: Ids, performer: OperationPerformer, visits: CrossOriginVisits) -> None:
        self._store = store
        self._ids = ids
        self._performer = performer
        self._visits = visits

    async def __call__(self, request: Request) -> Response:
        ids = _ids_of(self._ids.uuid())
        try:
            return await self._answer(request, ids)
        except ServiceError as error:
            return _told(error, ids)
        except BodyBroken:
            raise  # the front door says what is due
        except Exception:  # noqa: BLE001 - an edge, as the dispatcher is for the APIs (STYLE, section 6)
            _log.exception("%s %r failed; request %s", request.method, request.path[:200], ids[0][1])
            return _told(AnyServiceError("InternalError", "Internal server error", status=500), ids)

    async def _answer(self, request: Request, ids: Headers) -> Response:
        """Or `ServiceError`, which is told in HTML."""
        visit = visit_of(request)
        if visit is None:
            raise AnyServiceError("NoSuchBucket", "The specified bucket does not exist", status=404)
        snapshot = self._store.snapshot()
        bucket = await get_bucket(snapshot, visit.bucket)
        if request.method == "OPTIONS":
            return await self._visits.preflight(request, bucket, visit.key)
        setting = await find_setting(snapshot, bucket, WEBSITE)
        if setting is None:
            raise NoSuchWebsiteConfiguration(visit.bucket)
        response = await _Site(
            read(setting, WebsiteConfiguration), bucket, visit, request, ids, self._performer
        ).answer()
        told = list(await self._visits.headers(request, bucket)) if "origin" in request.headers else []
        headers = [pair for pair in response.headers if pair[0].lower() not in _IDS]
        return Response(response.status, [*ids, *headers, *told], response.body)


class _Site:
    """One visit to one website."""

    def __init__(
        self,
        site: WebsiteConfiguration,
        bucket: BucketRecord,
        visit: Visit,
        request: Request,
        ids: Headers,
        performer: OperationPerformer,
    ) -> None:
        self._site = site
        self._bucket = bucket
        self._visit = visit
        self._request = request
        self._ids = ids
        self._performer = performer

    async def answer(self) -> Response:
        site, visit, method = self._site, self._visit, self._request.method
        if method not in {"GET", "HEAD"}:
            told = {"Method": method, "ResourceType": "OBJECT"}
            text = "The specified method is not allowed against this resource."
            raise AnyServiceError("MethodNotAllowed", text, status=405, members=told)
        if site.redirect_all_requests_to is not None:
            return redirects.everything_led(site.redirect_all_requests_to, visit)
        rule = redirects.rule_for(site.routing_rules or (), visit.key)
        if rule is not None:
            return redirects.by_rule(rule, visit)
        try:
            return await self._page(self._with_index(visit.key))
        except ServiceError as error:
            if status_of(error) == 304:
                return Response(304, headers=error.headers)
            return await self._instead(error)

    async def _instead(self, error: ServiceError) -> Response:
        """What is sent in the place of a page that cannot be."""
        site, visit, status = self._site, self._visit, status_of(error)
        if status in _NOT_FOUND and not visit.key.endswith("/") and visit.key and await self._is_folder():
            found = redirects.found_as_folder()
            headers = (*headers_of(found), ("Location", visit.folder), _HTML)
            return Response(302, headers, page_of(found, self._ids))
        rule = redirects.rule_for(site.routing_rules or (), visit.key, status=status)
        if rule is not None:
            return redirects.by_rule(rule, visit)
        if site.error_document is None or not 400 <= status < 500:
            return _told(error, self._ids)
        try:
            page = await self._page(site.error_document.key, passed_on=())
        except ServiceError as own:
            return _told(error, self._ids, error_of_document=own)
        return page if page.status != 200 else Response(status, [*headers_of(error), *page.headers], page.body)

    async def _page(self, key: str, *, passed_on: Sequence[str] = _PASSED_ON) -> Response:
        """An object as GetObject answers it, or the way that it leads. passed_on: headers of the request."""
        given = self._request.headers
        asked = Request(
            method="GET",
            target=f"/{self._bucket.name}/{quote(key, safe='')}",
            headers={"host": "localhost", **{name: given[name] for name in passed_on if name in given}},
            peer=self._request.peer,
            secure=self._request.secure,
        )
        context = RequestContext(
            service="s3",
            operation="GetObject",
            request_id=self._ids[0][1],
            account_id=NOBODY.account_id,
            region=self._bucket.region,
            principal=NOBODY,
            source_ip=self._request.peer,
            host=given.get("host", ""),
            secure=self._request.secure,
        )
        page = await self._performer.perform("GetObject", asked, context)
        location = next((value for name, value in page.headers if name == _LEADS_TO), None)
        return page if location is None else redirects.by_object(location, self._visit)

    async def _is_folder(self) -> bool:
        """Whether there is an index document below the page that was asked for."""
        try:
            await self._page(f"{self._visit.key}/{self._suffix}", passed_on=())
        except ServiceError:
            return False
        return True

    def _with_index(self, key: str) -> str:
        return key + self._suffix if not key or key.endswith("/") else key

    @property
    def _suffix(self) -> str:
        assert self._site.index_document is not None, "a website that leads nowhere has an index document"
        return self._site.index_document.suffix


def _told(error: ServiceError, ids: Headers, *, error_of_document: ServiceError | None = None) -> Response:
    page = page_of(error, ids, error_of_document=error_of_document)
    return Response(status_of(error), [*ids, *headers_of(error), _HTML], page)


def _ids_of(request_id: str) -> Headers:
    headers = wire_of("rest-xml").fail(None, dialect_of("s3"), _ANY, request_id).headers
    return [(name, value) for name, value in headers if name in _IDS]


_ANY: Final = AnyServiceError("")
