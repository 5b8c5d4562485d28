"""Log groups: made, described, kept for a while, deleted."""

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs.errors import InvalidParameterException, ResourceAlreadyExistsException, ValidationException
from pileus.services.logs.limits import DESCRIBE_ITEMS_MAX, LIST_ITEMS, RETENTION_DAYS
from pileus.services.logs.model import GroupRecord, described_group, group_arn, group_name
from pileus.services.logs.operations.base import LogsBase, read_name_token, region_of, write_name_token
from pileus.services.logs.operations.tags import check_tags
from pileus.services.logs.shapes import (
    CreateLogGroupRequest,
    DeleteLogGroupRequest,
    DeleteRetentionPolicyRequest,
    DescribeLogGroupsRequest,
    DescribeLogGroupsResponse,
    ListLogGroupsRequest,
    ListLogGroupsResponse,
    LogGroupSummary,
    PutLogGroupDeletionProtectionRequest,
    PutRetentionPolicyRequest,
)
from pileus.services.logs.store import Reading, Writing


class GroupOperations(LogsBase):
    async def create_log_group(self, context: RequestContext, request: CreateLogGroupRequest) -> None:
        if request.kms_key_id is not None:
            raise NotImplementedByPileus("kmsKeyId is not implemented")
        if request.log_group_class == "DELIVERY":
            raise NotImplementedByPileus("logGroupClass DELIVERY is not implemented")
        group = GroupRecord(
            name=request.log_group_name,
            created_ms=self._now_ms(),
            log_class=request.log_group_class or "STANDARD",
            tags=dict(request.tags or {}),
            deletion_protection=bool(request.deletion_protection_enabled),
        )
        check_tags(group.tags)

        async def create(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            if await writing.find_group(group.name) is not None:
                raise ResourceAlreadyExistsException("The specified log group already exists")
            writing.put_group(group)

        await self._store.run(create)

    async def delete_log_group(self, context: RequestContext, request: DeleteLogGroupRequest) -> None:
        async def delete(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            group = await writing.group(request.log_group_name)
            if group.deletion_protection:
                raise ValidationException("Cannot delete a log group that has deletion protection enabled.")
            await writing.delete_group(group.name)

        await self._store.run(delete)

    async def delete_retention_policy(self, context: RequestContext, request: DeleteRetentionPolicyRequest) -> None:
        await self._change(context, request.log_group_name, retention_days=None)

    async def describe_log_groups(
        self, context: RequestContext, request: DescribeLogGroupsRequest
    ) -> DescribeLogGroupsResponse:
        if request.log_group_name_prefix is not None and request.log_group_name_pattern is not None:
            raise InvalidParameterException(
                "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."
            )
        if request.include_linked_accounts or request.account_identifiers:
            raise NotImplementedByPileus("includeLinkedAccounts and accountIdentifiers are not implemented")
        if request.log_group_identifiers is not None:
            return await self._described(context, request)
        reading = Reading(self._store.snapshot(), region_of(context))
        wanted = request.log_group_name_pattern
        limit = request.limit or DESCRIBE_ITEMS_MAX
        matching = [
            group
            for group in await reading.groups(
                prefix=request.log_group_name_prefix or "", after_name=read_name_token(request.next_token)
            )
            if (wanted is None or wanted.lower() in group.name.lower())
            and request.log_group_class in (None, group.log_class)
        ]
        page = matching[:limit]
        described = []
        for group in page:
            stored_bytes = None if wanted else sum(stream.stored_bytes for stream in await reading.streams(group.name))
            described.append(described_group(context, group, stored_bytes=stored_bytes))
        return DescribeLogGroupsResponse(
            log_groups=described, next_token=write_name_token(page[-1].name) if len(matching) > limit else None
        )

    async def _described(self, context: RequestContext, request: DescribeLogGroupsRequest) -> DescribeLogGroupsResponse:
        """Those that the request names; what is not there is left out."""
        if request.log_group_name_prefix or request.log_group_name_pattern or request.log_group_class:
            raise InvalidParameterException("LogGroup identifiers and other filters are mutually exclusive parameters.")
        reading = Reading(self._store.snapshot(), region_of(context))
        described = []
        for identifier in request.log_group_identifiers or ():
            group = await reading.find_group(group_name(context, name=None, identifier=identifier))
            if group is not None:
                stored_bytes = sum(stream.stored_bytes for stream in await reading.streams(group.name))
                described.append(described_group(context, group, stored_bytes=stored_bytes))
        return DescribeLogGroupsResponse(log_groups=described)

    async def list_log_groups(self, context: RequestContext, request: ListLogGroupsRequest) -> ListLogGroupsResponse:
        if request.include_linked_accounts or request.account_identifiers:
            raise NotImplementedByPileus("includeLinkedAccounts and accountIdentifiers are not implemented")
        if request.data_sources or request.field_index_names or request.log_group_tags:
            raise NotImplementedByPileus("dataSources, fieldIndexNames and logGroupTags are not implemented")
        limit = request.limit or LIST_ITEMS
        reading = Reading(self._store.snapshot(), region_of(context))
        matching = [
            group
            for group in await reading.groups(after_name=read_name_token(request.next_token))
            if _called(group.name, request.log_group_name_pattern)
            and request.log_group_class in (None, group.log_class)
        ]
        return ListLogGroupsResponse(
            log_groups=[
                LogGroupSummary(
                    log_group_name=group.name,
                    log_group_arn=group_arn(context, group.name),
                    log_group_class=group.log_class,  # type: ignore[arg-type]  # checked when it was written
                )
                for group in matching[:limit]
            ],
            next_token=write_name_token(matching[limit - 1].name) if len(matching) > limit else None,
        )

    async def put_log_group_deletion_protection(
        self, context: RequestContext, request: PutLogGroupDeletionProtectionRequest
    ) -> None:
        name = group_name(context, name=None, identifier=request.log_group_identifier)
        await self._change(context, name, deletion_protection=request.deletion_protection_enabled)

    async def put_retention_policy(self, context: RequestContext, request: PutRetentionPolicyRequest) -> None:
        if request.retention_in_days not in RETENTION_DAYS:
            raise InvalidParameterException(
                f"1 validation error detected: Value '{request.retention_in_days}' at 'retentionInDays' failed to "
                f"satisfy constraint: Member must satisfy enum value set: {sorted(RETENTION_DAYS, reverse=True)}"
            )
        await self._change(context, request.log_group_name, retention_days=request.retention_in_days)

    async def _change(self, context: RequestContext, name: str, **members: object) -> None:
        async def change(tx: Transaction) -> None:
            writing = Writing(tx, region_of(context))
            writing.put_group(msgspec.structs.replace(await writing.group(name), **members))

        await self._store.run(change)


def _called(name: str, pattern: str | None) -> bool:
    """pattern: parts between `|`, each in the name, or after `^` at its beginning (API_ListLogGroups)."""
    if pattern is None:
        return True
    return any(name.startswith(part[1:]) if part.startswith("^") else part in name for part in pattern.split("|"))
