"""May a principal do one thing with one resource, and with what that leads to?

    read     the resource, where a policy of its own may have a say, or a condition asks for it
    decide   by the engine (`policy/`), again for as long as a policy asks for something that was not read
    write    the decision into the audit log; a refusal is raised in AWS's words

Whatever a policy does not name is not read: see `request_conditions`.
"""

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from pileus.kernel.auth.audit import AuditLog, DecisionRecord, Denial, record_of
from pileus.kernel.auth.authorization_message import AuthorizationMessages
from pileus.kernel.auth.holdings import ROOTS, Held, PolicySource, policy_set
from pileus.kernel.auth.permissions import GivenSource, KnownResource, Needs, Permission, ResourceSource
from pileus.kernel.auth.policy import Decision, PolicySet, Query, decide, denial_of, spelled, told_kind
from pileus.kernel.auth.policy.decisions import RESOURCE
from pileus.kernel.auth.refusal_words import words_of
from pileus.kernel.auth.request_conditions import Asking, RequestConditions, Wanted, tags_of_principal
from pileus.kernel.context import RequestContext
from pileus.kernel.errors import AnyServiceError

_ACCOUNT_ID_CHARS: Final = 12


class _Find(Protocol):
    """Finds the resource that is decided about."""

    async def __call__(self, *, closely: bool) -> KnownResource | None: ...


class Requirements:
    """Asks about one permission at a time."""

    def __init__(
        self,
        *,
        policies: PolicySource,
        audit: AuditLog,
        given: Mapping[str, GivenSource],
        messages: AuthorizationMessages | None,
    ) -> None:
        """given: by the service part of an action, who knows resources by more than their ARNs. messages: see
        `Authorizer`."""
        self._policies = policies
        self._audit = audit
        self._given = given
        self._messages = messages

    async def require(
        self,
        asking: Asking,
        permission: Permission,
        given: Any,
        *,
        policies: Held,
        source: ResourceSource | None,
        needs: Needs,
    ) -> None:
        """Of the resource that is asked for, and of what it leads to: each must let in."""
        context, resource = asking.context, permission.resource
        asked_arn = resource.arn(context, given) if resource is not None else "*"
        # Of another account's the policy must be known, whatever is usual.
        look = source is not None and (source.eager or _account_of(asked_arn, context) != context.account_id)
        by_given = self._given.get(permission.action.partition(":")[0])

        async def find(*, closely: bool) -> KnownResource | None:
            if by_given is not None:
                return await by_given.find_given(context, permission, asked_arn, given, closely=closely)
            assert source is not None
            return await source.find(context, asked_arn)

        known = await find(closely=False) if by_given is not None or look else None
        read = source is None or look
        while True:
            if not self._at_home(asking, permission, policies, asked_arn, known, by_given=by_given is not None):
                await self._require_one(
                    asking,
                    permission,
                    given,
                    policies=policies,
                    needs=needs,
                    arn=asked_arn,
                    known=known,
                    find=find,
                    read=read,
                )
            if known is None or known.leads_to is None:
                return
            known = known.leads_to

    def _at_home(
        self,
        asking: Asking,
        permission: Permission,
        policies: Held,
        arn: str,
        known: KnownResource | None,
        *,
        by_given: bool,
    ) -> bool:
        """Whether nothing can refuse whoever asks, since it is their own."""
        context = asking.context
        if _owner_of(arn, known, context) != context.account_id:
            return False
        if by_given and not context.principal.minted:
            return True  # nobody asks about an unknown key, unless it reaches into another account
        # A root, of something of its own that has no policy, or from which no policy can shut it out.
        return policies is ROOTS and (known is None or known.policy is None or permission.root_may)

    async def _require_one(
        self,
        asking: Asking,
        permission: Permission,
        given: Any,
        *,
        policies: Held,
        needs: Needs,
        arn: str,
        known: KnownResource | None,
        find: "_Find",
        read: bool,
    ) -> None:
        """read: whether `known` is what was found, and not what was not looked for."""
        context, resource = asking.context, permission.resource
        if known is not None:
            arn = known.arn
            if resource is not None and resource.becomes is not None:
                arn = resource.becomes(context, given, known)
        conditions = RequestConditions(asking, permission, given, resource_account_id=_owner_of(arn, known, context))
        if read:
            conditions.resource = known
        query = Query(
            principal=context.principal,
            action=permission.action,
            resource=arn,
            conditions=conditions,
            resource_account_id=conditions.resource_account_id,
        )
        asked = policy_set(policies, known)
        decision, denial = await self._decide(query, asked, asking, conditions, find)
        if denial is not None and denial.kind == RESOURCE and known is None and resource is not None and read:
            denial = msgspec.structs.replace(denial, reason=f"there is no {arn} that could let it in")
        noted_later = permission.optional and denial is not None
        if not noted_later:
            await self._note(context, query, decision, denial, asked, asking.now_s)
        if not decision.allowed:
            message = words_of(query, decision, permission, given, context, needs=needs, messages=self._messages)
            refused = AnyServiceError(needs.code, message, status=needs.status)
            if known is not None:
                refused.headers = known.refused_with
            raise refused.because(denial) if noted_later else refused

    async def _decide(
        self,
        query: Query,
        policies: PolicySet,
        asking: Asking,
        conditions: RequestConditions,
        find: "_Find",
    ) -> tuple[Decision, Denial | None]:
        """Decide; read what a policy asked for, and decide again."""
        while True:
            try:
                decision = decide(query, policies)
                return decision, None if decision.allowed else denial_of(query, decision, policies)
            except Wanted as wanted:
                if wanted.what == "principal tags":
                    assert asking.principal_tags is None
                    principal = query.principal
                    kept = await self._policies.tags_of(principal) if principal.account_id else {}
                    asking.principal_tags = tags_of_principal(principal, kept)
                else:
                    conditions.read(await find(closely=wanted.what == "closely"))

    async def _note(
        self,
        context: RequestContext,
        query: Query,
        decision: Decision,
        denial: Denial | None,
        policies: PolicySet,
        now_s: float,
    ) -> None:
        if denial is not None:
            await self._audit.note(record_of(denial, context, at_s=now_s))
            return
        await self._audit.note(
            DecisionRecord(
                at_s=now_s,
                request_id=context.request_id,
                account_id=query.principal.account_id,
                principal=query.principal.arn,
                action=query.action,
                resource=query.resource,
                region=context.region,
                source_ip=context.source_ip,
                allowed=True,
                kind=told_kind(decision.kind, policies.resource),
                policy=decision.policy,
                statement=decision.statement,
                missing_context=tuple(map(spelled, decision.missing_context)),
            )
        )


def _owner_of(arn: str, known: KnownResource | None, context: RequestContext) -> str:
    """Whose the resource is."""
    return known.account_id if known is not None and known.account_id else _account_of(arn, context)


def _account_of(arn: str, context: RequestContext) -> str:
    """Whose the resource is; what bears no account (`*`, an API, a policy of AWS) is the caller's own."""
    parts = arn.split(":", 5)
    if len(parts) == 6 and len(parts[4]) == _ACCOUNT_ID_CHARS:
        return parts[4]
    return context.account_id
