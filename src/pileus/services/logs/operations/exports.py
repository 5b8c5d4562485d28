"""Exports: a group's events as files of a bucket."""

from typing import Final

import msgspec

from pileus.kernel.context import RequestContext
from pileus.kernel.errors import NotImplementedByPileus
from pileus.kernel.storage.seam import Transaction
from pileus.services.logs import exports
from pileus.services.logs.errors import (
    InvalidOperationException,
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from pileus.services.logs.exports import ACTIVE, EXPORTS, TEST_BODY, TEST_KEY, ExportRecord, NotLetIn
from pileus.services.logs.limits import DESCRIBE_ITEMS_MAX
from pileus.services.logs.model import group_arn
from pileus.services.logs.operations.base import LogsBase, read_name_token, region_of, write_name_token
from pileus.services.logs.shapes import (
    CancelExportTaskRequest,
    CreateExportTaskRequest,
    CreateExportTaskResponse,
    DescribeExportTasksRequest,
    DescribeExportTasksResponse,
    ExportTask,
    ExportTaskExecutionInfo,
    ExportTaskStatus,
)
from pileus.services.logs.store import Reading

_PREFIX: Final = "exportedlogs"
"""Unless the request says otherwise (API_CreateExportTask)."""


class ExportOperations(LogsBase):
    async def create_export_task(
        self, context: RequestContext, request: CreateExportTaskRequest
    ) -> CreateExportTaskResponse:
        """One at a time of an account in a region (User Guide, "CloudWatch Logs quotas")."""
        region = region_of(context)
        await Reading(self._store.snapshot(), region).group(request.log_group_name)
        if request.from_ > request.to:
            raise InvalidParameterException("The given from time is after the given to time.")
        record = ExportRecord(
            task_id=self._ids.uuid(),
            name=request.task_name,
            group=request.log_group_name,
            group_arn=group_arn(context, request.log_group_name),
            stream_prefix=request.log_stream_name_prefix or "",
            from_ms=request.from_,
            to_ms=request.to,
            bucket=request.destination,
            prefix=request.destination_prefix or _PREFIX,
            created_ms=self._now_ms(),
        )
        await self._check_bucket(context, record)

        async def create(tx: Transaction) -> None:
            await Reading(tx, region).group(record.group)
            known = await EXPORTS.list(tx, region)
            if any(one.state in ACTIVE for one in known):
                raise LimitExceededException
            exports.ask(tx, region, record)

        await self._store.run(create)
        return CreateExportTaskResponse(task_id=record.task_id)

    async def describe_export_tasks(
        self, context: RequestContext, request: DescribeExportTasksRequest
    ) -> DescribeExportTasksResponse:
        limit = request.limit or DESCRIBE_ITEMS_MAX
        known = await EXPORTS.list(
            self._store.snapshot(), region_of(context), beyond=read_name_token(request.next_token)
        )
        found = [
            record
            for record in known
            if request.task_id in (None, record.task_id) and request.status_code in (None, record.state)
        ]
        return DescribeExportTasksResponse(
            export_tasks=[_described(record) for record in found[:limit]],
            next_token=write_name_token(found[limit - 1].task_id) if len(found) > limit else None,
        )

    async def cancel_export_task(self, context: RequestContext, request: CancelExportTaskRequest) -> None:
        """One that runs ends before its next file."""
        region = region_of(context)

        async def cancel(tx: Transaction) -> None:
            known = await EXPORTS.find(tx, region, request.task_id)
            if known is None:
                raise ResourceNotFoundException("The specified export task does not exist.")
            if known.state not in {"PENDING", "RUNNING"}:
                raise InvalidOperationException("The specified export task has already finished.")
            waiting = known.state == "PENDING"
            changed = msgspec.structs.replace(
                known,
                state="CANCELLED" if waiting else "PENDING_CANCEL",
                completed_ms=self._now_ms() if waiting else None,
            )
            EXPORTS.put(tx, region, changed, known.task_id)

        await self._store.run(cancel)

    async def _check_bucket(self, context: RequestContext, record: ExportRecord) -> None:
        """In AWS's words: recording logs_export_tasks, test_create_export_task_bucket_not_found."""
        if self._buckets is None:
            raise NotImplementedByPileus("there are no buckets here")
        buckets, call = self._buckets(), exports.call_of(region_of(context), record.group_arn)
        try:
            await buckets.check(record.bucket, region=context.region, call=call)
            await buckets.put(
                record.bucket, f"{record.prefix}/{TEST_KEY}", TEST_BODY, content_type="text/plain", call=call
            )
        except NotLetIn as refused:
            if not refused.operation:
                raise InvalidParameterException(
                    "The given bucket does not exist. Please make sure the bucket is valid."
                ) from None
            raise InvalidParameterException(
                f"{refused.operation} call on the given bucket failed. Please check if CloudWatch Logs has been "
                "granted permission to perform this operation."
            ) from None


def _described(record: ExportRecord) -> ExportTask:
    return ExportTask(
        task_id=record.task_id,
        task_name=record.name,
        log_group_name=record.group,
        from_=record.from_ms,
        to=record.to_ms,
        destination=record.bucket,
        destination_prefix=record.prefix,
        status=ExportTaskStatus(code=record.state, message=record.message),
        execution_info=ExportTaskExecutionInfo(creation_time=record.created_ms, completion_time=record.completed_ms),
    )
