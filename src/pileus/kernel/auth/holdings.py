"""Which policies apply to whoever asks, whatever it is that they ask for?"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from pileus.kernel.auth.organizations import Organization
from pileus.kernel.auth.permissions import KnownResource, Needs
from pileus.kernel.auth.policy import NamedPolicy, PolicySet, compile_policy
from pileus.kernel.auth.refusals import Family, NotAuthentic, Problem, refusal
from pileus.kernel.context import Principal, RequestContext

_SESSION: Final = "session policy"


class PolicySource(Protocol):
    """Knows the policies of principals; IAM outside tests."""

    async def policies_of(self, principal: Principal) -> tuple[Sequence[NamedPolicy], NamedPolicy | None] | None:
        """The identity policies, and the permissions boundary; None for whoever does not exist (any more)."""
        ...

    async def session_policies(self, account_id: str, policy_arns: Sequence[str]) -> Sequence[NamedPolicy]:
        """The managed policies that a session was given."""
        ...

    async def tags_of(self, principal: Principal) -> Mapping[str, str]:
        """Of the user or role."""
        ...


class Held(msgspec.Struct, frozen=True):
    """What applies to a principal, whatever it asks for."""

    identity: Sequence[NamedPolicy]
    boundary: NamedPolicy | None
    session: Sequence[NamedPolicy] | None
    scps: Sequence[Sequence[NamedPolicy]] = ()


ROOTS: Final = Held((), None, None)
"""Of a root that no organization limits: nothing but policies of resources."""
NOBODYS: Final = Held((), None, None)
"""Of nobody in particular."""


class Holdings:
    """Finds them."""

    def __init__(self, policies: PolicySource, organization: Organization | None) -> None:
        self._policies = policies
        self._organization = organization

    async def of(self, context: RequestContext, needs: Needs) -> Held:
        """Those of who asks; ServiceError for whoever is nobody any more."""
        return self.at_hand(context.principal) or await self._held_by(context, needs)

    def at_hand(self, principal: Principal) -> Held | None:
        """Those of a root, or of nobody in particular; None for whoever may have some of their own."""
        if not principal.account_id:
            return NOBODYS
        if not principal.arn.endswith(":root"):
            return None
        scps = self._scps_of(principal)
        return Held((), None, None, scps) if scps else ROOTS

    def _scps_of(self, principal: Principal) -> Sequence[Sequence[NamedPolicy]]:
        if self._organization is None or not principal.account_id:
            return ()
        return self._organization.scps_of(principal.account_id)

    async def _held_by(self, context: RequestContext, needs: Needs) -> Held:
        """The policies of who asks, or the answer to whoever is nobody."""
        principal = context.principal
        policies = await self._policies_of(principal, self._scps_of(principal))
        if policies is None or principal.arn.split(":", 2)[1] != context.partition:
            # A session that outlived its user or role: ARNs in policies must not take it for a namesake.
            # Or somebody of another partition, whose policies know nothing of the ARNs of this one.
            family = Family.S3 if context.service == "s3" else needs.family
            raise refusal(NotAuthentic(Problem.INVALID_TOKEN), family)
        return policies

    async def _policies_of(self, principal: Principal, scps: Sequence[Sequence[NamedPolicy]]) -> Held | None:
        """None for whoever does not exist (any more)."""
        held = await self._policies.policies_of(principal)
        if held is None:
            return None
        identity, boundary = held
        facts = principal.session
        if facts is None or facts.kind == "session_token":
            return Held(identity, boundary, None, scps)
        session: list[NamedPolicy] = [
            NamedPolicy("session policy", compile_policy(text), _SESSION) for text in facts.session_policies
        ]
        if facts.session_policy_arns:
            session += await self._policies.session_policies(principal.account_id, facts.session_policy_arns)
        # A federated user without session policies may do nothing by itself (API_GetFederationToken).
        limited = bool(facts.session_policies or facts.session_policy_arns) or facts.kind == "federated_user"
        return Held(identity, boundary, session if limited else None, scps)


def policy_set(policies: Held, known: KnownResource | None) -> PolicySet:
    return PolicySet(
        identity=policies.identity,
        boundary=policies.boundary,
        session=policies.session,
        resource=known.policy if known is not None else None,
        grants=known.grants if known is not None else (),
        scps=policies.scps,
    )
