"""Which URIs name images, and which are refused before anybody looks."""

import pytest

from pileus.services.lambda_.images.references import image_name
from pileus.services.lambda_.images.refusals import InvalidImageUri

HOST = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("uri", "repository", "tag", "digest"),
    [
        (f"{HOST}/app:1", "app", "1", ""),
        (f"{HOST}/team/my-app_x.y:v1.2-rc_3", "team/my-app_x.y", "v1.2-rc_3", ""),
        (f"{HOST}/app@{DIGEST}", "app", "", DIGEST),
        (f"{HOST}/app:1@{DIGEST}", "app", "1", DIGEST),
        ("111122223333.dkr-ecr.us-east-1.on.aws/app:1", "app", "1", ""),
        ("111122223333.dkr.ecr-fips.us-east-1.amazonaws.com/app:1", "app", "1", ""),
    ],
)
def test_uris(uri: str, repository: str, tag: str, digest: str) -> None:
    """By tag, by digest, by both."""
    name = image_name(uri, region="us-east-1")
    assert (name.repository, name.tag, name.digest) == (repository, tag, digest)
    assert name.reference == (digest or tag)
    assert name.resolved(DIGEST) == f"{name.host}/{repository}@{DIGEST}"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        f"{HOST}/app",
        f"{HOST}/app:",
        f"{HOST}/../app:1",
        f"{HOST}/a/../b:1",
        f"{HOST}//app:1",
        f"{HOST}/App:1",
        f"{HOST}/app:1/2",
        f"{HOST}/app@sha256:00",
        f"{HOST}/app@sha512:{'0' * 128}",
        f"{HOST}/{'a' * 257}:1",
        f"{HOST}/app:{'1' * 129}",
        f"https://{HOST}/app:1",
        "111122223333.dkr.ecr.us-west-2.amazonaws.com/app:1",
        "1.dkr.ecr.us-east-1.amazonaws.com/app:1",
        "images.example.com/lambda/python:3.12",
        "images.example.com/busybox:latest",
        "app:1",
    ],
)
def test_what_is_no_image_of_ecr_in_the_region(uri: str) -> None:
    """AWS says that these are not valid; none may lead to another folder."""
    with pytest.raises(InvalidImageUri):
        image_name(uri, region="us-east-1")
