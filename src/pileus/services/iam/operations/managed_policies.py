"""Which policies stand on their own?"""

import re
from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.services.iam import answers, documents, model, paging, shapes, tagging
from pileus.services.iam.aws_managed import catalog
from pileus.services.iam.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from pileus.services.iam.limits import POLICIES_PER_ACCOUNT_MAX, POLICY_VERSIONS_MAX
from pileus.services.iam.operations.base import Operations
from pileus.services.iam.records import PolicyRecord, PolicyVersionRecord
from pileus.services.iam.store import AccountReader


class ManagedPolicyOperations(Operations):
    """Managed policies and their versions."""

    async def create_policy(
        self, context: RequestContext, request: shapes.CreatePolicyRequest
    ) -> shapes.CreatePolicyResponse:
        documents.check_identity_policy(request.policy_document)
        model.check_managed_policy_size(request.policy_document)
        path, now = request.path or "/", self._now()
        policy = PolicyRecord(
            account_id=context.account_id,
            name=request.policy_name,
            path=path,
            policy_id=self._new_id(model.POLICY_ID_PREFIX),
            arn=model.arn(context.partition, context.account_id, "policy", path=path, name=request.policy_name),
            created_at=now,
            updated_at=now,
            description=request.description or None,
            tags=tagging.kept(request.tags, case_sensitive=True),
        )
        async with self._store.transaction(context.account_id) as account:
            if await account.find_policy_by_name(policy.name) is not None:
                raise EntityAlreadyExists(
                    f"A policy called {policy.name} already exists. Duplicate names are not allowed."
                )
            await account.check_quota("policy", "PoliciesPerAccount", POLICIES_PER_ACCOUNT_MAX)
            account.put_policy(policy)
            account.put_policy_version(
                policy, PolicyVersionRecord(number=1, document=request.policy_document, created_at=now)
            )
        shape = answers.policy_shape(
            policy, attachment_count=0, boundary_usage_count=0, tags=tagging.given_shapes(policy.tags)
        )
        return shapes.CreatePolicyResponse(policy=shape)

    async def create_policy_version(
        self, context: RequestContext, request: shapes.CreatePolicyVersionRequest
    ) -> shapes.CreatePolicyVersionResponse:
        documents.check_identity_policy(request.policy_document)
        model.check_managed_policy_size(request.policy_document)
        async with self._store.transaction(context.account_id) as account:
            policy = await account.policy(request.policy_arn, partition=context.partition)
            model.check_own(policy, context)
            if len(await account.policy_versions(policy)) >= POLICY_VERSIONS_MAX:
                raise LimitExceeded(
                    f"A managed policy can have up to {POLICY_VERSIONS_MAX} versions."
                    " Before you create a new version, you must delete an existing version."
                )
            version = PolicyVersionRecord(
                number=policy.last_version + 1, document=request.policy_document, created_at=self._now()
            )
            account.put_policy_version(policy, version)
            account.put_policy(
                msgspec.structs.replace(
                    policy,
                    last_version=version.number,
                    default_version=version.number if request.set_as_default else policy.default_version,
                    updated_at=version.created_at,
                )
            )
        shape = answers.policy_version_shape(version, default=bool(request.set_as_default))
        return shapes.CreatePolicyVersionResponse(policy_version=shape)

    async def delete_policy(self, context: RequestContext, request: shapes.DeletePolicyRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            policy = await account.policy(request.policy_arn, partition=context.partition)
            model.check_own(policy, context)
            if await account.usage_count(policy.arn, "PermissionsPolicy") or await account.usage_count(
                policy.arn, "PermissionsBoundary"
            ):
                raise DeleteConflict("Cannot delete a policy attached to entities.")
            if len(await account.policy_versions(policy)) > 1:
                raise DeleteConflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's"
                    " versions. The default version is deleted with the policy."
                )
            account.delete_policy(policy)

    async def delete_policy_version(self, context: RequestContext, request: shapes.DeletePolicyVersionRequest) -> None:
        async with self._store.transaction(context.account_id) as account:
            policy, version = await _version(
                account, request.policy_arn, request.version_id, partition=context.partition
            )
            model.check_own(policy, context)
            if version.number == policy.default_version:
                raise DeleteConflict("Cannot delete the default version of a policy.")
            account.delete_policy_version(policy, version)

    async def get_policy(self, context: RequestContext, request: shapes.GetPolicyRequest) -> shapes.GetPolicyResponse:
        account = self._store.read(context.account_id)
        policy = await account.policy(request.policy_arn, partition=context.partition)
        shape = answers.policy_shape(
            policy,
            attachment_count=await account.usage_count(policy.arn, "PermissionsPolicy"),
            boundary_usage_count=await account.usage_count(policy.arn, "PermissionsBoundary"),
            description=policy.description,
            tags=tagging.sorted_shapes(policy.tags),
        )
        return shapes.GetPolicyResponse(policy=shape)

    async def get_policy_version(
        self, context: RequestContext, request: shapes.GetPolicyVersionRequest
    ) -> shapes.GetPolicyVersionResponse:
        account = self._store.read(context.account_id)
        policy, version = await _version(account, request.policy_arn, request.version_id, partition=context.partition)
        shape = answers.policy_version_shape(
            version, default=version.number == policy.default_version, with_document=True
        )
        return shapes.GetPolicyVersionResponse(policy_version=shape)

    async def list_policies(
        self, context: RequestContext, request: shapes.ListPoliciesRequest
    ) -> shapes.ListPoliciesResponse:
        """The account's own by name, then AWS's by age (recorded: test_list_policies_scope_aws)."""
        account = self._store.read(context.account_id)
        usage = request.policy_usage_filter or ("PermissionsPolicy" if request.only_attached else None)
        used = None if usage is None else frozenset(await account.used_policy_arns(usage))
        path_prefix = request.path_prefix or "/"

        def wanted(policy: PolicyRecord) -> bool:
            return policy.path.startswith(path_prefix) and (used is None or policy.arn in used)

        after = paging.after(request)
        found: list[PolicyRecord] = []
        size = paging.items_max(request) + 1
        if request.scope != "AWS" and (after is None or not after.startswith(_AWS_MARKER)):
            found += await account.policies(after_name=after, limit=size, wanted=wanted)
        if request.scope != "Local" and len(found) < size:
            found += [policy for policy in _aws_policies(context.partition, after) if wanted(policy)]
        page = paging.page(found, request, name=_list_position)
        return shapes.ListPoliciesResponse(
            policies=[
                answers.policy_shape(
                    policy,
                    attachment_count=await account.usage_count(policy.arn, "PermissionsPolicy"),
                    boundary_usage_count=await account.usage_count(policy.arn, "PermissionsBoundary"),
                )
                for policy in page.items
            ],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def list_policy_versions(
        self, context: RequestContext, request: shapes.ListPolicyVersionsRequest
    ) -> shapes.ListPolicyVersionsResponse:
        """The newest first."""
        account = self._store.read(context.account_id)
        policy = await account.policy(request.policy_arn, partition=context.partition)
        versions = await account.policy_versions(policy)
        page = paging.page_of_all(versions, request, name=lambda version: f"{10**9 - version.number:09}")
        return shapes.ListPolicyVersionsResponse(
            versions=[
                answers.policy_version_shape(version, default=version.number == policy.default_version)
                for version in page.items
            ],
            is_truncated=page.truncated,
            marker=page.marker,
        )

    async def set_default_policy_version(
        self, context: RequestContext, request: shapes.SetDefaultPolicyVersionRequest
    ) -> None:
        async with self._store.transaction(context.account_id) as account:
            policy, version = await _version(
                account, request.policy_arn, request.version_id, partition=context.partition
            )
            model.check_own(policy, context)
            account.put_policy(msgspec.structs.replace(policy, default_version=version.number, updated_at=self._now()))


_NUMBERED: Final = re.compile(r"v[1-9][0-9]{0,8}")
_AWS_MARKER: Final = "/aws/"
"""Begins no name of a policy, so a marker tells which of the two lists goes on."""


def _list_position(policy: PolicyRecord) -> str:
    return f"{_AWS_MARKER}{policy.name}" if policy.aws_managed else policy.name


def _aws_policies(partition: str, after: str | None) -> tuple[PolicyRecord, ...]:
    """AWS's, from where the page begins."""
    policies = catalog.policies(partition)
    if after is None or not after.startswith(_AWS_MARKER):
        return policies
    last = after.removeprefix(_AWS_MARKER)
    return policies[next((place for place, policy in enumerate(policies, 1) if policy.name == last), 0) :]


async def _version(
    account: AccountReader, policy_arn: str, version_id: str, *, partition: str
) -> tuple[PolicyRecord, PolicyVersionRecord]:
    """NoSuchEntity, for a policy that is absent as for a version (recorded: test_policy_version_errors)."""
    policy = await account.find_policy(policy_arn, partition=partition)
    version = None
    if policy is not None and _NUMBERED.fullmatch(version_id):
        version = await account.find_policy_version(policy, int(version_id[1:]))
    if policy is None or version is None:
        raise NoSuchEntity(f"Policy {policy_arn} version {version_id} does not exist or is not attachable.")
    return policy, version
