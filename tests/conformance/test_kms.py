"""Keys, as boto3 sees them. Recordings kms/kms name what AWS answers."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from tests.conformance.test_enforcement import name
from tests.conftest import Server

ACCOUNT: Final = "111111111111"
REGION: Final = "us-east-1"
NO_KEY: Final = "134f2428-cec1-4b25-a1ae-9048164dba47"


def arn(key_id: str, *, region: str = REGION) -> str:
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{key_id}"


def failed(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Code and message of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture(scope="module")
def kms(aws: Server) -> Any:
    return aws.client("kms")


def make(kms: Any, **parameters: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = kms.create_key(**parameters)["KeyMetadata"]
    return metadata


def test_a_key_is_described_as_on_aws(kms: Any) -> None:
    """Recordings test_create_key, test_hmac_create_key."""
    made = make(kms, Description="test key 123", Tags=[{"TagKey": "a", "TagValue": "b"}])
    created, material = made.pop("CreationDate"), made.pop("CurrentKeyMaterialId")
    key_id = made["KeyId"]
    assert made == {
        "AWSAccountId": ACCOUNT,
        "Arn": arn(key_id),
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "Description": "test key 123",
        "Enabled": True,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "KeyId": key_id,
        "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": False,
        "Origin": "AWS_KMS",
    }
    assert len(bytes.fromhex(material)) == 32
    for called in (key_id, arn(key_id)):
        told = kms.describe_key(KeyId=called)["KeyMetadata"]
        assert told == {**made, "CreationDate": created, "CurrentKeyMaterialId": material}
    mac = make(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    assert (mac["MacAlgorithms"], "CurrentKeyMaterialId" in mac) == (["HMAC_SHA_256"], False)
    listed = [
        key
        for page in kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
        for key in page["Keys"]
    ]
    assert {"KeyId": key_id, "KeyArn": arn(key_id)} in listed
    assert len({key["KeyId"] for key in listed}) == len(listed)
    kms.update_key_description(KeyId=key_id, Description="another")
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"] == "another"


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        (
            {"KeySpec": "HMAC_256"},
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        ),
        (
            {"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"},
            "ValidationException",
            "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048",
        ),
        ({"Policy": "{}"}, "MalformedPolicyDocumentException", "Syntax errors in policy."),
        (
            {"Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "a", "TagValue": "2"}]},
            "TagException",
            "Duplicate tag keys",
        ),
        ({"Tags": [{"TagKey": "aws:a", "TagValue": "1"}]}, "TagException", "Tags beginning with aws: are reserved"),
        ({"MultiRegion": True}, "NotImplemented", "Pileus does not implement multi-Region keys of kms yet"),
    ],
)
def test_keys_that_cannot_be(kms: Any, parameters: dict[str, Any], code: str, message: str) -> None:
    """Recordings test_hmac_create_key_invalid_operations, test_derive_shared_secret, test_tag_*."""
    assert failed(kms.create_key, **parameters) == (code, message)


def test_keys_that_are_not_there(aws: Server, kms: Any) -> None:
    """Recordings test_get_key_does_not_exist, test_get_key_invalid_uuid, test_get_key_in_different_region."""
    key_id = make(kms)["KeyId"]
    elsewhere = aws.client("kms", region_name="eu-central-1")
    there = arn(NO_KEY), f"Key '{arn(NO_KEY)}' does not exist"
    assert failed(kms.describe_key, KeyId=NO_KEY) == ("NotFoundException", there[1])
    assert failed(kms.describe_key, KeyId=there[0]) == ("NotFoundException", there[1])
    for odd in ("fake-key-id", "134f2428cec14b25a1ae9048164dba47", "mrk-fake-key-id"):
        assert failed(kms.describe_key, KeyId=odd) == ("NotFoundException", f"Invalid keyId '{odd}'")
    assert failed(elsewhere.describe_key, KeyId=key_id) == (
        "NotFoundException",
        f"Key '{arn(key_id, region='eu-central-1')}' does not exist",
    )
    assert failed(elsewhere.describe_key, KeyId=arn(key_id)) == ("NotFoundException", f"Invalid arn {REGION}")
    assert failed(kms.describe_key, KeyId="alias/none") == (
        "NotFoundException",
        f"Alias arn:aws:kms:{REGION}:{ACCOUNT}:alias/none is not found.",
    )
    assert failed(kms.describe_key, KeyId=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")[0] == "InvalidArnException"


def test_encryption(kms: Any) -> None:
    """Recordings test_encrypt_decrypt_encryption_context, test_re_encrypt, test_plaintext_size_for_encrypt."""
    key, other = make(kms), make(kms)
    bound = {"purpose": "test", "Größe": "ß"}
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext=bound)
    assert (sealed["KeyId"], sealed["EncryptionAlgorithm"]) == (key["Arn"], "SYMMETRIC_DEFAULT")
    blob = sealed["CiphertextBlob"]
    for named in ({}, {"KeyId": key["KeyId"]}, {"KeyId": key["Arn"]}):
        opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=dict(reversed(bound.items())), **named)
        assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", key["Arn"])
        assert opened["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    for context in ({}, {"purpose": "test"}, {**bound, "purpose": "Test"}):
        assert failed(kms.decrypt, CiphertextBlob=blob, EncryptionContext=context) == ("InvalidCiphertextException", "")
    assert failed(kms.decrypt, CiphertextBlob=b"garbage") == ("InvalidCiphertextException", "")
    incorrect = (
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )
    assert failed(kms.decrypt, CiphertextBlob=blob, EncryptionContext=bound, KeyId=other["KeyId"]) == incorrect
    fresh = kms.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext=bound,
        DestinationKeyId=other["KeyId"],
        DestinationEncryptionContext={"a": "b"},
    )
    assert (fresh["SourceKeyId"], fresh["KeyId"]) == (key["Arn"], other["Arn"])
    assert fresh["SourceKeyMaterialId"] == key["CurrentKeyMaterialId"]
    assert fresh["DestinationKeyMaterialId"] == other["CurrentKeyMaterialId"]
    assert kms.decrypt(CiphertextBlob=fresh["CiphertextBlob"], EncryptionContext={"a": "b"})["Plaintext"] == b"secret"
    assert failed(
        kms.re_encrypt, CiphertextBlob=blob, SourceKeyId=other["KeyId"], DestinationKeyId=other["KeyId"]
    ) == incorrect  # fmt: skip
    longest = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x" * 4096)["CiphertextBlob"]
    assert len(longest) <= 6144
    assert failed(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x" * 4097) == (
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
        "Member must have length less than or equal to 4096",
    )


def test_ciphertexts_from_elsewhere(aws: Server, kms: Any) -> None:
    """Of another region's key, AWS says no more than that it cannot be reached."""
    elsewhere = aws.client("kms", region_name="eu-central-1")
    blob = elsewhere.encrypt(KeyId=make(elsewhere)["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    code, message = failed(kms.decrypt, CiphertextBlob=blob)
    assert code == "AccessDeniedException"
    assert message.startswith("The ciphertext refers to a customer master key that does not exist")


def test_data_keys(kms: Any) -> None:
    """moto's test_generate_data_key_*; recordings TestKMSGenerateKeys."""
    key = make(kms)
    sizes: tuple[tuple[dict[str, Any], int], ...] = (
        ({"KeySpec": "AES_256"}, 32),
        ({"KeySpec": "AES_128"}, 16),
        ({"NumberOfBytes": 1024}, 1024),
    )
    for asked, size in sizes:
        made = kms.generate_data_key(KeyId=key["KeyId"], EncryptionContext={"a": "b"}, **asked)
        assert (len(made["Plaintext"]), made["KeyId"]) == (size, key["Arn"])
        opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})
        assert opened["Plaintext"] == made["Plaintext"]
        closed = kms.generate_data_key_without_plaintext(KeyId=key["Arn"], **asked)
        assert len(kms.decrypt(CiphertextBlob=closed["CiphertextBlob"])["Plaintext"]) == size
        assert "Plaintext" not in closed
    for asked in ({}, {"KeySpec": "AES_256", "NumberOfBytes": 8}):
        assert failed(kms.generate_data_key, KeyId=key["KeyId"], **asked) == (
            "ValidationException",
            "Please specify either number of bytes or key spec.",
        )
    pair = kms.generate_data_key_pair(KeyId=key["KeyId"], KeyPairSpec="ECC_NIST_P256")
    assert kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"])["Plaintext"] == pair["PrivateKeyPlaintext"]
    private = load_der_private_key(pair["PrivateKeyPlaintext"], None)
    assert private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == pair["PublicKey"]
    rsa_pair = kms.generate_data_key_pair_without_plaintext(KeyId=key["KeyId"], KeyPairSpec="RSA_2048")
    assert isinstance(load_der_public_key(rsa_pair["PublicKey"]), rsa.RSAPublicKey)
    assert "PrivateKeyPlaintext" not in rsa_pair
    assert len(kms.generate_random(NumberOfBytes=44)["Plaintext"]) == 44
    assert failed(kms.generate_random) == ("ValidationException", "NumberOfBytes is required.")
    assert failed(kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256", DryRun=True) == (
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.",
    )


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("RSA_2048", "RSASSA_PSS_SHA_256"),
        ("RSA_2048", "RSASSA_PSS_SHA_512"),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384"),
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("ECC_NIST_P384", "ECDSA_SHA_384"),
        ("ECC_NIST_P521", "ECDSA_SHA_512"),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
    ],
)
def test_signatures(kms: Any, spec: str, algorithm: str) -> None:
    """Recordings test_sign_verify, test_verify_salt_length: also proven outside, by the public key."""
    key = make(kms, KeySpec=spec, KeyUsage="SIGN_VERIFY")
    about = {"KeyId": key["KeyId"], "SigningAlgorithm": algorithm}
    signed = kms.sign(Message=b"message", **about)
    assert (signed["KeyId"], signed["SigningAlgorithm"]) == (key["Arn"], algorithm)
    digest = hashlib.new(f"sha{algorithm[-3:]}", b"message").digest()
    for said in ({"Message": b"message"}, {"Message": digest, "MessageType": "DIGEST"}):
        assert kms.verify(Signature=signed["Signature"], **said, **about)["SignatureValid"] is True
    assert failed(kms.verify, Message=b"massage", Signature=signed["Signature"], **about) == (
        "KMSInvalidSignatureException",
        "",
    )
    assert failed(kms.verify, Message=b"message", Signature=b"bad", **about)[0] == "KMSInvalidSignatureException"
    assert failed(kms.sign, Message=b"short", MessageType="DIGEST", **about) == (
        "ValidationException",
        f"Digest is invalid length for algorithm {algorithm}.",
    )
    told = kms.get_public_key(KeyId=key["KeyId"])
    assert (told["KeyId"], told["KeySpec"], told["KeyUsage"]) == (key["Arn"], spec, "SIGN_VERIFY")
    public = load_der_public_key(told["PublicKey"])
    if algorithm == "ECDSA_SHA_256":
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signed["Signature"], b"message", ec.ECDSA(SHA256()))
    if algorithm == "RSASSA_PSS_SHA_256":
        assert isinstance(public, rsa.RSAPublicKey)
        public.verify(signed["Signature"], b"message", padding.PSS(padding.MGF1(SHA256()), 32), SHA256())


def test_rsa_encryption(kms: Any) -> None:
    """Recordings test_encrypt_validate_plaintext_size_per_key_type, test_re_encrypt."""
    key = make(kms, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
    about = {"KeyId": key["KeyId"], "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    blob = kms.encrypt(Plaintext=b"x" * 190, **about)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob, **about)["Plaintext"] == b"x" * 190
    public = load_der_public_key(kms.get_public_key(KeyId=key["KeyId"])["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    outside = public.encrypt(b"from outside", padding.OAEP(padding.MGF1(SHA1()), SHA1(), None))
    opened = kms.decrypt(CiphertextBlob=outside, KeyId=key["KeyId"], EncryptionAlgorithm="RSAES_OAEP_SHA_1")
    assert opened["Plaintext"] == b"from outside"
    assert failed(kms.encrypt, Plaintext=b"x" * 191, **about) == (
        "ValidationException",
        "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.",
    )
    assert failed(kms.decrypt, CiphertextBlob=b"x" * 256, **about)[0] == "InvalidCiphertextException"
    assert failed(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x") == (
        "InvalidKeyUsageException",
        "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.",
    )


def test_keys_are_for_one_thing(kms: Any) -> None:
    """Recording test_error_messaging_for_invalid_keys."""
    key, mac = make(kms), make(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    signing = make(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    code = "InvalidKeyUsageException"

    def told(key: dict[str, Any], operation: str) -> tuple[str, str]:
        return code, f"{key['Arn']} key usage is {key['KeyUsage']} which is not valid for {operation}."

    about = {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert failed(kms.generate_mac, KeyId=key["KeyId"], Message=b"x", MacAlgorithm="HMAC_SHA_256") == told(
        key, "GenerateMac"
    )
    assert failed(kms.sign, KeyId=mac["KeyId"], **about) == told(mac, "Sign")
    assert failed(kms.verify, KeyId=key["KeyId"], Signature=b"x", **about) == told(key, "Verify")
    assert failed(kms.encrypt, KeyId=signing["KeyId"], Plaintext=b"x") == told(signing, "Encrypt")
    assert failed(kms.get_public_key, KeyId=key["KeyId"])[0] == "UnsupportedOperationException"
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    assert failed(kms.decrypt, KeyId=mac["KeyId"], CiphertextBlob=blob)[0] == "IncorrectKeyException"


@pytest.mark.parametrize("bits", [224, 256, 384, 512])
def test_macs(kms: Any, bits: int) -> None:
    """Recordings test_generate_and_verify_mac, test_invalid_generate_mac, test_invalid_verify_mac."""
    key = make(kms, KeySpec=f"HMAC_{bits}", KeyUsage="GENERATE_VERIFY_MAC")
    about = {"KeyId": key["KeyId"], "MacAlgorithm": f"HMAC_SHA_{bits}"}
    made = kms.generate_mac(Message=b"important", **about)
    assert (made["KeyId"], len(made["Mac"])) == (key["Arn"], bits // 8)
    assert kms.verify_mac(Message=b"important", Mac=made["Mac"], **about)["MacValid"] is True
    assert failed(kms.verify_mac, Message=b"Important", Mac=made["Mac"], **about) == ("KMSInvalidMacException", "")
    other = "HMAC_SHA_512" if bits != 512 else "HMAC_SHA_256"
    assert failed(kms.generate_mac, KeyId=key["KeyId"], Message=b"x", MacAlgorithm=other) == (
        "InvalidKeyUsageException",
        f"Algorithm {other} is incompatible with key spec HMAC_{bits}.",
    )


def test_agreement(kms: Any) -> None:
    """Recording test_derive_shared_secret: the same secret as outside."""
    key = make(kms, KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")
    mine = ec.generate_private_key(ec.SECP256R1())
    public = mine.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    derived = kms.derive_shared_secret(KeyId=key["KeyId"], KeyAgreementAlgorithm="ECDH", PublicKey=public)
    theirs = load_der_public_key(kms.get_public_key(KeyId=key["KeyId"])["PublicKey"])
    assert isinstance(theirs, ec.EllipticCurvePublicKey)
    assert derived["SharedSecret"] == mine.exchange(ec.ECDH(), theirs)
    assert (derived["KeyId"], derived["KeyOrigin"]) == (key["Arn"], "AWS_KMS")
    wrong = {"KeyId": key["KeyId"], "KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x"}
    assert failed(kms.derive_shared_secret, **wrong) == ("ValidationException", "")


def test_states(kms: Any) -> None:
    """Recording s3/s3, test_s3_sse_validate_kms_key_state; KMS Developer Guide, "Key states"."""
    key = make(kms)
    key_id, key_arn = key["KeyId"], key["Arn"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key_id)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"
    disabled = ("DisabledException", f"{key_arn} is disabled.")
    assert failed(kms.encrypt, KeyId=key_id, Plaintext=b"x") == disabled
    assert failed(kms.decrypt, CiphertextBlob=blob) == disabled
    assert failed(kms.enable_key_rotation, KeyId=key_id) == disabled
    kms.enable_key(KeyId=key_id)
    bounds = ("ValidationException", "PendingWindowInDays must be between 7 and 30")
    for days in (6, 31):
        assert failed(kms.schedule_key_deletion, KeyId=key_id, PendingWindowInDays=days) == bounds
    assert failed(kms.cancel_key_deletion, KeyId=key_id)[0] == "KMSInvalidStateException"
    scheduled = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert (scheduled["KeyId"], scheduled["KeyState"], scheduled["PendingWindowInDays"]) == (
        key_arn,
        "PendingDeletion",
        7,
    )
    told = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (told["DeletionDate"], told["Enabled"]) == (scheduled["DeletionDate"], False)
    pending = ("KMSInvalidStateException", f"{key_arn} is pending deletion.")
    for call, parameters in (
        (kms.encrypt, {"Plaintext": b"x"}),
        (kms.generate_data_key, {"KeySpec": "AES_256"}),
        (kms.enable_key, {}),
        (kms.disable_key, {}),
        (kms.schedule_key_deletion, {}),
        (kms.tag_resource, {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        (kms.create_grant, {"GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root", "Operations": ["Encrypt"]}),
    ):
        assert failed(call, KeyId=key_id, **parameters) == pending
    assert kms.cancel_key_deletion(KeyId=key_id)["KeyId"] == key_arn
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=key_id)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_aliases(kms: Any) -> None:
    """Recordings test_create_alias, test_describe_with_alias_arn; moto's tests of aliases."""
    one, two = make(kms), make(kms)
    alias = name("alias/app")
    alias_arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:{alias}"
    kms.create_alias(AliasName=alias, TargetKeyId=one["KeyId"])
    assert failed(kms.create_alias, AliasName=alias, TargetKeyId=two["KeyId"]) == (
        "AlreadyExistsException",
        f"An alias with the name {alias_arn} already exists",
    )
    for called in (alias, alias_arn):
        assert kms.describe_key(KeyId=called)["KeyMetadata"]["KeyId"] == one["KeyId"]
        assert kms.encrypt(KeyId=called, Plaintext=b"x")["KeyId"] == one["Arn"]
    (listed,) = kms.list_aliases(KeyId=one["KeyId"])["Aliases"]
    assert (listed["AliasName"], listed["AliasArn"], listed["TargetKeyId"]) == (alias, alias_arn, one["KeyId"])
    kms.update_alias(AliasName=alias, TargetKeyId=two["KeyId"])
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == two["KeyId"]
    assert kms.list_aliases(KeyId=one["KeyId"])["Aliases"] == []
    everything = [each for page in kms.get_paginator("list_aliases").paginate() for each in page["Aliases"]]
    assert alias in {each["AliasName"] for each in everything}
    assert failed(kms.enable_key, KeyId=alias)[0] == "NotFoundException"
    signing = make(kms, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    assert failed(kms.update_alias, AliasName=alias, TargetKeyId=signing["KeyId"])[0] == "ValidationException"
    kms.delete_alias(AliasName=alias)
    unknown = ("NotFoundException", f"Alias {alias_arn} is not found.")
    assert failed(kms.delete_alias, AliasName=alias) == unknown
    assert failed(kms.update_alias, AliasName=alias, TargetKeyId=two["KeyId"]) == unknown
    assert failed(kms.create_alias, AliasName="app", TargetKeyId=one["KeyId"]) == (
        "ValidationException",
        'Alias must start with the prefix "alias/". Please see '
        "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    )
    assert failed(kms.create_alias, AliasName="alias/aws/mine", TargetKeyId=one["KeyId"])[0] == "NotAuthorizedException"
    assert failed(kms.create_alias, AliasName="alias/a:b", TargetKeyId=one["KeyId"]) == (
        "InvalidAliasNameException",
        "alias/a:b contains invalid characters for an alias",
    )


def test_keys_that_aws_manages(aws: Server) -> None:
    """They come with their first use, and nobody changes them."""
    kms = aws.client("kms", region_name="eu-west-1")
    assert kms.list_keys()["Keys"] == []

    def predefined() -> dict[str, Any]:
        pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 3})
        return {alias["AliasName"]: alias for page in pages for alias in page["Aliases"]}

    s3_arn = f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/aws/s3"
    assert predefined()["alias/aws/s3"] == {"AliasName": "alias/aws/s3", "AliasArn": s3_arn}
    told = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert predefined()["alias/aws/s3"]["TargetKeyId"] == told["KeyId"]
    assert (told["KeyManager"], told["Description"]) == (
        "AWS",
        "Default key that protects my S3 objects when no other key is defined",
    )
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"] == told["KeyId"]
    assert [alias["AliasName"] for alias in kms.list_aliases(KeyId=told["KeyId"])["Aliases"]] == ["alias/aws/s3"]
    assert "s3.eu-west-1.amazonaws.com" in kms.get_key_policy(KeyId=told["KeyId"], PolicyName="default")["Policy"]
    assert kms.get_key_rotation_status(KeyId=told["KeyId"])["KeyRotationEnabled"] is True
    for call, parameters in (
        (kms.disable_key, {}),
        (kms.schedule_key_deletion, {}),
        (kms.put_key_policy, {"Policy": kms.get_key_policy(KeyId=told["KeyId"])["Policy"]}),
    ):
        code, message = failed(call, KeyId=told["KeyId"], **parameters)
        assert code == "AccessDeniedException"
        assert "because no resource-based policy allows" in message
    assert failed(kms.describe_key, KeyId="alias/aws/nothing")[0] == "NotFoundException"


def test_key_policies(kms: Any) -> None:
    """The default is AWS's; one that nobody could change again is refused."""
    key_id = make(kms)["KeyId"]
    policy = kms.get_key_policy(KeyId=key_id, PolicyName="default")
    assert policy["PolicyName"] == "default"
    assert f'"AWS" : "arn:aws:iam::{ACCOUNT}:root"' in policy["Policy"]
    assert kms.list_key_policies(KeyId=key_id)["PolicyNames"] == ["default"]
    assert failed(kms.get_key_policy, KeyId=key_id, PolicyName="other") == (
        "NotFoundException",
        "No such policy exists",
    )
    narrow = policy["Policy"].replace("kms:*", "kms:Encrypt")
    assert failed(kms.put_key_policy, KeyId=key_id, Policy=narrow) == (
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    )
    kms.put_key_policy(KeyId=key_id, Policy=narrow, BypassPolicyLockoutSafetyCheck=True)
    assert kms.get_key_policy(KeyId=key_id)["Policy"] == narrow
    nobody = policy["Policy"].replace(f"arn:aws:iam::{ACCOUNT}:root", "not somebody")
    assert failed(kms.put_key_policy, KeyId=key_id, Policy=nobody) == (
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    )


def test_tags(kms: Any) -> None:
    """Recordings test_tag_existing_key_and_untag, test_update_and_add_tags_on_tagged_key."""
    key_id = make(kms, Tags=[{"TagKey": "one", "TagValue": "1"}])["KeyId"]
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "two", "TagValue": "2"}, {"TagKey": "one", "TagValue": "I"}])
    kms.untag_resource(KeyId=key_id, TagKeys=["absent"])
    pages = kms.get_paginator("list_resource_tags").paginate(KeyId=key_id, PaginationConfig={"PageSize": 1})
    assert [tag for page in pages for tag in page["Tags"]] == [
        {"TagKey": "one", "TagValue": "I"},
        {"TagKey": "two", "TagValue": "2"},
    ]
    kms.untag_resource(KeyId=key_id, TagKeys=["one", "two"])
    assert kms.list_resource_tags(KeyId=key_id)["Tags"] == []


def test_rotation(kms: Any) -> None:
    """Recordings test_key_enable_rotation_status, test_rotate_key_on_demand_*, test_key_rotations_*."""
    key = make(kms)
    key_id = key["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert (status["KeyId"], status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (key["Arn"], True, 90)
    assert (status["NextRotationDate"] - key["CreationDate"]).days in (89, 90)
    before = kms.encrypt(KeyId=key_id, Plaintext=b"before")["CiphertextBlob"]
    assert kms.rotate_key_on_demand(KeyId=key_id)["KeyId"] == key["Arn"]
    told = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert told["CurrentKeyMaterialId"] != key["CurrentKeyMaterialId"]
    after = kms.encrypt(KeyId=key_id, Plaintext=b"after")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=before)["KeyMaterialId"] == key["CurrentKeyMaterialId"]
    assert kms.decrypt(CiphertextBlob=after)["KeyMaterialId"] == told["CurrentKeyMaterialId"]
    (rotation,) = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert (rotation["RotationType"], rotation["KeyMaterialId"]) == ("ON_DEMAND", told["CurrentKeyMaterialId"])
    everything = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [each["KeyMaterialState"] for each in everything] == ["CURRENT", "NON_CURRENT"]
    for _ in range(24):
        kms.rotate_key_on_demand(KeyId=key_id)
    assert failed(kms.rotate_key_on_demand, KeyId=key_id) == (
        "LimitExceededException",
        "The on-demand rotations limit has been reached for the given keyId. "
        f"No more on-demand rotations can be performed for this key: {key['Arn']}",
    )
    assert kms.decrypt(CiphertextBlob=before)["Plaintext"] == b"before"
    kms.disable_key_rotation(KeyId=key_id)
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
    mac = make(kms, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyId"]
    assert failed(kms.rotate_key_on_demand, KeyId=mac) == ("UnsupportedOperationException", "")
    assert kms.get_key_rotation_status(KeyId=mac)["KeyRotationEnabled"] is False


def test_grants_are_kept(kms: Any) -> None:
    """API_CreateGrant, API_ListGrants, API_RetireGrant, API_RevokeGrant; what they allow: test_strict_kms."""
    key = make(kms)
    key_id = key["KeyId"]
    somebody = f"arn:aws:iam::{ACCOUNT}:role/somebody"
    asked = {
        "KeyId": key_id,
        "GranteePrincipal": somebody,
        "RetiringPrincipal": f"arn:aws:iam::{ACCOUNT}:role/{name('retires')}",
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"a": "b"}},
        "Name": "first",
    }
    made, again = kms.create_grant(**asked), kms.create_grant(**asked)
    assert made["GrantId"] == again["GrantId"]
    other = kms.create_grant(KeyId=key["Arn"], GranteePrincipal=somebody, Operations=["Encrypt"])
    (told,) = kms.list_grants(KeyId=key_id, GrantId=made["GrantId"])["Grants"]
    assert {name: told[name] for name in ("KeyId", "GranteePrincipal", "Operations", "Constraints", "Name")} == {
        "KeyId": key["Arn"],
        "GranteePrincipal": somebody,
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"a": "b"}},
        "Name": "first",
    }
    pages = kms.get_paginator("list_grants").paginate(KeyId=key_id, PaginationConfig={"PageSize": 1})
    listed = [grant["GrantId"] for page in pages for grant in page["Grants"]]
    assert sorted(listed) == sorted([made["GrantId"], other["GrantId"]])
    assert len(kms.list_grants(KeyId=key_id, GranteePrincipal=somebody)["Grants"]) == 2
    (retirable,) = kms.list_retirable_grants(RetiringPrincipal=asked["RetiringPrincipal"])["Grants"]
    assert retirable["GrantId"] == made["GrantId"]
    assert failed(kms.list_grants, KeyId=key_id, GrantId="0" * 64)[0] == "InvalidGrantIdException"
    forged = base64.urlsafe_b64encode(b"0" * 16 + f"{key['Arn']} {made['GrantId']}".encode()).decode()
    for token in ("forged", forged):
        assert failed(kms.retire_grant, GrantToken=token)[0] == "InvalidGrantTokenException"
        assert failed(kms.encrypt, KeyId=key_id, Plaintext=b"x", GrantTokens=[token])[0] == "InvalidGrantTokenException"
    kms.encrypt(KeyId=key_id, Plaintext=b"x", GrantTokens=[made["GrantToken"]])
    kms.retire_grant(GrantToken=made["GrantToken"])
    kms.revoke_grant(KeyId=key_id, GrantId=other["GrantId"])
    assert kms.list_grants(KeyId=key_id)["Grants"] == []
    assert failed(kms.revoke_grant, KeyId=key_id, GrantId=other["GrantId"])[0] == "NotFoundException"
    assert (
        failed(kms.create_grant, KeyId=key_id, GranteePrincipal="nobody", Operations=["Encrypt"])[0]
        == "InvalidArnException"
    )


def wrapped(kms: Any, key_id: str, material: bytes, algorithm: str) -> dict[str, bytes]:
    """The token, and material as it is to be sent."""
    given = kms.get_parameters_for_import(KeyId=key_id, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048")
    public = load_der_public_key(given["PublicKey"])
    assert isinstance(public, rsa.RSAPublicKey)
    hashing = SHA256() if algorithm.endswith("256") else SHA1()
    oaep = padding.OAEP(padding.MGF1(hashing), hashing, None)
    if algorithm.startswith("RSA_AES"):
        sent = public.encrypt(b"k" * 32, oaep) + aes_key_wrap_with_padding(b"k" * 32, material)
    else:
        sent = public.encrypt(material, oaep)
    return {"ImportToken": given["ImportToken"], "EncryptedKeyMaterial": sent}


def test_imported_material(kms: Any) -> None:
    """Recordings test_import_key_symmetric, test_rotate_key_on_demand_*external*, test_import_key_material_raises_*."""
    key = make(kms, Origin="EXTERNAL")
    key_id, key_arn = key["KeyId"], key["Arn"]
    assert (key["KeyState"], key["Enabled"]) == ("PendingImport", False)
    pending = ("KMSInvalidStateException", f"{key_arn} is pending import.")
    assert failed(kms.encrypt, KeyId=key_id, Plaintext=b"x") == pending
    assert failed(kms.rotate_key_on_demand, KeyId=key_id) == pending
    lasting = {"KeyId": key_id, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    first = wrapped(kms, key_id, b"1" * 32, "RSAES_OAEP_SHA_256")
    assert failed(kms.import_key_material, KeyId=key_id, ExpirationModel="KEY_MATERIAL_EXPIRES", **first) == (
        "ValidationException",
        "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
    )
    one = kms.import_key_material(**lasting, **first)["KeyMaterialId"]
    told = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (told["KeyState"], told["ExpirationModel"]) == ("Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE")
    assert told["CurrentKeyMaterialId"] == one
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    second = wrapped(kms, key_id, b"2" * 32, "RSA_AES_KEY_WRAP_SHA_1")
    assert failed(kms.import_key_material, **lasting, **second)[0] == "IncorrectKeyMaterialException"
    assert failed(kms.rotate_key_on_demand, KeyId=key_id) == (
        "KMSInvalidStateException",
        f"No available key material pending rotation for the key: {key_arn}.",
    )
    two = kms.import_key_material(**lasting, **second, ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"]
    third = wrapped(kms, key_id, b"3" * 32, "RSA_AES_KEY_WRAP_SHA_256")
    code, message = failed(kms.import_key_material, **lasting, **third, ImportType="NEW_KEY_MATERIAL")
    assert code == "KMSInvalidStateException"
    assert message.endswith(
        f"cannot be imported into KMS key {key_arn}, because another key material (id: {two}) is pending rotation."
    )
    kms.rotate_key_on_demand(KeyId=key_id)
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"] == two
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == one
    kms.delete_imported_key_material(KeyId=key_id, KeyMaterialId=one)
    assert failed(kms.decrypt, CiphertextBlob=blob) == pending
    kms.import_key_material(**lasting, **wrapped(kms, key_id, b"1" * 32, "RSAES_OAEP_SHA_1"))
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"old"
    assert failed(kms.import_key_material, **lasting, ImportToken=b"x" * 99, EncryptedKeyMaterial=b"x")[0] == (
        "InvalidImportTokenException"
    )
    ours = make(kms)
    assert failed(
        kms.get_parameters_for_import,
        KeyId=ours["KeyId"],
        WrappingAlgorithm="RSAES_OAEP_SHA_256",
        WrappingKeySpec="RSA_2048",
    ) == ("UnsupportedOperationException", f"{ours['Arn']} origin is AWS_KMS which is not valid for this operation.")


def test_imported_private_key(kms: Any) -> None:
    """Recording test_import_key_ecc_keys: it signs as the key that was brought."""
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    key_id = make(kms, Origin="EXTERNAL", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyId"]
    lasting = {"KeyId": key_id, "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    junk = wrapped(kms, key_id, b"junk" * 16, "RSA_AES_KEY_WRAP_SHA_256")
    assert failed(kms.import_key_material, **lasting, **junk)[0] == "IncorrectKeyMaterialException"
    kms.import_key_material(**lasting, **wrapped(kms, key_id, der, "RSA_AES_KEY_WRAP_SHA_256"))
    signature = kms.sign(KeyId=key_id, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    private.public_key().verify(signature, b"x", ec.ECDSA(SHA256()))
