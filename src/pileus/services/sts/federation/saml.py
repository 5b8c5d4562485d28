"""Who may become a role because a SAML identity provider vouches for them? AssumeRoleWithSAML.

Source: API_AssumeRoleWithSAML; IAM User Guide, "Configure SAML assertions for the authentication response",
"Troubleshoot SAML federation with IAM" (the messages), "Available keys for SAML-based AWS STS federation".
"""

import base64
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Final

import msgspec

from pileus.kernel.auth.request_conditions import Asking, known_of_request
from pileus.kernel.clock import Clock
from pileus.kernel.context import RequestContext
from pileus.services.sts import model, shapes
from pileus.services.sts.errors import AccessDenied, ExpiredToken, InvalidIdentityToken
from pileus.services.sts.federation.saml_response import Assertion, read_response
from pileus.services.sts.limits import SESSION_DURATION_MIN
from pileus.services.sts.providers import SamlProviders
from pileus.services.sts.role_sessions import RoleSessions, Wanted
from pileus.services.sts.session_policies import session_policies
from pileus.services.sts.session_tags import SessionTags, session_tags
from pileus.services.sts.trust import outsider, refused_because

_ACTION: Final = "sts:AssumeRoleWithSAML"
_ATTRIBUTES: Final = "https://aws.amazon.com/SAML/Attributes/"
_TAG: Final = f"{_ATTRIBUTES}PrincipalTag:"
_SESSION_NAME: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_HOSTS: Final = r"https://(?:[a-z0-9-]+\.)?signin\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)"
_RECIPIENT: Final = re.compile(rf"{_HOSTS}/saml(?:/acs/\w+)?", re.ASCII)
_AUDIENCE: Final = re.compile(rf"{_HOSTS}/saml(?:/acs/\w+)?|urn:amazon:webservices(?::[a-z-]+)?", re.ASCII)
_REDEEM_WITHIN: Final = timedelta(minutes=5)
_SKEW: Final = timedelta(minutes=5)


class _Vouched(msgspec.Struct, frozen=True, kw_only=True):
    """What the assertion says in AWS's attributes."""

    session_name: str
    tags: SessionTags
    source_identity: str


class SamlIdentities:
    """Lets the users of SAML identity providers assume roles."""

    def __init__(
        self,
        *,
        sessions: RoleSessions,
        providers: SamlProviders,
        clock: Clock,
        machine_s: Callable[[], float] = time.time,
    ) -> None:
        """machine_s: the clock of the world, by which identity providers date their assertions."""
        self._sessions = sessions
        self._providers = providers
        self._clock = clock
        self._machine_s = machine_s

    async def assume_role(
        self, context: RequestContext, request: shapes.AssumeRoleWithSAMLRequest
    ) -> shapes.AssumeRoleWithSAMLResponse:
        model.check_role_arn(request.role_arn)
        account_id = model.account_of(request.role_arn)
        policies = session_policies(
            request.policy, request.policy_arns, account_id=account_id, partition=context.partition
        )
        provider = await self._providers.find(request.principal_arn)
        if provider is None:
            raise InvalidIdentityToken("Specified provider doesn't exist")
        now = datetime.fromtimestamp(self._machine_s(), UTC)
        assertion = read_response(request.saml_assertion, certificates=provider.signing_certificates, now=now)
        if assertion.issuer != provider.entity_id:
            raise InvalidIdentityToken("Issuer not present in specified provider")
        _check_times(assertion, now)
        _check_addressee(assertion)
        _check_pair(assertion, role_arn=request.role_arn, provider_arn=request.principal_arn)
        vouched = _vouched(assertion)
        known = _conditions(assertion, provider_arn=request.principal_arn)
        begun = await self._sessions.begin(
            Wanted(
                role_arn=request.role_arn,
                session_name=vouched.session_name,
                action=_ACTION,
                asked_by=outsider(request.principal_arn),
                conditions={
                    **known_of_request(Asking(context, {}, now_s=self._clock.timestamp())),
                    **known,
                    "aws:federatedprovider": request.principal_arn,
                },
                refused=lambda refusal: _refused(refusal.action),
                policies=policies,
                tags=vouched.tags,
                source_identity=vouched.source_identity,
                requested_s=request.duration_seconds,
                duration_max=_remaining(assertion, now),
                token_chars_min=request.minimum_session_token_size,
                federated_provider=request.principal_arn,
                context={name: known[name] for name in ("saml:namequalifier", "saml:sub", "saml:sub_type")},
            )
        )
        return shapes.AssumeRoleWithSAMLResponse(
            credentials=begun.credentials,
            assumed_role_user=begun.assumed_role_user,
            packed_policy_size=begun.packed_percent,
            subject=assertion.subject,
            subject_type=assertion.subject_type,
            issuer=assertion.issuer,
            audience=assertion.recipient,
            name_qualifier=known["saml:namequalifier"],
            source_identity=begun.source_identity,
            session_token_size=begun.token_size,
        )


def _refused(action: str) -> AccessDenied:
    return AccessDenied(f"Not authorized to perform {action}")


def _check_times(assertion: Assertion, now: datetime) -> None:
    if now > assertion.issued_at + _REDEEM_WITHIN or (
        assertion.redeem_before is not None and now >= assertion.redeem_before
    ):
        raise ExpiredToken("Token must be redeemed within 5 minutes of issuance")
    if assertion.not_after is not None and now >= assertion.not_after:
        raise ExpiredToken("The SAML assertion has expired")
    begins = max(assertion.issued_at, assertion.not_before or assertion.issued_at)
    if now < begins - _SKEW:
        raise InvalidIdentityToken("The SAML assertion is not valid yet")


def _check_addressee(assertion: Assertion) -> None:
    """It must be meant for AWS, or it could be one that was given to somebody else's service."""
    if not _RECIPIENT.fullmatch(assertion.recipient):
        raise InvalidIdentityToken("The Recipient of the SAML assertion is not AWS's")
    if not any(_AUDIENCE.fullmatch(audience) for audience in assertion.audiences):
        raise InvalidIdentityToken("The Audience of the SAML assertion is not AWS")


def _check_pair(assertion: Assertion, *, role_arn: str, provider_arn: str) -> None:
    """The provider says who may have which role; the two ARNs come in either order."""
    for value in assertion.attributes.get(f"{_ATTRIBUTES}Role", ()):
        if {part.strip() for part in value.split(",")} == {role_arn, provider_arn}:
            return
    refusal = refused_because(
        "the assertion's Role attribute does not have this role with this provider",
        principal=outsider(provider_arn),
        action=_ACTION,
        role_arn=role_arn,
    )
    raise _refused(_ACTION).because(refusal.denial)


def _vouched(assertion: Assertion) -> _Vouched:
    names = assertion.attributes.get(f"{_ATTRIBUTES}RoleSessionName", ())
    if len(names) != 1:
        raise InvalidIdentityToken("RoleSessionName is required in AuthnResponse")
    if not _SESSION_NAME.fullmatch(names[0]):
        raise InvalidIdentityToken("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    source_identity = assertion.attributes.get(f"{_ATTRIBUTES}SourceIdentity", ("",))
    if source_identity != ("",) and not (len(source_identity) == 1 and _SESSION_NAME.fullmatch(source_identity[0])):
        raise InvalidIdentityToken("SourceIdentity in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}")
    tags: list[shapes.Tag] = []
    for name, values in assertion.attributes.items():
        if name.startswith(_TAG):
            if len(values) != 1:
                raise InvalidIdentityToken(f"The tag {name.removeprefix(_TAG)} in AuthnResponse must have one value")
            tags.append(shapes.Tag(key=name.removeprefix(_TAG), value=values[0]))
    transitive = assertion.attributes.get(f"{_ATTRIBUTES}TransitiveTagKeys", ())
    return _Vouched(session_name=names[0], tags=session_tags(tags, transitive), source_identity=source_identity[0])


def _conditions(assertion: Assertion, *, provider_arn: str) -> dict[str, str]:
    account_id, _, resource = provider_arn.split(":", 4)[4].partition(":")
    provider = resource.removeprefix("saml-provider/")
    qualified = sha1(f"{assertion.issuer}{account_id}/{provider}".encode(), usedforsecurity=False).digest()
    return {
        "saml:aud": assertion.recipient,
        "saml:iss": assertion.issuer,
        "saml:sub": assertion.subject,
        "saml:sub_type": assertion.subject_type,
        "saml:doc": f"{account_id}/{provider}",
        "saml:namequalifier": base64.b64encode(qualified).decode(),
    }


def _remaining(assertion: Assertion, now: datetime) -> timedelta | None:
    """Until the provider's own session ends, where it says so, though never below what AWS gives."""
    if assertion.session_ends is None:
        return None
    return max(assertion.session_ends - now, SESSION_DURATION_MIN)
