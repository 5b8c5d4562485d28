"""What was written of keys once can be read for ever."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.kms.making import KeyDue
from pileus.services.kms.model import AliasRecord, GrantRecord, KeyRecord, MaterialRecord

RECORDS: Final[dict[str, str]] = json.loads((Path(__file__).parent / "kms_records.json").read_text())
"""Bytes of each kind of record as the first version with it wrote them, by module and name."""
WRITTEN: Final = {
    "pileus.services.kms.model:KeyRecord": KeyRecord(
        account_id="1",
        region="r",
        key_id="k",
        partition="aws",
        spec="SYMMETRIC_DEFAULT",
        usage="ENCRYPT_DECRYPT",
        origin="EXTERNAL",
        policy="{}",
        created_at_s=1.5,
        description="d",
        service="s3",
        enabled=False,
        tags={"a": "b"},
        aliases=("alias/a",),
        deletion_at_s=2.5,
        pending_days=7,
        rotation_days=90,
        next_rotation_at_s=3.5,
        on_demand=1,
        grants=2,
        serial=3,
        current=2,
        current_id="m",
        missing=1,
        expires_at_s=4.5,
    ),
    "pileus.services.kms.model:MaterialRecord": MaterialRecord(
        sealed=b"s",
        material_id="m",
        state="NON_CURRENT",
        since_s=1.5,
        rotation="AUTOMATIC",
        description="d",
        expires_at_s=2.5,
    ),
    "pileus.services.kms.model:AliasRecord": AliasRecord(key_id="k", created_at_s=1.5, updated_at_s=2.5),
    "pileus.services.kms.model:GrantRecord": GrantRecord(
        grant_id="g",
        grantee="e",
        operations=("Encrypt",),
        issuing_account="i",
        created_at_s=1.5,
        retiring="r",
        name="n",
        subset={"a": "b"},
        equals={"c": "d"},
    ),
    "pileus.services.kms.making:KeyDue": KeyDue(account_id="1", region="r", key_id="k", at_s=1.5, serial=2),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_records_of_the_first_version(name: str) -> None:
    """They are read as what they were, and what is read writes the same again."""
    module, _, kind_name = name.partition(":")
    kind: Any = getattr(import_module(module), kind_name)
    record = decode(bytes.fromhex(RECORDS[name]), kind)
    assert record == WRITTEN[name]
    assert decode(encode(record), kind) == record
