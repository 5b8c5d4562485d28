"""How are a bucket's further configurations kept?

As JSON by the names that travel (`{"CORSRule": [...]}`). That is what the structs of `shapes.py` are in JSON, so who
carries a configuration out reads it with the struct of its name.
"""

from base64 import b64encode
from typing import Final, TypeVar

import msgspec

from pileus.kernel.ids import Ids
from pileus.services.s3.model import SettingRecord

S = TypeVar("S", bound=msgspec.Struct)

POLICY: Final = "policy"
CORS: Final = "cors"
WEBSITE: Final = "website"
LIFECYCLE: Final = "lifecycle"
NOTIFICATION: Final = "notification"
REPLICATION: Final = "replication"
LOGGING: Final = "logging"
ACCELERATE: Final = "accelerate"
INVENTORY: Final = "inventory"
ANALYTICS: Final = "analytics"
METRICS: Final = "metrics"
TIERING: Final = "intelligent-tiering"


def setting(struct: msgspec.Struct, *, now_s: float) -> SettingRecord:
    """A configuration as it is kept."""
    return SettingRecord(document=msgspec.json.encode(struct), changed_at_s=now_s)


def read(record: SettingRecord, kind: type[S]) -> S:
    """What was kept as a `kind`, or as a struct that has all of its members."""
    return msgspec.json.decode(record.document, type=kind)


def new_id(ids: Ids) -> str:
    """The id of a rule that came without one: 48 characters, as AWS's."""
    return b64encode(ids.uuid().encode()).decode()
