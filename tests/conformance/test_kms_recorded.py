"""What KMS refuses, as recorded: scenarios of kms/kms that no other test names."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config

from tests.conftest import Server
from tests.support.buckets import refused


@pytest.fixture(scope="module")
def kms(aws: Server) -> Any:
    """boto3 would refuse some of it by itself."""
    return aws.client("kms", config=Config(parameter_validation=False, retries={"max_attempts": 0}))


def new_key(kms: Any, **asked: Any) -> str:
    arn: str = kms.create_key(**asked)["KeyMetadata"]["Arn"]
    return arn


def told(call: Callable[..., Any], **given: Any) -> tuple[str, str]:
    error = refused(call, **given)
    assert error["Status"] == 400
    return error["Code"], error["Message"]


def one_error(value: str, member: str, constraint: str) -> tuple[str, str]:
    return (
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}",
    )


def test_lengths_of_what_is_random(kms: Any) -> None:
    """test_generate_random, test_generate_random_invalid_number_of_bytes."""
    for size_bytes in (1, 12, 44, 91, 1024):
        assert len(kms.generate_random(NumberOfBytes=size_bytes)["Plaintext"]) == size_bytes
    assert told(kms.generate_random) == ("ValidationException", "NumberOfBytes is required.")
    least, most = (
        f"Member must have value {bound}" for bound in ("greater than or equal to 1", "less than or equal to 1024")
    )
    assert told(kms.generate_random, NumberOfBytes=0) == one_error("0", "numberOfBytes", least)
    assert told(kms.generate_random, NumberOfBytes=1025) == one_error("1025", "numberOfBytes", most)


def test_tags_that_are_none(kms: Any) -> None:
    """test_tag_key_with_duplicate_tag_keys_raises_error, test_create_key_with_too_many_tags_raises_error,
    test_tag_existing_key_with_invalid_tag_key, test_key_with_long_tag_value_raises_error,
    test_create_key_with_invalid_tag_key.
    """

    def tags(*pairs: tuple[str, str]) -> dict[str, Any]:
        return {"Tags": [{"TagKey": key, "TagValue": value} for key, value in pairs]}

    key = new_key(kms)
    assert told(kms.tag_resource, KeyId=key, **tags(("a", "1"), ("a", "2"))) == ("TagException", "Duplicate tag keys")
    many = tags(*((f"k{number}", "v") for number in range(51)))
    assert told(kms.create_key, **many) == ("TagException", "Too many tags")
    reserved = ("TagException", "Tags beginning with aws: are reserved")
    assert told(kms.tag_resource, KeyId=key, **tags(("aws:k", "v"))) == reserved
    for name in ("aws:k", "AWS:k"):
        assert told(kms.create_key, **tags((name, "v"))) == reserved
    shorter = "Member must have length less than or equal to"
    assert told(kms.create_key, **tags(("a" * 129, "v"))) == one_error(
        "a" * 129, "tags.1.member.tagKey", f"{shorter} 128"
    )
    assert told(kms.create_key, **tags(("a", "v" * 257))) == one_error(
        "v" * 257, "tags.1.member.tagValue", f"{shorter} 256"
    )


def test_tags_come_and_go(kms: Any) -> None:
    """test_create_key_with_tag_and_untag, test_untag_key_partially."""
    given = [{"TagKey": name, "TagValue": "v"} for name in ("one", "two")]
    key = new_key(kms, Tags=given)
    assert kms.list_resource_tags(KeyId=key)["Tags"] == given
    kms.untag_resource(KeyId=key, TagKeys=["one"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == given[1:]
    kms.untag_resource(KeyId=key, TagKeys=["two"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == []


def test_keys_that_do_not_rotate(kms: Any) -> None:
    """test_rotate_key_on_demand_raises_error_given_key_is_disabled, ..._given_key_that_does_not_exist,
    ..._given_non_symmetric_key; test_key_rotations_limits.
    """
    disabled = new_key(kms)
    kms.disable_key(KeyId=disabled)
    assert told(kms.rotate_key_on_demand, KeyId=disabled) == ("DisabledException", f"{disabled} is disabled.")
    missing = disabled[:-36] + "a5f8b8f0-0000-4000-8000-123456789012"
    assert told(kms.rotate_key_on_demand, KeyId=missing) == ("NotFoundException", f"Key '{missing}' does not exist")
    pair = new_key(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    assert told(kms.rotate_key_on_demand, KeyId=pair) == ("UnsupportedOperationException", "")
    key = new_key(kms)
    for _ in range(25):
        kms.rotate_key_on_demand(KeyId=key)
    assert told(kms.rotate_key_on_demand, KeyId=key) == (
        "LimitExceededException",
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "
        f"performed for this key: {key}",
    )


def test_old_ciphertexts_of_a_rotated_key(kms: Any) -> None:
    """test_rotate_key_on_demand_modifies_key_material, test_key_rotations_encryption_decryption."""
    key = new_key(kms)
    old = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    assert kms.rotate_key_on_demand(KeyId=key)["KeyId"] == key
    new = kms.encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"]
    assert [kms.decrypt(CiphertextBlob=each)["Plaintext"] for each in (old, new)] == [b"old", b"new"]
    (rotation,) = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert rotation["RotationType"] == "ON_DEMAND"


def test_data_keys_without_themselves(kms: Any) -> None:
    """test_generate_data_key_without_plaintext, test_generate_data_key_pair, ..._pair_without_plaintext and, with
    contexts, test_encryption_context_generate_data_key; ..._dry_run; test_re_encrypt_incorrect_source_key.
    """
    key, other = new_key(kms), new_key(kms)
    context = {"EncryptionContext": {"department": "10103.0"}}
    data = kms.generate_data_key(KeyId=key, KeySpec="AES_256", **context)
    assert kms.decrypt(CiphertextBlob=data["CiphertextBlob"], **context)["Plaintext"] == data["Plaintext"]
    assert refused(kms.decrypt, CiphertextBlob=data["CiphertextBlob"])["Code"] == "InvalidCiphertextException"
    assert "Plaintext" not in kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")
    asked = {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}
    pair = kms.generate_data_key_pair(**asked, **context)
    private = kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"], **context)["Plaintext"]
    assert private == pair["PrivateKeyPlaintext"]
    assert "PrivateKeyPlaintext" not in kms.generate_data_key_pair_without_plaintext(**asked)
    dry = ("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
    for call in (kms.generate_data_key_pair, kms.generate_data_key_pair_without_plaintext):
        answer = refused(call, **asked, DryRun=True)
        assert (answer["Code"], answer["Message"]) == dry
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert told(kms.re_encrypt, SourceKeyId=other, DestinationKeyId=key, CiphertextBlob=blob) == (
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )


def test_only_keys_without_material_are_imported_into(kms: Any) -> None:
    """test_get_parameters_for_import_raises_for_non_external_kms_keys."""
    key = new_key(kms)
    asked = {"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    assert told(kms.get_parameters_for_import, **asked) == (
        "UnsupportedOperationException",
        f"{key} origin is AWS_KMS which is not valid for this operation.",
    )
