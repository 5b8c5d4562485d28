"""Which lifecycle rules are taken: S3 refuses what would contradict itself, and says how."""

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import pytest

from pileus.kernel.errors import ServiceError
from pileus.kernel.ids import SeededIds
from pileus.services.s3.settings.lifecycle import RULES_MAX, checked_lifecycle, default_size
from pileus.services.s3.shapes import BucketLifecycleConfiguration, LifecycleRule

_MIDNIGHT: Final = datetime(2030, 1, 1, tzinfo=UTC).isoformat()
_LATER: Final = datetime(2031, 1, 1, tzinfo=UTC).isoformat()


def _checked(*rules: dict[str, Any]) -> list[LifecycleRule]:
    whole = [{"ID": "r", "Filter": {}, "Status": "Enabled", **rule} for rule in rules]
    asked = msgspec.convert({"Rule": whole}, BucketLifecycleConfiguration, strict=False)
    return checked_lifecycle(asked, SeededIds())


def _refusal(*rules: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ServiceError) as refused:
        _checked(*rules)
    return refused.value.error_code, refused.value.message


@pytest.mark.parametrize(
    "rule",
    [
        {"Expiration": {"Days": 1}},
        {"Expiration": {"Date": _MIDNIGHT}},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"Expiration": {"Days": 61}, "Transition": [{"Days": 60, "StorageClass": "GLACIER"}]},
        {
            "Transition": [
                {"Days": 30, "StorageClass": "STANDARD_IA"},
                {"Days": 60, "StorageClass": "GLACIER"},
                {"Days": 150, "StorageClass": "DEEP_ARCHIVE"},
            ]
        },
        {"Transition": [{"Days": 0, "StorageClass": "GLACIER"}]},
        {"Transition": [{"Date": _MIDNIGHT, "StorageClass": "GLACIER"}], "Expiration": {"Date": _LATER}},
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 100}},
        {"NoncurrentVersionTransition": [{"NoncurrentDays": 30, "StorageClass": "ONEZONE_IA"}]},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
        {"Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 1}},
        {"Filter": {"And": {"Prefix": "p", "ObjectSizeGreaterThan": 1}}, "Expiration": {"Days": 1}},
        {"Filter": None, "Prefix": "", "Expiration": {"Days": 1}},
    ],
)
def test_rules_that_are_taken(rule: dict[str, Any]) -> None:
    """Both ways to filter, and each action, pass the checks."""
    assert len(_checked(rule)) == 1


@pytest.mark.parametrize(
    "rule",
    [
        {"Filter": None, "Expiration": {"Days": 1}},  # recording s3/s3, test_put_bucket_lifecycle_conf_exc
        {"Prefix": "a", "Expiration": {"Days": 1}},
        {"Filter": {"Prefix": "a", "ObjectSizeGreaterThan": 1}, "Expiration": {"Days": 1}},
        {"Filter": {"Prefix": "a", "And": {"Prefix": "b"}}, "Expiration": {"Days": 1}},
        {"Filter": {"And": {}}, "Expiration": {"Days": 1}},
        {"Expiration": {}},
        {"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}},
        {"Expiration": {"Days": 1, "Date": _MIDNIGHT}},
        {"NoncurrentVersionExpiration": {}},
        {"NoncurrentVersionExpiration": {"NewerNoncurrentVersions": 3}},
        {"Transition": [{"Days": 1}]},
        {"Transition": [{"StorageClass": "GLACIER"}]},
        {"NoncurrentVersionTransition": [{"StorageClass": "GLACIER"}]},
        {"AbortIncompleteMultipartUpload": {}},
    ],
)
def test_rules_against_the_schema(rule: dict[str, Any]) -> None:
    """What the schema has no place for is malformed, whatever it would mean."""
    assert _refusal(rule)[0] == "MalformedXML"


@pytest.mark.parametrize(
    ("rule", "code", "told"),
    [
        ({}, "InvalidRequest", "At least one action needs to be specified in a rule"),
        ({"Expiration": {"Days": 0}}, "InvalidArgument", "'Days' for Expiration action must be a positive integer"),
        (
            {"Expiration": {"Date": "2030-01-01T00:00:01+00:00"}},
            "InvalidArgument",
            "'Date' must be at midnight GMT",
        ),
        (
            {"Transition": [{"Days": 29, "StorageClass": "STANDARD_IA"}]},
            "InvalidArgument",
            "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
        ),
        (
            {"Expiration": {"Days": 60}, "Transition": [{"Days": 60, "StorageClass": "GLACIER"}]},
            "InvalidArgument",
            "'Days' in the Expiration action for filter '(prefix=)' must be greater than 'Days' in the Transition "
            "action",
        ),
        (
            {"Expiration": {"Days": 60}, "Transition": [{"Date": _MIDNIGHT, "StorageClass": "GLACIER"}]},
            "InvalidRequest",
            "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for filter "
            "'(prefix=)'",
        ),
        (
            {"Transition": [{"Days": 1, "StorageClass": "GLACIER"}, {"Days": 2, "StorageClass": "GLACIER"}]},
            "InvalidRequest",
            "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=)'",
        ),
        (
            {
                "Filter": {"And": {"Prefix": "p", "Tag": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}},
                "Expiration": {"Days": 1},
            },
            "InvalidRequest",
            "Duplicate Tag Keys are not allowed.",
        ),
        (
            {
                "Filter": {"Tag": {"Key": "a", "Value": "1"}},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
            "InvalidRequest",
            "AbortIncompleteMultipartUpload cannot be specified with Tags.",
        ),
    ],
)
def test_rules_that_contradict_themselves(rule: dict[str, Any], code: str, told: str) -> None:
    """What the schema lets pass and S3 does not: its codes and words."""
    assert _refusal(rule) == (code, told)


def test_a_colder_class_comes_later() -> None:
    """S3 User Guide, "Unsupported lifecycle transitions"."""
    first = {"Days": 60, "StorageClass": "STANDARD_IA"}
    code, told = _refusal({"Transition": [first, {"Days": 60, "StorageClass": "GLACIER"}]})
    assert code == "InvalidArgument"
    assert told.startswith("'Days' in the 'Transition' action for StorageClass 'GLACIER'")


def test_rules_have_ids_of_their_own() -> None:
    """One is given to a rule that has none; two may not share one, nor be longer than 255 characters."""
    rule = {"Expiration": {"Days": 1}}
    given = _checked({**rule, "ID": None}, {**rule, "ID": ""})
    assert len({each.id for each in given}) == 2
    assert all(len(each.id or "") == 48 for each in given)
    assert _refusal(rule, rule) == ("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    assert _refusal({**rule, "ID": "i" * 256}) == (
        "InvalidArgument",
        "ID length should not exceed allowed limit of 255",
    )


def test_how_many_rules() -> None:
    """A thousand, and at least one (API_PutBucketLifecycleConfiguration)."""
    rule = {"Expiration": {"Days": 1}}
    assert len(_checked(*({**rule, "ID": str(n)} for n in range(RULES_MAX)))) == RULES_MAX
    assert _refusal(*({**rule, "ID": str(n)} for n in range(RULES_MAX + 1)))[0] == "MalformedXML"
    assert _refusal()[0] == "MalformedXML"


def test_smallest_objects_that_move() -> None:
    """Recording s3/s3, test_s3_transition_default_minimum_object_size."""
    assert default_size(None) == "all_storage_classes_128K"
    assert default_size("varies_by_storage_class") == "varies_by_storage_class"
    with pytest.raises(ServiceError) as refused:
        default_size("value")
    assert refused.value.error_code == "InvalidRequest"
