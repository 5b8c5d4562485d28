"""Who makes this request, and do we believe it?

| key of the request                  | open                         | strict                     |
|-------------------------------------|------------------------------|----------------------------|
| minted by IAM, STS or Cognito here  | verified                     | verified                   |
| any other                           | root of its account          | refused (unknown key)      |
| none                                | root of 000000000000         | refused (missing token)    |
| none, and S3 is meant               | root of 000000000000         | nobody in particular       |

Minted keys are recognised by their form (`key_ids`) or by a session token that opens (`sessions`), so an open server
asks the store only about keys that may be in it. Nothing here suspends unless the key directory does.

The skew of a signature is measured on the machine's clock, not on the one that is handed in: clients sign with theirs,
so after `/_pileus/clock` has moved ahead by a month their signatures must still be of now. Sessions do end by the
handed-in clock, since that is time passing inside Pileus.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final, Literal

from pileus.kernel.auth import signed_policies, sigv2, sigv4
from pileus.kernel.auth.chunks import Seed
from pileus.kernel.auth.claims import Claim, access_key_id_of, claim_of
from pileus.kernel.auth.credentials import KeyDirectory, SigningKey
from pileus.kernel.auth.presigned import check_form, ordered, presigned, with_query
from pileus.kernel.auth.principals import ANONYMOUS, NOBODY, principal_of_unknown_key
from pileus.kernel.auth.refusals import Family, NotAuthentic, Problem, family_of, refusal
from pileus.kernel.auth.sessions import SessionSealer
from pileus.kernel.clock import Clock
from pileus.kernel.context import Principal
from pileus.kernel.http.messages import Request

Mode = Literal["open", "strict"]

_ANSWER_NOBODY: Final = frozenset({"s3"})
"""Services whose resources may be open to everybody (S3 API Reference, "Making requests")."""
_REGION_OF_OLD: Final = "us-east-1"
"""Signatures of version 2 name no region; this is where they were made for."""


class Authenticator:
    """Turns a request into its principal."""

    def __init__(
        self,
        *,
        mode: Mode,
        keys: KeyDirectory,
        sealer: SessionSealer,
        clock: Clock,
        signing_names: Mapping[str, str] | None = None,
        machine_s: Callable[[], float] = time.time,
        note_use: Callable[[Principal, str, str], None] | None = None,
    ) -> None:
        """signing_names: by service, the name that clients sign for (`apigatewayv2`: `apigateway`); a service that is
        absent is not compared. machine_s: the clock by which clients sign.

        note_use: hears of each verified request: who made it, and the service and region signed for.
        """
        self._open = mode == "open"
        self._keys = keys
        self._sealer = sealer
        self._clock = clock
        self._signing_names: Mapping[str, str] = signing_names or {}
        self._machine_s = machine_s
        self._note_use = note_use

    async def authenticate(self, request: Request, *, body: bytes, service: str | None) -> Principal:
        """The principal of a request to `service`, whose whole body is `body`. ServiceError: not believed."""
        try:
            if service == "s3" and (of_old := sigv2.old_claim_of(request)) is not None:
                return self._verified_of_old(request, of_old, await self._key_of_old(request, of_old))
            claimed = await self._claimed(request, service)
            signed_headers = request.headers
            if service == "s3" and presigned(request.query):
                # Once the headers as sent have been looked at: those of the URL are signed in any case.
                signed_headers = with_query(request)
                request.headers = ordered(request)
            if isinstance(claimed, Principal):
                return claimed
            claim, key = claimed
            sent = body if type(request.body) is bytes else None
            sigv4.verify(
                claim,
                method=request.method,
                path=request.path,
                headers=signed_headers,
                payload_hash=sigv4.payload_hash_of(claim, signed_headers, sent),
                secret_access_key=key.secret_access_key,
            )
        except NotAuthentic as refused:
            raise refusal(refused, family_of(request, service)) from None
        scope = claim.scope
        stated = request.headers.get("x-amz-content-sha256")
        if stated is not None and stated.startswith("STREAMING-"):
            request.seed = self._seed(claim, key)
        if self._note_use is not None:
            self._note_use(key.principal, scope.service, scope.region)
        return key.principal

    async def precheck(self, request: Request, *, service: str | None) -> None:
        """Refuse by its headers alone what `authenticate` will refuse in any case. ServiceError: not believed.

        So that a stranger is refused before their long body is in memory. Whoever passes is not believed yet.
        service: None when only the body tells it.
        """
        try:
            if service == "s3" and (of_old := sigv2.old_claim_of(request)) is not None:
                await self._key_of_old(request, of_old)
            else:
                await self._claimed(request, service)
        except NotAuthentic as refused:
            raise refusal(refused, family_of(request, service)) from None

    async def authenticate_policy(self, signed: signed_policies.SignedPolicy) -> Principal:
        """Who has signed the policy of a form to S3. ServiceError: not believed."""
        try:
            key = await self._key_of(signed.access_key_id, signed.session_token)
            if key is None:
                return principal_of_unknown_key(signed.access_key_id)
            self._check_session(key)
            signed_policies.verify(signed, secret_access_key=key.secret_access_key)
        except NotAuthentic as refused:
            raise refusal(refused, Family.S3) from None
        if self._note_use is not None:
            self._note_use(key.principal, "s3", signed.scope[1] if signed.scope else _REGION_OF_OLD)
        return key.principal

    async def _claimed(self, request: Request, service: str | None) -> Principal | tuple[Claim, SigningKey]:
        """The signature that is left to be verified, and its key; or the principal who needs none."""
        if service == "s3" and presigned(request.query):
            check_form(request.query)
        try:
            claim = claim_of(request)
        except NotAuthentic:
            named = access_key_id_of(request)
            if self._open and not self._sealer.minted(named):
                return principal_of_unknown_key(named)
            raise
        if claim is None:
            return self._unsigned(request, service)
        key = await self._key_of(claim.scope.access_key_id, claim.session_token)
        if key is None:
            if claim.presigned and service == "s3":
                sigv4.check_expiry(claim, self._machine_s())
            return principal_of_unknown_key(claim.scope.access_key_id)
        self._check(claim, key, request, service)
        return claim, key

    async def _key_of_old(self, request: Request, claim: sigv2.OldClaim) -> SigningKey | None:
        """The key by which a signature of version 2 is to be verified; None when open mode lets it pass."""
        sigv2.check_expiry(claim, self._machine_s())
        key = await self._key_of(claim.access_key_id, claim.session_token)
        if key is not None:
            self._check_session(key)
            sigv2.check_date(claim, request.headers, self._machine_s())
        return key

    def _verified_of_old(self, request: Request, claim: sigv2.OldClaim, key: SigningKey | None) -> Principal:
        if key is not None:
            sigv2.verify(claim, request, secret_access_key=key.secret_access_key)
        if claim.expires_at_s is not None:
            request.headers = ordered(request, version_2=True)
        if key is None:
            return principal_of_unknown_key(claim.access_key_id)
        if self._note_use is not None:
            self._note_use(key.principal, "s3", _REGION_OF_OLD)
        return key.principal

    def _seed(self, claim: Claim, key: SigningKey) -> Seed:
        """What the pieces of the body are signed with."""
        return Seed(
            amz_date=claim.amz_date,
            scope_text=claim.scope.text,
            signature=claim.signature,
            secret_access_key=key.secret_access_key,
            machine_s=self._machine_s,
        )

    @property
    def anonymous(self) -> Principal:
        """Who asks without any key, of a service that answers such."""
        return ANONYMOUS if self._open else NOBODY

    def _unsigned(self, request: Request, service: str | None) -> Principal:
        named = access_key_id_of(request)
        if not self._open:
            if not named and service in _ANSWER_NOBODY and "authorization" not in request.headers:
                return NOBODY
            raise NotAuthentic(Problem.UNSUPPORTED if named else Problem.MISSING)
        if not named:
            return ANONYMOUS
        if self._sealer.minted(named):
            raise NotAuthentic(Problem.UNSUPPORTED)
        return principal_of_unknown_key(named)

    async def _key_of(self, access_key_id: str, session_token: str | None) -> SigningKey | None:
        """The key to verify with; None when open mode lets an unknown key pass unverified."""
        minted = self._sealer.minted(access_key_id)
        if session_token is None:
            key = None if self._open and not minted else await self._keys.find(access_key_id)
            if key is None and (minted or not self._open):
                raise NotAuthentic(Problem.UNKNOWN_KEY, members={"AWSAccessKeyId": access_key_id})
            return key
        session = self._sealer.open(session_token)
        if session is None:
            if minted or not self._open:
                raise NotAuthentic(Problem.INVALID_TOKEN)
            return None
        if session.record.access_key_id != access_key_id:
            raise NotAuthentic(Problem.INVALID_TOKEN)
        return session.key

    def _check(self, claim: Claim, key: SigningKey, request: Request, service: str | None) -> None:
        """All that a claim can be refused for without its body."""
        if key.expires_at is not None:
            self._check_session(key)
        sigv4.check_time(claim, self._machine_s())
        signing_name = self._signing_names.get(service) if service is not None else None
        if signing_name is not None:
            sigv4.check_service(claim, signing_name)
        sigv4.check_headers(claim, request.headers)

    def _check_session(self, key: SigningKey) -> None:
        if key.expires_at is not None and key.expires_at.timestamp() <= self._clock.timestamp():
            raise NotAuthentic(Problem.EXPIRED_TOKEN)
