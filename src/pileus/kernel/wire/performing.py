"""How is an operation performed for somebody who did not ask for it in its own way?

A form of a browser ends in a PutObject, a page of a website is a GetObject: whoever answers such a request knows who
asks, makes the request that an SDK would have made, and has it performed here, with all that policies say of it.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from pileus.kernel.auth.permissions import Needs
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import ServiceError
from pileus.kernel.http.messages import Request, Response
from pileus.kernel.ids import Ids
from pileus.kernel.service import Service
from pileus.kernel.wire.registered import RegisteredService


class OperationAuthorizer(Protocol):
    """Says whether a principal may; `kernel.auth.authorizer.Authorizer` outside tests."""

    async def authorize(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> Mapping[tuple[str, int], ServiceError] | None: ...

    async def told(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object, error: ServiceError
    ) -> ServiceError: ...


class Performer:
    """Performs operations of one service in one protocol."""

    def __init__(self, service: Service, *, protocol: str, authorizer: OperationAuthorizer, ids: Ids) -> None:
        self._service = RegisteredService(service, ids)
        self._protocol = protocol
        self._authorizer = authorizer

    async def perform(self, name: str, request: Request, context: RequestContext) -> Response:
        """What the operation answers. request: as its protocol has it, its body bare. Raises `ServiceError`.

        context: who asks, and is believed. Somebody without an ARN is asked about as nobody in particular.
        """
        operation = self._service.operation(name, self._protocol)
        assert operation is not None, f"{context.service} has no {name}"
        given = operation.parse(request, request.body if isinstance(request.body, bytes) else b"")
        needs, principal = operation.needs, context.principal
        asked = needs.foreign is not None and needs.foreign(context, given)
        if principal.minted or not principal.arn:
            asked = needs.permissions != ()
        if asked:
            refused = await self._authorizer.authorize(context, request.headers, needs, given)
            if refused:
                context = msgspec.structs.replace(context, refused=refused)
        try:
            output = await operation.method(context, given)
        except ServiceError as error:
            if asked and error.error_code in needs.hidden:
                raise await self._authorizer.told(context, request.headers, needs, given, error) from None
            raise
        return operation.answer(output, context.request_id)
