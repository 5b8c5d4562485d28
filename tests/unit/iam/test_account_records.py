"""Does what earlier versions wrote of accounts, credentials and providers still read?"""

from datetime import UTC, datetime
from typing import Final

import msgspec
import pytest

from pileus.kernel.storage.records import decode, encode
from pileus.services.iam.account_records import (
    AccessingEntity,
    AccessReportRecord,
    AccountAliasRecord,
    AccountRecord,
    CredentialReportRecord,
    KeyUseRecord,
    LoginProfileRecord,
    MfaDeviceRecord,
    OidcProviderRecord,
    PasswordPolicyRecord,
    RoleDeletionRecord,
    SamlKeyRecord,
    SamlProviderRecord,
    ServerCertificateRecord,
    ServiceCredentialRecord,
    ServiceUseRecord,
    SigningCertificateRecord,
    SshKeyRecord,
    TokenPreferencesRecord,
)

DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
FIRST_VERSIONS: Final[list[tuple[msgspec.Struct, str]]] = [
    (
        LoginProfileRecord(created_at=DAY, changed_at=DAY, salt=b"s", hashed=b"h"),
        "85a474797065b469616d2d6c6f67696e2d70726f66696c652e7631aa637265617465645f6174d6ff6955b900aa636861"
        "6e6765645f6174d6ff6955b900a473616c74c40173a6686173686564c40168",
    ),
    (
        MfaDeviceRecord(serial_number="n", created_at=DAY, sealed_seed=b"s"),
        "84a474797065b169616d2d6d66612d6465766963652e7631ad73657269616c5f6e756d626572a16eaa63726561746564"
        "5f6174d6ff6955b900ab7365616c65645f73656564c40173",
    ),
    (
        KeyUseRecord(at=DAY, service="s3", region="r"),
        "84a474797065ae69616d2d6b65792d7573652e7631a26174d6ff6955b900a773657276696365a27333a6726567696f6ea172",
    ),
    (
        OidcProviderRecord(arn="a", scheme="https", url="u", created_at=DAY),
        "85a474797065b469616d2d6f6964632d70726f76696465722e7631a361726ea161a6736368656d65a56874747073a375"
        "726ca175aa637265617465645f6174d6ff6955b900",
    ),
    (
        SamlProviderRecord(
            arn="a",
            name="n",
            uuid="U",
            metadata="m",
            created_at=DAY,
            valid_until=DAY,
            keys=(SamlKeyRecord(key_id="K", added_at=DAY, sealed=b"s"),),
        ),
        "88a474797065b469616d2d73616d6c2d70726f76696465722e7631a361726ea161a46e616d65a16ea475756964a155a8"
        "6d65746164617461a16daa637265617465645f6174d6ff6955b900ab76616c69645f756e74696cd6ff6955b900a46b65"
        "79739183a66b65795f6964a14ba861646465645f6174d6ff6955b900a67365616c6564c40173",
    ),
    (
        ServerCertificateRecord(
            name="n",
            path="/",
            certificate_id="ASCA",
            arn="a",
            uploaded_at=DAY,
            expires_at=DAY,
            body="b",
            sealed_key=b"s",
        ),
        "89a474797065b969616d2d7365727665722d63657274696669636174652e7631a46e616d65a16ea470617468a12fae63"
        "657274696669636174655f6964a441534341a361726ea161ab75706c6f616465645f6174d6ff6955b900aa6578706972"
        "65735f6174d6ff6955b900a4626f6479a162aa7365616c65645f6b6579c40173",
    ),
    (
        AccountAliasRecord(alias="a", account_id="1"),
        "83a474797065b469616d2d6163636f756e742d616c6961732e7631a5616c696173a161aa6163636f756e745f6964a131",
    ),
    (
        PasswordPolicyRecord(),
        "81a474797065b669616d2d70617373776f72642d706f6c6963792e7631",
    ),
    (
        CredentialReportRecord(generated_at=DAY, content=b"c"),
        "83a474797065b869616d2d63726564656e7469616c2d7265706f72742e7631ac67656e6572617465645f6174d6ff6955"
        "b900a7636f6e74656e74c40163",
    ),
    (
        RoleDeletionRecord(task_id="t", finished_at=DAY),
        "83a474797065b469616d2d726f6c652d64656c6574696f6e2e7631a77461736b5f6964a174ab66696e69736865645f61"
        "74d6ff6955b900",
    ),
    (
        SshKeyRecord(key_id="APKA", uploaded_at=DAY, body="b", blob=b"k"),
        "85a474797065ae69616d2d7373682d6b65792e7631a66b65795f6964a441504b41ab75706c6f616465645f6174d6ff69"
        "55b900a4626f6479a162a4626c6f62c4016b",
    ),
    (
        SigningCertificateRecord(certificate_id="C", uploaded_at=DAY, body="b"),
        "84a474797065ba69616d2d7369676e696e672d63657274696669636174652e7631ae63657274696669636174655f6964"
        "a143ab75706c6f616465645f6174d6ff6955b900a4626f6479a162",
    ),
    (
        AccountRecord(created_at=DAY),
        "82a474797065ae69616d2d6163636f756e742e7631aa637265617465645f6174d6ff6955b900",
    ),
    (
        TokenPreferencesRecord(global_endpoint_version=2),
        "82a474797065b869616d2d746f6b656e2d707265666572656e6365732e7631b7676c6f62616c5f656e64706f696e745f"
        "76657273696f6e02",
    ),
    (
        ServiceUseRecord(namespace="s3", at=DAY, region="r"),
        "84a474797065b269616d2d736572766963652d7573652e7631a96e616d657370616365a27333a26174d6ff6955b900a6"
        "726567696f6ea172",
    ),
    (
        AccessReportRecord(
            job_id="j",
            created_at=DAY,
            namespaces=("s3",),
            entities=(AccessingEntity(unique_id="AIDA", kind="user", arn="a", name="n", path="/"),),
            uses=(("AIDA", ServiceUseRecord(namespace="s3", at=DAY, region="r")),),
        ),
        "86a474797065b469616d2d6163636573732d7265706f72742e7631a66a6f625f6964a16aaa637265617465645f6174d6"
        "ff6955b900aa6e616d6573706163657391a27333a8656e7469746965739185a9756e697175655f6964a441494441a46b"
        "696e64a475736572a361726ea161a46e616d65a16ea470617468a12fa4757365739192a44149444184a474797065b269"
        "616d2d736572766963652d7573652e7631a96e616d657370616365a27333a26174d6ff6955b900a6726567696f6ea172",
    ),
    (
        ServiceCredentialRecord(
            credential_id="ACCA", service_name="s", known_as="n", created_at=DAY, secret_sha256=b"h"
        ),
        "86a474797065b969616d2d736572766963652d63726564656e7469616c2e7631ad63726564656e7469616c5f6964a441"
        "434341ac736572766963655f6e616d65a173a86b6e6f776e5f6173a16eaa637265617465645f6174d6ff6955b900ad73"
        "65637265745f736861323536c40168",
    ),
]


@pytest.mark.parametrize(("record", "written"), FIRST_VERSIONS, ids=lambda value: type(value).__name__)
def test_the_first_version_of_every_record_is_still_read(record: msgspec.Struct, written: str) -> None:
    """These bytes were written when the record was introduced; what they lack has its default."""
    assert decode(bytes.fromhex(written), type(record)) == record
    assert decode(encode(record), type(record)) == record
