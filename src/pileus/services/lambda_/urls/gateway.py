"""How is a request to a function URL answered?

Reached by host (`ID.lambda-url.REGION.anything`) or, by clients that cannot resolve it, by path
(`/_aws/lambda-url/ID/...`). What the URL is, and whose, is read at every request (two keys).
"""

import logging
from typing import Final

from pileus.kernel.clock import Clock
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.bodies import BodyBroken
from pileus.kernel.http.cross_origin import preflight, with_cors
from pileus.kernel.http.function_results import Malformed, response_2_0
from pileus.kernel.http.messages import Headers, NoRoom, PayloadTooLarge, Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Store
from pileus.services.lambda_.errors import AccessDeniedException, FunctionNotFound
from pileus.services.lambda_.invoking import Invoker
from pileus.services.lambda_.limits import PAYLOAD_BYTES_MAX
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.settings import UrlRecord
from pileus.services.lambda_.settings_store import get_setting, get_url_place
from pileus.services.lambda_.traces import new_trace
from pileus.services.lambda_.urls.access import FORBIDDEN, UrlAccess
from pileus.services.lambda_.urls.addresses import Address, addressed
from pileus.services.lambda_.urls.answers import refused, streamed
from pileus.services.lambda_.urls.cors import rules_of
from pileus.services.lambda_.urls.events import Arrival, url_event

_log: Final = logging.getLogger(__name__)


class FunctionUrls:
    """Serves the requests of every function URL."""

    def __init__(self, *, store: Store, invoker: Invoker, access: UrlAccess, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._invoker = invoker
        self._access = access
        self._clock = clock
        self._ids = ids

    async def __call__(self, request: Request) -> Response:
        request_id = self._ids.uuid()
        said = (("x-amzn-requestid", request_id),)
        try:
            return await self._respond(request, request_id, said)
        except BodyBroken:
            raise  # the front door says what is due
        except Exception:  # noqa: BLE001 - an edge, as the dispatcher is for the APIs (STYLE, section 6)
            _log.exception("%s %r failed; request %s", request.method, request.path[:200], request_id)
            return refused(500, "Internal Server Error", said)

    async def _respond(self, request: Request, request_id: str, said: Headers) -> Response:
        address = addressed(host=request.headers.get("host", ""), path=request.path)
        snapshot = self._store.snapshot()
        function = None if address is None else await get_url_place(snapshot, address.url_id)
        setting = None if function is None else await get_setting(snapshot, function, UrlRecord)
        if address is None or function is None or setting is None:
            return refused(403, None, said)
        rules = rules_of(setting.cors)
        if rules is None:
            return await self._serve(request, address, function, setting, request_id, said)
        early = preflight(rules, method=request.method, headers=request.headers, said=said, status=200)
        if early is not None:
            return early
        response = await self._serve(request, address, function, setting, request_id, said)
        return with_cors(rules, response, origin=request.headers.get("origin"))

    async def _serve(
        self,
        request: Request,
        address: Address,
        function: FunctionName,
        setting: UrlRecord,
        request_id: str,
        said: Headers,
    ) -> Response:
        try:
            body = await request.read(PAYLOAD_BYTES_MAX)
        except PayloadTooLarge:
            return refused(413, "Request Entity Too Large", said)
        except NoRoom:
            return refused(503, "Service Unavailable", said)
        caller = None
        try:
            statements = await self._invoker.policy_of(function)
            if setting.auth_type == "AWS_IAM":
                caller = await self._access.let_signed(request, function, body=body, request_id=request_id)
            else:
                await self._access.let_anybody(request, function, statements, request_id=request_id)
        except (FunctionNotFound, AccessDeniedException):  # its alias is gone, or nobody lets them
            return refused(403, FORBIDDEN, said)
        except ServiceError as error:
            return refused(403, FORBIDDEN if error.error_code == "AccessDeniedException" else error.message, said)
        trace_id = new_trace(self._clock, self._ids)
        event = url_event(
            Arrival(
                request=request,
                address=address,
                body=body,
                caller=caller,
                request_id=request_id,
                trace_id=trace_id.partition(";")[0],
                at_s=self._clock.timestamp(),
            )
        )
        try:
            if setting.invoke_mode == "RESPONSE_STREAM":
                invocation = await self._invoker.stream_for_url(
                    function, payload=event, request_id=request_id, trace_id=trace_id
                )
                return await streamed(invocation, said)
            result = await self._invoker.for_url(function, payload=event, request_id=request_id, trace_id=trace_id)
        except ServiceError as error:
            return _not_run(error, said)
        if result.function_error is not None:
            return refused(502, "Internal Server Error", said, bare=True)
        try:
            return response_2_0(result.payload, said)
        except Malformed:
            return refused(502, "Internal Server Error", said, bare=True)


def _not_run(error: ServiceError, said: Headers) -> Response:
    if error.error_code == "TooManyRequestsException":
        return refused(429, None, said, members={**error.members, "Type": "User", "message": error.message})
    if error.error_code == "RequestEntityTooLargeException":
        return refused(413, "Request Entity Too Large", said)
    if error.error_code == "ResourceNotFoundException":
        return refused(403, FORBIDDEN, said)
    return refused(502, "Internal Server Error", said, bare=True)
