"""When does a topic begin to keep its messages, and what is told of that?

Sources: see `policies.py`; SNS API Reference, GetTopicAttributes, DeleteTopic (InvalidState).
"""

from typing import Final

import msgspec

from pileus.kernel.ids import Ids
from pileus.kernel.storage.seam import Transaction
from pileus.services.sns.archive.policies import beginning
from pileus.services.sns.archive.store import end_archive
from pileus.services.sns.errors import InvalidState
from pileus.services.sns.model import TopicRecord

_SERIAL_BYTES: Final = 12


def archiving(tx: Transaction, record: TopicRecord, *, ids: Ids, now_s: float) -> TopicRecord:
    """The topic with an archive, or without one, as its policy says."""
    if bool(record.archive_policy) == bool(record.archive_serial):
        return record
    if record.archive_policy:
        return msgspec.structs.replace(record, archive_serial=ids.bytes(_SERIAL_BYTES), archive_since_s=now_s)
    end_archive(tx, record)
    return msgspec.structs.replace(record, archive_serial=b"", archive_since_s=0.0)


def archive_told(record: TopicRecord, now_s: float) -> dict[str, str]:
    """What GetTopicAttributes tells of it beside its policy."""
    if not record.archive_serial:
        return {}
    return {"BeginningArchiveTime": beginning(record.archive_since_s, record.archive_policy, now_s)}


def check_deletable(record: TopicRecord) -> None:
    """An archive is ended first (SNS Developer Guide); the words are ours."""
    if record.archive_serial:
        raise InvalidState("Invalid state: a topic with an active ArchivePolicy cannot be deleted")
