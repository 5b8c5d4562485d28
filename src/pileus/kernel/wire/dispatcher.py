"""Who answers this request? From a request to an answer: find, authenticate, read, authorize, call, write.

The hot path is a JSON request whose target was seen before: one look into a dictionary gives the compiled operation.
Nothing here suspends unless the body is a stream or long XML, the authenticator waits, or the operation itself does.
"""

import logging
from asyncio import to_thread
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Final, Protocol

import msgspec

from pileus.kernel.auth.audit import Denial, Happened
from pileus.kernel.auth.permissions import Needs
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.http.bodies import BodyBroken
from pileus.kernel.http.messages import NoRoom, PayloadTooLarge, Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.service import Service
from pileus.kernel.wire.admission import Admission, no_room
from pileus.kernel.wire.finder import Finder, Refused
from pileus.kernel.wire.registered import Operation
from pileus.kernel.wire.scope import scope_of

_log: Final = logging.getLogger(__name__)
_IDS_DRAWN: Final = 16
_LONG_BYTES: Final = 128 * 1024
"""Of XML, read in 10 ms; the ten thousand parts of an upload to S3 would hold the loop for 150."""

_REQUEST_IDS: Final = frozenset({"x-amzn-requestid", "x-amz-request-id"})
"""Headers of answers, in lower case."""

UNSIGNED: Final = Principal(account_id="000000000000", arn="", user_id="anonymous")
"""Who calls an operation that nobody signs: the operation finds out by what it is given (a token, a password)."""


class RequestAuthenticator(Protocol):
    """Says who asks; `kernel.auth.authenticator.Authenticator` outside tests."""

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal:
        """service: botocore's name. Raises `ServiceError`."""
        ...

    async def precheck(self, request: Request, *, service: str | None) -> None:
        """Refuse what can be refused before the body is read. Raises `ServiceError`."""
        ...


class RequestAuthorizer(Protocol):
    """Says whether a principal may; `kernel.auth.authorizer.Authorizer` outside tests."""

    async def authorize(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> Mapping[tuple[str, int], ServiceError] | None:
        """given: the operation's input. Gives what `RequestContext.refused` keeps. Raises `ServiceError`."""
        ...

    async def told(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object, error: ServiceError
    ) -> ServiceError:
        """What the caller is told of an error that tells what there is."""
        ...

    async def note(self, denial: Denial, happened: Happened) -> None:
        """Remember what was refused beside the policies; it is answered already."""
        ...


class Dispatcher:
    """Answers every request that is for an AWS API."""

    def __init__(
        self,
        services: Sequence[Service],
        *,
        authenticator: RequestAuthenticator,
        authorizer: RequestAuthorizer | None = None,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """authorizer: without one, nobody whom policies are asked about is answered."""
        self._finder = Finder(services, ids)
        self._authenticate = authenticator.authenticate
        self._admission = Admission(authenticator.precheck)
        self._authorizer = authorizer
        self._clock = clock
        self._random_bytes = ids.bytes
        self._request_ids: list[str] = []
        self._by_target: dict[str | None, Operation] = {}

    async def __call__(self, request: Request) -> Response:
        request_id = self._request_ids.pop() if self._request_ids else self._request_id()
        headers = request.headers
        target = headers.get("x-amz-target")
        operation = self._by_target.get(target)
        scope = scope_of(request)
        context: RequestContext | None = None
        given: object = None
        asked = False
        began_s = 0.0
        try:
            if operation is None:
                if type(request.body) is not bytes:
                    await self._admission.admit_form(request)
                operation = await self._finder.find(request, scope.service)
                if target is not None:
                    self._by_target[target] = operation
            if operation.note_answer is not None:
                began_s = monotonic()
            body = request.body
            if type(body) is not bytes or len(body) > operation.body_bytes_max:
                body = b"" if operation.streams else await self._admission.read(request, operation)
            if operation.unsigned or (operation.optionally_signed and not scope.service):
                principal = UNSIGNED
            else:
                principal = await self._authenticate(request, body=body, service=operation.service)
            context = RequestContext(
                service=operation.service,
                operation=operation.name,
                request_id=request_id,
                account_id=principal.account_id,
                region=scope.region,
                principal=principal,
                source_ip=request.peer,
                host=headers.get("host", ""),
                secure=request.secure,
                trace_header=headers.get("x-amzn-trace-id", ""),
                query=request.query,
            )
            if operation.receive is not None:
                body = await operation.receive(request, body)
            if operation.laborious and len(body) > _LONG_BYTES:
                given = await to_thread(operation.parse, request, body)
            else:
                given = operation.parse(request, body)
            needs = operation.needs
            if principal.minted:
                asked = needs.permissions != ()
            else:
                asked = needs.foreign is not None and needs.foreign(context, given)
            if asked:
                assert self._authorizer is not None, "a principal with policies, and nobody to ask"
                refused = await self._authorizer.authorize(context, request.headers, needs, given)
                if refused:
                    context = msgspec.structs.replace(context, refused=refused)
            output = await operation.method(context, given)
            if operation.note_answer is None:
                return operation.answer(output, request_id)
            return _noted(operation, request, context, given, operation.answer(output, request_id), "", began_s)
        except ServiceError as error:
            assert operation is not None, "only an operation raises service errors"
            if error.denial is not None and context is not None and self._authorizer is not None:
                await self._authorizer.note(error.denial, context)
            if asked and error.error_code in operation.needs.hidden:
                assert context is not None
                assert self._authorizer is not None
                error = await self._authorizer.told(context, request.headers, operation.needs, given, error)
            _note(operation, context, given, error)
            response = operation.fail(error, request_id)
            return _noted(operation, request, context, given, response, error.error_code, began_s)
        except Refused as refused:
            return refused.fail(refused.error, request_id)
        except NoRoom:
            return no_room(operation, request_id)
        except BodyBroken:
            raise  # the front door says what is due
        except PayloadTooLarge:
            if operation is None:
                raise
            return operation.fail(operation.too_large, request_id)
        except Exception:  # noqa: BLE001 - the edge (STYLE, section 6)
            if operation is not None:
                _note(operation, context, given, _internal_error(operation))
            return self._internal(operation, request, request_id)

    def lost(self, request: Request, response: Response) -> Response | None:
        """See `messages.Lost`: the same request's own failure, under the id that its answer had."""
        try:
            # Whatever there was to wait for has been waited for: the body is here.
            self.find(request).send(None)
        except StopIteration as found:
            operation: Operation = found.value
        except Refused:
            return None
        else:
            return None
        told = (value for name, value in response.headers if name.lower() in _REQUEST_IDS)
        request_id = next(told, None) or self._request_id()
        _log.error("%s.%s was lost; request %s", operation.service, operation.name, request_id)
        return operation.fail(_internal_error(operation), request_id)

    async def find(self, request: Request) -> Operation:
        """The operation that a request means; `Refused` when there is none, or its long form is not believed."""
        if type(request.body) is not bytes:
            await self._admission.admit_form(request)
        return await self._finder.find(request, scope_of(request).service)

    def _internal(self, operation: Operation | None, request: Request, request_id: str) -> Response:
        """Our own failure: the log has all of it, the client nothing but the id to look for."""
        what = f"{operation.service}.{operation.name}" if operation else f"{request.method} {request.path[:200]}"
        _log.exception("%s failed; request %s", what, request_id)
        if operation is None:
            return Response(500, (("Content-Type", "text/plain"), ("x-amzn-RequestId", request_id)))
        return operation.fail(_internal_error(operation), request_id)

    def _request_id(self) -> str:
        """A random UUID, as `Ids.uuid` writes it; drawn by the dozen, which is half the price."""
        drawn = self._random_bytes(_IDS_DRAWN * 16).hex()
        self._request_ids = [
            f"{drawn[at : at + 8]}-{drawn[at + 8 : at + 12]}-4{drawn[at + 13 : at + 16]}"
            f"-a{drawn[at + 17 : at + 20]}-{drawn[at + 20 : at + 32]}"
            for at in range(0, len(drawn), 32)
        ]
        return self._request_ids.pop()


def _noted(
    operation: Operation,
    request: Request,
    context: RequestContext | None,
    given: object,
    response: Response,
    error_code: str,
    began_s: float,
) -> Response:
    """The answer, once whoever wants to hear of it has."""
    if operation.note_answer is not None:
        operation.note_answer(request, context, given, response, error_code=error_code, took_s=monotonic() - began_s)
    return response


def _note(operation: Operation, context: RequestContext | None, given: object, error: ServiceError) -> None:
    if operation.note_failure is not None and context is not None:
        operation.note_failure(context, given, error)


def _internal_error(operation: Operation) -> ServiceError:
    return AnyServiceError(operation.internal_code, "Internal server error", status=500)
