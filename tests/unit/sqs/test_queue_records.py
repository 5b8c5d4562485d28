"""What was written of queues once can be read for ever."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.sqs.model import QueueRecord, RedriveAllowPolicy, RedrivePolicy
from pileus.services.sqs.move_tasks import MoveTaskRecord

RECORDS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "queue_records.json").read_text())
"""Bytes of each kind of record as the first version with it wrote them, by module and name."""


@pytest.mark.parametrize("name", RECORDS)
def test_records_of_the_first_version(name: str) -> None:
    """They are read, and what is read writes the same again."""
    module, _, kind_name = name.partition(":")
    kind: Any = getattr(import_module(module), kind_name)
    record = decode(bytes.fromhex(RECORDS[name]), kind)
    assert decode(encode(record), kind) == record


def test_a_queue_and_a_task() -> None:
    """With all that they had."""
    queue = decode(bytes.fromhex(RECORDS["pileus.services.sqs.model:QueueRecord"]), QueueRecord)
    assert queue == QueueRecord(
        account_id="1",
        region="r",
        name="q.fifo",
        serial=b"12345678",
        created_at_s=1,
        modified_at_s=2,
        fifo=True,
        visibility_timeout_s=3,
        delay_s=4,
        retention_s=60,
        message_bytes_max=1_024,
        wait_s=5,
        policy='{"Statement":[]}',
        redrive=RedrivePolicy(target_arn="arn:aws:sqs:r:1:d.fifo", receive_count_max=6),
        redrive_allow=RedriveAllowPolicy(permission="byQueue", source_arns=("arn:aws:sqs:r:1:s.fifo",)),
        content_based_deduplication=True,
        deduplicates_by_group=True,
        high_throughput=True,
        kms_key="k",
        kms_reuse_s=61,
        sse=False,
        tags={"a": "b"},
        purged_at_s=7.5,
    )
    task = decode(bytes.fromhex(RECORDS["pileus.services.sqs.move_tasks:MoveTaskRecord"]), MoveTaskRecord)
    assert (task.task_id, task.sequence, task.source_serial, task.per_second) == ("t", 2, b"1", 10)
    assert (task.status, task.active, task.moved, task.to_move, task.failure) == ("FAILED", False, 11, 12, "f")
