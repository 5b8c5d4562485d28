"""What tests of S3 have in common."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError


def new_bucket(s3: Any, *, versioned: bool = False) -> str:
    """The name of a new bucket."""
    name = f"b-{uuid4().hex[:16]}"
    s3.create_bucket(Bucket=name)
    if versioned:
        set_versioning(s3, name, "Enabled")
    return name


def set_versioning(s3: Any, bucket: str, status: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def told(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs from call to call."""
    return {name: value for name, value in answer.items() if name not in {"ResponseMetadata", "LastModified", "Body"}}


def refused(call: Callable[..., Any], **request: Any) -> dict[str, Any]:
    """The error's members, and the status."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    response: Any = caught.value.response
    return {**response["Error"], "Status": response["ResponseMetadata"]["HTTPStatusCode"]}
