"""Whether a group's events become files of a bucket, and what is refused before. Recordings logs_export_tasks."""

import gzip
from typing import Any, Final

import pytest

from pileus.kernel.auth.service_calls import ServiceCall
from pileus.kernel.errors import AnyServiceError, ServiceError
from pileus.kernel.ids import SeededIds
from pileus.kernel.outbox import Delivery
from pileus.kernel.storage.records import encode
from pileus.kernel.storage.seam import Event
from pileus.services.logs import exports
from pileus.services.logs.api import LogsApi
from pileus.services.logs.exports import TOPIC, Exports, NotLetIn
from pileus.services.logs.shapes import (
    CancelExportTaskRequest,
    CreateExportTaskRequest,
    DescribeExportTasksRequest,
    ExportTask,
)
from tests.support.time import JumpingClock
from tests.unit.logs.conftest import ACCOUNT, NOW, NOW_MS, Logs, context

GROUP_ARN: Final = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g"


class OneBucket:
    """Keeps what is put into it, or refuses an operation."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refuses = ""

    async def check(self, bucket: str, *, region: str, call: ServiceCall) -> None:
        if bucket != "backup":
            raise NotLetIn("")
        self._refuse("GetBucketAcl")

    async def put(self, bucket: str, key: str, data: bytes, *, content_type: str, call: ServiceCall) -> None:
        assert (call.service, call.source_account) == ("logs.us-east-1.amazonaws.com", ACCOUNT)
        assert call.source_arn.removesuffix(":*") == GROUP_ARN
        self._refuse("PutObject")
        self.objects[key] = data

    def _refuse(self, operation: str) -> None:
        if self.refuses == operation:
            raise NotLetIn(operation)


class Exporting:
    """An API with a bucket, whose outbox runs when it is told to."""

    def __init__(self, logs: Logs) -> None:
        self.clock = JumpingClock(NOW)
        self.bucket = OneBucket()
        self.store = logs.store
        self.api = LogsApi(store=logs.store, clock=self.clock, ids=SeededIds(), buckets=lambda: self.bucket)

    async def create(self, **members: Any) -> str:
        asked = {"log_group_name": "g", "from_": 0, "to": NOW_MS + 10_000, "destination": "backup", **members}
        told = await self.api.create_export_task(context(), CreateExportTaskRequest(**asked))
        assert told.task_id is not None
        return told.task_id

    async def run(self, task_id: str) -> None:
        """Deliver the task, as the outbox does, be it again."""
        await Exports(store=self.store, clock=self.clock, buckets=self.bucket).deliver(_delivery(task_id))

    async def give_up(self, task_id: str, error: BaseException) -> None:
        """As the outbox does after the last attempt."""
        await Exports(store=self.store, clock=self.clock, buckets=self.bucket).give_up(_delivery(task_id), error)

    async def tasks(self, **members: Any) -> list[ExportTask]:
        told = await self.api.describe_export_tasks(context(), DescribeExportTasksRequest(**members))
        assert told.export_tasks is not None
        return told.export_tasks

    async def state(self) -> str | None:
        [task] = await self.tasks()
        assert task.status is not None
        return task.status.code


def _delivery(task_id: str) -> Delivery:
    asked = exports._Asked(account_id=ACCOUNT, region="us-east-1", task_id=task_id)
    return Delivery(event=Event(topic=TOPIC, payload=encode(asked)), attempt=1, due=NOW, id=1)


@pytest.fixture
async def exporting(logs: Logs) -> Exporting:
    await logs.create("s/1", "s/2", "other")
    await logs.put("s/1", (0, "first"), (1_500, "second\n"))
    await logs.put("s/2", (20_000, "too late"))
    await logs.put("other", (0, "elsewhere"))
    return Exporting(logs)


async def test_a_group_becomes_files(exporting: Exporting) -> None:
    """A folder for each stream with events in that time; slashes of its name would be further folders."""
    task_id = await exporting.create(task_name="t", log_stream_name_prefix="s/")
    [task] = await exporting.tasks(task_id=task_id)
    assert task.status is not None
    assert task.execution_info is not None
    assert (task.destination, task.destination_prefix, task.task_name) == ("backup", "exportedlogs", "t")
    assert (task.status.code, task.status.message, task.execution_info.creation_time) == ("PENDING", None, NOW_MS)
    await exporting.run(task_id)
    assert await exporting.state() == "COMPLETED"
    test, file = exporting.bucket.objects
    assert exporting.bucket.objects[test] == b"Permission Check Successful"
    assert (test, file) == ("exportedlogs/aws-logs-write-test", f"exportedlogs/{task_id}/s-1/000000.gz")
    assert gzip.decompress(exporting.bucket.objects[file]).decode() == (
        "2026-06-01T12:00:00.000Z first\n2026-06-01T12:00:01.500Z second\n"
    )


async def test_the_end_of_the_time_counts(exporting: Exporting) -> None:
    """API_CreateExportTask: what is later than `to` is not exported."""
    task_id = await exporting.create(from_=NOW_MS, to=NOW_MS, destination_prefix="p")
    await exporting.run(task_id)
    files = {key for key in exporting.bucket.objects if key.endswith(".gz")}
    assert files == {f"p/{task_id}/s-1/000000.gz", f"p/{task_id}/other/000000.gz"}
    lines = [gzip.decompress(exporting.bucket.objects[key]).count(b"\n") for key in files]
    assert lines == [1, 1]


async def test_long_streams_are_several_files(exporting: Exporting, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that none need be in memory; done again, they are the same."""
    monkeypatch.setattr(exports, "FILE_BYTES_MAX", 10)
    task_id = await exporting.create(log_stream_name_prefix="s/1")
    await exporting.run(task_id)
    names = sorted(key.rpartition("/")[2] for key in exporting.bucket.objects if key.endswith(".gz"))
    assert names == ["000000.gz", "000001.gz"]


@pytest.mark.parametrize(
    ("members", "refuses", "wrong"),
    [
        ({"log_group_name": "x"}, "", "ResourceNotFoundException: The specified log group does not exist."),
        (
            {"destination": "none"},
            "",
            "InvalidParameterException: The given bucket does not exist. Please make sure the bucket is valid.",
        ),
        (
            {},
            "GetBucketAcl",
            "InvalidParameterException: GetBucketAcl call on the given bucket failed. Please check if",
        ),
        ({}, "PutObject", "InvalidParameterException: PutObject call on the given bucket failed. Please check if"),
        ({"from_": NOW_MS + 1, "to": NOW_MS}, "", "InvalidParameterException: "),
    ],
)
async def test_refusals(exporting: Exporting, members: dict[str, Any], refuses: str, wrong: str) -> None:
    """Before anything is exported."""
    exporting.bucket.refuses = refuses
    with pytest.raises(ServiceError) as caught:
        await exporting.create(**members)
    assert f"{caught.value.error_code}: {caught.value.message}".startswith(wrong)
    assert await exporting.tasks() == []


async def test_one_at_a_time(exporting: Exporting) -> None:
    """Until it is done, or cancelled."""
    task_id = await exporting.create()
    with pytest.raises(ServiceError, match=r"Resource limit exceeded\."):
        await exporting.create()
    await exporting.api.cancel_export_task(context(), CancelExportTaskRequest(task_id=task_id))
    assert await exporting.state() == "CANCELLED"
    await exporting.run(task_id)
    assert await exporting.state() == "CANCELLED"
    assert not [key for key in exporting.bucket.objects if key.endswith(".gz")]
    await exporting.create()


async def test_what_is_cancelled_while_it_runs(exporting: Exporting) -> None:
    """It ends before its next file; and a bucket that lets nobody in any more fails it."""
    task_id = await exporting.create()
    put = exporting.bucket.put

    async def cancelling(bucket: str, key: str, data: bytes, *, content_type: str, call: ServiceCall) -> None:
        await put(bucket, key, data, content_type=content_type, call=call)
        await exporting.api.cancel_export_task(context(), CancelExportTaskRequest(task_id=task_id))

    exporting.bucket.put = cancelling  # type: ignore[method-assign]  # the test's own
    await exporting.run(task_id)
    assert await exporting.state() == "CANCELLED"
    assert len([key for key in exporting.bucket.objects if key.endswith(".gz")]) == 1
    with pytest.raises(ServiceError, match="finished"):
        await exporting.api.cancel_export_task(context(), CancelExportTaskRequest(task_id=task_id))
    with pytest.raises(ServiceError, match=r"The specified export task does not exist\."):
        await exporting.api.cancel_export_task(context(), CancelExportTaskRequest(task_id="none"))


async def test_a_bucket_that_closes_meanwhile(exporting: Exporting) -> None:
    """The task says why it failed."""
    task_id = await exporting.create()
    exporting.bucket.refuses = "PutObject"
    await exporting.run(task_id)
    [task] = await exporting.tasks(status_code="FAILED")
    assert task.status is not None
    assert task.status.message == "PutObject failed"


async def test_streams_of_one_folder(exporting: Exporting, logs: Logs) -> None:
    """`s/1` and `s-1` become one folder: what one of them said must not be replaced by the other's."""
    await logs.create_stream("s-1")
    await logs.put("s-1", (0, "third"))
    task_id = await exporting.create()
    await exporting.run(task_id)
    folder = f"exportedlogs/{task_id}/s-1/"
    files = [data for key, data in exporting.bucket.objects.items() if key.startswith(folder)]
    said = b"".join(gzip.decompress(data) for data in files).decode().splitlines()
    assert {line.partition(" ")[2] for line in said} == {"first", "second", "third"}


async def test_what_fails_for_good_is_over(exporting: Exporting) -> None:
    """One that stayed RUNNING would keep the account from every further export, and nobody could cancel it."""
    task_id = await exporting.create()
    put = exporting.bucket.put

    async def broken(bucket: str, key: str, data: bytes, *, content_type: str, call: ServiceCall) -> None:
        raise AnyServiceError("InternalError", "There is no space left.", status=500)

    exporting.bucket.put = broken  # type: ignore[method-assign]  # the test's own
    with pytest.raises(AnyServiceError) as caught:
        await exporting.run(task_id)
    assert await exporting.state() == "RUNNING"
    await exporting.give_up(task_id, caught.value)
    [task] = await exporting.tasks(status_code="FAILED")
    assert task.status is not None
    assert task.status.message == "There is no space left."
    exporting.bucket.put = put  # type: ignore[method-assign]  # as it was
    await exporting.create()
