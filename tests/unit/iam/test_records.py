"""Does what earlier versions wrote still read?"""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.iam.records import (
    AccessKeyRecord,
    GroupRecord,
    InlinePolicyRecord,
    InstanceProfileRecord,
    NameRecord,
    PolicyRecord,
    PolicyVersionRecord,
    RoleRecord,
    TrustedRecord,
    UserRecord,
)

DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
ENTITY: Final[dict[str, Any]] = {"account_id": "1", "name": "n", "path": "/", "arn": "a", "created_at": DAY}
FIRST_VERSIONS: Final[list[tuple[msgspec.Struct, str]]] = [
    (
        RoleRecord(**ENTITY, role_id="AROA", trust_policy="{}"),
        "88a474797065ab69616d2d726f6c652e7631aa6163636f756e745f6964a131a46e616d65a16ea470617468a12fa7726f"
        "6c655f6964a441524f41a361726ea161aa637265617465645f6174d6ff6955b900ac74727573745f706f6c696379a27b"
        "7d",
    ),
    (
        UserRecord(**ENTITY, user_id="AIDA"),
        "87a474797065ab69616d2d757365722e7631aa6163636f756e745f6964a131a46e616d65a16ea470617468a12fa77573"
        "65725f6964a441494441a361726ea161aa637265617465645f6174d6ff6955b900",
    ),
    (
        AccessKeyRecord(
            access_key_id="AKIA",
            account_id="1",
            user_name="n",
            user_id="AIDA",
            user_arn="a",
            created_at=DAY,
            sealed_secret=b"s",
        ),
        "88a474797065b169616d2d6163636573732d6b65792e7631ad6163636573735f6b65795f6964a4414b4941aa6163636f"
        "756e745f6964a131a9757365725f6e616d65a16ea7757365725f6964a441494441a8757365725f61726ea161aa637265"
        "617465645f6174d6ff6955b900ad7365616c65645f736563726574c40173",
    ),
    (
        GroupRecord(**ENTITY, group_id="AGPA"),
        "87a474797065ac69616d2d67726f75702e7631aa6163636f756e745f6964a131a46e616d65a16ea470617468a12fa361"
        "726ea161aa637265617465645f6174d6ff6955b900a867726f75705f6964a441475041",
    ),
    (
        InstanceProfileRecord(**ENTITY, instance_profile_id="AIPA"),
        "87a474797065b769616d2d696e7374616e63652d70726f66696c652e7631aa6163636f756e745f6964a131a46e616d65"
        "a16ea470617468a12fa361726ea161aa637265617465645f6174d6ff6955b900b3696e7374616e63655f70726f66696c"
        "655f6964a441495041",
    ),
    (
        PolicyRecord(**ENTITY, policy_id="ANPA", updated_at=DAY),
        "88a474797065ad69616d2d706f6c6963792e7631aa6163636f756e745f6964a131a46e616d65a16ea470617468a12fa3"
        "61726ea161aa637265617465645f6174d6ff6955b900a9706f6c6963795f6964a4414e5041aa757064617465645f6174"
        "d6ff6955b900",
    ),
    (
        PolicyVersionRecord(number=1, document="{}", created_at=DAY),
        "84a474797065b569616d2d706f6c6963792d76657273696f6e2e7631a66e756d62657201a8646f63756d656e74a27b7d"
        "aa637265617465645f6174d6ff6955b900",
    ),
    (
        InlinePolicyRecord(name="n", document="{}"),
        "83a474797065b469616d2d696e6c696e652d706f6c6963792e7631a46e616d65a16ea8646f63756d656e74a27b7d",
    ),
    (
        NameRecord(kind="user", name="n"),
        "83a474797065ab69616d2d6e616d652e7631a46b696e64a475736572a46e616d65a16e",
    ),
    (
        RoleRecord(
            **ENTITY,
            role_id="AROA",
            trust_policy="{}",
            trusted=(TrustedRecord(written="a", account_id="1", unique_id="AIDA"),),
        ),
        "89a474797065ab69616d2d726f6c652e7631aa6163636f756e745f6964a131a46e616d65a16ea470617468a12fa36172"
        "6ea161aa637265617465645f6174d6ff6955b900a7726f6c655f6964a441524f41ac74727573745f706f6c696379a27b"
        "7da7747275737465649183a77772697474656ea161aa6163636f756e745f6964a131a9756e697175655f6964a4414944"
        "41",
    ),
]


@pytest.mark.parametrize(("record", "written"), FIRST_VERSIONS, ids=lambda value: type(value).__name__)
def test_the_first_version_of_every_record_is_still_read(record: msgspec.Struct, written: str) -> None:
    """These bytes were written when the record was introduced; what they lack has its default."""
    assert decode(bytes.fromhex(written), type(record)) == record
    assert decode(encode(record), type(record)) == record
