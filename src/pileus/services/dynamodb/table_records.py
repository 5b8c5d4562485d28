"""What is written down about a table?"""

from typing import Literal

import msgspec

from pileus.services.dynamodb.shapes import BillingMode, KeyType, ScalarAttributeType, StreamViewType, TableClass

ProjectionKind = Literal["ALL", "KEYS_ONLY", "INCLUDE"]
IndexState = Literal["CREATING", "ACTIVE", "DELETING"]
UpdatedPart = Literal["throughput", "stream", "class", "index"]


class IndexRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A secondary index of a table.

    id: where its entries lie; an index made anew under an old name has another. local: an LSI.
    partition, sort: names of its key attributes in order. attributes: projected besides the keys, of INCLUDE.
    state: CREATING while it is being filled (it is maintained from the first moment), and is not read before ACTIVE.
    read_units, write_units: provisioned. max_read_units, max_write_units: on-demand limits, -1 unset.
    active_at_s: seconds since 1970; shown as CREATING before, even when it is filled. updated_until_s: UPDATING before.
    increased_at_s, decreased_at_s: of provisioned units; decreases_today: of the day of `decreased_at_s`.
    backfilling: whether existing items are being given entries; None for an index that was made with its table.
    """

    name: str
    id: str
    local: bool
    partition: list[str]
    sort: list[str] = []
    projection: ProjectionKind = "ALL"
    attributes: list[str] = []
    state: IndexState = "ACTIVE"
    active_at_s: float = 0
    read_units: int = 0
    write_units: int = 0
    max_read_units: int = -1
    max_write_units: int = -1
    warm_read_units: int = 0
    warm_write_units: int = 0
    increased_at_s: float | None = None
    decreased_at_s: float | None = None
    decreases_today: int = 0
    backfilling: bool | None = None
    updated_until_s: float = 0


class StreamReference(msgspec.Struct, frozen=True, kw_only=True):
    """The stream that a table writes to now. label: the end of its ARN. The stream's own record knows the rest."""

    label: str
    view: StreamViewType


class TtlSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Which attribute says when an item expires; changed_at_s: seconds since 1970, of the last UpdateTimeToLive."""

    attribute: str
    enabled: bool
    changed_at_s: float


class EncryptionSetting(msgspec.Struct, frozen=True, kw_only=True):
    """key_arn: of KMS. Without a setting, AWS's own key is used and nothing is shown.

    sealed: the table's own key, which that one opens; empty where nobody has to be asked (`keys_of_kms.py`).
    inaccessible_since_s: seconds since 1970, when it was found that it no longer does.
    """

    key_arn: str
    sealed: bytes = b""
    inaccessible_since_s: float | None = None


class TableRecord(msgspec.Struct, frozen=True, kw_only=True, tag="table.v1"):
    """A table as it is kept.

    key_schema: name and type (`HASH`, `RANGE`), in order. attribute_definitions: name and type (`S`, `N`, `B`).
    created_at_s, active_at_s, updated_until_s, deleting_until_s: seconds since 1970; the table is CREATING before
    `active_at_s`, UPDATING before `updated_until_s`, DELETING when there is a `deleting_until_s`.
    read_units, write_units: provisioned. max_read_units, max_write_units: on-demand limits, -1 unset.
    warm_read_units, warm_write_units: as asked for, 0 when never.
    updating: what is being changed until `updated_until_s`. table_class_changes_s: moments, the last two.
    encryption_changes_s: moments, those of a day.
    last_stream_label: of the newest stream, also when it is disabled. policy_revision: of the resource policy, if
    any; last_policy_revision: of any that the table ever had.
    increased_at_s, decreased_at_s: of provisioned units; decreases_today: of the day of `decreased_at_s`.
    """

    name: str
    id: str
    key_schema: list[tuple[str, KeyType]]
    attribute_definitions: list[tuple[str, ScalarAttributeType]]
    created_at_s: float
    active_at_s: float
    billing_mode: BillingMode
    read_units: int = 0
    write_units: int = 0
    deletion_protected: bool = False
    table_class: TableClass | None = None
    max_read_units: int = -1
    max_write_units: int = -1
    tags: list[tuple[str, str]] = []  # a struct copies an empty default
    indexes: list[IndexRecord] = []
    stream: StreamReference | None = None
    ttl: TtlSetting | None = None
    encryption: EncryptionSetting | None = None
    updated_until_s: float = 0
    deleting_until_s: float | None = None
    on_demand_since_s: float | None = None
    increased_at_s: float | None = None
    decreased_at_s: float | None = None
    decreases_today: int = 0
    warm_read_units: int = 0
    warm_write_units: int = 0
    table_class_changes_s: list[float] = []
    encryption_changes_s: list[float] = []
    updating: UpdatedPart | None = None
    last_stream_label: str | None = None
    policy_revision: str | None = None
    last_policy_revision: int = 0

    @property
    def on_demand(self) -> bool:
        return self.billing_mode == "PAY_PER_REQUEST"
