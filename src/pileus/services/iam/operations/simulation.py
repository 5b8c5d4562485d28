"""What would be allowed?"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from pileus.kernel.auth.policy import ContextValue
from pileus.kernel.context import Principal, RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.services.iam import paging, shapes
from pileus.services.iam.errors import InvalidInput
from pileus.services.iam.limits import (
    SIMULATED_ACTIONS_MAX,
    SIMULATED_MATCHES_MAX,
    SIMULATED_POLICIES_CHARS_MAX,
    SIMULATED_RESOURCES_MAX,
    SIMULATED_RESULTS_MAX,
)
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.operations.context_keys import holder_of_arn
from pileus.services.iam.records import GroupRecord, Holder
from pileus.services.iam.simulation import (
    BOUNDARY,
    IDENTITY,
    RESOURCE,
    SCP,
    Scenario,
    SimulatedPolicy,
    Turns,
    conditions_of,
    evaluation_result,
    simulated,
)
from pileus.services.iam.store import AccountReader

_ACTION: Final = re.compile(r"[A-Za-z0-9_-]+:[A-Za-z0-9_*?-]+")
_ACCOUNT_ID: Final = re.compile(r"[0-9]{12}")
_NOBODY: Final = "simulated-caller"
"""Who calls where nobody is named and it makes no difference."""

_Request = shapes.SimulateCustomPolicyRequest | shapes.SimulatePrincipalPolicyRequest


class SimulationOperations(Operations):
    """SimulateCustomPolicy and SimulatePrincipalPolicy."""

    async def simulate_custom_policy(
        self, context: RequestContext, request: shapes.SimulateCustomPolicyRequest
    ) -> shapes.SimulatePolicyResponse:
        _check(request)
        turns = Turns()
        levels = [
            await _inputs(
                level.service_control_policy_input_list or (),
                turns,
                name=f"OrganizationPolicy.{number}",
                source_type=SCP,
            )
            for number, level in enumerate(request.ordered_organization_policy_input_list or (), 1)
        ]
        caller = _caller(request.caller_arn, context)
        return await _answer(
            request,
            turns,
            Scenario(
                caller=caller,
                identity=await _inputs(request.policy_input_list, turns),
                boundary=_boundary_input(request),
                resource=_resource_policy(request),
                scps=levels,
                resource_account_id=_resource_account(request, caller),
                conditions=_conditions(request, caller),
            ),
        )

    async def simulate_principal_policy(
        self, context: RequestContext, request: shapes.SimulatePrincipalPolicyRequest
    ) -> shapes.SimulatePolicyResponse:
        """A user's groups count too, and the boundary, unless another is given."""
        _check(request)
        turns = Turns()
        account = self._store.read(context.account_id)
        _check_entity(request.policy_source_arn)
        holder = await holder_of_arn(account, request.policy_source_arn)
        if request.resource_policy is not None and holder.kind != "user" and request.caller_arn is None:
            raise InvalidInput("CallerArn is required when ResourcePolicy is given and PolicySourceArn is no user.")
        excluded = _Excluded(request.policy_exclusion_list or ())
        identity = await _policies_of(account, holder, excluded)
        if holder.kind == "user":
            for group in await account.groups_of(holder.unique_id):
                identity += await _policies_of(account, group, excluded)
        caller_arn = request.caller_arn or (holder.arn if holder.kind == "user" else None)
        caller = _caller(caller_arn, context, user_id=holder.unique_id if caller_arn == holder.arn else "")
        return await _answer(
            request,
            turns,
            Scenario(
                caller=caller,
                identity=[*identity, *await _inputs(request.policy_input_list or (), turns)],
                boundary=_boundary_input(request) or await _boundary_of(account, holder, excluded),
                resource=_resource_policy(request),
                scps=(),
                resource_account_id=_resource_account(request, caller),
                conditions=_conditions(request, caller),
            ),
        )


class _Excluded:
    """Policies that the simulation leaves out (API_PolicyIdentifier)."""

    def __init__(self, identifiers: Sequence[shapes.PolicyIdentifier]) -> None:
        self._boundary = any(one.policy_type == "permission-boundary" for one in identifiers)
        self._arns = {one.policy_arn for one in identifiers if one.policy_arn is not None}
        self._inline = {
            (inline.attachment_type, inline.attachment_name.casefold(), inline.policy_name)
            for one in identifiers
            if (inline := one.inline_policy_identifier) is not None
        }

    def inline(self, holder: Holder, name: str) -> bool:
        return (holder.kind, holder.name.casefold(), name) in self._inline

    def managed(self, arn: str) -> bool:
        return arn in self._arns

    @property
    def boundary(self) -> bool:
        return self._boundary


def _check_entity(arn: str) -> None:
    """InvalidInput for what has no policies of its own: the root, a session."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or parts[5].partition("/")[0] not in {"user", "group", "role"}:
        raise InvalidInput(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")


def _check(request: _Request) -> None:
    """InvalidInput for what the models leave open."""
    if request.resource_handling_option is not None:
        raise NotImplementedByPileus("ResourceHandlingOption is not implemented")
    for kind, named, most in (
        ("ActionNames", request.action_names, SIMULATED_ACTIONS_MAX),
        ("ResourceArns", request.resource_arns, SIMULATED_RESOURCES_MAX),
    ):
        if len(named or ()) > most:
            raise InvalidInput(f"{kind} can have {most} members at most.")
    if sum(map(len, _documents(request))) > SIMULATED_POLICIES_CHARS_MAX:  # before they are read
        raise InvalidInput(f"The policies have more than {SIMULATED_POLICIES_CHARS_MAX} characters together.")
    for action in request.action_names:
        if _ACTION.fullmatch(action) is None:
            raise InvalidInput(f"Invalid action name: {action}")
    if len(request.permissions_boundary_policy_input_list or ()) > 1:
        raise InvalidInput("PermissionsBoundaryPolicyInputList can have one policy only.")
    if (
        isinstance(request, shapes.SimulateCustomPolicyRequest)
        and request.resource_policy is not None
        and request.caller_arn is None
    ):
        raise InvalidInput("CallerArn is required when ResourcePolicy is given.")


def _documents(request: _Request) -> Iterator[str]:
    """Every policy that comes with the request."""
    yield from request.policy_input_list or ()
    yield from request.permissions_boundary_policy_input_list or ()
    yield request.resource_policy or ""
    if isinstance(request, shapes.SimulateCustomPolicyRequest):
        for level in request.ordered_organization_policy_input_list or ():
            yield from level.service_control_policy_input_list or ()


async def _answer(request: _Request, turns: Turns, scenario: Scenario) -> shapes.SimulatePolicyResponse:
    """One result for each action, in pages. A page may end before it is full (API_SimulateCustomPolicy, MaxItems)."""
    resources = list(dict.fromkeys(request.resource_arns or ()))
    after = paging.after(request)
    numbered = [
        (f"{index:06}", action)
        for index, action in enumerate(dict.fromkeys(request.action_names))
        if after is None or f"{index:06}" > after
    ]
    told, matched = 0, 0
    results: list[shapes.EvaluationResult] = []
    for _, action in numbered[: paging.items_max(request)]:
        if told >= SIMULATED_RESULTS_MAX or matched >= SIMULATED_MATCHES_MAX:
            break
        result = await evaluation_result(scenario, action, resources, turns)
        results.append(result)
        specific = result.resource_specific_results or ()
        told += 1 + len(specific)
        matched += sum(len(one.matched_statements or ()) for one in (result, *specific))
    page = paging.page(numbered, request, name=lambda entry: entry[0], size=len(results))
    return shapes.SimulatePolicyResponse(evaluation_results=results, is_truncated=page.truncated, marker=page.marker)


async def _inputs(
    documents: Sequence[str], turns: Turns, *, name: str = "PolicyInputList", source_type: str = IDENTITY
) -> list[SimulatedPolicy]:
    found = []
    for number, document in enumerate(documents, 1):
        await turns.offer()  # a large one takes long to read
        found.append(simulated(document, source_id=f"{name}.{number}", source_type=source_type))
    return found


def _boundary_input(request: _Request) -> SimulatedPolicy | None:
    documents = request.permissions_boundary_policy_input_list
    if not documents:
        return None
    return simulated(documents[0], source_id="PermissionsBoundaryPolicyInputList.1", source_type=BOUNDARY)


def _resource_policy(request: _Request) -> SimulatedPolicy | None:
    if request.resource_policy is None:
        return None
    return simulated(request.resource_policy, source_id="ResourcePolicy", source_type=RESOURCE)


async def _policies_of(account: AccountReader, holder: Holder, excluded: _Excluded) -> list[SimulatedPolicy]:
    found = [
        simulated(policy.document, source_id=f"{holder.kind}_{holder.name}_{policy.name}")
        for policy in await account.inline_policies(holder.unique_id)
        if not excluded.inline(holder, policy.name)
    ]
    for arn in await account.attached_policy_arns(holder.unique_id):
        policy = await account.find_policy(arn)
        if policy is not None and not excluded.managed(arn):
            found.append(simulated(await account.default_document(policy), source_id=policy.name))
    return found


async def _boundary_of(account: AccountReader, holder: Holder, excluded: _Excluded) -> SimulatedPolicy | None:
    if isinstance(holder, GroupRecord) or holder.permissions_boundary is None or excluded.boundary:
        return None
    policy = await account.find_policy(holder.permissions_boundary)
    if policy is None:
        return None
    return simulated(await account.default_document(policy), source_id=policy.name, source_type=BOUNDARY)


def _caller(caller_arn: str | None, context: RequestContext, *, user_id: str = "") -> Principal:
    """InvalidInput unless it is a user (API_SimulatePrincipalPolicy, CallerArn)."""
    if caller_arn is None:
        arn = f"arn:{context.partition}:iam::{context.account_id}:user/{_NOBODY}"
        return Principal(account_id=context.account_id, arn=arn, user_id="")
    parts = caller_arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not parts[5].startswith("user/"):
        raise InvalidInput(f"Invalid CallerArn: {caller_arn}. It must be the ARN of an IAM user.")
    return Principal(account_id=parts[4], arn=caller_arn, user_id=user_id)


def _resource_account(request: _Request, caller: Principal) -> str:
    """Whose the resources are: it matters to a resource's policy only (API_SimulateCustomPolicy, ResourceOwner)."""
    if request.resource_policy is None or request.resource_owner is None:
        return caller.account_id
    found = _ACCOUNT_ID.search(request.resource_owner)
    if found is None:
        raise InvalidInput(f"Invalid ResourceOwner: {request.resource_owner}")
    return found[0]


def _conditions(request: _Request, caller: Principal) -> dict[str, ContextValue]:
    """What is given, and what follows from a caller who is named."""
    known: dict[str, ContextValue] = {}
    if not caller.arn.endswith(f":user/{_NOBODY}"):
        known = {
            "aws:principalarn": caller.arn,
            "aws:principalaccount": caller.account_id,
            "aws:principaltype": "User",
            "aws:username": caller.arn.rpartition("/")[2],
        }
        if caller.user_id:
            known["aws:userid"] = caller.user_id
    return {**known, **conditions_of(request.context_entries or ())}
