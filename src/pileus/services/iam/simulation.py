"""What would these policies decide?

The decision is the engine's own (`kernel.auth.policy`), the one that requests meet. Which statements led to it is found
by asking each of them: all that deny, or all that allow.

Source: API_SimulateCustomPolicy, API_SimulatePrincipalPolicy, API_EvaluationResult.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pileus.kernel.auth.policy import ContextValue, NamedPolicy, Policy, PolicySet, PolicySyntax, Query, compile_policy
from pileus.kernel.auth.policy.decisions import decide
from pileus.kernel.auth.policy.documents import parse_document
from pileus.kernel.auth.policy.principals import Named, asker_of
from pileus.kernel.auth.policy.statements import CompiledStatement
from pileus.kernel.context import Principal
from pileus.services.iam import shapes
from pileus.services.iam.errors import InvalidInput
from pileus.services.iam.statement_positions import Span, statement_spans

IDENTITY: Final = "IAM Policy"
BOUNDARY: Final = "IAM Permissions Boundary Policy"
RESOURCE: Final = "Resource Policy"
SCP: Final = "Service Control Policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedPolicy:
    """source_id: as the answer names it (`PolicyInputList.1`, `role_ROLE_POLICY`, a managed policy's name)."""

    source_id: str
    source_type: str
    document: str
    policy: Policy

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
    return SimulatedPolicy(source_id=source_id, source_type=source_type, document=document, policy=policy)


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

    def _policies(self) -> list[SimulatedPolicy]:
        others = [policy for policy in (self.resource, self.boundary) if policy is not None]
        return [*self.identity, *others, *(policy for level in self.scps for policy in level)]

    def _query(self, action: str, resource: str) -> Query:
        return Query(
            principal=self.caller,
            action=action,
            resource=resource,
            conditions=self.conditions,
            resource_account_id=self.resource_account_id,
        )

    def evaluate(self, action: str, resource: str) -> shapes.ResourceSpecificResult:
        """One action on one resource."""
        policies = PolicySet(
            identity=[policy.named for policy in self.identity],
            boundary=None if self.boundary is None else self.boundary.named,
            resource=None if self.resource is None else self.resource.named,
            scps=[[policy.named for policy in level] for level in self.scps],
        )
        decision = decide(self._query(action, resource), policies)
        matched: list[shapes.Statement] = []
        if decision.explicit_deny:
            matched = self._matched(self._policies(), action, resource, deny=True)
        elif decision.allowed:
            granting = [*self.identity, *([self.resource] if self.resource is not None else [])]
            matched = self._matched(granting, action, resource, deny=False)
        verdict: shapes.PolicyEvaluationDecisionType = "allowed" if decision.allowed else "implicitDeny"
        return shapes.ResourceSpecificResult(
            eval_resource_name=resource,
            eval_resource_decision="explicitDeny" if decision.explicit_deny else verdict,
            matched_statements=matched,
            missing_context_values=list(decision.missing_context),
            permissions_boundary_decision_detail=self.boundary_detail(action, resource),
        )

    def boundary_detail(self, action: str, resource: str) -> shapes.PermissionsBoundaryDecisionDetail | None:
        if self.boundary is None:
            return None
        allowed = self._allowed_by([self.boundary], action, resource)
        return shapes.PermissionsBoundaryDecisionDetail(allowed_by_permissions_boundary=allowed)

    def organizations_detail(self, action: str, resources: Sequence[str]) -> shapes.OrganizationsDecisionDetail | None:
        if not self.scps:
            return None
        allowed = all(self._allowed_by(level, action, resource) for level in self.scps for resource in resources)
        return shapes.OrganizationsDecisionDetail(allowed_by_organizations=allowed)

    def _allowed_by(self, policies: Sequence[SimulatedPolicy], action: str, resource: str) -> bool:
        denied = self._matched(policies, action, resource, deny=True)
        return not denied and bool(self._matched(policies, action, resource, deny=False))

    def _matched(
        self, policies: Sequence[SimulatedPolicy], action: str, resource: str, *, deny: bool
    ) -> list[shapes.Statement]:
        found = []
        for policy in policies:
            for statement, span in _statements(policy.document):
                if statement.deny == deny and self._applies(policy, statement, action, resource):
                    found.append(_statement_shape(policy, span))
        return found

    def _applies(self, policy: SimulatedPolicy, statement: CompiledStatement, action: str, resource: str) -> bool:
        if policy is self.resource:
            asker, principal = asker_of(self.caller), statement.principal
            if principal is None:
                return False
            if statement.deny and not principal.denies(asker, bounded=self.boundary is not None):
                return False
            if not statement.deny and principal.allows(asker) is Named.NO:
                return False
        return statement.speaks_of(action.lower()) and statement.applies(resource, self.conditions, set())


def evaluation_result(scenario: Scenario, action: str, resources: Sequence[str]) -> shapes.EvaluationResult:
    """One action on all resources: each by itself, and all together.

    Together an action is allowed when it is on every resource. Of several resources AWS names the pattern of their
    ARNs, which is not published as a whole; here they are `*`.
    """
    if not resources:
        return _whole(scenario.evaluate(action, "*"), scenario, action, specific=None, resources=["*"])
    specific = [scenario.evaluate(action, resource) for resource in resources]
    if len(specific) == 1:
        return _whole(specific[0], scenario, action, specific=specific, resources=resources)
    decisions = {result.eval_resource_decision for result in specific}
    together: shapes.PolicyEvaluationDecisionType = "allowed" if decisions == {"allowed"} else "implicitDeny"
    missing = {key for result in specific for key in result.missing_context_values or ()}
    aggregate = shapes.ResourceSpecificResult(
        eval_resource_name="*",
        eval_resource_decision="explicitDeny" if "explicitDeny" in decisions else together,
        matched_statements=[],
        missing_context_values=sorted(missing),
    )
    return _whole(aggregate, scenario, action, specific=specific, resources=resources)


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


def _whole(
    result: shapes.ResourceSpecificResult,
    scenario: Scenario,
    action: str,
    *,
    specific: list[shapes.ResourceSpecificResult] | None,
    resources: Sequence[str],
) -> shapes.EvaluationResult:
    return shapes.EvaluationResult(
        eval_action_name=action,
        eval_resource_name=result.eval_resource_name,
        eval_decision=result.eval_resource_decision,
        matched_statements=result.matched_statements,
        missing_context_values=result.missing_context_values,
        organizations_decision_detail=scenario.organizations_detail(action, resources),
        permissions_boundary_decision_detail=result.permissions_boundary_decision_detail,
        resource_specific_results=specific,
    )


def _statement_shape(policy: SimulatedPolicy, span: Span) -> shapes.Statement:
    return shapes.Statement(
        source_policy_id=policy.source_id,
        # `IAM Policy` on the wire, whatever the model's enumeration says.
        source_policy_type=policy.source_type,  # type: ignore[arg-type]  # see above
        start_position=shapes.Position(line=span.start.line, column=span.start.column),
        end_position=shapes.Position(line=span.end.line, column=span.end.column),
    )
