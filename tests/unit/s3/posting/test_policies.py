"""Does a policy let through what it names, and nothing else?"""

import json
from base64 import b64encode

import pytest

from pileus.kernel.errors import ServiceError
from pileus.services.s3.posting.policies import SizeRange, check_form, read_policy

URL = "http://localhost.test/random"


def encoded(*conditions: object, expiration: object = "2100-01-01T00:00:00Z") -> str:
    return b64encode(json.dumps({"expiration": expiration, "conditions": conditions}).encode()).decode()


def check(*conditions: object, now_s: float = 0, **fields: str) -> SizeRange:
    sent = {name.replace("_", "-").lower(): (name.replace("_", "-"), value) for name, value in fields.items()}
    return check_form(read_policy(encoded(*conditions)), sent, bucket="here", now_s=now_s)


def refusal(*conditions: object, **fields: str) -> str:
    with pytest.raises(ServiceError) as caught:
        check(*conditions, now_s=0, **fields)
    assert caught.value.error_code == "AccessDenied"
    return caught.value.message


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        (["eq", "$success-action-redirect", URL], URL),
        (["EQ", "$Success-Action-REDIRECT", URL], URL),
        ({"success-ACTION-redirect": URL}, URL),
        (["starts-with", "$success-action-redirect", "http://localhost"], URL),
        (["starts-with", "$success-action-redirect", ""], "anything"),
    ],
)
def test_conditions_that_hold(condition: object, value: str) -> None:
    """Recordings ..._conditions_validation_eq and ..._starts_with: names in any case, values exactly."""
    check(condition, success_action_redirect=value)


@pytest.mark.parametrize(
    ("condition", "value", "told"),
    [
        (["eq", "$a", URL], "http://wrong.location/test", f'["eq", "$a", "{URL}"]'),
        (["eq", "a", URL], URL, f'["eq", "a", "{URL}"]'),
        (["eq", "$a", URL.replace("http", "HTTP")], URL, f'["eq", "$a", "{URL.replace("http", "HTTP")}"]'),
        ({"a": 'quo"ted'}, "x", '["eq", "$a", "quo\\"ted"]'),
        (["starts-with", "$a", "http://localhost"], "http://wrong", '["starts-with", "$a", "http://localhost"]'),
        (["starts-with", "$absent", ""], URL, '["starts-with", "$absent", ""]'),
        (["content-length-range", "test", "10"], URL, '["content-length-range", "test", "10"]'),
        ({"bucket": "there"}, URL, '["eq", "$bucket", "there"]'),
    ],
)
def test_conditions_that_fail_are_told_as_they_are(condition: object, value: str, told: str) -> None:
    """Recordings ..._conditions_validation_eq, ..._starts_with and test_post_object_policy_validation_size."""
    assert refusal(condition, a=value) == f"Invalid according to Policy: Policy Condition failed: {told}"


def test_every_field_is_named_by_a_condition() -> None:
    """Otherwise an uploader could open the object to everybody; the signature's own fields and x-ignore- are exempt."""
    assert refusal({"key": "k"}, key="k", StorageClass="x") == (
        "Invalid according to Policy: Extra input fields: StorageClass"
    )
    check({"key": "k"}, key="k", policy="x", signature="x", awsaccesskeyid="x", x_amz_signature="x", x_ignore_me="x")


def test_the_bucket_is_the_one_that_is_posted_to() -> None:
    """Whatever a field of that name says."""
    check({"bucket": "here"}, bucket="there")


def test_types_of_several_files_are_all_compared() -> None:
    """S3 API Reference, "POST Policy": a list of types, each of which must match."""
    check(["starts-with", "$Content-Type", "image/"], content_type="image/jpg, image/png")
    assert "Condition failed" in refusal(["starts-with", "$Content-Type", "image/"], content_type="image/jpg,text/html")


def test_a_range_is_of_both_its_ends() -> None:
    """Numbers, or texts of numbers."""
    assert check(["content-length-range", 5, 10]) == SizeRange(5, 10)
    assert check(["content-length-range", "5", "10"]) == SizeRange(5, 10)
    assert check() == SizeRange()


def test_a_policy_expires() -> None:
    """Recording s3/s3, TestS3PresignedPost.test_post_request_expires."""
    with pytest.raises(ServiceError) as caught:
        check(now_s=4102444800)
    assert caught.value.message == "Invalid according to Policy: Policy expired."
    check(now_s=4102444799)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("***", "invalid Base64 encoding."),
        (b64encode(b"{").decode(), "Invalid JSON."),
        (b64encode(b"[" * 100_000).decode(), "Invalid JSON."),
        (b64encode(b"[]").decode(), "Invalid JSON."),
        (b64encode(b'{"conditions": []}').decode(), "Policy missing expiration."),
        (b64encode(b'{"expiration": "2100-01-01T00:00:00Z"}').decode(), "Policy missing conditions."),
        (b64encode(b'{"Statement": []}').decode(), "Unexpected: 'statement'"),
        (encoded(expiration="2011-09-13T07:52:58+02:00"), "Invalid 'expiration' value: '2011-09-13T07:52:58+02:00'"),
        (encoded(expiration="2011-19-13T07:52:58Z"), "Invalid 'expiration' value: '2011-19-13T07:52:58Z'"),
        (
            encoded({"bucket": "b", "key": "k"}),
            "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
        ),
        (encoded({"Content-Length": 7}), "Invalid Simple-Condition: value must be a string."),
        (encoded({"key": None}), "Invalid JSON."),
        (encoded("key"), "Invalid condition test: must be a List or Object."),
        (encoded([]), "Invalid Condition: missing operation identifier."),
        (encoded(["like", "$key", "a"]), "Invalid Condition: unknown operation 'like'."),
        (encoded(["content-length-range", 0]), "Invalid content-length-range: wrong number of arguments."),
        (encoded(["content-length-range", 0, 512.0]), "Invalid JSON."),
    ],
)
def test_what_is_no_policy(policy: str, message: str) -> None:
    """Recording ..._conditions_validation_eq for the simple condition; public issues for the others."""
    with pytest.raises(ServiceError) as caught:
        read_policy(policy)
    assert (caught.value.error_code, caught.value.message) == ("InvalidPolicyDocument", f"Invalid Policy: {message}")
