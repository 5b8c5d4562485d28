"""In which state is a table, or an index, at a moment?"""

from typing import Literal

from pileus.services.dynamodb.shapes import IndexStatus
from pileus.services.dynamodb.table_records import IndexRecord, TableRecord

State = Literal["CREATING", "ACTIVE", "UPDATING", "DELETING"]


def state_of(record: TableRecord, now_s: float) -> State:
    if record.deleting_until_s is not None:
        return "DELETING"
    if now_s < record.active_at_s:
        return "CREATING"
    return "UPDATING" if now_s < record.updated_until_s else "ACTIVE"


def index_state(record: TableRecord, index: IndexRecord, now_s: float) -> IndexStatus:
    """An index made with its table becomes ACTIVE with it; one made later, when it is filled and its time has come."""
    if index.state != "ACTIVE":
        return index.state
    if now_s < max(index.active_at_s, record.active_at_s):
        return "CREATING"
    return "UPDATING" if now_s < index.updated_until_s else "ACTIVE"


def gone(record: TableRecord, now_s: float) -> bool:
    """Whether its deletion is over; what is left of it is being removed."""
    return record.deleting_until_s is not None and now_s >= record.deleting_until_s
