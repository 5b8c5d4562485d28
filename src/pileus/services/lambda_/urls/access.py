"""Who may call a function URL?

With `NONE`, whom the function's policy lets as nobody in particular: in `open` mode, too, since that is what the policy
is for. With `AWS_IAM`, whoever has signed, may `lambda:InvokeFunctionUrl` on the function, and is let by the other
account where there are two; a request without a signature is refused in every mode.

Source: Lambda Developer Guide, "Control access to Lambda function URLs". The page also asks for
`lambda:InvokeFunction` of URLs made since October 2025; the recordings, of November 2025, do without, and so do we.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from pileus.kernel.auth.audit import Denial, Happened
from pileus.kernel.auth.permissions import KnownResource, Needs, Permission, ResourceType, needs_of
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.http.messages import Request
from pileus.kernel.wire.scope import scope_of
from pileus.services.lambda_.errors import AccessDeniedException, InvalidSignatureException
from pileus.services.lambda_.model import StatementRecord
from pileus.services.lambda_.names import FunctionName
from pileus.services.lambda_.policy import policy_text

ACTION: Final = "lambda:InvokeFunctionUrl"
FORBIDDEN: Final = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
"""Recording lambda, test_lambda_permission_url_invocation."""

_NOBODY: Final = Principal(account_id="", arn="", user_id="")


class UrlCall(msgspec.Struct, frozen=True):
    """What a caller asks for, as the authorizer hears it."""

    function: FunctionName


class RequestAuthenticator(Protocol):
    """Says who asks; `kernel.auth.authenticator.Authenticator` outside tests."""

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal: ...


class RequestAuthorizer(Protocol):
    """Says whether a principal may; `kernel.auth.authorizer.Authorizer` outside tests."""

    async def authorize(
        self, context: RequestContext, headers: Mapping[str, str], needs: Needs, given: object
    ) -> object:
        """Or ServiceError."""
        ...

    async def note(self, denial: Denial, happened: Happened) -> None: ...


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A request to a function URL, as the log of decisions has it."""

    request_id: str
    region: str
    source_ip: str


class UrlAccess:
    """Lets requests to function URLs in, or does not."""

    def __init__(self, *, authenticator: RequestAuthenticator, authorizer: RequestAuthorizer, clock: Clock) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._clock = clock

    async def let_anybody(
        self, request: Request, function: FunctionName, statements: Sequence[StatementRecord], *, request_id: str
    ) -> None:
        """AccessDeniedException unless the policy lets everybody."""
        denial = anonymous_denial(request, function, statements, now_s=self._clock.timestamp())
        if denial is not None:
            arrived = Arrived(request_id=request_id, region=function.region, source_ip=request.peer)
            await self._authorizer.note(denial, arrived)
            raise AccessDeniedException(FORBIDDEN)

    async def let_signed(self, request: Request, function: FunctionName, *, body: bytes, request_id: str) -> Principal:
        """Who has signed, if they may; ServiceError."""
        if "authorization" not in request.headers and "X-Amz-Signature=" not in request.query:
            raise AccessDeniedException(FORBIDDEN)
        principal = await self._authenticator.authenticate(request, body=body, service="lambda")
        if scope_of(request).region != function.region:
            raise InvalidSignatureException("Credential should be scoped to a valid region. ")
        if not principal.minted and principal.account_id == function.account_id:
            return principal
        context = RequestContext(
            service="lambda",
            operation="InvokeFunctionUrl",
            request_id=request_id,
            account_id=principal.account_id,
            region=function.region,
            principal=principal,
            source_ip=request.peer,
            host=request.headers.get("host", ""),
            secure=request.secure,
        )
        await self._authorizer.authorize(context, request.headers, _NEEDS, UrlCall(function))
        return principal


def anonymous_denial(
    request: Request, function: FunctionName, statements: Sequence[StatementRecord], *, now_s: float
) -> Denial | None:
    """Why nobody in particular may call the URL; None when they may."""
    # Imported when the first URL is called: see `kernel.auth.permissions`.
    from pileus.kernel.auth.policy import NamedPolicy, PolicySet, Query, compile_policy, decide, denial_of

    arn = function.policy_arn
    policies = PolicySet()
    if statements:
        policies = PolicySet(resource=NamedPolicy(arn, compile_policy(policy_text(statements, arn)), "resource"))
    query = Query(
        principal=_NOBODY,
        action=ACTION,
        resource=arn,
        conditions={
            "aws:currenttime": datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "aws:epochtime": str(int(now_s)),
            "aws:principaltype": "Anonymous",
            "aws:requestedregion": function.region,
            "aws:securetransport": str(request.secure).lower(),
            "aws:sourceip": request.peer,
            "lambda:functionarn": arn,
            "lambda:functionurlauthtype": "NONE",
        },
        resource_account_id=function.account_id,
    )
    decision = decide(query, policies)
    return None if decision.allowed else denial_of(query, decision, policies)


def _arn(context: RequestContext, given: Any) -> str:
    arn: str = given.function.policy_arn
    return arn


def _foreign(context: RequestContext, given: Any) -> bool:
    return bool(given.function.account_id != context.account_id)


def _conditions(context: RequestContext, given: Any, function: KnownResource | None) -> Mapping[str, str]:
    return {"lambda:functionurlauthtype": "AWS_IAM", "lambda:functionarn": _arn(context, given)}


_NEEDS: Final = needs_of(
    (
        Permission(
            action=ACTION,
            resource=ResourceType(name="function", arn=_arn, foreign=_foreign),
            conditions=_conditions,
        ),
    ),
    protocol="rest-json",
)
