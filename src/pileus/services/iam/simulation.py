"""What would these policies decide?

The decision is the engine's own (`kernel.auth.policy`), the one that requests meet. Which statements led to it is found
by asking each of them: all that deny, or all that allow.

Policies, actions and resources multiply, so everybody else gets a turn every few milliseconds, and the answer is
bounded.

Source: API_SimulateCustomPolicy, API_SimulatePrincipalPolicy, API_EvaluationResult.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pileus.kernel.auth.policy import ContextValue, NamedPolicy, Policy, PolicySet, PolicySyntax, Query, compile_policy
from pileus.kernel.auth.policy.decisions import decide
from pileus.kernel.auth.policy.documents import parse_document
from pileus.kernel.auth.policy.key_names import spelled
from pileus.kernel.auth.policy.principals import Named, asker_of
from pileus.kernel.auth.policy.statements import CompiledStatement
from pileus.kernel.context import Principal
from pileus.services.iam import shapes
from pileus.services.iam.errors import InvalidInput
from pileus.services.iam.limits import SIMULATED_MATCHES_MAX
from pileus.services.iam.statement_positions import Span, statement_spans

IDENTITY: Final = "IAM Policy"
BOUNDARY: Final = "IAM Permissions Boundary Policy"
RESOURCE: Final = "Resource Policy"
SCP: Final = "Service Control Policy"
_TURN_S: Final = 0.004


class Turns:
    """Work that lets others work."""

    def __init__(self) -> None:
        self._began_s = time.perf_counter()

    async def offer(self) -> None:
        """Everybody else's turn, when ours has lasted a while."""
        if time.perf_counter() - self._began_s > _TURN_S:
            await asyncio.sleep(0)
            self._began_s = time.perf_counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPolicy:
    """source_id: as the answer names it (`PolicyInputList.1`, `role_ROLE_POLICY`, a managed policy's name)."""

    source_id: str
    source_type: str
    document: str
    policy: Policy
    statements: Sequence[tuple[CompiledStatement, Span]]

    @property
    def named(self) -> NamedPolicy:
        return NamedPolicy(self.source_id, self.policy, self.source_type)


@lru_cache(maxsize=64)
def _statements(document: str) -> tuple[tuple[CompiledStatement, Span], ...]:
    """Each with where it stands; once per text, for the same policies meet many actions and resources."""
    parsed = parse_document(document)
    spans = statement_spans(document, count=len(parsed.statements))
    return tuple(
        (CompiledStatement(statement, index, variables=parsed.has_variables), span)
        for index, (statement, span) in enumerate(zip(parsed.statements, spans, strict=True))
    )


def simulated(document: str, *, source_id: str, source_type: str = IDENTITY) -> SimulatedPolicy:
    """InvalidInput unless it is a policy."""
    try:
        policy = compile_policy(document)
    except PolicySyntax as error:
        raise InvalidInput(f"{source_id}: {error.reason}") from None
    return SimulatedPolicy(
        source_id=source_id, source_type=source_type, document=document, policy=policy, statements=_statements(document)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything but the action and the resource. scps: one entry per level of the organisation; empty without."""

    caller: Principal
    identity: Sequence[SimulatedPolicy]
    boundary: SimulatedPolicy | None
    resource: SimulatedPolicy | None
    scps: Sequence[Sequence[SimulatedPolicy]]
    resource_account_id: str
    conditions: Mapping[str, ContextValue]

    def policies(self) -> list[SimulatedPolicy]:
        others = [policy for policy in (self.resource, self.boundary) if policy is not None]
        return [*self.identity, *others, *(policy for level in self.scps for policy in level)]

    def query(self, action: str, resource: str) -> Query:
        return Query(
            principal=self.caller,
            action=action,
            resource=resource,
            conditions=self.conditions,
            resource_account_id=self.resource_account_id,
        )

    async def about(self, action: str, turns: Turns) -> "ActionScenario":
        """Of all statements those that speak of the action, found once for all resources."""
        spoken: dict[int, list[tuple[CompiledStatement, Span]]] = {}
        lowered = action.lower()
        for policy in self.policies():
            await turns.offer()
            found = [entry for entry in policy.statements if entry[0].speaks_of(lowered)]
            if policy is self.resource:
                found = [entry for entry in found if self._meant(entry[0])]
            spoken[id(policy)] = found
        return ActionScenario(self, action, spoken)

    def _meant(self, statement: CompiledStatement) -> bool:
        """Whether a statement of the resource's policy is about the caller."""
        asker, principal = asker_of(self.caller), statement.principal
        if principal is None:
            return False
        if statement.deny:
            return principal.denies(asker, bounded=self.boundary is not None)
        return principal.allows(asker) is not Named.NO

    def policy_set(self) -> PolicySet:
        return PolicySet(
            identity=[policy.named for policy in self.identity],
            boundary=None if self.boundary is None else self.boundary.named,
            resource=None if self.resource is None else self.resource.named,
            scps=[[policy.named for policy in level] for level in self.scps],
        )


class ActionScenario:
    """A scenario with its action. spoken: the statements of each policy that matter, by the policy's `id`."""

    def __init__(
        self, scenario: Scenario, action: str, spoken: Mapping[int, Sequence[tuple[CompiledStatement, Span]]]
    ) -> None:
        self._scenario = scenario
        self._action = action
        self._spoken = spoken
        self._policy_set = scenario.policy_set()

    def evaluate(self, resource: str) -> shapes.ResourceSpecificResult:
        """The action on one resource."""
        scenario = self._scenario
        decision = decide(scenario.query(self._action, resource), self._policy_set)
        matched: list[shapes.Statement] = []
        if decision.explicit_deny:
            matched = self._matched(scenario.policies(), resource, deny=True)
        elif decision.allowed:
            granting = [*scenario.identity, *([scenario.resource] if scenario.resource is not None else [])]
            matched = self._matched(granting, resource, deny=False)
        verdict: shapes.PolicyEvaluationDecisionType = "allowed" if decision.allowed else "implicitDeny"
        return shapes.ResourceSpecificResult(
            eval_resource_name=resource,
            eval_resource_decision="explicitDeny" if decision.explicit_deny else verdict,
            matched_statements=matched,
            missing_context_values=[spelled(key) for key in decision.missing_context],
            permissions_boundary_decision_detail=self._boundary_detail(resource),
        )

    def allowed_by_organizations(self, resource: str) -> bool:
        """Whether every level allows."""
        return all(self._allowed_by(level, resource) for level in self._scenario.scps)

    def _boundary_detail(self, resource: str) -> shapes.PermissionsBoundaryDecisionDetail | None:
        if self._scenario.boundary is None:
            return None
        allowed = self._allowed_by([self._scenario.boundary], resource)
        return shapes.PermissionsBoundaryDecisionDetail(allowed_by_permissions_boundary=allowed)

    def _allowed_by(self, policies: Sequence[SimulatedPolicy], resource: str) -> bool:
        return not self._any(policies, resource, deny=True) and self._any(policies, resource, deny=False)

    def _any(self, policies: Sequence[SimulatedPolicy], resource: str, *, deny: bool) -> bool:
        return any(True for _ in self._applying(policies, resource, deny=deny))

    def _matched(self, policies: Sequence[SimulatedPolicy], resource: str, *, deny: bool) -> list[shapes.Statement]:
        return [_statement_shape(policy, span) for policy, span in self._applying(policies, resource, deny=deny)]

    def _applying(
        self, policies: Sequence[SimulatedPolicy], resource: str, *, deny: bool
    ) -> Iterator[tuple[SimulatedPolicy, Span]]:
        for policy in policies:
            for statement, span in self._spoken[id(policy)]:
                if statement.deny == deny and statement.applies(resource, self._scenario.conditions, set()):
                    yield policy, span


async def evaluation_result(
    scenario: Scenario, action: str, resources: Sequence[str], turns: Turns
) -> shapes.EvaluationResult:
    """One action on all resources: each by itself, and all together; InvalidInput when that is too much to tell.

    Together an action is allowed when it is on every resource. Of several resources AWS names the pattern of their
    ARNs, which is not published as a whole; here they are `*`.
    """
    asked = await scenario.about(action, turns)
    specific: list[shapes.ResourceSpecificResult] = []
    matched, by_organizations = 0, True
    for resource in resources or ("*",):
        await turns.offer()
        result = asked.evaluate(resource)
        specific.append(result)
        by_organizations = by_organizations and asked.allowed_by_organizations(resource)
        matched += len(result.matched_statements or ())
        if matched > SIMULATED_MATCHES_MAX:
            raise InvalidInput(f"More than {SIMULATED_MATCHES_MAX} statements match {action}; name fewer resources.")
    whole = specific[0] if len(specific) == 1 else _together(specific)
    return shapes.EvaluationResult(
        eval_action_name=action,
        eval_resource_name=whole.eval_resource_name,
        eval_decision=whole.eval_resource_decision,
        matched_statements=whole.matched_statements,
        missing_context_values=whole.missing_context_values,
        organizations_decision_detail=(
            shapes.OrganizationsDecisionDetail(allowed_by_organizations=by_organizations) if scenario.scps else None
        ),
        permissions_boundary_decision_detail=whole.permissions_boundary_decision_detail,
        resource_specific_results=specific if resources else None,
    )


def _together(specific: Sequence[shapes.ResourceSpecificResult]) -> shapes.ResourceSpecificResult:
    decisions = {result.eval_resource_decision for result in specific}
    together: shapes.PolicyEvaluationDecisionType = "allowed" if decisions == {"allowed"} else "implicitDeny"
    missing = {key for result in specific for key in result.missing_context_values or ()}
    return shapes.ResourceSpecificResult(
        eval_resource_name="*",
        eval_resource_decision="explicitDeny" if "explicitDeny" in decisions else together,
        matched_statements=[],
        missing_context_values=sorted(missing),
    )


def conditions_of(entries: Sequence[shapes.ContextEntry]) -> dict[str, ContextValue]:
    """By the keys in lower case; InvalidInput when an entry lacks its name or its type."""
    found: dict[str, ContextValue] = {}
    for entry in entries:
        if entry.context_key_name is None or entry.context_key_type is None:
            raise InvalidInput("ContextEntries: ContextKeyName and ContextKeyType are required.")
        values = entry.context_key_values or []
        single = not entry.context_key_type.endswith("List")
        if single and len(values) != 1:
            raise InvalidInput(f"Context key {entry.context_key_name} of type {entry.context_key_type} has one value.")
        found[entry.context_key_name.lower()] = values[0] if single else tuple(values)
    return found


def _statement_shape(policy: SimulatedPolicy, span: Span) -> shapes.Statement:
    return shapes.Statement(
        source_policy_id=policy.source_id,
        # `IAM Policy` on the wire, whatever the model's enumeration says.
        source_policy_type=policy.source_type,  # type: ignore[arg-type]  # see above
        start_position=shapes.Position(line=span.start.line, column=span.start.column),
        end_position=shapes.Position(line=span.end.line, column=span.end.column),
    )
